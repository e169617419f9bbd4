"""Traces for OpenTelemetry: a span for each request, in it one for each stage of an answer. No question, no text.

Off unless the environment names a collector (OTEL_EXPORTER_OTLP_ENDPOINT, as for every program with OpenTelemetry).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragkb import __version__
from ragkb.errors import InputError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Tracing(Protocol):
    """What is told of requests, and where."""

    def stages(self, timings_ms: Mapping[str, float]) -> None:
        """Stages that have just ended, one after the other, within the request at hand."""

    async def around(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, in a span."""

    def close(self) -> None:
        """Sends what is left."""


def tracing() -> Tracing:
    """Traces to the collector that the environment names; nothing if it names none. Raises InputError."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return Off()
    if not find_spec("opentelemetry.sdk") or not find_spec("opentelemetry.exporter.otlp.proto.http"):
        raise InputError(f"{_ENDPOINTS[0]} is set, but traces cannot be sent", "pip install 'ragkb[otel]', or unset it")
    return Otlp()


class Off:
    """No traces."""

    def stages(self, timings_ms: Mapping[str, float]) -> None:
        pass

    async def around(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    def close(self) -> None:
        pass


class Otlp:
    """Traces over OTLP (HTTP, protobuf), sent in the background."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = os.environ.get("OTEL_SERVICE_NAME", "ragkb")
        about = Resource.create({"service.name": named, "service.version": __version__})
        self._provider = TracerProvider(resource=about)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("ragkb", __version__)

    def stages(self, timings_ms: Mapping[str, float]) -> None:
        stages = {name: int(ms * 1e6) for name, ms in timings_ms.items() if name != "total"}
        start = time.time_ns() - sum(stages.values())
        for name, duration in stages.items():
            span = self._tracer.start_span(name, start_time=start)
            start += duration
            span.end(end_time=start)

    async def around(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        context = extract(dict(Headers(scope=scope)))
        with self._tracer.start_as_current_span("request", context, SpanKind.SERVER) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, scope, message["status"])
                await send(message)

            await app(scope, receive, noted)

    def close(self) -> None:
        self._provider.shutdown()


class Traced:
    """A span around each request."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app, self._tracing = app, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._tracing.around(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _note(span: Any, scope: Scope, status: int) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    span.update_name(f"{scope['method']} {route}")
    span.set_attribute("http.request.method", scope["method"])
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("ragkb.request_id", scope.get("state", {}).get("request_id", ""))

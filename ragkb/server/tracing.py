"""Traces for OpenTelemetry: a span for each request, in it one for each stage of its work. No question, no text.

Off unless the environment names a collector (OTEL_EXPORTER_OTLP_ENDPOINT, as for every program with OpenTelemetry).
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from ragkb.errors import InputError
from ragkb.ingest.report import IngestReport
from ragkb.types import Answer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Tracing(Protocol):
    """What is told of requests, and where."""

    def searched(self, milliseconds: float, hits: int) -> None:
        """A search that has just ended, within the request at hand."""

    def answered(self, answer: Answer) -> None:
        """An answer that has just been given, within the request at hand."""

    def ingested(self, report: IngestReport) -> None:
        """An ingest that has just ended, within the request that handed it in."""

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
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from ragkb.server.spans import Spans

    return Spans(BatchSpanProcessor(OTLPSpanExporter()))


class Off:
    """No traces."""

    def searched(self, milliseconds: float, hits: int) -> None:
        pass

    def answered(self, answer: Answer) -> None:
        pass

    def ingested(self, report: IngestReport) -> None:
        pass

    async def around(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    def close(self) -> None:
        pass


class Traced:
    """A span around each request."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self.app, self._tracing = app, tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._tracing.around(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)

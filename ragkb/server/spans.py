"""Requests and their stages as spans of OpenTelemetry. Imported only where traces are sent."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragkb import __version__
from ragkb.ingest.report import IngestReport
from ragkb.types import Answer

Attributes = Mapping[str, str | int | float | bool]


class Spans:
    """Traces for one processor of the SDK: mostly one that collects spans and sends them in the background."""

    def __init__(self, processor: SpanProcessor) -> None:
        named = os.environ.get("OTEL_SERVICE_NAME", "ragkb")
        about = Resource.create({"service.name": named, "service.version": __version__})
        self._provider = TracerProvider(resource=about)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("ragkb", __version__)

    def searched(self, milliseconds: float, hits: int) -> None:
        """`retrieve`."""
        self._ended("retrieve", time.time_ns(), milliseconds, {"ragkb.hits": hits})

    def answered(self, answer: Answer) -> None:
        """`retrieve`, `generate`, and in that `verify`, as long as all its checks together.

        Attributes of the language model are named by OpenTelemetry's conventions for generative AI.
        """
        end, took = time.time_ns(), answer.timings_ms
        asked = end - _ns(took["answer"])
        self._ended("retrieve", asked, took["search"], {"ragkb.hits": len(answer.passages)})
        told: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": answer.model["generator"],
            "gen_ai.usage.input_tokens": answer.usage["prompt_tokens"],
            "gen_ai.usage.output_tokens": answer.usage["completion_tokens"],
            "ragkb.abstained": answer.abstained,
        }
        written = self._ended("generate", end, took["answer"], told)
        checked: dict[str, Any] = {"ragkb.sentences": len(answer.sentences), "ragkb.dropped": answer.dropped}
        if answer.groundedness is not None:
            checked["ragkb.groundedness"] = answer.groundedness
        self._ended("verify", end, took["verify"], checked, inside=written)

    def ingested(self, report: IngestReport) -> None:
        """`ingest`."""
        refused = sum(file.status == "refused" for file in report.files)
        told = {"ragkb.files": len(report.files), "ragkb.refused": refused, "ragkb.chunks": report.chunks}
        self._ended("ingest", time.time_ns(), report.seconds * 1000, told)

    async def around(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request in a span, continued from the caller's."""
        context = extract(dict(Headers(scope=scope)))
        with self._tracer.start_as_current_span("request", context, SpanKind.SERVER) as span:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(span, scope, message["status"])
                await send(message)

            await app(scope, receive, noted)

    def close(self) -> None:
        """Sends what is left."""
        self._provider.shutdown()

    def _ended(self, name: str, end: int, milliseconds: float, told: Attributes, inside: Span | None = None) -> Span:
        """The span of a stage that is over: in another one, or in that of the request at hand. end: nanoseconds."""
        context = set_span_in_context(inside) if inside else None
        span = self._tracer.start_span(name, context, start_time=end - _ns(milliseconds), attributes=told)
        span.end(end_time=end)
        return span


def _ns(milliseconds: float) -> int:
    return int(milliseconds * 1e6)


def _note(span: Span, scope: Scope, status: int) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    span.update_name(f"{scope['method']} {route}")
    span.set_attribute("http.request.method", scope["method"])
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("ragkb.request_id", scope.get("state", {}).get("request_id", ""))
    span.set_attribute("ragkb.kb", scope.get("state", {}).get("kb", ""))
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))

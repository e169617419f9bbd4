"""Traces, as a collector gets them over OTLP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from ragkb.kb import KnowledgeBase
from ragkb.server.spans import Spans

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """(its address, the spans that came)."""
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
            spans.extend(span for one in sent.resource_spans for scope in one.scope_spans for span in scope.spans)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()
        thread.join()


def test_a_request_is_a_span_with_its_stages_and_without_its_words(
    kb: KnowledgeBase, serve: Any, collector: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, spans = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
    question = {"question": "How long is parental leave?"}
    with serve(kb) as client:
        response = client.post("/v1/query", json=question, headers={"traceparent": PARENT})
        client.post("/v1/query", json={**question, "stream": True})
    request = next(span for span in spans if span.trace_id.hex() == PARENT.split("-")[1] and span.kind == 2)
    told = {one.key: one.value.string_value or one.value.int_value for one in request.attributes}
    assert request.name == "POST /v1/query"
    assert (told["http.route"], told["http.response.status_code"]) == ("/v1/query", 200)
    assert told["ragkb.request_id"] == response.headers["x-request-id"]
    stages = [span for span in spans if span.parent_span_id == request.span_id]
    assert sorted(span.name for span in stages) == ["generate", "retrieve"]
    assert len([span for span in spans if span.name == "retrieve"]) == 2
    assert "parental" not in str(spans)


@pytest.fixture
def kept() -> tuple[Spans, InMemorySpanExporter]:
    """(traces, where their spans are kept)."""
    exporter = InMemorySpanExporter()
    return Spans(SimpleSpanProcessor(exporter)), exporter


def tree(spans: tuple[ReadableSpan, ...]) -> dict[str, list[str]]:
    """The names of the spans in each span, by its name; those in none under ''."""
    names = {span.context.span_id: span.name for span in spans}
    found: dict[str, list[str]] = {}
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        found.setdefault(names[span.parent.span_id] if span.parent else "", []).append(span.name)
    return found


def test_the_stages_of_an_answer_lie_in_their_request_one_after_the_other(
    kb: KnowledgeBase, serve: Any, kept: Any
) -> None:
    traces, exporter = kept
    with serve(kb, traces=traces) as client:
        answer = client.post("/v1/query", json={"question": "How long is parental leave?"}).json()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    request, retrieve, generate, verify = (spans[n] for n in ("POST /v1/query", "retrieve", "generate", "verify"))
    assert tree(exporter.get_finished_spans()) == {
        "": ["POST /v1/query"],
        "POST /v1/query": ["retrieve", "generate"],
        "generate": ["verify"],
    }
    assert request.start_time <= retrieve.start_time <= retrieve.end_time <= generate.start_time
    assert generate.start_time <= verify.start_time <= verify.end_time == generate.end_time <= request.end_time
    assert retrieve.attributes["ragkb.hits"] == len(answer["passages"])
    assert generate.attributes["gen_ai.request.model"] == "extractive"
    assert generate.attributes["ragkb.abstained"] is False
    assert verify.attributes["ragkb.groundedness"] == answer["groundedness"]


def test_each_way_to_work_leaves_the_spans_of_its_stages(kb: KnowledgeBase, serve: Any, kept: Any) -> None:
    traces, exporter = kept
    question = {"role": "user", "content": "How long is parental leave?"}
    with serve(kb, traces=traces) as client:
        client.post("/v1/search", json={"query": "leave"})
        client.post("/v1/query", json={"question": "How long is leave?", "stream": True})
        client.post("/v1/chat/completions", json={"model": "ragkb", "messages": [question]})
        client.post("/v1/documents", json={"source": "a.md", "text": "Badges are blue."})
        client.post("/mcp", json=call("search", query="leave"), headers={"accept": "application/json"})
        client.get("/healthz")
    found = tree(exporter.get_finished_spans())
    assert found["POST /v1/search"] == ["retrieve"]
    assert found["POST /v1/query"] == ["retrieve", "generate"]
    assert found["POST /v1/chat/completions"] == ["retrieve", "generate"]
    assert found["POST /v1/documents"] == ["ingest"]
    assert found["POST /mcp"] == ["retrieve"]
    assert "GET /healthz" in found[""]


def test_a_request_that_fails_is_an_error(kb: KnowledgeBase, serve: Any, kept: Any, tmp_path: Path) -> None:
    traces, exporter = kept
    with serve(kb, traces=traces) as client:
        assert client.get("/nowhere").status_code == 404
        kb.close()
        (tmp_path / "kb" / "catalogue.sqlite").rename(tmp_path / "gone.sqlite")
        assert client.post("/v1/search", json={"query": "leave"}).status_code == 503
    spans = {span.name: span for span in exporter.get_finished_spans() if span.kind == SpanKind.SERVER}
    assert spans["POST /v1/search"].status.status_code == StatusCode.ERROR
    assert spans["GET unmatched"].status.status_code == StatusCode.UNSET


def call(tool: str, **given: Any) -> dict[str, Any]:
    """A call of a tool, as MCP sends it."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": given}}

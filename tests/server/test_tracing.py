"""Traces, as a collector gets them over OTLP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ragkb.kb import KnowledgeBase

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
    assert sorted(span.name for span in stages) == ["answer", "search", "verify"]
    assert all(request.start_time_unix_nano <= span.start_time_unix_nano for span in stages)
    assert len([span for span in spans if span.name == "search"]) == 2
    assert "parental" not in str(spans)

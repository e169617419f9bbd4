"""Every route: what it returns when all is well, and that no route is missing from the table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from ragkb.kb import KnowledgeBase
from ragkb.server import openai_shapes, shapes
from ragkb.types import NOBODY, Principal
from tests.conftest import CORPUS


@dataclass(frozen=True)
class Row:
    """One request that goes well."""

    method: str
    path: str
    status: int
    shape: type[BaseModel] | None
    request: dict[str, Any] = field(default_factory=dict)


CHAT = {"model": "ragkb", "messages": [{"role": "user", "content": "How long is parental leave?"}]}
TABLE = (
    Row("POST", "/v1/query", 200, shapes.AnswerShape, {"json": {"question": "How long is parental leave?"}}),
    Row("POST", "/v1/search", 200, shapes.SearchShape, {"json": {"query": "parental leave"}}),
    Row("POST", "/v1/feedback", 201, shapes.FeedbackShape, {"json": {"question": "a", "answer": "b", "rating": "up"}}),
    Row("GET", "/v1/models", 200, openai_shapes.ModelsShape),
    Row("POST", "/v1/chat/completions", 200, openai_shapes.ChatShape, {"json": CHAT}),
    Row("GET", "/v1/documents", 200, shapes.DocumentsShape),
    Row("POST", "/v1/documents", 201, shapes.IngestShape, {"json": {"source": "new.md", "text": "A new text."}}),
    Row("GET", "/v1/jobs", 200, shapes.JobsShape),
    Row("GET", "/v1/jobs/{id}", 200, shapes.JobShape),
    Row("GET", "/v1/documents/{id}", 200, shapes.DocumentShape),
    Row("DELETE", "/v1/documents/{id}", 200, shapes.DeletedShape),
    Row("GET", "/v1/documents/{id}/original", 200, None),
    Row("GET", "/v1/documents/{id}/related", 200, shapes.RelatedShape),
    Row("GET", "/v1/documents/{id}/pages/{n}.png", 200, None),
    Row("GET", "/v1/me", 200, shapes.MeShape),
    Row("GET", "/v1/admin/keys", 200, shapes.KeysShape),
    Row("POST", "/v1/admin/keys", 201, shapes.MadeKeyShape, {"json": {"name": "ana"}}),
    Row("DELETE", "/v1/admin/keys/{id}", 200, shapes.KeyShape),
    Row("GET", "/v1/admin/nightly", 200, None),
    Row("GET", "/v1/admin/status", 200, shapes.StatusShape),
    Row("GET", "/healthz", 200, shapes.HealthShape),
    Row("GET", "/readyz", 200, shapes.HealthShape),
    Row("GET", "/metrics", 200, None),
)


def test_every_route_has_a_row(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {(row.method, row.path) for row in TABLE} == {
        (method.upper(), path) for path, operations in paths.items() for method in operations
    }


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path}")
def test_route(kb: KnowledgeBase, serve: Any, row: Row) -> None:
    source = "hr/leave.md" if row.shape else "policy.pdf"
    if not row.shape:
        kb.ingest_bytes(source, (CORPUS / "finance/travel-expense-policy.pdf").read_bytes())
    id = next(info.id for info in kb.documents() if info.source == source)
    principal = Principal.admin() if "/admin/" in row.path else NOBODY
    (kb.path / "nightly").mkdir()
    (kb.path / "nightly" / "latest.json").write_text('{"passed": true}')
    with serve(kb, principal=principal) as client:
        if "/keys/{id}" in row.path:  # of a key that closes the server, which takes it for itself
            made = kb.ledger.keys.create("root", "admin")
            id, client.headers["x-api-key"] = made[0].id, made[1]
        if "/jobs/" in row.path:
            text = {"source": "a", "text": "b"}
            id = client.post("/v1/documents", params={"wait": False}, json=text).json()["job"]
        response = client.request(row.method, row.path.replace("{id}", id).replace("{n}", "1"), **row.request)
    assert response.status_code == row.status
    if row.shape:
        row.shape.model_validate(response.json())


@pytest.mark.parametrize("row", [row for row in TABLE if row.shape], ids=lambda row: f"{row.method} {row.path}")
def test_openapi_names_the_shape(client: httpx.Client, row: Row) -> None:
    operation = client.get("/openapi.json").json()["paths"][row.path][row.method.lower()]
    assert row.shape
    schema = operation["responses"][str(row.status)]["content"]["application/json"]["schema"]
    assert schema == {"$ref": f"#/components/schemas/{row.shape.__name__}"}


def test_answer_cites_the_stored_text(client: httpx.Client) -> None:
    answer = client.post("/v1/query", json={"question": "How long is parental leave?"}).json()
    assert not answer["abstained"]
    assert "14 weeks" in answer["answer"]
    for citation in answer["citations"]:
        text = client.get(f"/v1/documents/{citation['document_id']}").json()["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_answer_abstains(client: httpx.Client) -> None:
    answer = client.post("/v1/query", json={"question": "Who won the football world cup in 1954?"}).json()
    assert (answer["abstained"], answer["citations"], answer["groundedness"]) == (True, [], None)
    assert answer["reason"]


@pytest.mark.parametrize(("path", "name"), [("/v1/query", "query"), ("/v1/search", "question")])
def test_either_name_of_the_question(client: httpx.Client, path: str, name: str) -> None:
    assert client.post(path, json={name: "parental leave"}).status_code == 200


def test_k_and_where(client: httpx.Client) -> None:
    def sources(**body: Any) -> list[str]:
        response = client.post("/v1/search", json={"query": "policy", **body})
        assert response.status_code == 200, response.text
        return [hit["source"] for hit in response.json()["hits"]]

    assert sorted(sources()) == ["hr/leave.md", "travel.md"]
    assert len(sources(k=1)) == 1
    assert sources(where={"department": "finance"}) == ["travel.md"]
    assert sources(where={"year": 2025}) == ["hr/leave.md"]
    assert sources(where={"title": ["Leave policy", "none"]}) == ["hr/leave.md"]
    assert sources(where={"department": "nowhere"}) == []


def test_history_completes_a_follow_up(client: httpx.Client) -> None:
    history = [
        {"role": "user", "content": "How long is parental leave?"},
        {"role": "assistant", "content": "Parental leave is 14 weeks."},
    ]
    answer = client.post("/v1/query", json={"question": "And whom do I ask before it?", "history": history})
    assert answer.status_code == 200
    assert answer.json()["passages"][0]["source"] == "hr/leave.md"


def test_stream_sends_the_same_answer_as_events(client: httpx.Client) -> None:
    body = {"question": "How long is parental leave?"}
    whole = client.post("/v1/query", json=body).json()
    response = client.post("/v1/query", json={**body, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [block.split("\n") for block in response.text.strip().split("\n\n")]
    names = [name.removeprefix("event: ") for name, _ in events]
    data = [json.loads(line.removeprefix("data: ")) for _, line in events]
    assert names == ["passages", *["sentence"] * len(whole["sentences"]), "answer"]
    assert data[0]["passages"] == data[-1]["passages"] == whole["passages"]
    cited = [one for event in data[1:-1] for one in event.pop("new_citations")]
    assert data[1:-1] == data[-1]["sentences"] == whole["sentences"]
    assert cited == whole["citations"]
    assert {**data[-1], "timings_ms": 0} == {**whole, "timings_ms": 0}


def test_metrics_count_by_template(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb) as client:
        client.post("/v1/query", json={"question": "How long is parental leave?"})
        client.post("/v1/query", json={"question": "Who won the football world cup in 1954?"})
        client.get("/v1/documents/nonesuch")
        client.get("/nonesuch/path")
        client.request("BREW", "/v1/query")
        client.post("/v1/documents", json={"source": "new.md", "text": "A new text."})
        text = client.get("/metrics").text
    for line in (
        'ragkb_requests_total{method="POST",route="/v1/query",status="200"} 2.0',
        'ragkb_requests_total{method="GET",route="/v1/documents/{id}",status="404"} 1.0',
        'ragkb_requests_total{method="GET",route="unmatched",status="404"} 1.0',
        'ragkb_requests_total{method="OTHER",route="/v1/query",status="405"} 1.0',
        'ragkb_answers_total{outcome="answered"} 1.0',
        'ragkb_answers_total{outcome="abstained"} 1.0',
        'ragkb_ingested_files_total{status="ingested"} 1.0',
        'ragkb_stage_seconds_count{stage="search"} 2.0',
        'ragkb_tokens_total{kind="prompt"} 0.0',
        "ragkb_groundedness_count 1.0",
        "ragkb_ingested_chunks_total 1.0",
        'ragkb_up{kb="default"} 1.0',
        'ragkb_documents{kb="default"} 4.0',
        'ragkb_disk_bytes{kb="default",part="catalogue"} ',
        'ragkb_jobs{kb="default",status="running"} 0.0',
        'ragkb_stage_seconds_count{stage="answer"} 2.0',
    ):
        assert line in text
    assert "nonesuch" not in text
    assert "BREW" not in text


def test_root_is_the_page(client: httpx.Client) -> None:
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert 'type="module"' in response.text

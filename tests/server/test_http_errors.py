"""Whatever goes wrong: the one shape, the right status, a message that helps, and nothing that is not the caller's."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragkb.errors import ModelError, StorageError
from ragkb.kb import KnowledgeBase

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def error_of(response: httpx.Response) -> dict[str, str]:
    """The error, after checking that the response has the one shape."""
    body = response.json()
    assert list(body) == ["error"]
    assert list(body["error"]) == ["type", "message", "hint"]
    assert all(isinstance(value, str) for value in body["error"].values())
    assert HEADERS.items() <= dict(response.headers).items()
    assert response.headers["x-request-id"]
    assert "server" not in response.headers
    assert "\n" not in body["error"]["message"]
    found: dict[str, str] = body["error"]
    return found


Q = {"question": "leave"}
BAD_QUERIES: tuple[tuple[Any, int, str], ...] = (
    ({}, 422, "question: Field required"),
    ([], 422, "no JSON object"),
    ("leave", 422, "no JSON object"),
    (None, 422, "no JSON object"),
    ({"question": ""}, 422, "the question is empty"),
    ({"question": " \n"}, 422, "the question is empty"),
    ({"question": 7}, 422, "question: Input should be a valid string"),
    ({"question": "a", "query": "b"}, 422, "query: Extra inputs are not permitted"),
    ({**Q, "k": 0}, 422, "k: Input should be greater than or equal to 1"),
    ({**Q, "k": -1}, 422, "k: Input should be greater than or equal to 1"),
    ({**Q, "k": False}, 422, "k: Input should be a valid integer"),
    ({**Q, "k": "5"}, 422, "k: Input should be a valid integer"),
    ({**Q, "k": 5.0}, 422, "k: Input should be a valid integer"),
    ({**Q, "k": 10**9}, 413, "k is 1000000000, the limit is 1000"),
    ({**Q, "k": 10**400}, 413, "k is 1000"),
    ({**Q, "top_k": 5}, 422, "unknown field 'top_k'"),
    ({**Q, "where": []}, 422, "where: Input should be a valid dictionary"),
    ({**Q, "where": {"a": None}}, 422, "where: a: neither a string, a number nor a boolean"),
    ({**Q, "where": {"a": {"b": 1}}}, 422, "where: a: neither"),
    ({**Q, "where": {"a": []}}, 422, "where: a: not 1 to 100 values"),
    ({**Q, "where": {"a": ["b"] * 101}}, 422, "where: a: not 1 to 100 values"),
    ({**Q, "where": {str(n): 1 for n in range(33)}}, 422, "where: more than 32 keys"),
    ({**Q, "where": {'a" OR 1': 1}}, 422, "where: a key holds quotes"),
    ({**Q, "where": {"a": 2**63}}, 422, "where: a: neither"),
    ({**Q, "where": {"a": "\ud800"}}, 422, "where: not Unicode"),
    ({"question": "\ud800"}, 422, "question: not Unicode"),
    ({**Q, "stream": "yes"}, 422, "stream: Input should be a valid boolean"),
    ({**Q, "history": [{"role": "system", "content": "x"}]}, 422, "history.0.role: Input should be 'user'"),
    ({**Q, "history": [{"role": "user", "content": "x", "name": "y"}]}, 422, "history.0: unknown field 'name'"),
    ({"question": "x" * 8001}, 413, "the question has 8001 characters, the limit is 8000"),
)


@pytest.mark.parametrize(("body", "status", "message"), BAD_QUERIES, ids=range(len(BAD_QUERIES)))
def test_bad_query(client: httpx.Client, body: Any, status: int, message: str) -> None:
    content = json.dumps(body)
    response = client.post("/v1/query", content=content, headers={"content-type": "application/json"})
    assert response.status_code == status
    error = error_of(response)
    assert error["message"].startswith(message)
    assert len(error["message"]) <= 500
    assert error["type"] == {422: "input_error", 413: "limit_exceeded"}[status]


def test_unknown_field_names_the_known_ones(client: httpx.Client) -> None:
    error = error_of(client.post("/v1/search", json={"query": "leave", "limit": 3}))
    assert error["message"] == "unknown field 'limit'"
    assert error["hint"] == "the fields are k, where, query, question, stream"


def test_search_has_nothing_to_stream(client: httpx.Client) -> None:
    assert client.post("/v1/search", json={"query": "leave", "stream": False}).status_code == 200
    assert "stream" in error_of(client.post("/v1/search", json={"query": "leave", "stream": True}))["message"]


NOT_JSON: tuple[tuple[bytes, str | None, int], ...] = (
    (b"", "application/json", 422),
    (b"{", "application/json", 422),
    (b'{"question": "a"} x', "application/json", 422),
    (b"\xff\xfe{", "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"question": "a", "where": {"a": NaN}}', "application/json", 422),
    (b'{"question": "a", "where": {"a": Infinity}}', "application/json", 422),
    (b'{"question": "a", "k": ' + b"9" * 5000 + b"}", "application/json", 400),
    (b'{"question": "a"}', "text/plain", 422),
    (b"question=a", "application/x-www-form-urlencoded", 422),
)


@pytest.mark.parametrize("path", ["/v1/query", "/v1/search", "/v1/documents"])
@pytest.mark.parametrize(("content", "media", "status"), NOT_JSON, ids=range(len(NOT_JSON)))
def test_not_json(client: httpx.Client, path: str, content: bytes, media: str, status: int) -> None:
    response = client.post(path, content=content, headers={"content-type": media})
    assert response.status_code in (status, 422)
    error_of(response)


@pytest.mark.parametrize("path", ["/nonesuch", "/v1", "/v1/query/", "/v1/documents/", "/v1/documents/a/b"])
def test_unknown_path(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert error_of(response)["type"] == "not_found"


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/query"), ("PUT", "/v1/documents"), ("TRACE", "/docs")])
def test_wrong_method(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"]
    assert error_of(response)["type"] == "method_not_allowed"


@pytest.mark.parametrize("id", ["nonesuch", "..", "%00", "%F0%9F%92%A9", "%ff", "a" * 5000, "' OR 1=1 --"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_no_such_document(client: httpx.Client, method: str, id: str) -> None:
    response = client.request(method, f"/v1/documents/{id}")
    assert response.status_code in (404, 405)  # 405: the client itself resolves '..'
    error_of(response)


def test_unforeseen_error_tells_the_caller_nothing(
    kb: KnowledgeBase, serve: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("canary in a message")

    monkeypatch.setattr(kb, "ask", broken)
    with caplog.at_level(logging.INFO), serve(kb) as client:
        response = client.post("/v1/query", json={"question": "a canary question"})
        assert client.get("/healthz").status_code == 200
    assert response.status_code == 500
    error = error_of(response)
    assert (error["type"], error["message"]) == ("internal_error", "the server failed")
    assert response.headers["x-request-id"] in error["hint"]
    logged = [record.__dict__["fields"] for record in caplog.records if record.levelno == logging.ERROR]
    assert [(one["id"], one["error"]) for one in logged] == [(response.headers["x-request-id"], "ValueError")]
    assert "broken" in logged[0]["at"]
    assert "canary" not in response.text
    assert "canary" not in str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("error", [StorageError("/srv/kb/c.sqlite: damaged"), ModelError("/srv/model: missing")])
@pytest.mark.parametrize("method", ["search", "ask"])
def test_server_side_errors_keep_their_words_to_the_log(
    kb: KnowledgeBase, serve: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, method: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(kb, method, broken)
    with serve(kb) as client:
        response = client.post({"search": "/v1/search", "ask": "/v1/query"}[method], json={"query": "leave"})
        ready = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
    assert response.status_code == 503
    assert "srv" not in response.text
    assert error_of(response)["type"] in ("storage_error", "model_error")
    assert ready.status_code == (503 if method == "search" else 200)


def test_ready_only_with_a_store(kb: KnowledgeBase, serve: Any, tmp_path: Path) -> None:
    with serve(kb) as client:
        assert client.get("/readyz").status_code == 200
        kb.close()
        (tmp_path / "kb" / "catalogue.sqlite").rename(tmp_path / "gone.sqlite")
        response = client.get("/readyz")
    assert response.status_code == 503
    assert error_of(response)["message"] == "the store cannot be read or written"


def test_busy_says_when_to_come_back(kb: KnowledgeBase, serve: Any) -> None:
    id = next(info.id for info in kb.documents())
    with serve(kb) as client, kb._store.writing():
        added = client.post("/v1/documents", json={"source": "new.md", "text": "A new text."})
        deleted = client.delete(f"/v1/documents/{id}")
        assert client.post("/v1/search", json={"query": "leave"}).status_code == 200
    for response in (added, deleted):
        assert (response.status_code, response.headers["retry-after"]) == (409, "5")
        error = error_of(response)
        assert error["type"] == "busy"
        assert str(os.getpid()) in error["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ("question", "query", "k", "where", "history", "stream", "source", "text", "groups", "metadata", "title")


@pytest.mark.parametrize("path", ["/v1/query", "/v1/search", "/v1/documents"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON | st.dictionaries(st.sampled_from(FIELDS), JSON), right=st.booleans())
def test_no_body_makes_the_server_fail(scratch: httpx.Client, path: str, body: Any, right: bool) -> None:
    if right and isinstance(body, dict) and path != "/v1/documents":
        body = {**body, "question": "leave"}
        body.pop("query", None)
    response = scratch.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
    assert response.status_code in (200, 201, 400, 413, 422)
    if response.status_code >= 400:
        error_of(response)


@given(cursor=st.text(max_size=50), limit=st.text(max_size=5) | st.integers())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_parameter_makes_the_server_fail(client: httpx.Client, cursor: str, limit: Any) -> None:
    response = client.get("/v1/documents", params={"cursor": cursor.encode("utf-8", "replace"), "limit": limit})
    assert response.status_code in (200, 422)

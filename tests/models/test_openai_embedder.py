"""Embeddings over OpenAI's protocol against an HTTP server: what is sent, and what becomes of every way to fail."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from ragkb import NewDocument
from ragkb.errors import InputError, ModelError
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder, load_embedder
from ragkb.settings import EmbeddingSettings, Settings
from tests.conftest import WordHashes

KEY = "sk-test-4711"
NAN = {"index": 0, "embedding": [float("nan"), 1.0]}


class Embeddings(ThreadingHTTPServer):
    """Embeds with WordHashes, times 3, in another order than asked. fails: what the next requests get instead."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.fails: list[tuple[int, Any, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def embedder(self, **settings: Any) -> Embedder:
        values = {"api_key": SecretStr(KEY), "timeout": 5, **settings}
        return load_embedder(f"openai:words@{self.url}", 0, EmbeddingSettings(**values))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Embeddings

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
        status, reply, headers = self.server.fails.pop(0) if self.server.fails else (200, None, {})
        if status == 0:
            time.sleep(float(reply))
            self.close_connection = True
            return
        vectors = 3 * WordHashes().embed(body["input"])
        rows = [{"index": n, "embedding": row.tolist()} for n, row in enumerate(vectors)]
        data = reply if isinstance(reply, bytes) else json.dumps(reply or {"data": rows[::-1]}).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Embeddings]:
    monkeypatch.setattr("ragkb.models.openai_http.FIRST_WAIT", 0.01)
    with Embeddings() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_vectors_are_those_of_the_server_at_unit_length_and_in_order(server: Embeddings) -> None:
    embedder = server.embedder(batch=3)
    texts = [f"pump number {n}" for n in range(7)]
    assert np.allclose(embedder.embed(texts), WordHashes().embed(texts), atol=1e-6)
    assert embedder.embed([]).shape == (0, 64)
    assert embedder.embed(["", "a"]).shape == (2, 64)
    assert (embedder.id, embedder.dim, embedder.readable("泵")) == ("words@openai-64", 64, 1.0)
    assert embedder.count_tokens("the pump is blue") >= 4
    assert [len(sent["body"]["input"]) for sent in server.requests] == [1, 3, 3, 1, 2]  # the first is the probe
    assert {sent["path"] for sent in server.requests} == {"/v1/embeddings"}
    assert {sent["headers"]["authorization"] for sent in server.requests} == {f"Bearer {KEY}"}
    assert {sent["body"]["model"] for sent in server.requests} == {"words"}


def test_a_knowledge_base_is_made_searched_and_asked_with_it(server: Embeddings, tmp_path: Path) -> None:
    settings = Settings(embedder=f"openai:words@{server.url}/v1")
    with KnowledgeBase.open(tmp_path / "kb", settings=settings) as kb:
        kb.add([NewDocument("a.txt", "The pump is blue."), NewDocument("b.txt", "The canteen opens at noon.")])
        assert kb.search("canteen noon", k=1, leg="dense")[0].source == "b.txt"
        assert kb.ask("When does the canteen open?").model["embedder"] == "words@openai-64"
        assert kb.status().embedder == "words@openai-64"
        server.fails = [(401, {"error": {"message": f"bad key {KEY}"}}, {})]
        with pytest.raises(ModelError, match="401"):
            kb.add([NewDocument("c.txt", "The roof is red.")])
        assert kb.status().documents == 2
        assert not kb.verify()


@pytest.mark.parametrize("failure", [(500, {}, {}), (429, {}, {"retry-after": "0"}), (0, 0, {})])
def test_what_passes_is_tried_again(server: Embeddings, failure: tuple[int, Any, dict[str, str]]) -> None:
    embedder = server.embedder()
    server.fails = [failure, failure]
    assert embedder.embed(["pump"]).shape == (1, 64)
    assert len(server.requests) == 4


def test_the_server_says_how_long_to_wait_but_not_beyond_the_time_for_a_request(server: Embeddings) -> None:
    embedder = server.embedder(retries=1, seconds=20)
    started = time.monotonic()
    server.fails = [(429, {}, {"retry-after": "0.3"})]
    embedder.embed(["pump"])
    assert time.monotonic() - started >= 0.3
    server.fails = [(429, {}, {"retry-after": "3600"})]
    with pytest.raises(ModelError, match="429") as raised:
        embedder.embed(["pump"])
    assert "3600 s" in raised.value.hint
    assert time.monotonic() - started < 10


FAILURES = [  # status, reply, what the message says, what the hint says, requests
    (401, {"error": {"message": f"bad key {KEY}"}}, "answered 401", "RAGKB_EMBEDDING__API_KEY", 1),
    (404, {}, "answered 404 for model 'words'", "`embedder`", 1),
    (413, {}, "answered 413", "embedding.batch", 1),
    (400, {"error": {"message": "longer than the context"}}, "context", "chunk.tokens", 1),
    (503, {}, "answered 503", "log", 2),
    (0, 1.0, "sent nothing for", "embedding.timeout", 2),
    (200, b"<html>Welcome</html>", "no list of embeddings: '<html>", "/v1", 1),
    (200, {"data": [{"index": 0, "embedding": "AAAA"}]}, "no list of embeddings", "/v1", 1),
    (200, {"data": [{"index": 0, "embedding": 1.0}]}, "no list of embeddings", "/v1", 1),
    (200, {"data": []}, "no list of embeddings", "/v1", 1),
    (200, {"data": [{"index": n, "embedding": [1.0]} for n in (0, 1)]}, "2 embeddings for 1 texts", "log", 1),
    (200, {"data": [NAN]}, "not finite", "log", 1),
    (200, {"data": [{"index": 0, "embedding": [0.0] * 64}]}, "zero", "log", 1),
    (200, {"data": [{"index": 0, "embedding": [1.0, 0.0]}]}, "now have 2 dimensions", "another model", 1),
]


@pytest.mark.parametrize(("status", "reply", "message", "hint", "requests"), FAILURES, ids=lambda x: str(x)[:12])
def test_a_failure_says_what_happened_and_what_to_do(
    server: Embeddings,
    caplog: pytest.LogCaptureFixture,
    status: int,
    reply: Any,
    message: str,
    hint: str,
    requests: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    embedder = server.embedder(retries=1, timeout=0.3)
    server.fails = [(status, reply, {}), (status, reply, {})]
    with pytest.raises(ModelError) as raised:
        embedder.embed(["pump"])
    assert message in raised.value.message
    assert hint in raised.value.hint
    assert KEY not in str(raised.value) + caplog.text + repr(embedder.__dict__)
    assert len(server.requests) == 1 + requests


def test_nobody_there_is_told() -> None:
    with pytest.raises(ModelError, match=r"embeddings server at .*:9/v1/embeddings cannot be reached"):
        load_embedder("openai:m@http://127.0.0.1:9/v1", 0, EmbeddingSettings(retries=1))


@pytest.mark.parametrize("name", ["openai:", "openai:words", "openai:@http://a.example", "openai:words@localhost:80"])
def test_what_names_no_server_is_refused_with_the_form(name: str) -> None:
    with pytest.raises(InputError) as raised:
        load_embedder(name)
    assert "openai:MODEL@http" in raised.value.hint


@pytest.mark.parametrize("name", ["openai:words@http://me:hush@a.example/v1", "openai:words@https://hush@a.example"])
def test_a_password_in_the_address_is_refused_and_never_shown(name: str) -> None:
    for refused in (lambda: load_embedder(name), lambda: Settings.load(embedder=name)):
        with pytest.raises(InputError, match="user name") as raised:
            refused()
        assert "hush" not in str(raised.value)
    with pytest.raises(InputError, match="embeddings server holds spaces") as raised:
        load_embedder("openai:m@http://127.0.0.1:9", 0, EmbeddingSettings(api_key=SecretStr("sk hush")))
    assert "hush" not in str(raised.value)


def test_the_precision_is_the_servers() -> None:
    with pytest.raises(InputError, match="the server decides"):
        load_embedder("openai:m@http://127.0.0.1:9", 0, EmbeddingSettings(precision="float32"))

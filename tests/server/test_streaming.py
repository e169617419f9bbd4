"""Server-sent events: a sign of life in silence, errors on the way, and an end when the client leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response

from ragkb.errors import ModelError
from ragkb.kb import KnowledgeBase
from ragkb.server import streaming
from ragkb.server.app import create_app
from ragkb.server.problems import told
from ragkb.server.service import Served
from ragkb.server.streaming import sse, streamed


class Slow:
    """An answer that is made in steps of a given time."""

    def __init__(self, seconds: float, fail: bool = False) -> None:
        self.seconds, self.fail = seconds, fail
        self.steps, self.closed = 0, threading.Event()

    def events(self) -> Iterator[int]:
        try:
            for number in range(20):
                time.sleep(self.seconds)
                self.steps += 1
                if self.fail and number == 1:
                    raise ModelError("/srv/secret/model: gone")
                yield number
        finally:
            self.closed.set()


def application(kb: KnowledgeBase, slow: Slow) -> FastAPI:
    app = create_app(kb)

    @app.get("/v1/slow")
    async def route(request: Request, served: Served) -> Response:
        failed = lambda request, error: sse(told(request, error), "error")  # noqa: E731
        return await streamed(request, served, slow.events, lambda number: [sse(number)], failed, "data: end\n\n")

    return app


def test_silence_is_filled_with_comments(kb: KnowledgeBase, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT", 0.02)
    slow = Slow(0.05)
    with serve(kb, app=application(kb, slow)) as client:
        text = client.get("/v1/slow").text
    assert text.count(": still at work\n\n") >= 20
    assert text.endswith("data: 19\n\ndata: end\n\n")


def test_an_error_on_the_way_is_the_last_event_and_names_no_file(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb, app=application(kb, Slow(0, fail=True))) as client:
        text = client.get("/v1/slow").text
    assert text.startswith('data: 0\n\nevent: error\ndata: {"error": {"type": "model_error"')
    assert "secret" not in text
    assert "end" not in text


def test_work_ends_when_the_client_leaves(kb: KnowledgeBase, serve: Any) -> None:
    slow = Slow(0.1)
    with serve(kb, app=application(kb, slow)) as client:
        with client.stream("GET", "/v1/slow") as response:
            next(response.iter_text())
        assert slow.closed.wait(1)
        assert slow.steps < 10


def test_an_error_before_the_first_event_has_its_status(client: httpx.Client) -> None:
    response = client.post("/v1/query", json={"question": "a", "k": 100_000, "stream": True})
    assert (response.status_code, response.json()["error"]["type"]) == (413, "limit_exceeded")

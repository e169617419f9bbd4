"""Bodies that are too large, and more requests than threads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from ragkb.kb import KnowledgeBase
from ragkb.settings import ServerSettings, Settings
from ragkb.types import Hit

SMALL = Settings(server=ServerSettings(body_bytes=1000, concurrency=2))


def padded(size: int) -> bytes:
    """A valid body of that many bytes."""
    start, end = b'{"query": "leave"', b"}"
    return start + b" " * (size - len(start) - len(end)) + end


def chunks(body: bytes) -> Iterator[bytes]:
    """Without Content-Length."""
    for at in range(0, len(body), 100):
        yield body[at : at + 100]


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413), (100_000, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_body_limit(kb: KnowledgeBase, serve: Any, size: int, status: int, chunked: bool) -> None:
    content = chunks(padded(size)) if chunked else padded(size)
    with serve(kb, SMALL) as client:
        response = client.post("/v1/search", content=content, headers={"content-type": "application/json"})
        assert response.status_code == status
        if status == 413:
            assert response.json()["error"]["message"] == "the body is too large"
        assert client.post("/v1/search", json={"query": "leave"}).status_code == 200


def said(client: httpx.Client, request: bytes) -> bytes:
    """All that the server sends on a connection of its own."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=10) as raw:
        raw.sendall(request)
        answer = b""
        while part := raw.recv(65536):
            answer += part
    return answer


def test_a_large_content_length_is_refused_before_the_body(client: httpx.Client) -> None:
    head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
    started = time.perf_counter()
    answer = said(client, head)
    assert time.perf_counter() - started < 2
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()


def test_an_endless_chunked_body_is_cut(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b" " * 65536

    response = client.post("/v1/query", content=endless(), headers={"content-type": "application/json"})
    assert response.status_code == 413


def test_concurrency(kb: KnowledgeBase, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[int] = []
    inside = 0
    lock = threading.Lock()

    def slow(*_: object, **__: object) -> list[Hit]:
        nonlocal inside
        with lock:
            inside += 1
            at_once.append(inside)
        time.sleep(0.05)
        with lock:
            inside -= 1
        return []

    monkeypatch.setattr(kb, "search", slow)
    with serve(kb, SMALL) as client, ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: client.post("/v1/search", json={"query": "leave"}).status_code, range(12)))
        assert client.get("/healthz").status_code == 200
    assert found == [200] * 12
    assert max(at_once) == 2


def test_readers_and_a_writer_together(kb: KnowledgeBase, serve: Any) -> None:
    def one(number: int) -> int:
        response: httpx.Response
        if number % 4:
            response = client.post("/v1/query", json={"question": "How long is parental leave?"})
        else:
            response = client.post("/v1/documents", json={"source": f"{number}.md", "text": f"Number {number}."})
        return response.status_code

    with serve(kb) as client, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(32)))
    assert found == [201 if number % 4 == 0 else 200 for number in range(32)]
    assert kb.verify() == []


def test_answers_are_sent_without_delay(client: httpx.Client) -> None:
    def milliseconds() -> float:
        started = time.perf_counter()
        client.get("/healthz")
        return (time.perf_counter() - started) * 1000

    assert min(milliseconds() for _ in range(20)) < 30  # Nagle and a delayed acknowledgement make it 40 and more

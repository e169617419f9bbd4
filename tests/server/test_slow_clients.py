"""Callers that take their time are closed, each kind by its own deadline; the others do not notice."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.settings import ServerSettings, Settings

SHORT = Settings(server=ServerSettings(header_seconds=0.4, body_seconds=0.6, write_seconds=0.5))
HEAD = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture(scope="module")
def slow(shared_kb: KnowledgeBase, serve: Any) -> Iterator[httpx.Client]:
    with serve(shared_kb, SHORT) as client:
        yield client


@contextmanager
def connected(client: httpx.Client, buffer: int = 0) -> Iterator[socket.socket]:
    with socket.socket() as raw:
        if buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        raw.settimeout(5)
        raw.connect((client.base_url.host, client.base_url.port))
        yield raw


def ended(raw: socket.socket) -> tuple[bytes, float]:
    """(what the server said, the seconds until it closed)."""
    started, said = time.monotonic(), b""
    try:
        while part := raw.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said, time.monotonic() - started


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_half_a_head(slow: httpx.Client, begun: bytes) -> None:
    with connected(slow) as raw:
        raw.sendall(begun)
        said, seconds = ended(raw)
    assert 0.3 < seconds < 2
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["error"]["type"] == "request_timeout"


def test_a_head_byte_by_byte_has_no_more_time(slow: httpx.Client) -> None:
    with connected(slow) as raw:
        started = time.monotonic()
        with suppress(OSError):
            while time.monotonic() - started < 3:
                raw.sendall(b"G")
                time.sleep(0.05)
        assert time.monotonic() - started < 2


def test_the_second_request_of_a_connection_has_its_own_time(slow: httpx.Client) -> None:
    with connected(slow) as raw:
        for _ in range(3):
            raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while not answer.endswith(b'{"status":"ok"}'):
                answer += raw.recv(65536)
            time.sleep(0.3)  # longer in all than one head may take
        raw.sendall(b"GET /hea")
        said, seconds = ended(raw)
    assert said.startswith(b"HTTP/1.1 408")
    assert seconds < 2


def test_a_body_that_does_not_come(slow: httpx.Client) -> None:
    with connected(slow) as raw:
        raw.sendall(HEAD + b'{"query":')
        said, seconds = ended(raw)
    assert said.startswith(b"HTTP/1.1 408")
    assert 0.5 < seconds < 2


def test_a_refused_body_does_not_cost_the_connection(slow: httpx.Client) -> None:
    with connected(slow) as raw:
        raw.sendall(HEAD.replace(b"/search", b"/nonesuch"))
        assert raw.recv(65536).startswith(b"HTTP/1.1 404")
        raw.sendall(b" " * 1000 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said = b""
        while not said.endswith(b'{"status":"ok"}'):
            said += raw.recv(65536)
        assert b"HTTP/1.1 200" in said


def test_a_body_that_comes_slowly_but_well_is_waited_for(slow: httpx.Client) -> None:
    body = b'{"query": "leave"' + b" " * 300_000 + b"}"
    with connected(slow) as raw:
        raw.sendall(HEAD.replace(b"1000", str(len(body)).encode()))
        for at in range(0, len(body), 75_000):  # 1.2 s in all, twice the time without progress
            time.sleep(0.3)
            raw.sendall(body[at : at + 75_000])
        assert raw.recv(65536).startswith(b"HTTP/1.1 200")


def test_an_answer_that_is_not_read(kb: KnowledgeBase, serve: Any) -> None:
    """The buffers of the system are small here, so that the server keeps the rest, as it would of a long answer."""
    kb.add([NewDocument("long.md", "Some words that fill a page of a long text. " * 4_000)])
    id = next(info.id for info in kb.documents() if info.source == "long.md")
    request = f"GET /v1/documents/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    with serve(kb, SHORT, send_buffer=4096) as client:
        with connected(client, buffer=4096) as raw:
            raw.sendall(request)
            assert raw.recv(100).startswith(b"HTTP/1.1 200")
            time.sleep(1.5)
            said, _ = ended(raw)
            assert len(said) < 100_000, "it was cut"
        with connected(client, buffer=4096) as raw:
            raw.sendall(request)
            said, _ = ended(raw)
            assert len(said) > 176_000, "who reads has all of it"


def test_others_are_answered_meanwhile(slow: httpx.Client) -> None:
    held = [socket.create_connection((slow.base_url.host, slow.base_url.port)) for _ in range(100)]
    try:
        for number, raw in enumerate(held):
            raw.sendall(b"GET /" if number % 2 else HEAD)
        assert [slow.get("/healthz").status_code for _ in range(20)] == [200] * 20
    finally:
        for raw in held:
            raw.close()


def test_what_is_no_http_gets_the_one_shape(slow: httpx.Client) -> None:
    with connected(slow) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        said, _ = ended(raw)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert list(json.loads(body)["error"]) == ["type", "message", "hint"]


def test_a_full_house_closes_the_silent_ones_first(shared_kb: KnowledgeBase, serve: Any) -> None:
    with serve(shared_kb, Settings(server=ServerSettings(connections=10))) as client:
        held = [socket.create_connection((client.base_url.host, client.base_url.port)) for _ in range(30)]
        try:
            time.sleep(0.2)
            assert [client.get("/healthz").status_code for _ in range(5)] == [200] * 5
        finally:
            for raw in held:
                raw.close()


def test_a_body_in_small_pieces_is_answered_with_its_last_byte(client: httpx.Client) -> None:
    """With its length, and in chunks; another request on the same connection follows."""
    body = b'{"query": "leave", "k": 1}'
    chunked = b"".join(b"%x\r\n%b\r\n" % (1, body[n : n + 1]) for n in range(len(body))) + b"0\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=10) as raw:
        for how, sent in ((b"Content-Length: %d" % len(body), body), (b"Transfer-Encoding: chunked", chunked)) * 2:
            raw.sendall(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
            raw.sendall(how + b"\r\n\r\n" + sent[:3])
            for at in range(3, len(sent)):
                raw.sendall(sent[at : at + 1])
                time.sleep(0.001)
            assert b'"hits"' in whole(raw)


def whole(raw: socket.socket) -> bytes:
    """One answer, until its Content-Length has come."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += raw.recv(65536)
    head, _, rest = got.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(rest) < length:
        rest += raw.recv(65536)
    return rest

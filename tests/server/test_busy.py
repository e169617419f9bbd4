"""Too many requests, too long ones, and callers who leave: they are told no, or stopped; others do not notice."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from ragkb import stop
from ragkb.kb import KnowledgeBase
from ragkb.server.rate import Buckets
from ragkb.settings import ServerSettings, Settings
from ragkb.stop import Stopped
from ragkb.types import Hit

SEARCH = {"query": "leave"}


class Slow:
    """A search that takes its time, and looks after each step whether anybody still waits."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.begun, self.ended, self.stopped = seconds, 0, 0, 0
        self._count = threading.Lock()

    def __call__(self, *_: object, **__: object) -> list[Hit]:
        with self._count:
            self.begun += 1
        try:
            for _step in range(round(self.seconds / 0.05)):
                time.sleep(0.05)
                stop.check()
        except Stopped:
            self.stopped += 1
            raise
        self.ended += 1
        return []


@pytest.fixture
def slow(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow(1.0)
    monkeypatch.setattr(kb, "search", made)
    return made


def settings(**given: Any) -> Settings:
    return Settings(server=ServerSettings(**given))


def key(kb: KnowledgeBase, name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {kb.ledger.keys.create(name, 'reader')[1]}"}


def test_a_bucket_fills_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    buckets = Buckets()
    assert [buckets.wait("ana", 0.5, 2) for _ in range(4)] == [0, 0, 2, 2]
    assert buckets.wait("bob", 0.5, 2) == 0
    now += 1
    assert buckets.wait("ana", 0.5, 2) == 1
    now += 1
    assert [buckets.wait("ana", 0.5, 2) for _ in range(2)] == [0, 2]
    now += 1000
    assert [buckets.wait("ana", 0.5, 2) for _ in range(3)] == [0, 0, 2]


def test_one_key_at_ten_times_its_rate(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb, settings(rate_per_minute=60, burst=5)) as client:
        loud, quiet = key(kb, "loud"), key(kb, "quiet")
        answers = [client.get("/v1/me", headers=loud) for _ in range(50)]
        assert {answer.status_code for answer in answers[:5]} == {200}
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 35
        assert refused[0].json()["error"]["type"] == "too_many_requests"
        assert 1 <= int(refused[0].headers["retry-after"]) <= 2
        assert client.get("/v1/me", headers=quiet).status_code == 200
        assert client.get("/healthz").status_code == 200
        guesses = [client.get("/v1/me", headers={"x-api-key": str(number)}).status_code for number in range(10)]
        assert (guesses[0], guesses[-1]) == (401, 429)
        assert client.get("/v1/me", headers=quiet).status_code == 200, "guesses cost nobody else"


def test_who_finds_the_queue_full_is_told_when_to_come_back(kb: KnowledgeBase, serve: Any, slow: Slow) -> None:
    with serve(kb, settings(concurrency=2, queue=3)) as client, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/search", json=SEARCH), range(10)))
        assert client.get("/healthz").status_code == 200
    told = sorted(answer.status_code for answer in answers)
    assert told == [200] * 5 + [503] * 5
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["type"] == "service_unavailable"


def test_what_takes_too_long_is_stopped(kb: KnowledgeBase, serve: Any, slow: Slow) -> None:
    slow.seconds = 30
    with serve(kb, settings(handler_seconds=0.3)) as client:
        started = time.monotonic()
        answer = client.post("/v1/search", json=SEARCH)
        assert (answer.status_code, answer.json()["error"]["type"]) == (504, "gateway_timeout")
        assert time.monotonic() - started < 3
        assert eventually(lambda: slow.stopped == 1)
        assert client.get("/healthz").status_code == 200


def test_work_stops_when_its_caller_leaves(kb: KnowledgeBase, serve: Any, slow: Slow) -> None:
    slow.seconds = 30
    with serve(kb, settings(concurrency=1)) as client:
        with ThreadPoolExecutor(5) as pool:
            left = [pool.submit(leaving, client) for _ in range(5)]
            assert [one.result() for one in left] == ["left"] * 5
        assert eventually(lambda: slow.stopped == slow.begun)
        assert slow.begun < 5, "what had not begun never does"
        slow.seconds = 0
        assert client.post("/v1/search", json=SEARCH).status_code == 200, "its place is free again"


def test_threads_do_not_pile_up(kb: KnowledgeBase, serve: Any, slow: Slow) -> None:
    slow.seconds = 0.2
    before = set(threading.enumerate())  # servers of other tests may keep theirs
    with serve(kb, settings(concurrency=4)) as client, ThreadPoolExecutor(8, "caller") as pool:
        list(pool.map(lambda _: client.post("/v1/search", json=SEARCH), range(8)))
        list(pool.map(lambda _: leaving(client), range(60)))
        assert eventually(lambda: slow.begun == slow.ended + slow.stopped)
        made = set(threading.enumerate()) - before
        workers = [thread.name for thread in made if "worker" in thread.name.lower()]
        assert len(workers) <= 4 + 2, workers


def leaving(client: httpx.Client) -> str:
    try:
        client.post("/v1/search", json=SEARCH, timeout=0.15)
    except httpx.TimeoutException:
        return "left"
    return "stayed"


def eventually(is_so: Any, seconds: float = 2) -> bool:
    """Whether it becomes so in time."""
    until = time.monotonic() + seconds
    while not is_so() and time.monotonic() < until:
        time.sleep(0.02)
    return bool(is_so())


def test_named_origins_may_call(kb: KnowledgeBase, serve: Any) -> None:
    origin = "https://intranet.example"
    with serve(kb, settings(origins=(origin,))) as client:
        asked = {"origin": origin, "access-control-request-method": "POST"}
        first = client.options("/v1/search", headers=asked)
        assert (first.status_code, first.headers["access-control-allow-origin"]) == (204, origin)
        assert "authorization" in first.headers["access-control-allow-headers"]
        then = client.post("/v1/search", json=SEARCH, headers={"origin": origin})
        assert (then.status_code, then.headers["access-control-allow-origin"]) == (200, origin)
        assert "access-control-allow-credentials" not in then.headers
        for other in ("https://evil.example", "https://intranet.example.evil.example", "http://intranet.example"):
            answer = client.options("/v1/search", headers={**asked, "origin": other})
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers


def test_a_gzip_bomb_is_a_body_like_another(kb: KnowledgeBase, serve: Any) -> None:
    import gzip

    bomb = gzip.compress(b'{"query": "' + b" " * 50_000_000 + b'"}')
    with serve(kb) as client:
        for content in (bomb, bomb + b" " * 1_000_001):
            head = {"content-type": "application/json", "content-encoding": "gzip"}
            answer = client.post("/v1/search", content=content, headers=head)
            assert answer.status_code == (413 if len(content) > 1_000_000 else 400)


def test_one_caller_with_much_work_does_not_take_all_threads(kb: KnowledgeBase, serve: Any, slow: Slow) -> None:
    many, other = key(kb, "many"), key(kb, "other")
    with serve(kb, settings(concurrency=4)) as client, ThreadPoolExecutor(21) as pool:
        crowd = [pool.submit(client.post, "/v1/search", json=SEARCH, headers=many) for _ in range(20)]
        assert eventually(lambda: slow.begun >= 2)
        started = time.monotonic()
        assert client.post("/v1/search", json=SEARCH, headers=other).status_code == 200
        assert time.monotonic() - started < 2.5  # its own second; behind the twenty it would be five or more
        assert not all(one.done() for one in crowd)
        slow.seconds = 0
        assert {one.result().status_code for one in crowd} == {200}

"""Slow and loud callers beside one who behaves: when they are closed, and what the other notices.

    python -m benchmarks.server.slow --seconds 60

Three crowds, one after the other, each for `--seconds`: 500 connections that never end the head of a request, 500 that
send a byte of a body each second, 200 that do not read a long answer. Then bodies that are too large, and one key at
ten times its rate, compared with the same key at its rate. The one who behaves searches all the time. Prints a JSON
object; exit code 1 if a target was missed: closed in 10, 30 and 30 s, no 5xx for the other, a p99 at most twice that
of before (1.2 times the p95 for the loud key), 413 in 100 ms.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.server.process import Process, serving
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase

HEAD = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
Crowd = Callable[[float], dict[str, Any]]
PAUSE = 0.1  # seconds between two searches of the one who behaves


@dataclass(frozen=True, slots=True)
class Served:
    """A server, two keys of it, and a long document."""

    process: Process
    key: str
    loud: str
    document: str

    @property
    def address(self) -> tuple[str, int]:
        return self.process.host, self.process.port


class Behaving:
    """One who searches up to ten times a second, in a process of its own, so that only the server can delay them.

    ms: of each request; statuses: how often each.
    """

    def __init__(self, served: Served) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop, self._told = context.Event(), context.Queue()
        given = (served.process.url, served.key, self._stop, self._told)
        self._process = context.Process(target=behave, args=given, daemon=True)
        self.ms: list[float] = []
        self.statuses: dict[int, int] = {}

    def __enter__(self) -> Behaving:
        self._process.start()
        self._told.get()  # its connection is open
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.ms, self.statuses = self._told.get()
        self._process.join()

    def summary(self) -> dict[str, Any]:
        p50, p95, p99 = np.percentile(self.ms, [50, 95, 99])
        return {"requests": len(self.ms), "p50": round(p50, 2), "p95": round(p95, 2), "p99": round(p99, 2)}


def behave(url: str, key: str, stop: Any, told: Any) -> None:
    """Searches until `stop`, then tells how long each search took and with which status."""
    ms: list[float] = []
    statuses: dict[int, int] = {}
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60, trust_env=False) as client:
        client.get("/healthz")
        told.put(None)
        while not stop.is_set():
            started = time.perf_counter()
            status = client.post("/v1/search", json={"query": "parental leave", "k": 3}).status_code
            ms.append((time.perf_counter() - started) * 1000)
            statuses[status] = statuses.get(status, 0) + 1
            stop.wait(PAUSE)
    told.put((ms, statuses))


def beside(served: Served, seconds: float, crowd: Crowd, before: Crowd | None = None) -> dict[str, Any]:
    """What the crowd came to, and the one who behaves: alone, or beside who was there before, and beside the crowd."""
    with Behaving(served) as alone:
        (before or _nobody)(min(20, seconds))
    busy = served.process.cpu()
    with Behaving(served) as there:
        result = crowd(seconds)
    result["server_cpu_s"] = round(served.process.cpu() - busy, 2)
    ratios = {name: round(there.summary()[name] / alone.summary()[name], 2) for name in ("p95", "p99")}
    failed = sum(count for status, count in there.statuses.items() if status >= 500)
    return {**result, "alone_ms": alone.summary(), "beside_ms": there.summary(), "ratio": ratios, "failed": failed}


def _nobody(seconds: float) -> dict[str, Any]:
    time.sleep(seconds)
    return {}


def crowd(
    served: Served, count: int, first: bytes, drip: bytes, reads: bool = True
) -> Callable[[float], dict[str, Any]]:
    """Connections that send `first`, then a `drip` now and then, until the server closes them or the time is over.

    It is the server's own list of open sockets that tells: at this end, one that is not read never shows its end.
    """

    def run(seconds: float) -> dict[str, Any]:
        opened, before = time.monotonic(), served.process.sockets()
        held = [_connected(served, first, reads) for _ in range(count)]
        last, left = 0.0, count
        while time.monotonic() - opened < seconds:
            time.sleep(0.5)
            if not left:
                continue
            for one in held if drip else ():
                with suppress(OSError):
                    one.send(drip)
            now = min(left, max(0, served.process.sockets() - before))
            last, left = (time.monotonic() - opened if now < left else last), now
        for one in held:
            one.close()
        return {"connections": count, "closed": count - left, "last_closed_s": round(last, 1)}

    return run


def _connected(served: Served, first: bytes, reads: bool) -> socket.socket:
    one = socket.socket()
    if not reads:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.connect(served.address)
    one.sendall(first)
    one.setblocking(False)
    return one


def too_large(served: Served) -> dict[str, float]:
    """Milliseconds until each body that is too large has its 413."""
    url, key = f"{served.process.url}/v1/search", {"authorization": f"Bearer {served.key}"}
    limit = 1_000_000
    bodies: dict[str, Any] = {
        "limit plus one": b" " * (limit + 1),
        "chunked": (b" " * 65536 for _ in range(1000)),
        "gzip bomb": gzip.compress(b" " * 1_000_000_000, 1),
    }
    found = {}
    for name, body in bodies.items():
        headers = {**key, "content-type": "application/json"}
        headers |= {"content-encoding": "gzip"} if name == "gzip bomb" else {}
        started = time.perf_counter()
        with httpx.Client(trust_env=False) as client:
            status = client.post(url, content=body, headers=headers).status_code
        found[name] = round((time.perf_counter() - started) * 1000, 1) if status == 413 else float("inf")
    return found


def loud(served: Served, times: float) -> Crowd:
    """One key at `times` its rate, which is 5 requests a second."""

    def run(seconds: float) -> dict[str, Any]:
        key = {"authorization": f"Bearer {served.loud}"}
        statuses: dict[int, int] = {}
        with httpx.Client(base_url=served.process.url, headers=key, timeout=60, trust_env=False) as client:
            wanted = time.monotonic()
            until = wanted + min(seconds, 20)
            while time.monotonic() < until:
                status = client.post("/v1/search", json={"query": "leave"}).status_code
                statuses[status] = statuses.get(status, 0) + 1
                wanted += 0.2 / times
                time.sleep(max(0.0, wanted - time.monotonic()))
        return {"statuses": statuses}

    return run


@contextmanager
def started(folder: Path) -> Iterator[Served]:
    """`ragkb serve` over a small knowledge base with a long document and two keys."""
    with KnowledgeBase.open(folder / "kb") as kb:
        kb.add([NewDocument(f"{n}.md", f"Parental leave of plant {n} is {n} weeks.") for n in range(200)])
        report = kb.add([NewDocument("long.md", "A line of a long text, which goes on. " * 27_000)])
        keys = [kb.ledger.keys.create(name, "reader")[1] for name in ("behaving", "loud")]
    with serving(folder) as process:
        yield Served(process, *keys, str(report.files[0].document_id))


def missed(result: dict[str, Any]) -> list[str]:
    """The targets that were missed, each in words."""
    limits = {"half-open heads": 10, "slow bodies": 30, "answers not read": 30}
    found = []
    for name, seconds in limits.items():
        one = result[name]
        if one["closed"] < one["connections"] or one["last_closed_s"] > seconds:
            found.append(
                f"{name}: {one['closed']} of {one['connections']} closed, the last after {one['last_closed_s']} s"
            )
    for name in (*limits, "loud key"):
        measure, most = ("p95", 1.2) if name == "loud key" else ("p99", 2.0)
        if result[name]["ratio"][measure] > most:
            found.append(f"{name}: {measure} of the other {result[name]['ratio'][measure]} times, {most} is wanted")
        if result[name]["failed"]:
            found.append(f"{name}: {result[name]['failed']} requests of the other failed")
    found += [f"413 for {name} after {ms} ms" for name, ms in result["too large"].items() if ms > 100]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as served:
        head = HEAD % served.key.encode()
        body = head + b"Content-Length: 100000\r\n\r\n"
        get = f"GET /v1/documents/{served.document} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {served.key}\r\n\r\n"
        crowds: dict[str, tuple[Crowd, Crowd | None]] = {
            "half-open heads": (crowd(served, 500, head, b""), None),
            "slow bodies": (crowd(served, 500, body, b" "), None),
            "answers not read": (crowd(served, 200, get.encode(), b"", reads=False), None),
            "loud key": (loud(served, 10), loud(served, 1)),
        }
        result: dict[str, Any] = {"too large": too_large(served)}
        for name, (one, before) in crowds.items():
            if name == "loud key":
                (Path(folder) / "ragkb.toml").write_text("[server]\nrate_per_minute = 300\nburst = 5\n")
                served.process.signal(signal.SIGHUP)
            result[name] = beside(served, seconds, one, before)
            print(name, json.dumps(result[name]), file=sys.stderr, flush=True)
    result["missed"] = missed(result)
    print(json.dumps(result, indent=1))
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())

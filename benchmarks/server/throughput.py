"""Requests a second, p50 and p95 of a real server, and how much of it is the model's time.

    python -m benchmarks.server.throughput [--seconds 10] [--clients 1,8,32] [--docs FOLDER]

The server runs in a process of its own, over documents that are ingested first; clients are threads of this one, each
with a connection that stays open, on the same machine. The questions are those of the sample corpus.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder, load_embedder
from ragkb.server.app import create_app
from ragkb.server.run import listening, server
from ragkb.settings import Settings

CORPUS = Path(__file__).parents[2] / "sample_corpus"
ROUTES = {"search": ("/v1/search", "query"), "answer": ("/v1/query", "question")}
WARM_UP = 40  # requests of each kind before anything is measured


class Timed:
    """An embedder that adds up the seconds spent in it."""

    def __init__(self, inner: Embedder) -> None:
        self._inner, self.seconds = inner, 0.0
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        return self._timed(lambda: self._inner.embed(texts, query=query))

    def embed_with_tokens(self, texts: Sequence[str]) -> Any:
        return self._timed(lambda: self._inner.embed_with_tokens(texts))  # type: ignore[attr-defined]

    def _timed(self, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        try:
            return work()
        finally:
            with self._lock:
                self.seconds += time.perf_counter() - started


def serve(folder: Path, settings: Settings, out: Connection) -> None:
    """In a child: serves, and tells its port, then model seconds whenever it is asked."""
    timed = Timed(load_embedder(settings.embedder, settings.threads, settings.embedding))
    with (
        KnowledgeBase.open(folder, settings=settings, embedder=timed) as kb,  # type: ignore[arg-type]
        listening("127.0.0.1", 0) as listener,
    ):
        running = server(create_app(kb, settings))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        out.send(listener.getsockname()[1])
        while out.recv() != "stop":
            out.send(timed.seconds)
        running.should_exit = True
        thread.join()


class Served:
    """The child and a way to ask it."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._child = context.Process(target=serve, args=(folder, settings, theirs), daemon=True)
        self._child.start()
        self.port: int = self._pipe.recv()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send("stop")
        self._child.join(20)

    def model_seconds(self) -> float:
        """Seconds in the model so far."""
        self._pipe.send("seconds")
        found: float = self._pipe.recv()
        return found


@dataclass
class Load:
    """What clients saw. seconds: of each request that went well. failed: others."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0


def drive(port: int, kinds: Sequence[str], questions: Sequence[str], clients: int, until: Callable[[], bool]) -> Load:
    """Clients that ask one question after the other until `until`."""
    load, lock = Load(), threading.Lock()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
        asking = itertools.cycle(questions[number % len(questions) :] + questions[: number % len(questions)])
        for kind, question in zip(itertools.cycle(kinds), asking, strict=False):
            if until():
                break
            path, name = ROUTES[kind]
            started = time.perf_counter()
            status = _post(connection, path, {name: question})
            took = time.perf_counter() - started
            with lock:
                if status == 200:
                    load.seconds.append(took)
                else:
                    load.failed += 1
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load


def _post(connection: http.client.HTTPConnection, path: str, body: object) -> int:
    """The status; 0 if no answer came. The connection is opened again with the next request then."""
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        response = connection.getresponse()
        response.read()
    except OSError:
        connection.close()
        return 0
    return response.status


def after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() > end


def measure(served: Served, questions: Sequence[str], clients: Sequence[int], seconds: float) -> list[dict[str, Any]]:
    """A row for each kind of request and number of clients."""
    rows = []
    for kind in ROUTES:
        warming = itertools.count()
        drive(served.port, [kind], questions, 1, lambda warming=warming: next(warming) >= WARM_UP)  # type: ignore[misc]
        for count in clients:
            before = served.model_seconds()
            started = time.perf_counter()
            load = drive(served.port, [kind], questions, count, after(seconds))
            wall = time.perf_counter() - started
            model = served.model_seconds() - before
            rows.append(_row(kind, count, load, wall, model))
    return rows


def _row(kind: str, clients: int, load: Load, wall: float, model: float) -> dict[str, Any]:
    cuts = statistics.quantiles(load.seconds, n=20) if len(load.seconds) > 1 else [0.0] * 19
    return {
        "kind": kind,
        "clients": clients,
        "requests": len(load.seconds),
        "failed": load.failed,
        "per_second": round(len(load.seconds) / wall, 1),
        "p50_ms": round(statistics.median(load.seconds or [0]) * 1000, 1),
        "p95_ms": round(cuts[18] * 1000, 1),
        "model_ms": round(model / max(1, len(load.seconds)) * 1000, 1),
        "model_share": round(model / max(sum(load.seconds), 1e-9), 2),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text."""
    names = list(rows[0])
    lines = ["  ".join(f"{name:>11}" for name in names)]
    return "\n".join(lines + ["  ".join(f"{row[name]!s:>11}" for name in names) for row in rows])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="for each row")
    parser.add_argument("--clients", default="1,8,32")
    parser.add_argument("--docs", type=Path, default=CORPUS, help="what is ingested first")
    asked = parser.parse_args(arguments)
    lines = (CORPUS / "questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    settings = Settings.load(server={"rate_per_minute": 0}, search={"remembered": 0})  # questions come again
    with tempfile.TemporaryDirectory() as folder:
        with KnowledgeBase.open(Path(folder) / "kb", settings=settings) as kb:
            kb.ingest(asked.docs)
        with Served(Path(folder) / "kb", settings) as served:
            rows = measure(served, questions, [int(count) for count in asked.clients.split(",")], asked.seconds)
    print(table(rows))
    return 1 if any(row["failed"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

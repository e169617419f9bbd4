"""An evaluation made into a run that can be stored and compared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkb.eval.answers import Probe, evaluate_answers, latency
from ragkb.eval.groundedness import evaluate_groundedness, read_given_answers
from ragkb.eval.retrieval import LEGS, Progress, evaluate_retrieval, qrels_of
from ragkb.eval.runs import Data, Run, digest_of, file_digest, make_run, now
from ragkb.models import DEFAULT
from ragkb.types import Principal

if TYPE_CHECKING:
    from ragkb.kb import KnowledgeBase
    from ragkb.settings import Settings


def answers_run(
    kb: KnowledgeBase | None,
    file: Path,
    settings: Settings,
    suite: str,
    *,
    fixed: bool = False,
    progress: Progress | None = None,
    probe: Probe | None = None,
) -> Run:
    """The run of an answers file. kb: None where every question carries its own contexts.

    fixed: the documents belong to the suite, so that runs over other documents cannot be compared with it.
    """
    started, began = now(), time.perf_counter()
    result = evaluate_answers(kb, file, settings, progress, probe)
    seconds = time.perf_counter() - began
    data = Data(file_digest(file), documents_digest(kb), fixed)
    timings = _timings(started, seconds, result.milliseconds, {"latency_ms": result.summary["latency_ms"]})
    generator = settings.llm.model or settings.llm.url if settings.llm.url else "extractive"
    models = {"embedder": settings.embedder or DEFAULT, "precision": "", "generator": generator}
    if kb is not None:
        models |= {"embedder": kb.status().embedder, "precision": kb.status().precision}
    return make_run("answers", suite, data, settings, models, result.summary, result.rows, timings)


def retrieval_run(folder: Path, settings: Settings, suite: str, progress: Progress | None = None) -> Run:
    """The run of a folder of BEIR's form. A query's document is its first relevant one."""
    started, began = now(), time.perf_counter()
    result = evaluate_retrieval(folder, settings, progress)
    seconds = time.perf_counter() - began
    data = Data(file_digest(folder / "queries.jsonl", qrels_of(folder)), file_digest(folder / "corpus.jsonl"), True)
    speed = {name: result.summary[name] for name in ("documents_per_second", "query_ms")}
    timings = _timings(started, seconds, result.milliseconds, speed)
    models = {"embedder": result.embedder, "precision": result.precision, "generator": ""}
    rows = [dict(_flat(row)) for row in result.rows]
    return make_run("retrieval", suite, data, settings, models, result.summary, rows, timings)


def groundedness_run(file: Path, settings: Settings, suite: str, progress: Progress | None = None) -> Run:
    """The run of a groundedness file, by the scorer that answers are scored with."""
    from ragkb.answer.grounding import load_scorer
    from ragkb.models import load_embedder

    started, began = now(), time.perf_counter()
    read_given_answers(file)  # a broken file is told before the model is loaded
    embedder = load_embedder(settings.embedder, settings.threads, settings.embedding)
    result = evaluate_groundedness(file, load_scorer(settings.answer, embedder), progress)
    seconds = time.perf_counter() - began
    times = {"latency_ms": latency([taken for taken in result.milliseconds if taken is not None])}
    timings = _timings(started, seconds, result.milliseconds, times)
    models = {"embedder": embedder.id, "precision": embedder.precision, "generator": ""}
    models["scorer"] = settings.answer.support
    data = Data(file_digest(file), "", True)
    return make_run("groundedness", suite, data, settings, models, result.summary, result.rows, timings)


def _timings(
    started: str, seconds: float, milliseconds: Sequence[float | None], more: Mapping[str, Any]
) -> dict[str, Any]:
    taken = [value and round(value, 2) for value in milliseconds]
    return {"started_at": started, "seconds": round(seconds, 2), **more, "milliseconds": taken}


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The row with "LEG MEASURE" for the measures of each leg."""
    yield from ((name, value) for name, value in row.items() if name != "legs")
    yield "cluster", (row["relevant"] or [row["id"]])[0]
    for leg in LEGS:
        values = row["legs"].get(leg, {})
        yield from ((f"{leg} {name}", value) for name, value in values.items() if name != "ranked")
    yield "ranked", {leg: values["ranked"] for leg, values in row["legs"].items()}


def documents_digest(kb: KnowledgeBase | None) -> str:
    """SHA-256 over source and content of every document; "" without a knowledge base."""
    if kb is None:
        return ""
    return digest_of(sorted((one.source, one.sha256, one.groups) for one in kb.documents(as_=Principal.admin())))

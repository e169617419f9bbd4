"""Whether the default nightly suite notices seeded bugs, and how often it cries over unchanged code.

usage: python -m benchmarks.evaluation.gate [--unchanged 20] [--every 1] [--uncached] [--bugs NAME ..]

Every run ingests the sample corpus anew, answers its questions and scores the given answers. Unchanged runs alternate
between one and two threads. The vectors of a batch are remembered from run to run, unless --uncached.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ragkb.kb
from benchmarks.evaluation import bugs, ingest_bugs
from ragkb.errors import RagkbError
from ragkb.eval.history import History
from ragkb.eval.nightly import Nightly, run_nightly
from ragkb.eval.outputs import failures
from ragkb.eval.suites import Plan, Suite, default_plan
from ragkb.eval.told import sentence
from ragkb.models import Embedder, load_embedder
from ragkb.settings import Settings

BUGS = {**bugs.BUGS, **bugs.SUBTLE, **ingest_bugs.BUGS}
SETTINGS = {**bugs.SETTINGS, **ingest_bugs.SETTINGS}


NEAREST = 3
"""Drops that are printed of a bug that was missed."""


class Remembered:
    """An embedder that embeds no batch twice."""

    def __init__(self, inner: Embedder) -> None:
        self.id, self.dim, self.precision = inner.id, inner.dim, inner.precision
        self._inner = inner
        self._known: dict[tuple[tuple[str, ...], bool], NDArray[np.float32]] = {}
        self._read: dict[tuple[str, ...], Any] = {}

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        key = tuple(texts), query  # subtle: the whole batch, since vectors depend on what stands beside a text
        if key not in self._known:
            self._known[key] = self._inner.embed(texts, query=query)
        return self._known[key]

    def embed_with_tokens(self, texts: Sequence[str]) -> Any:
        key = tuple(texts)
        if key not in self._read:
            self._read[key] = self._inner.embed_with_tokens(texts)  # type: ignore[attr-defined]
        return self._read[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unchanged", type=int, default=20, help="runs of unchanged code [20]")
    parser.add_argument("--every", type=int, default=1, help="take every n-th question only [1]")
    parser.add_argument("--uncached", action="store_true", help="embed everything again in every run")
    parser.add_argument("--bugs", nargs="*", default=[*BUGS, *SETTINGS], help="names of the bugs to seed [all]")
    given = parser.parse_args()
    settings = Settings.load()
    if not given.uncached:
        remembered = Remembered(load_embedder(settings.embedder, settings.threads, settings.embedding))
        ragkb.retrieve.current.shared_embedder = lambda *_: remembered  # type: ignore[assignment]
    with TemporaryDirectory(prefix="ragkb-gate-") as folder:
        plan, history = _plan(settings, Path(folder), given.every), History(Path(folder) / "history")
        alarms = sum(not passed for passed in _unchanged(plan, settings, history, given.unchanged))
        missed = [name for name in given.bugs if not _caught(name, plan, settings, history)]
    print(f"\nfalse alarms: {alarms} of {given.unchanged}; bugs missed: {', '.join(missed) or 'none'}")
    raise SystemExit(1 if alarms or missed else 0)


def _plan(settings: Settings, folder: Path, every: int) -> Plan:
    plan = default_plan(settings)
    if every == 1:
        return plan
    return replace(plan, suites=tuple(_fewer(suite, folder, every) for suite in plan.suites))


def _fewer(suite: Suite, folder: Path, every: int) -> Suite:
    lines = suite.questions.read_text("utf-8").splitlines(keepends=True)[::every]
    file = folder / f"{suite.name}.jsonl"
    file.write_text("".join(lines), "utf-8")
    return replace(suite, questions=file)


def _unchanged(plan: Plan, settings: Settings, history: History, count: int) -> list[bool]:
    """Whether each run of unchanged code passed; the first becomes the baseline."""
    passed = []
    for number in range(count + 1):
        started = time.perf_counter()
        result = run_nightly(plan, None, settings.model_copy(update={"threads": 1 + number % 2}), history)
        changed = sum(len(one.comparison.flips) for one in result.suites if one.comparison)
        print(
            f"unchanged {number}: {'passed' if result.passed else 'FALSE ALARM'}, {changed} questions changed "
            f"({time.perf_counter() - started:.0f} s)",
            flush=True,
        )
        passed.append(result.passed)
    return passed[1:]


def _caught(name: str, plan: Plan, settings: Settings, history: History) -> bool:
    broken = SETTINGS[name](settings) if name in SETTINGS else settings
    started = time.perf_counter()
    with BUGS[name]() if name in BUGS else nullcontext():
        found, nearest = _noticed(plan, broken, history)
    seconds = time.perf_counter() - started
    print(f"\n{name}: {'caught' if found else 'MISSED'} ({seconds:.0f} s)", flush=True)
    for line in found or nearest:
        print(f"  {line[:200]}", flush=True)
    return bool(found)


def _noticed(plan: Plan, settings: Settings, history: History) -> tuple[list[str], list[str]]:
    """(why the night fails, [] if it passes; the largest drops, least likely by chance first), a line each."""
    try:
        result: Nightly = run_nightly(plan, None, settings, history)
    except RagkbError as error:
        return [f"the run ends: {error.message}"], []
    compared = [suite.comparison for suite in result.suites if suite.comparison]
    drops = [one for comparison in compared for one in comparison.differences if one.gated and one.drop > 0]
    nearest = [sentence(one) for one in sorted(drops, key=lambda one: (one.adjusted, -one.drop))[:NEAREST]]
    return [line for suite in result.suites for line in failures(suite)], nearest


if __name__ == "__main__":
    main()

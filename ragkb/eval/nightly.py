"""A nightly run: every suite measured, compared with the baseline, checked, kept and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ragkb.errors import InputError
from ragkb.eval.checks import Check, checks, probe_of
from ragkb.eval.compare import Comparison, compare
from ragkb.eval.excerpts import Excerpt, excerpts_of, worst_of
from ragkb.eval.history import History
from ragkb.eval.proposed import judge_probe
from ragkb.eval.record import answers_run, groundedness_run, retrieval_run
from ragkb.eval.retrieval import Progress
from ragkb.eval.runs import Run, now
from ragkb.eval.scores import MEASURES, Row, total
from ragkb.eval.suites import Plan, Suite
from ragkb.store.backup import restore
from ragkb.types import Principal

if TYPE_CHECKING:
    from ragkb.kb import KnowledgeBase
    from ragkb.models.chat import ChatModel
    from ragkb.settings import Settings


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """One suite. baseline: what it was compared with, "" for nothing. excerpts: passages by id of a question.

    worst: the questions that went most wrong, the surest first. trend: of earlier nights and this one, oldest first.
    """

    run: Run
    checks: tuple[Check, ...]
    comparison: Comparison | None
    baseline: str
    worst: tuple[Row, ...]
    excerpts: Mapping[str, tuple[Excerpt, ...]]
    trend: tuple[Mapping[str, Any], ...]

    @property
    def passed(self) -> bool:
        return all(one.ok for one in self.checks) and not (self.comparison and self.comparison.failed)


@dataclass(frozen=True, slots=True)
class Nightly:
    """One night. at: its name, the time in UTC."""

    at: str
    suites: tuple[SuiteResult, ...]

    @property
    def passed(self) -> bool:
        return all(one.passed for one in self.suites)


def run_nightly(
    plan: Plan,
    kb: KnowledgeBase | None,
    settings: Settings,
    history: History,
    *,
    baseline: str = "main",
    set_baseline: bool = False,
    judge: ChatModel | None = None,
    progress: Progress | None = None,
) -> Nightly:
    """Measures every suite of the plan and keeps the runs in the history.

    kb: for the suites that measure a knowledge base as it is. baseline: its name, or the folder of a run. The first run
    whose checks hold becomes the baseline by itself; set_baseline makes this one it whatever came out. judge: a
    language model that says of each answer whether it is right; that is a measure which counts only if a suite says so.
    """
    history.prepare()
    at, results = now(), []
    for suite in plan.suites:
        with _measured_kb(suite, kb, settings) as measured:
            run = _run(suite, measured, settings, judge, progress)
            result = _judged(run, plan, measured, suite, history, baseline)
        history.keep(at, result.run)
        history.note(_entry(at, result))
        if not Path(baseline).is_dir() and (set_baseline or (not result.baseline and result.passed)):
            history.set_baseline(baseline, suite.name, at)
        results.append(replace(result, trend=tuple(history.trend(suite.name))))
    history.prune(settings.eval.keep)
    return Nightly(at, tuple(results))


def _run(
    suite: Suite,
    kb: KnowledgeBase | None,
    settings: Settings,
    judge: ChatModel | None,
    progress: Progress | None,
) -> Run:
    if suite.kind == "groundedness":
        return groundedness_run(suite.questions, settings, suite.name, progress)
    if kb is None:
        return retrieval_run(suite.questions, settings, suite.name, progress)
    probe = probe_of(kb)
    return answers_run(
        kb,
        suite.questions,
        settings,
        suite.name,
        fixed=suite.documents is not None,
        progress=progress,
        probe=judge_probe(judge, probe) if judge else probe,
    )


@contextmanager
def _measured_kb(suite: Suite, kb: KnowledgeBase | None, settings: Settings) -> Iterator[KnowledgeBase | None]:
    """The knowledge base as it is, or a copy without what is left out, or one of the suite's documents.

    None for the kinds that need none, or make their own.
    """
    from ragkb.kb import KnowledgeBase

    if suite.kind != "answers":
        yield None
        return
    if suite.documents is None and kb is None:
        raise InputError(f"suite {suite.name!r} has no documents, and there is no knowledge base", "name it by --kb")
    if suite.documents is None and kb is not None and not suite.leave_out:
        yield kb
        return
    with TemporaryDirectory(prefix="ragkb-nightly-") as path:
        if suite.documents is None and kb is not None:
            kb.backup(Path(path) / "backup")
            restore(Path(path) / "backup", Path(path) / "kb")
        with KnowledgeBase.open(Path(path) / "kb", settings=settings) as fresh:
            if suite.documents is not None:
                fresh.ingest(suite.documents)
            _remove(fresh, suite.leave_out)
            yield fresh


def _remove(kb: KnowledgeBase, sources: Sequence[str]) -> None:
    for one in list(kb.documents(as_=Principal.admin())):
        if one.source in sources:
            kb.delete(one.id)


def _judged(
    run: Run, plan: Plan, kb: KnowledgeBase | None, suite: Suite, history: History, baseline: str
) -> SuiteResult:
    """The run with its checks and its comparison."""
    held, found = list(checks(run, plan.gate, kb, suite.documents)), history.baseline(baseline, run.name)
    comparison = None
    if found:
        try:
            comparison = compare(found[1], run, plan.gate)
        except InputError as error:
            held.append(Check("baseline", False, f"{error.message}; --set-baseline takes this run as the new one"))
    worst = tuple(worst_of(run.rows))
    shown = [*(flip.after for flip in comparison.flips), *worst] if comparison else worst
    return SuiteResult(
        run, tuple(held), comparison, found[0] if found else "", worst, excerpts_of(suite, kb, shown), ()
    )


def _entry(at: str, result: SuiteResult) -> dict[str, Any]:
    """The line of the trend."""
    run = result.run
    values = {name: value for name in MEASURES if (value := total(name, run.rows)) is not None}
    times = run.timings.get("latency_ms") or run.timings.get("query_ms") or {}
    code = run.manifest["code"]
    return {
        "at": at,
        "suite": run.name,
        "passed": result.passed,
        "rows": len(run.rows),
        "errors": run.errors,
        "code": f"{code['version']} {code['sha256'][:8]}",
        "measures": values,
        "latency_ms": dict(times),
        "seconds": run.timings.get("seconds"),
    }

"""`ragkb eval nightly`: measured, compared with the baseline, kept, told."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ragkb.errors import GateFailed, InputError
from ragkb.eval.options import Json, Kb

if TYPE_CHECKING:
    from ragkb.eval.history import History
    from ragkb.eval.nightly import Nightly
    from ragkb.eval.suites import Plan
    from ragkb.settings import Settings


def nightly(
    context: typer.Context,
    suite: Annotated[
        Path | None, typer.Option("--suite", metavar="FILE", help="What to measure, in TOML [the sample corpus].")
    ] = None,
    baseline: Annotated[
        str, typer.Option("--baseline", metavar="NAME", help="What to compare with; or the folder of a run [main].")
    ] = "main",
    set_baseline: Annotated[bool, typer.Option("--set-baseline", help="Make this run the baseline.")] = False,
    history: Annotated[
        Path | None, typer.Option("--history", metavar="DIR", help="Where runs and reports are kept [KB/nightly].")
    ] = None,
    prometheus: Annotated[
        Path | None, typer.Option("--prometheus", metavar="FILE", help="Write the textfile of node_exporter there.")
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Also let the language model of llm.url judge answers; counts for nothing.")
    ] = False,
    as_json: Json = False,
    kb: Kb = None,
) -> None:
    """Measure the suites, compare them with the baseline, write the report; fail (exit 8) if something got worse."""
    from ragkb.eval.history import History
    from ragkb.eval.outputs import failures, nightly_json
    from ragkb.eval.runs import write_text
    from ragkb.eval.suites import default_plan, read_plan
    from ragkb.settings import Settings

    settings, path = Settings.load(), kb or context.obj or Path(".ragkb")
    named = suite or (Path(settings.eval.suite) if settings.eval.suite else None)
    plan = read_plan(named, settings) if named else default_plan(settings)
    kept = History(history or path / "nightly")
    options = Options(baseline, set_baseline, judge)
    done = _run(plan, path, settings, kept, options)
    write_reports(kept.folder, done)
    if prometheus:
        from ragkb.eval.outputs import prometheus as textfile

        write_text(prometheus, textfile(done))
    if as_json:
        typer.echo(json.dumps(nightly_json(done), ensure_ascii=False, allow_nan=False))
    else:
        _show(done, kept.folder)
    if not done.passed:
        failed = [line for one in done.suites for line in failures(one)]
        raise GateFailed("; ".join(failed), f"{kept.folder / 'latest.html'} shows the questions")


class Options(NamedTuple):
    """What the command line says of a night."""

    baseline: str
    set_baseline: bool
    judge: bool


def _run(plan: Plan, path: Path, settings: Settings, history: History, options: Options) -> Nightly:
    from ragkb.eval.command import progress_bar
    from ragkb.eval.nightly import run_nightly
    from ragkb.kb import KnowledgeBase
    from ragkb.models.chat import load_chat

    if options.judge and not settings.llm.url:
        raise InputError("--judge needs a language model", "set llm.url and llm.model")
    with ExitStack() as opened:
        kb = opened.enter_context(KnowledgeBase.open(path, create=False, settings=settings)) if plan.needs_kb else None
        return run_nightly(
            plan,
            kb,
            settings,
            history,
            baseline=options.baseline,
            set_baseline=options.set_baseline,
            judge=load_chat(settings.llm) if options.judge else None,
            progress=opened.enter_context(progress_bar()),
        )


def write_reports(folder: Path, done: Nightly) -> None:
    """latest.json, latest.html, latest.md, junit.xml and ragkb_eval.prom, each replaced as a whole."""
    from ragkb.eval import outputs
    from ragkb.eval.report import html
    from ragkb.eval.runs import write_json, write_text

    write_text(folder / "latest.html", html(done))
    write_text(folder / "latest.md", outputs.markdown(done))
    write_text(folder / "junit.xml", outputs.junit(done))
    write_text(folder / "ragkb_eval.prom", outputs.prometheus(done))
    write_json(folder / "latest.json", outputs.nightly_json(done))


def _show(done: Nightly, folder: Path) -> None:
    """Each suite's table and verdict on stdout."""
    from rich.console import Console

    from ragkb.eval.command import table
    from ragkb.eval.gate_command import show
    from ragkb.eval.scores import MEASURES, total

    console = Console()
    for result in done.suites:
        console.print(f"\n{result.run.name}: {'passed' if result.passed else 'FAILED'}", style="bold")
        if result.comparison:
            show(result.comparison, 5)
        else:
            values = [[name, total(name, result.run.rows)] for name in MEASURES]
            console.print(table(["measure", "value"], [row for row in values if row[1] is not None]))
            kept = "; this run is the baseline now" if result.passed else ""
            console.print(f"no baseline yet, nothing was compared{kept}")
        for check in result.checks:
            console.print(
                f"{'ok' if check.ok else 'FAILED'}  {check.name}: {check.what}", highlight=False, markup=False
            )
    console.print(f"\nreport: {folder / 'latest.html'}", highlight=False, soft_wrap=True)

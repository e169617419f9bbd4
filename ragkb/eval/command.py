"""`ragkb eval`: one command for each evaluation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragkb.errors import GateFailed, InputError
from ragkb.eval import gate_command, nightly_command, questions_command
from ragkb.eval.calibrate_command import calibrate
from ragkb.eval.options import Json, Kb, MaxErrors, Rows, RunFolder
from ragkb.eval.support_command import groundedness, validate

if TYPE_CHECKING:
    from rich.table import Table

    from ragkb.eval.retrieval import Progress
    from ragkb.eval.runs import Run

_OF_SLICES = ("rows", "answer_hit", "page_hit@5", "citation_recall", "false_answer", "false_refusal")

app = typer.Typer(help="Measure retrieval, answers and the scorer of answers; compare runs.", no_args_is_help=True)
app.command()(groundedness)
app.command()(validate)
app.command()(calibrate)
app.command()(gate_command.compare)
app.command()(nightly_command.nightly)
app.command()(questions_command.generate)
app.command()(questions_command.from_feedback)


@app.command()
def retrieval(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="corpus.jsonl, queries.jsonl and qrels.tsv.")],
    as_json: Json = False,
    rows: Rows = None,
    run: RunFolder = None,
    max_errors: MaxErrors = None,
    kb: Kb = None,
) -> None:
    """Measure each leg of the search on a folder of BEIR's form, indexed apart; --kb is not touched."""
    from ragkb.eval.record import retrieval_run
    from ragkb.settings import Settings

    check_targets(rows, run)
    with progress_bar() as progress:
        made = retrieval_run(folder, Settings.load(), folder.resolve().name, progress)
    keep(made, rows, run)
    summary = made.summary_with_times()
    print_summary(summary, [retrieval_table(summary)], retrieval_note(summary), as_json)
    check_errors(made, max_errors)


@app.command()
def answers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON line {id, question, ..} for every question.")],
    as_json: Json = False,
    rows: Rows = None,
    run: RunFolder = None,
    max_errors: MaxErrors = None,
    kb: Kb = None,
) -> None:
    """Measure the answers to questions with gold answers, from a knowledge base or from each row's own contexts."""
    from ragkb.eval.questions import read_questions
    from ragkb.eval.record import answers_run
    from ragkb.settings import Settings

    check_targets(rows, run)
    settings = Settings.load()
    carried = all(question.contexts is not None for question in read_questions(file))
    with progress_bar() as progress:
        if carried:
            made = answers_run(None, file, settings, file.stem, fixed=True, progress=progress)
        else:
            from ragkb.kb import KnowledgeBase

            path = kb or context.obj or Path(".ragkb")  # the option stands before or after the command
            with KnowledgeBase.open(path, create=False, settings=settings) as opened:
                made = answers_run(opened, file, settings, file.stem, progress=progress)
    keep(made, rows, run)
    summary = made.summary_with_times()
    print_summary(summary, [answers_table(summary), slices_table(summary)], answers_note(summary), as_json)
    check_errors(made, max_errors)


def check_targets(rows: Path | None, run: Path | None) -> None:
    """Raises InputError before anything is measured if what comes out could not be written."""
    from ragkb.eval.runs import check_free

    if rows and (rows.is_dir() or not rows.absolute().parent.is_dir()):
        raise InputError(
            f"{rows} cannot be written: {'it is a folder' if rows.is_dir() else 'its folder is not there'}"
        )
    if run:
        check_free(run)


def keep(made: Run, rows: Path | None, run: Path | None) -> None:
    """Writes the rows and the run where the options say."""
    from ragkb.eval.files import write_rows
    from ragkb.eval.runs import write_run

    if rows:
        write_rows(rows, made.rows)
    if run:
        write_run(run, made)


def check_errors(made: Run, most: int | None) -> None:
    """Raises GateFailed if more questions than allowed ended in an error."""
    if most is not None and made.errors > most:
        raise GateFailed(f"{made.errors} rows ended in an error, {most} may", "--rows FILE names them")


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A callback that draws on stderr; None where that is no terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Bars(console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def retrieval_table(summary: Mapping[str, Any]) -> Table:
    """A line for each leg."""
    legs: Mapping[str, Mapping[str, float | None]] = summary["legs"]
    names = list(next(iter(legs.values())))
    return table(["leg", *names], [[leg, *(values[name] for name in names)] for leg, values in legs.items()])


def retrieval_note(summary: Mapping[str, Any]) -> str:
    """How much was measured, and how fast it was."""
    times, rate = summary["query_ms"], summary["documents_per_second"]
    return (
        f"{summary['documents']} documents, {_rounded(rate)} a second; {summary['queries']} queries, "
        f"hybrid p50 {_rounded(times['p50'])} ms, p95 {_rounded(times['p95'])} ms"
    )


def answers_table(summary: Mapping[str, Any]) -> Table:
    """A line for each measure."""
    names = [name for name in summary if not isinstance(summary[name], dict) and name != "k"]
    return table(["measure", "all rows"], [[name, summary[name]] for name in names])


def slices_table(summary: Mapping[str, Any]) -> Table | None:
    """A line for each type and each language of question; None where the rows name none."""
    slices = {**summary.get("by_type", {}), **summary.get("by_language", {})}
    lines = [[name, *(part[measure] for measure in _OF_SLICES)] for name, part in slices.items()]
    return table(["rows with", *(measure.replace("_", " ") for measure in _OF_SLICES)], lines) if slices else None


def answers_note(summary: Mapping[str, Any]) -> str:
    """How fast the answers were."""
    times = summary["latency_ms"]
    return f"latency p50 {_rounded(times['p50'])} ms, p95 {_rounded(times['p95'])} ms"


def table(header: Sequence[str], lines: Sequence[Sequence[object]]) -> Table:
    """The cells under the header: the first column to the left, the others to the right."""
    from rich.table import Table

    result = Table()
    for number, name in enumerate(header):
        result.add_column(name, justify="right" if number else "left", no_wrap=not number)
    for line in lines:
        result.add_row(*(_shown(cell) for cell in line))
    return result


def _rounded(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _shown(value: object) -> str:
    """A cell: a share to four places, None as a dash."""
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def print_summary(summary: Mapping[str, Any], tables: Sequence[Table | None], note: str, as_json: bool) -> None:
    """The summary on stdout, as JSON or as tables and a line below them."""
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    console = Console()
    for table in tables:
        if table:
            console.print(table)
    console.print(note, highlight=False, soft_wrap=True)

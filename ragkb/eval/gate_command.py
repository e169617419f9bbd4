"""`ragkb eval compare`: two runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragkb.errors import GateFailed

if TYPE_CHECKING:
    from rich.table import Table

    from ragkb.eval.compare import Comparison

Margin = Annotated[float, typer.Option("--margin", min=0, max=1, help="Smallest drop that matters [0.01].")]


def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="Folder of a run, as --run or a nightly run kept it.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Folder of the run to compare with it.")],
    margin: Margin = 0.01,
    gate: Annotated[bool, typer.Option("--gate", help="Fail (exit 8) if a measure is worse, chance aside.")] = False,
    flips: Annotated[int, typer.Option("--flips", min=0, metavar="N", help="Flipped questions to print [10].")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, with every flip.")] = False,
) -> None:
    """Compare two runs over the same questions: paired differences, 95 % intervals, and what flipped."""
    from ragkb.eval.compare import Gate
    from ragkb.eval.compare import compare as compared
    from ragkb.eval.runs import read_run
    from ragkb.eval.told import comparison_json

    found = compared(read_run(before), read_run(after), Gate(margin=margin))
    if as_json:
        typer.echo(json.dumps(comparison_json(found), ensure_ascii=False, allow_nan=False))
    else:
        show(found, flips)
    if gate and found.failed:
        raise failure(found)


def failure(found: Comparison) -> GateFailed:
    """The error of a gate that fails."""
    worst = ", ".join(
        f"{one.measure.name} {one.before:.4f} to {one.after:.4f} (p = {one.adjusted:.4f})" for one in found.failed
    )
    return GateFailed(f"{found.after.name} is worse: {worst}", "the questions that flipped are listed above")


def show(found: Comparison, flips: int) -> None:
    """The table, the verdict in words, and the flipped questions, on stdout."""
    from rich.console import Console

    from ragkb.eval.told import sentences

    console = Console()
    console.print(table(found))
    for line in sentences(found):
        console.print(line, highlight=False, soft_wrap=True)
    for text in flipped(found, flips):
        console.print(text, highlight=False, soft_wrap=True, markup=False)


def table(found: Comparison) -> Table:
    """A line for each measure. Those with * count for the gate."""
    from rich.table import Table

    from ragkb.eval.told import percent

    made = Table()
    for number, name in enumerate(("measure", "before", "after", "95 % change", "questions", "verdict")):
        made.add_column(name, justify="right" if 0 < number < 5 else "left", no_wrap=True)
    for one in found.differences:
        made.add_row(
            one.measure.name + ("*" if one.gated else ""),
            percent(one.before),
            percent(one.after),
            f"{percent(one.low, True)} {percent(one.high, True)}",
            f"-{one.worse} +{one.better}" if one.worse or one.better else "",
            one.verdict,
        )
    return made


def flipped(found: Comparison, most: int) -> list[str]:
    """The questions that changed, those that got worse first, with both answers."""
    from ragkb.eval.told import asked, said

    lines = []
    for flip in found.flips[:most]:
        what = " ".join([*(f"-{name}" for name in flip.worse), *(f"+{name}" for name in flip.better)])
        question = asked(flip.after) or asked(flip.before)
        lines.append(f"\n{flip.after['id']}  {question}\n  {what}\n  A: {said(flip.before)}\n  B: {said(flip.after)}")
    left = len(found.flips) - len(lines)
    return [*lines, *([f"\n{left} more; --flips {len(found.flips)} shows them all"] if left > 0 else [])]

"""`ragkb eval calibrate`: the threshold of abstention, fitted to questions of one's own."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragkb.eval.options import Json, Kb, Rows

if TYPE_CHECKING:
    from rich.table import Table

    from ragkb.eval.calibrate import Point

SHOWN = 12  # points of the curve in the table


def calibrate(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Questions as for `eval answers`, some not answerable.")],
    max_false_answers: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Refuse as little as possible with at most this share of false answers."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Keep the threshold in the knowledge base.")] = False,
    as_json: Json = False,
    rows: Rows = None,
    kb: Kb = None,
) -> None:
    """Fit the threshold of abstention to your own questions; print what each threshold costs."""
    from ragkb.answer.threshold import Threshold, store
    from ragkb.eval.calibrate import asked, choose, crossed, curve
    from ragkb.eval.command import check_targets, print_summary, progress_bar
    from ragkb.eval.files import write_rows
    from ragkb.kb import KnowledgeBase
    from ragkb.settings import Settings

    check_targets(rows, None)
    path = kb or context.obj or Path(".ragkb")
    settings = Settings.load()
    open_to_all = settings.model_copy(update={"answer": settings.answer.model_copy(update={"threshold": 0.0})})
    with KnowledgeBase.open(path, create=False, settings=open_to_all) as opened, progress_bar() as progress:
        found = asked(opened, file, progress)
    points = curve(found)
    best = choose(points, max_false_answers)
    false_answer, false_refusal = crossed(found, max_false_answers)
    if rows:
        write_rows(rows, [asdict(one) for one in found])
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if write:
        store(path, Threshold(best.threshold, len(found), digest))
    summary = {
        "rows": len(found),
        "threshold": best.threshold,
        "false_answer": round(best.false_answer, 4),
        "false_refusal": round(best.false_refusal, 4),
        "crossed": {"false_answer": round(false_answer, 4), "false_refusal": round(false_refusal, 4)},
        "written": write,
        "curve": [asdict(one) for one in points],
    }
    print_summary(summary, [curve_table(points, best)], _note(best, (false_answer, false_refusal), write), as_json)


def curve_table(points: list[Point], best: Point) -> Table:
    """Some points of the curve, evenly over the coverage, and the chosen one."""
    from ragkb.eval.command import table

    step = max(1, len(points) // SHOWN)
    shown = sorted({*points[::step], points[-1], best}, key=lambda one: one.threshold)
    header = ["threshold", "coverage", "false answer", "false refusal", "risk", ""]
    return table(header, [[*asdict(one).values(), "chosen" if one == best else ""] for one in shown])


def _note(best: Point, crossed: tuple[float, float], is_written: bool) -> str:
    kept = "kept in the knowledge base" if is_written else "not kept: --write, or set answer.threshold"
    return (
        f"threshold {best.threshold} ({kept}); cross-validated: false answers {crossed[0]:.3f}, "
        f"false refusals {crossed[1]:.3f}"
    )

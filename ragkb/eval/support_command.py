"""`ragkb eval groundedness` and `ragkb eval validate`: answers scored, and the scorer measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragkb.eval.options import Json, Kb, MaxErrors, Rows, RunFolder

if TYPE_CHECKING:
    from rich.table import Table

_MEASURES = ("rows", "errors", "labelled", "auroc", "balanced_accuracy", "f1")


def groundedness(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON line {id, question, context, response, ..}.")],
    as_json: Json = False,
    rows: Rows = None,
    run: RunFolder = None,
    max_errors: MaxErrors = None,
    kb: Kb = None,
) -> None:
    """Score given answers against their contexts; measure the scorer where they are labelled. --kb is not touched."""
    from ragkb.eval.command import check_errors, check_targets, keep, print_summary, progress_bar
    from ragkb.eval.record import groundedness_run
    from ragkb.settings import Settings

    check_targets(rows, run)
    with progress_bar() as progress:
        made = groundedness_run(file, Settings.load(), file.stem, progress)
    keep(made, rows, run)
    summary = made.summary  # without what a clock says: the same input prints the same bytes
    print_summary(summary, [groundedness_table(summary)], groundedness_note(summary), as_json)
    check_errors(made, max_errors)


def groundedness_table(summary: Mapping[str, Any]) -> Table:
    """A line for all rows and one for each task."""
    from ragkb.eval.command import table

    parts = {"all": summary, **summary["by_task"]}
    return table(["task", *_MEASURES], [[name, *(part[m] for m in _MEASURES)] for name, part in parts.items()])


def groundedness_note(summary: Mapping[str, Any]) -> str:
    """What f1 is of, and at which threshold."""
    return f"f1 is of the answers that are not grounded; a score under {summary['threshold']} says so"


def validate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folders ragtruth, mtrag, wice, begin, summedits.")],
    as_json: Json = False,
    rows: Rows = None,
    kb: Kb = None,
) -> None:
    """Measure the support scorer on public sets that people judged. --kb is not touched."""
    from ragkb.answer.grounding import load_scorer
    from ragkb.answer.verify import answer_threshold
    from ragkb.eval.command import check_targets, print_summary, progress_bar
    from ragkb.eval.files import write_rows
    from ragkb.eval.validation import validate as validated
    from ragkb.models import load_embedder
    from ragkb.settings import Settings

    check_targets(rows, None)
    settings = Settings.load()
    scorer = load_scorer(settings.answer, load_embedder(settings.embedder, settings.threads, settings.embedding))
    with progress_bar() as progress:
        result = validated(folder, scorer, progress)
    if rows:
        write_rows(rows, result.rows)
    summary = {"threshold": answer_threshold(scorer), "parts": result.parts}
    note = f"{groundedness_note(summary)}; {result.sentence_ms:.1f} ms a sentence"
    print_summary(summary, [validation_table(result.parts)], note, as_json)


def validation_table(parts: Mapping[str, Mapping[str, Any]]) -> Table:
    """A line for each part, narrow enough for a terminal of 80 columns."""
    from ragkb.eval.command import table

    header = ["set", "rows", "AUROC", "95 %", "bal.", "F1", "F1 off", "rho"]
    names = ("auroc", "interval", "balanced_accuracy", "f1", "f1_official", "spearman")
    lines = []
    for part, values in parts.items():
        interval = f"{_short(values['auroc_low'])}–{_short(values['auroc_high'])}".strip("–")
        shown = {**{name: _short(values[name]) for name in names if name != "interval"}, "interval": interval}
        lines.append([part, values["rows"], *(shown[name] for name in names)])
    return table(header, lines)


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".replace("0.", ".", 1)

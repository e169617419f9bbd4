"""A comparison told: as JSON, and in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ragkb.eval.compare import Comparison, Difference, Flip
from ragkb.eval.runs import Run
from ragkb.eval.scores import Row, pair


def comparison_json(comparison: Comparison, flips: int | None = None) -> dict[str, Any]:
    """`ragkb eval compare --json`. flips: how many to hold, all where it is None."""
    return {
        "before": run_json(comparison.before),
        "after": run_json(comparison.after),
        "passed": not comparison.failed,
        "failed": [one.measure.name for one in comparison.failed],
        "measures": {one.measure.name: difference_json(one) for one in comparison.differences},
        "flips": [flip_json(flip) for flip in comparison.flips[:flips]],
        "flipped": len(comparison.flips),
        "notes": list(comparison.notes),
    }


def run_json(run: Run) -> dict[str, Any]:
    """What a run is, without its rows."""
    names = ("suite", "kind", "data", "models", "code", "settings_sha256")
    return {**{name: run.manifest[name] for name in names}, "rows": len(run.rows), "errors": run.errors}


def difference_json(one: Difference) -> dict[str, Any]:
    """One measure before and after."""
    names = ("before", "after", "low", "high", "test", "p", "adjusted", "worse", "better", "questions")
    more = ("visible", "margin", "gated", "verdict")
    return {**{name: getattr(one, name) for name in names}, **{name: getattr(one, name) for name in more}}


def flip_json(flip: Flip) -> dict[str, Any]:
    """One question with both answers; these are "" where the texts of a run were removed."""
    return {
        "id": flip.after["id"],
        "question": asked(flip.after) or asked(flip.before),
        "worse": list(flip.worse),
        "better": list(flip.better),
        "before": said(flip.before),
        "after": said(flip.after),
    }


def asked(row: Row) -> str:
    """The question of a row."""
    return str(row.get("question") or row.get("query") or "")


def said(row: Row) -> str:
    """The answer of a row, or the documents that a query found first."""
    if "ranked" in row:
        return ", ".join(row["ranked"].get("hybrid", [])[:3])
    return str(row.get("answer", row.get("error", "")))


def percent(value: float | None, signed: bool = False, digits: int = 1) -> str:
    """A share as a person reads it: 78.7 %. digits: behind the point."""
    if value is None:
        return "–"
    return f"{100 * value:+.{digits}f}" if signed else f"{100 * value:.{digits}f}"


def sentences(comparison: Comparison) -> Iterator[str]:
    """The verdict, measure by measure that moved, and how small a drop could have been seen."""
    for one in comparison.differences:
        if one.verdict in ("worse", "better", "unclear"):
            yield sentence(one)
    if all(one.verdict == "same" for one in comparison.differences):
        yield f"nothing moved by more than the margin; {len(comparison.flips)} questions changed"
    yield from blind(comparison.differences)
    yield from (f"note: {note}" for note in comparison.notes)


def sentence(one: Difference) -> str:
    """One measure: from where to where, how sure, how many questions."""
    how = {"worse": "is worse", "better": "is better", "unclear": "moved, which may be chance", "same": "is the same"}
    return (
        f"{one.measure.title} {how[one.verdict]}: {percent(one.before)} to {percent(one.after)} % "
        f"(change {percent(one.low, True)} to {percent(one.high, True)}, {one.test} p = {one.adjusted:.4f} after Holm; "
        f"{one.worse} questions worse, {one.better} better, of {one.questions})"
    )


def blind(differences: Iterable[Difference]) -> Iterator[str]:
    """How small a drop the questions could have shown."""
    counting = [one for one in differences if one.gated and one.questions]
    if counting:
        largest = max(counting, key=lambda one: one.visible)
        smallest = min(counting, key=lambda one: one.visible)
        yield (
            f"a drop under {percent(smallest.visible)} % ({smallest.measure.title}, {smallest.questions} questions) to "
            f"{percent(largest.visible)} % ({largest.measure.title}, {largest.questions}) cannot be told from chance"
        )


def why(row: Row, names: Iterable[str]) -> str:
    """The measures of a row: "answer_hit 0, page_hit@5 0.5"."""
    return ", ".join(f"{name} {_shown(found)}" for name in names if (found := pair(row.get(name))) is not None)


def _shown(found: tuple[float, float]) -> str:
    hits, of = found
    return f"{hits / of:.3g}" if of else "–"

"""What the confidences of a run are worth: risk against coverage, and reliability."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragkb.eval.scores import Row

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose value lies in one tenth of 0 to 1. mean: of the value. share: for how many the outcome was true."""

    mean: float
    share: float
    count: int


def risk_coverage(rows: Iterable[Row]) -> list[tuple[float, float]]:
    """(coverage, risk), both 0 to 1, as the threshold falls from 1 to the one in force.

    coverage: share of the questions that are answered. risk: share of these answers that are wrong: the question cannot
    be answered, or no gold answer stands in the answer. Only what was answered can be judged, so the curve ends at the
    coverage in force. El-Yaniv and Wiener, "On the foundations of noise-free selective classification", JMLR 2010.
    """
    known = [row for row in rows if row["status"] != "error" and _right(row) is not None]
    answered = sorted((row for row in known if row["status"] == "scored"), key=lambda row: -row["confidence"])
    points, wrong = [], 0
    for number, row in enumerate(answered, 1):
        wrong += not _right(row)
        points.append((number / len(known), wrong / number))
    return points


def _right(row: Row) -> bool | None:
    """Whether the row's answer is right; None where nothing says so."""
    if row.get("false_answer") is not None:
        return not row["false_answer"]
    return row.get("answer_hit")


def held(row: Row) -> bool | None:
    """Whether the first passages hold the answer, which is what confidence is a probability of; None: not known."""
    if row["status"] == "error" or (row.get("answerable") and row.get("page_hit@5") is None):
        return None
    return bool(row.get("answerable")) and row["page_hit@5"] > 0


def right(row: Row) -> bool | None:
    """Whether an answer that was given is right; None: not given, or not known."""
    return _right(row) if row["status"] == "scored" else None


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[Bin]:
    """The bins that hold something, lowest first, of (value, outcome)."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for value, outcome in pairs:
        bins[min(BINS - 1, int(value * BINS))].append((value, outcome))
    return [
        Bin(sum(value for value, _ in one) / len(one), sum(outcome for _, outcome in one) / len(one), len(one))
        for one in bins
        if one
    ]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Mean distance of share and value over the rows: ECE, Guo et al., "On calibration of modern networks", 2017."""
    count = sum(one.count for one in bins)
    return sum(one.count * abs(one.mean - one.share) for one in bins) / count if count else None

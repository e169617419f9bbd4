"""The charts of a nightly report: measures and latency over time, risk against coverage, reliability."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from ragkb.eval import plots
from ragkb.eval.curves import Bin, calibration_error, held, reliability, right, risk_coverage
from ragkb.eval.nightly import SuiteResult
from ragkb.eval.scores import MEASURES, Measure, Row
from ragkb.eval.told import percent

_LEAST_SPAN = 0.2  # of an axis of shares: a smaller one makes a mountain of every question


def over_time(result: SuiteResult) -> Iterator[str]:
    """A figure for each measure that counts, and one for the latency."""
    trend = [one for one in result.trend if one.get("measures")]
    names = [name for name in MEASURES if any(name in one["measures"] for one in trend) and MEASURES[name].gated]
    for name in names:
        yield _measure(MEASURES[name], result)
    yield _latency(result)


def _measure(measure: Measure, result: SuiteResult) -> str:
    """The measure of each night; dashed: the baseline; red: nights that failed."""
    nights = [one for one in result.trend if measure.name in one["measures"]]
    values = [float(one["measures"][measure.name]) for one in nights]
    before = _baseline(measure, result)
    low, high = _axis([*values, *([] if before is None else [before])])
    points = [(_place(n, values), (value - low) / (high - low)) for n, value in enumerate(values)]
    failed = [point for point, night in zip(points, nights, strict=True) if not night.get("passed", True)]
    level = None if before is None else (before - low) / (high - low)
    chart = plots.lines(
        measure.title,
        [(measure.name, points)],
        _days(nights),
        (percent(low, digits=0), percent(high, digits=0)),
        level,
        failed,
    )
    return _figure(
        measure.title, chart, f"{percent(values[-1])} %{'' if measure.higher_is_better else ' (less is better)'}"
    )


def _baseline(measure: Measure, result: SuiteResult) -> float | None:
    found = result.comparison.differences if result.comparison else ()
    return next((one.before for one in found if one.measure.name == measure.name), None)


def _axis(values: Sequence[float]) -> tuple[float, float]:
    """Tenths around the values, within 0 and 1, at least _LEAST_SPAN apart."""
    low, high = math.floor(10 * min(values)) / 10, math.ceil(10 * max(values)) / 10
    high = min(1.0, max(high, low + _LEAST_SPAN))
    return max(0.0, min(low, high - _LEAST_SPAN)), high


def _place(number: int, values: Sequence[object]) -> float:
    return number / max(len(values) - 1, 1)


def _days(nights: Sequence[Row]) -> tuple[str, str]:
    return nights[0]["at"][:10], nights[-1]["at"][:10]


def _latency(result: SuiteResult) -> str:
    nights = [one for one in result.trend if one["latency_ms"].get("p50") is not None]
    if not nights:
        return ""
    most = max(one["latency_ms"]["p95"] for one in nights) or 1.0
    series = [
        (name, [(_place(n, nights), one["latency_ms"][name] / most) for n, one in enumerate(nights)])
        for name in ("p50", "p95")
    ]
    last = nights[-1]["latency_ms"]
    chart = plots.lines("latency", series, _days(nights), ("0", f"{most:.0f}"))
    return _figure("latency, ms", chart, f"median {last['p50']:.0f}, 95th percentile {last['p95']:.0f}")


def confidence(rows: Sequence[Row]) -> Iterator[str]:
    """Risk against coverage, and how far confidence and support can be believed."""
    curve = risk_coverage(rows)
    if curve:
        chart = plots.lines("risk and coverage", [("risk", curve)], ("0", "coverage 1"), ("0", "1"))
        coverage, risk = curve[-1]
        note = f"at the threshold in force {percent(coverage)} % are answered, {percent(risk)} % of them wrong"
        yield _figure("risk against coverage", chart, note)
    yield _reliable("confidence", "passages hold the answer", rows, "confidence", held)
    yield _reliable("support", "answer is right", rows, "groundedness", right)
    yield _reliable("the score", "answer is grounded", rows, "score", lambda row: row.get("label"))


def _reliable(title: str, outcome: str, rows: Sequence[Row], name: str, known: Callable[[Row], bool | None]) -> str:
    """A reliability diagram of the value `name`; "" where no row has both value and outcome."""
    pairs = [
        (row[name], happened) for row in rows if row.get(name) is not None and (happened := known(row)) is not None
    ]
    if not pairs:
        return ""
    bins = reliability(pairs)
    chart = plots.reliability_chart(f"reliability of {title}", bins, title, "share")
    return _figure(f"reliability of {title}", chart, f"how often the {outcome}; calibration error {_ece(bins)}")


def _ece(bins: Sequence[Bin]) -> str:
    error = calibration_error(bins)
    return "–" if error is None else f"{error:.3f}"


def _figure(title: str, chart: str, note: str) -> str:
    return f"<figure><figcaption><b>{escape(title)}</b>{escape(note)}</figcaption>{chart}</figure>"

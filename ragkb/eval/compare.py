"""Two runs over the same questions: what changed, whether chance explains it, and which questions flipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ragkb.errors import InputError
from ragkb.eval import statistics
from ragkb.eval.classification import auroc_draws
from ragkb.eval.runs import Run
from ragkb.eval.scores import MEASURES, Measure, Row, pair, total
from ragkb.eval.statistics import LEVEL

Verdict = Literal["worse", "better", "unclear", "same"]
Test = Literal["McNemar", "bootstrap"]
Pair = tuple[Row, Row]
"""The rows of one question, before and after."""

_NOTHING = ((0.0, 0.0), (0.0, 0.0))

_NO_FLIPS = ("token_f1", "auroc", "support")
"""Measures of which the smallest move of another row moves a row."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What fails. margin: the smallest drop that matters; margins: of single measures.

    measures: those that count; empty for all that count by themselves. max_errors: questions that may end in an error.
    floors: values under which (over which, where less is better) a run fails without being compared.
    """

    margin: float = 0.01
    margins: Mapping[str, float] = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    max_errors: int = 0
    floors: Mapping[str, float] = field(default_factory=dict)

    def counts(self, measure: Measure) -> bool:
        """Whether a drop of the measure fails."""
        return measure.name in self.measures if self.measures else measure.gated


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure before and after, over the questions that both runs could score.

    low, high: 95 % interval of after - before, by a paired bootstrap clustered by document. p: of McNemar's exact test
    where the measure is true or false for each question, of the bootstrap elsewhere; adjusted: by Holm over the
    measures that count. worse, better: questions that changed. visible: the smallest drop that the questions could have
    shown to be none by chance, if all that change get worse. verdict "worse": the drop passes the margin, and chance
    does not explain it; "unclear": it passes the margin, but may be chance.
    """

    measure: Measure
    before: float
    after: float
    low: float
    high: float
    test: Test
    p: float
    adjusted: float
    worse: int
    better: int
    questions: int
    visible: float
    margin: float
    gated: bool
    verdict: Verdict

    @property
    def drop(self) -> float:
        return self.measure.drop(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose measures changed. before, after: its rows. worse, better: names of measures."""

    before: Row
    after: Row
    worse: tuple[str, ...]
    better: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """differences: in the order of the measures. flips: those that got worse first. errors: of both runs.

    notes: what differs besides: code, settings, models, documents.
    """

    before: Run
    after: Run
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> tuple[Difference, ...]:
        """The measures over which the gate fails."""
        return tuple(one for one in self.differences if one.gated and one.verdict == "worse")


def compare(before: Run, after: Run, gate: Gate | None = None) -> Comparison:
    """The comparison. Raises InputError if the two were not measured on the same data."""
    gate = gate or Gate()
    _same_data(before, after)
    both = [(a, b) for a, b in zip(before.rows, after.rows, strict=True) if "error" not in (a["status"], b["status"])]
    measures = [one for name, one in MEASURES.items() if any(pair(row.get(name)) for rows in both for row in rows)]
    differences = _adjusted(_differences(both, measures, gate))
    flips = sorted(_flips(both, measures), key=lambda flip: (-len(flip.worse), -len(flip.better)))
    return Comparison(before, after, differences, tuple(flips), tuple(_notes(before, after)))


def _same_data(before: Run, after: Run) -> None:
    old, new = before.manifest["data"], after.manifest["data"]
    for what in ("kind", "suite"):
        if before.manifest[what] != after.manifest[what]:
            values = f"{before.manifest[what]!r} and {after.manifest[what]!r}"
            raise InputError(f"the runs are of different {what}s: {values}", "compare two of the same")
    fixed = old["fixed"] or new["fixed"]
    for what in ("questions", "documents") if fixed else ("questions",):
        if old[what] != new[what]:
            message = f"the runs were made on different {what}: {old[what][:12]} and {new[what][:12]} (SHA-256)"
            raise InputError(message, "run both on the same data; a nightly run takes a new baseline by --set-baseline")
    if len(before.rows) != len(after.rows):
        raise InputError(f"the runs have {len(before.rows)} and {len(after.rows)} rows", "one of them is damaged")


def _notes(before: Run, after: Run) -> Iterator[str]:
    old, new = before.manifest, after.manifest
    if old["data"]["documents"] != new["data"]["documents"]:
        yield "the documents changed"
    if old["code"] != new["code"]:
        yield f"the code changed: {old['code']['version']} ({old['code']['sha256'][:8]}) to " + (
            f"{new['code']['version']} ({new['code']['sha256'][:8]})"
        )
    for name, value in _changed(old["models"], new["models"]):
        yield f"model {name}: {value}"
    for name, value in _changed(_flat(old["settings"]), _flat(new["settings"])):
        yield f"setting {name}: {value}"


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield name, f"{old.get(name)} to {new.get(name)}"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat


def _differences(both: Sequence[Pair], measures: Sequence[Measure], gate: Gate) -> list[Difference]:
    if not both:
        return []
    names = [one.name for one in measures]
    clusters = [str(after.get("cluster", after["id"])) for _, after in both]
    scored = [[_scored(rows, name) or _NOTHING for name in names] for rows in both]
    joined = [[values[n] for n in (0, 1) for values in row] for row in scored]
    resampled = statistics.bootstrap(statistics.cluster_sums(joined, clusters))
    spreads = resampled[:, len(names) :] - resampled[:, : len(names)]
    counting = sum(gate.counts(one) for one in measures)
    found = (
        _difference(both, one, _auroc_spread(both) if one.name == "auroc" else spreads[:, place], gate, counting)
        for place, one in enumerate(measures)
    )
    return [one for one in found if one]


def _auroc_spread(both: Sequence[Pair]) -> statistics.Floats:
    """The resampled differences of the AUROC: a measure of pairs of rows, of which sums over rows say too little."""
    known = [(old, new) for old, new in both if old.get("auroc") is not None and new.get("auroc") is not None]
    labels = [bool(new["label"]) for _, new in known]
    clusters = [str(new.get("cluster", new["id"])) for _, new in known]
    before, after = (auroc_draws(labels, [float(pair[n]["score"]) for pair in known], clusters) for n in (0, 1))
    return after - before


def _difference(
    both: Sequence[Pair], measure: Measure, spread: statistics.Floats, gate: Gate, counting: int
) -> Difference | None:
    """The difference before Holm's adjustment; None where one of the runs has no value. counting: measures that do."""
    both = [rows for rows in both if _scored(rows, measure.name)]
    if not both:
        return None
    before, after = (total(measure.name, rows) or 0.0 for rows in zip(*both, strict=True))
    low, high = statistics.interval(spread)
    worse, better = _changes(both, measure)
    flips = _is_yes_or_no(both, measure.name)
    fewest = statistics.fewest_flips(counting) if flips else statistics.fewest_changes(counting)
    p = statistics.mcnemar(worse, better) if flips else statistics.bootstrap_p(spread)
    return Difference(
        measure=measure,
        before=before,
        after=after,
        low=round(low, 6),
        high=round(high, 6),
        test="McNemar" if flips else "bootstrap",
        p=round(p, 6),
        adjusted=1.0,
        worse=worse,
        better=better,
        questions=len(both),
        visible=round(min(1.0, fewest / len(both)), 6),
        margin=gate.margins.get(measure.name, gate.margin),
        gated=gate.counts(measure),
        verdict="same",
    )


def _is_yes_or_no(both: Sequence[Pair], name: str) -> bool:
    return all(isinstance(row[name], bool) for rows in both for row in rows if row.get(name) is not None)


def _changes(both: Sequence[Pair], measure: Measure) -> tuple[int, int]:
    """How many questions got worse, and how many better."""
    moves = [_move(old, new, measure) for old, new in both]
    return sum(move > 0 for move in moves), sum(move < 0 for move in moves)


def _move(old: Row, new: Row, measure: Measure) -> float:
    """How much worse one question got; 0 where one of the runs has no value for it."""
    found = _scored((old, new), measure.name)
    return measure.drop(*(hits / of for hits, of in found)) if found else 0.0


def _scored(rows: Pair, name: str) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The measure of one question in both runs; None where one of them has none, so that like is held against like."""
    old, new = (pair(row.get(name)) for row in rows)
    return (old, new) if old and new and old[1] and new[1] else None


def _adjusted(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    """The differences with p values adjusted over those that count, and verdicts."""
    p_values = statistics.holm({one.measure.name: one.p for one in differences if one.gated})
    judged = []
    for one in differences:
        adjusted = round(p_values.get(one.measure.name, one.p), 6)
        judged.append(replace(one, adjusted=adjusted, verdict=_verdict(one, adjusted)))
    return tuple(judged)


def _verdict(one: Difference, adjusted: float) -> Verdict:
    if abs(one.drop) <= one.margin:
        return "same"
    if adjusted > LEVEL:
        return "unclear"
    return "worse" if one.drop > 0 else "better"


def _flips(both: Sequence[Pair], measures: Sequence[Measure]) -> Iterator[Flip]:
    for old, new in both:
        moves = {one.name: _move(old, new, one) for one in measures if one.name not in _NO_FLIPS}
        worse = tuple(name for name, move in moves.items() if move > 0)
        better = tuple(name for name, move in moves.items() if move < 0)
        if worse or better:
            yield Flip(old, new, worse, better)

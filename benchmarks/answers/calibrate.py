"""Fits when to abstain: ragkb/answer/calibration.json, one logistic regression a kind of question.

usage: python -m benchmarks.answers.calibrate --data DIR [--questions 160] [--write] [--plot FILE]

Which questions says rows.py. Prints, by set, AUROC and both error rates at the threshold 0.5, by five-fold
cross-validation: each question is judged by a fit that saw no question about the same thing. These are the figures to
report. What --write keeps is fitted on all questions, since people judged few. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Union

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

import ragkb.answer
from benchmarks.answers.plot import rates, svg
from benchmarks.answers.rows import Row, collect
from ragkb.answer.abstain import FEATURES

Floats = NDArray[np.float64]
Bounds = list[tuple[Union[float, None], Union[float, None]]]  # noqa: UP007  (used at run time on 3.10)
# of a question; others count OTHERS, since theirs are easier and many
WEIGHT = {"sample_corpus": 2.0, "natural": 1.5, "twins": 0.3, "far": 0.3}
OTHERS = 0.1
OF_TOKENS = ("aligned", "aligned_before", "worst", "most_aligned")
PEOPLE = ("sample_corpus", "natural", "clapnq", "nomiracl/en", "nomiracl/zh")
LEAST = 10
THRESHOLD = 0.5  # the default of `answer.threshold`
# of the data against the ridge; larger fits closer. Chosen by cross-validation.
STRENGTH = {"given": 0.1, "searched": 3.0}
# Which way a feature may push: a question that the documents know less of must never look more answerable for it.
DOWN = "elsewhere nowhere unknown unexpected".split()
# Where passages are searched there is a second fit, in which also these push down alone, and all but FREE up alone. It
# carries over to other documents better, the first one fits these closer; their mean is taken.
MORE_DOWN = "lacking strange lacking_meaning".split()
FREE = "row margin has_names gap terms passages".split()
# What is no evidence where passages are given: they have no headings, files and tables, and are no knowledge base.
SEARCHED_ALONE = "elsewhere nowhere unknown under aligned_under amounts strange coded column lacking_meaning".split()


@dataclass(frozen=True, slots=True)
class Fit:
    """One regression, in the features' own units."""

    bias: float
    weights: list[float]

    def probability(self, x: Floats) -> Floats:
        return 1 / (1 + np.exp(-(x @ np.array(self.weights) + self.bias)))


def fit(rows: Sequence[Row]) -> Fit:
    """Classes balanced within each set; then the scaling is folded into the weights."""
    x, y = np.array([row.values for row in rows]), np.array([row.answerable for row in rows])
    weight = np.array([WEIGHT.get(row.data, 1.0 if row.kind.startswith("given") else OTHERS) for row in rows])
    data = np.array([row.data for row in rows])
    for name in set(data):
        total = weight[data == name].sum()
        for side in (True, False):
            at = (data == name) & (y == side)
            if at.any():
                weight[at] *= total / 2 / weight[at].sum()
    scaler = StandardScaler().fit(x)
    strength = STRENGTH[rows[0].kind.split(",")[0]]
    scaled_x, sign = scaler.transform(x), np.where(y, 1.0, -1.0)
    both = [_logistic(scaled_x, sign, strength * weight, bounds) for bounds in _bounds(rows[0].kind)]
    found = np.mean(both, axis=0)
    scaled = found[1:] / scaler.scale_
    return Fit(float(found[0] - (scaled * scaler.mean_).sum()), [float(value) for value in scaled])


def _bounds(kind: str) -> Iterator[Bounds]:
    """Of the bias and of each feature's weight, for each of the fits whose mean is taken."""
    if kind.startswith("given"):
        yield _within(SEARCHED_ALONE, [*DOWN, *SEARCHED_ALONE])
    else:
        yield _within((), DOWN)
        yield _within(set(FEATURES).difference(DOWN, MORE_DOWN, FREE), [*DOWN, *MORE_DOWN])


def _within(up: Collection[str], down: Collection[str]) -> Bounds:
    """Weights of `up` are 0 and more, those of `down` 0 and less; of both, 0."""
    return [(None, None), *((0.0 if one in up else None, 0.0 if one in down else None) for one in FEATURES)]


def _logistic(x: Floats, sign: Floats, weight: Floats, bounds: Bounds) -> Floats:
    """Bias and weights of a ridge logistic regression within bounds."""

    def loss(b: Floats) -> tuple[float, Floats]:
        z = sign * (x @ b[1:] + b[0])
        slope = -weight * sign / (1 + np.exp(np.clip(z, -30, 30)))
        value = (weight * np.logaddexp(0, -z)).sum() + 0.5 * (b[1:] ** 2).sum()
        return value, np.concatenate([[slope.sum()], x.T @ slope + b[1:]])

    return np.asarray(minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x)


def crossed(rows: Sequence[Row]) -> Floats:
    """The probability of each row by a fit without its fold; what is about one thing is in one fold."""
    x = np.array([row.values for row in rows])
    strata, groups = [f"{row.answerable} {row.data}" for row in rows], [row.about for row in rows]
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=1).split(x, strata, groups)
    found = np.zeros(len(rows))
    for train, test in folds:
        found[test] = fit([rows[i] for i in train]).probability(x[test])
    return found


def report(kind: str, rows: Sequence[Row], p: Floats) -> None:
    """A line for each set: AUROC, and both error rates at THRESHOLD."""
    y = np.array([row.answerable for row in rows])
    for data in dict.fromkeys(row.data for row in rows):
        at = np.array([row.data == data for row in rows])
        line = f"{kind:18} {data:14} {at.sum():5} rows"
        if 0 < y[at].sum() < at.sum():
            line += f"  AUROC {roc_auc_score(y[at], p[at]):.3f}"
        if (at & ~y).any():
            line += f"  false answers {(p[at & ~y] >= THRESHOLD).mean():.3f}"
        if (at & y).any():
            line += f"  false refusals {(p[at & y] < THRESHOLD).mean():.3f}"
        print(line)


def without_tokens(row: Row) -> Row:
    """The row as it were with an embedder that gives vectors but no states of tokens."""
    values = [0.0 if name in OF_TOKENS else value for name, value in zip(FEATURES, row.values, strict=True)]
    return replace(row, kind=row.kind.replace("both", "vectors"), values=tuple(values))


def balanced(rows: Sequence[Row], p: Floats) -> float:
    """What to take from the bias, so that 0.5 is where the greater of both error rates is least, as a mean over sets.

    Over the sets that people judged where the kind has one, else over all.
    """
    y = np.array([row.answerable for row in rows])
    data = np.array([row.data for row in rows])
    both = [name for name in dict.fromkeys(data.tolist()) if 0 < y[data == name].mean() < 1]
    sets = [name for name in both if name in PEOPLE] or both

    def worse(threshold: float) -> float:
        answered = p >= threshold
        at = [data == name for name in sets]
        return float(np.mean([max(answered[one & ~y].mean(), (~answered)[one & y].mean()) for one in at]))

    best = min(np.linspace(0.3, 0.7, 81), key=lambda t: (worse(t), abs(t - 0.5)))
    return float(np.log(best / (1 - best)))


def usual(rows: Sequence[Row]) -> list[Row]:
    """Without the few questions that strayed into the other kind of a set: they are too few to be crossed."""
    many: dict[tuple[str, bool], int] = {}
    for row in rows:
        many[row.data, row.answerable] = many.get((row.data, row.answerable), 0) + 1
    return [row for row in rows if row.data == "far" or many[row.data, row.answerable] >= LEAST]


def calibrate(kind: str, rows: Sequence[Row]) -> tuple[Fit, list[tuple[Row, float]]]:
    """The fit of a kind, and the probability of each row by a fit that did not see it."""
    some = usual(rows)
    p = crossed(some)
    shift = balanced(some, p)
    p = 1 / (1 + np.exp(shift) * (1 / np.clip(p, 1e-9, 1 - 1e-9) - 1))
    report(kind, some, p)
    made = fit(some)
    return Fit(made.bias - shift, made.weights), list(zip(some, p.tolist(), strict=True))


def picture(rows: Sequence[Row], crossed: Sequence[float]) -> str:
    """The rates of the sets that people judged, as an SVG."""
    curves, marks = {}, {}
    for name in PEOPLE:
        mine = [(p, row.answerable) for row, p in zip(rows, crossed, strict=True) if row.data == name]
        curves[name] = rates([p for p, _ in mine], [answerable for _, answerable in mine])
        marks[name] = curves[name][round(THRESHOLD * 200)]
    return svg(curves, marks)


def read_or_collect(options: argparse.Namespace) -> list[Row]:
    """The rows, from --rows if they are there."""
    if options.rows and options.rows.exists():
        return [Row(**{**row, "values": tuple(row["values"])}) for row in json.loads(options.rows.read_text())]
    rows = collect(options.data, options.questions, options.kbs)
    if options.rows:
        options.rows.write_text(json.dumps([asdict(row) for row in rows]))
    return rows


def main() -> None:
    """Collects, fits, prints, and writes with --write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=160)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--plot", type=Path, help="write the error rates for every threshold as an SVG")
    parser.add_argument("--kbs", type=Path, help="keep the knowledge bases here, and take them from here the next time")
    parser.add_argument("--rows", type=Path, help="keep the rows here, and read them from here the next time")
    options = parser.parse_args()
    rows = read_or_collect(options)
    rows += [without_tokens(row) for row in rows if row.kind.endswith("both")]
    models, shown = {}, list[tuple[Row, float]]()
    for kind in sorted({row.kind for row in rows}):
        made, unseen = calibrate(kind, [row for row in rows if row.kind == kind])
        weights = {name: round(value, 4) for name, value in zip(FEATURES, made.weights, strict=True)}
        models[kind] = {"bias": round(made.bias, 4), "weights": weights}
        shown += unseen if not kind.endswith("vectors") else []
    if options.plot:
        options.plot.write_text(picture([row for row, _ in shown], [p for _, p in shown]), "utf-8")
    digest = hashlib.sha256(repr([(row.data, row.kind, row.answerable) for row in rows]).encode()).hexdigest()[:16]
    if options.write:
        made_of = {"version": 1, "rows": len(rows), "data": digest, "models": models}
        path = Path(ragkb.answer.__file__).with_name("calibration.json")
        path.write_text(json.dumps(made_of, indent=1) + "\n")


if __name__ == "__main__":
    main()

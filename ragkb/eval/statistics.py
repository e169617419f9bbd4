"""What a difference between two runs over the same questions is worth: interval, p value, what could have been seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
LEVEL = 0.05
"""Chance of a false alarm over all measures of a comparison together."""

_CELLS = 1_000_000  # weights that are held at once; 8 MB
_EQUAL = 1e-9  # two sums that differ by less differ by rounding


def bootstrap(sums: Floats, resamples: int | None = None, seed: int = 0) -> Floats:
    """The ratio of column 0 to column 1 in each resample of the clusters, for each of the measures.

    sums: shape (clusters, measures, 2), numerators and denominators added up over a cluster. Returns shape (resamples,
    measures), NaN where a resample has nothing to divide by. Whole documents are drawn, because questions about one
    document stand and fall together: Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8.
    Each is drawn a Poisson(1) number of times, which needs no counting: Chamandy et al., "Estimating uncertainty for
    massive data streams", 2012. The same seed gives the same draws. resamples: None takes RESAMPLES, fewer where there
    are thousands of clusters.
    """
    count, measures, _ = sums.shape
    resamples = resamples or max(1_000, min(RESAMPLES, 10_000_000 // max(count, 1)))
    flat = sums.reshape(count, -1)
    draws = np.random.default_rng(seed)
    totals = np.empty((resamples, flat.shape[1]))
    step = max(1, _CELLS // max(count, 1))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        weights = _POISSON[np.frombuffer(draws.bytes(2 * size * count), "<u2")].reshape(size, count)
        totals[start : start + size] = weights @ flat
    pairs = totals.reshape(resamples, measures, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(pairs[..., 0] / pairs[..., 1])


def _poisson_table() -> Floats:
    """The Poisson(1) number of each 16 random bits."""
    below = np.cumsum([math.exp(-1) / math.factorial(n) for n in range(9)])
    return np.searchsorted(below, (np.arange(65536) + 0.5) / 65536).astype(np.float64)


_POISSON = _poisson_table()


def interval(values: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The percentile interval that holds 1 - level of the resampled values; (0, 0) of none."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 0.0
    low, high = np.quantile(known, [level / 2, 1 - level / 2])
    return float(low), float(high)


def bootstrap_p(differences: Floats) -> float:
    """Two-sided p value that the true difference is 0: twice the smaller share of resamples on one side of it."""
    known = differences[np.isfinite(differences)]
    below, above = int((known <= _EQUAL).sum()), int((known >= -_EQUAL).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(known) + 1))


def mcnemar(worse: int, better: int) -> float:
    """Exact two-sided p value of so many flips each way, if both ways were as likely.

    McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12, 1947; as a
    binomial test of the questions that flipped.
    """
    flips = worse + better
    ways = tail = 1  # flips over 0, then over 1, ..: each from the one before it
    for count in range(min(worse, better)):
        ways = ways * (flips - count) // (count + 1)
        tail += ways
    return float(min(1.0, 2 * tail / 2**flips))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p values adjusted for their number: under LEVEL as if each were alone.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    adjusted, greatest = {}, 0.0
    ordered = sorted(p_values.items(), key=lambda item: (item[1], item[0]))
    for place, (name, p) in enumerate(ordered):
        greatest = max(greatest, min(1.0, (len(ordered) - place) * p))
        adjusted[name] = greatest
    return {name: adjusted[name] for name in p_values}


def fewest_flips(measures: int, level: float = LEVEL) -> int:
    """Questions that have to get worse, none getting better, before McNemar's test passes `level` over `measures`."""
    return math.ceil(math.log2(2 * max(measures, 1) / level))


def fewest_changes(measures: int, level: float = LEVEL) -> int:
    """The same for the bootstrap: a change in c clusters is missed by e^-c of the resamples."""
    return math.ceil(math.log(2 * max(measures, 1) / level))


def cluster_sums(pairs: Sequence[Sequence[tuple[float, float]]], clusters: Sequence[str]) -> Floats:
    """Numerators and denominators added up by cluster: shape (clusters, measures, 2), in order of first use."""
    places = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    sums = np.zeros((len(places), len(pairs[0]) if pairs else 0, 2))
    np.add.at(sums, [places[name] for name in clusters], np.asarray(pairs, np.float64))
    return sums

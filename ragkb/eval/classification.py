"""Measures of a score that should tell two classes apart: pure functions of labels, scores and weights.

The class to be found is "not grounded": a score under the threshold says so. All are None where a class is empty.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_CELLS = 2_000_000  # weights that are held at once; 16 MB


def auroc(grounded: Sequence[bool], scores: Sequence[float]) -> float | None:
    """The chance, 0 to 1, that a grounded answer scores higher than one that is not; a tie counts one half.

    Mann and Whitney's U over the number of pairs: Hanley and McNeil, Radiology 143(1), 1982.
    """
    good = [score for label, score in zip(grounded, scores, strict=True) if label]
    bad = sorted(score for label, score in zip(grounded, scores, strict=True) if not label)
    if not good or not bad:
        return None
    twice = sum(bisect_left(bad, score) + bisect_right(bad, score) for score in good)
    return round(twice / (2 * len(good) * len(bad)), 6)


def placements(grounded: Sequence[bool], scores: Sequence[float]) -> list[float | None]:
    """For each answer the share of the other class that it stands on the right side of; a tie counts one half.

    Their mean over all answers, over one class as over both, is the AUROC: DeLong, DeLong and Clarke-Pearson,
    Biometrics 44(3), 1988. None for all where a class is empty.
    """
    good = sorted(score for label, score in zip(grounded, scores, strict=True) if label)
    bad = sorted(score for label, score in zip(grounded, scores, strict=True) if not label)
    if not good or not bad:
        return [None] * len(scores)
    return [
        _below(bad, score) if label else 1 - _below(good, score) for label, score in zip(grounded, scores, strict=True)
    ]


def _below(ordered: Sequence[float], score: float) -> float:
    """The share of the values under `score`, equal ones half."""
    return (bisect_left(ordered, score) + bisect_right(ordered, score)) / (2 * len(ordered))


def auroc_interval(
    grounded: Sequence[bool], scores: Sequence[float], clusters: Sequence[str], resamples: int = 1000
) -> tuple[float, float] | None:
    """The 95 % percentile interval of the AUROC over resamples of whole clusters; None where a class is empty."""
    if all(grounded) or not any(grounded):
        return None
    drawn = auroc_draws(grounded, scores, clusters, resamples)
    low, high = np.quantile(drawn[np.isfinite(drawn)], [0.025, 0.975])
    return round(float(low), 6), round(float(high), 6)


def auroc_draws(
    grounded: Sequence[bool], scores: Sequence[float], clusters: Sequence[str], resamples: int = 1000
) -> NDArray[np.float64]:
    """The AUROC of each resample of whole clusters, shape (resamples,); NaN where a class is empty in it.

    Answers about one source stand and fall together: Davison and Hinkley, "Bootstrap Methods and their Application",
    1997, section 3.8. Other scores of the same answers meet the same draws.
    """
    draws, names = np.random.default_rng(0), list(dict.fromkeys(clusters))
    step = max(1, _CELLS // max(1, len(scores)))
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    parts = [_aurocs(grounded, scores, clusters, draws.integers(0, len(names), (size, len(names)))) for size in sizes]
    return np.concatenate(parts)


def _aurocs(
    grounded: Sequence[bool], scores: Sequence[float], clusters: Sequence[str], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The AUROC of each line of `drawn`, which holds numbers of clusters."""
    order = np.argsort(np.asarray(scores), kind="stable")
    ranked, good = np.asarray(scores)[order], np.asarray(grounded, np.float64)[order]
    names = {name: n for n, name in enumerate(dict.fromkeys(clusters))}
    owner = np.array([names[name] for name in clusters])[order]
    first = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    counts = np.stack([np.bincount(row, minlength=len(names)) for row in drawn]).astype(np.float64)[:, owner]
    hits = np.add.reduceat(counts * good, first, axis=1)
    misses = np.add.reduceat(counts * (1 - good), first, axis=1)
    pairs = hits.sum(axis=1) * misses.sum(axis=1)
    wins = (hits * (np.cumsum(misses, axis=1) - misses / 2)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(wins / pairs)


def balanced_accuracy(grounded: Sequence[bool], scores: Sequence[float], threshold: float) -> float | None:
    """The mean, 0 to 1, of the share of grounded answers that pass and of the others that do not.

    Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR 2010.
    """
    passed = {
        label: [s >= threshold for g, s in zip(grounded, scores, strict=True) if g is label] for label in (True, False)
    }
    if not passed[True] or not passed[False]:
        return None
    return round((sum(passed[True]) / len(passed[True]) + 1 - sum(passed[False]) / len(passed[False])) / 2, 6)


def hallucination_f1(
    grounded: Sequence[bool], scores: Sequence[float], threshold: float, weights: Sequence[float] | None = None
) -> float | None:
    """F1, 0 to 1, of finding the answers that are not grounded; each counts its weight, 1 where none are given.

    As RAGTruth reports it, by whole answers: Niu et al., ACL 2024, section 5.
    """
    if all(grounded) or not any(grounded):
        return None
    found = missed = false = 0.0
    for label, score, weight in zip(grounded, scores, weights or [1.0] * len(scores), strict=True):
        flagged = score < threshold
        found += weight * (flagged and not label)
        missed += weight * (not flagged and not label)
        false += weight * (flagged and label)
    return round(2 * found / (2 * found + missed + false), 6)


def ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1; equal values share the mean of their ranks."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + bisect_right(ordered, value) + 1) / 2 for value in values]


def spearman(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Spearman's rank correlation, -1 to 1: Pearson's correlation of the ranks. None where one side is constant."""
    a, b = ranks(left), ranks(right)
    mean = (len(a) + 1) / 2
    spread = math.sqrt(math.fsum((x - mean) ** 2 for x in a) * math.fsum((y - mean) ** 2 for y in b))
    if not spread:
        return None
    return round(math.fsum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True)) / spread, 6)

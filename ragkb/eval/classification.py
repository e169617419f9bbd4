"""Measures of a score that should tell two classes apart: pure functions of labels, scores and weights.

The class to be found is "not grounded": a score under the threshold says so. All are None where a class is empty.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np


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


def auroc_interval(
    grounded: Sequence[bool], scores: Sequence[float], clusters: Sequence[str], resamples: int = 1000
) -> tuple[float, float] | None:
    """The 95 % percentile interval of the AUROC over resamples of whole clusters; None where a class is empty.

    Answers about one source stand and fall together: Davison and Hinkley, "Bootstrap Methods and their Application",
    1997, section 3.8. The same arguments give the same interval.
    """
    if all(grounded) or not any(grounded):
        return None
    order = np.argsort(np.asarray(scores), kind="stable")
    ranked, good = np.asarray(scores)[order], np.asarray(grounded, np.float64)[order]
    names = {name: n for n, name in enumerate(dict.fromkeys(clusters))}
    owner = np.array([names[name] for name in clusters])[order]
    first = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    drawn = np.random.default_rng(0).integers(0, len(names), (resamples, len(names)))
    counts = np.stack([np.bincount(row, minlength=len(names)) for row in drawn]).astype(np.float64)[:, owner]
    hits = np.add.reduceat(counts * good, first, axis=1)
    misses = np.add.reduceat(counts * (1 - good), first, axis=1)
    pairs = hits.sum(axis=1) * misses.sum(axis=1)
    wins = (hits * (np.cumsum(misses, axis=1) - misses / 2)).sum(axis=1)
    low, high = np.quantile(wins[pairs > 0] / pairs[pairs > 0], [0.025, 0.975])
    return round(float(low), 6), round(float(high), 6)


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

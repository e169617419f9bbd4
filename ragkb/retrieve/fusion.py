"""Two lists of scored chunks made into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragkb.types import Explain

Scored = Sequence[tuple[int, float]]


def scaled(hits: Scored) -> dict[int, float]:
    """Scores mapped linearly to 0..1 within the list (min-max); a list of equal scores maps to 1."""
    if not hits:
        return {}
    low, high = min(score for _, score in hits), max(score for _, score in hits)
    spread = high - low
    return {number: (score - low) / spread if spread > 0 else 1.0 for number, score in hits}


def convex(dense: Mapping[int, float], lexical: Mapping[int, float], weight: float) -> list[tuple[int, float, Explain]]:
    """(chunk, score, explain) by weight * dense + (1 - weight) * lexical, best first, ties by chunk number.

    A chunk that one leg did not find has 0 there. Convex combination of min-max scores: Bruch, Gai, Ingber, "An
    Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023.
    """
    fused = [
        (
            number,
            weight * dense.get(number, 0.0) + (1 - weight) * lexical.get(number, 0.0),
            Explain(dense.get(number), lexical.get(number), weight),
        )
        for number in dense.keys() | lexical.keys()
    ]
    return sorted(fused, key=lambda item: (-item[1], item[0]))

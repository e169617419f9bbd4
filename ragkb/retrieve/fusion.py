"""Two lists of scored chunks made into one, on scales that mean the same for every question.

Scores are scaled by bounds that hold for the whole knowledge base, not by the best and the worst of the list at hand:
a list in which nothing fits then stays low. Convex combination, and why it beats reciprocal ranks: Bruch, Gai, Ingber,
"An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragkb.types import Explain

Scored = Sequence[tuple[int, float]]


def above(hits: Scored, background: float) -> dict[int, float]:
    """Cosines mapped linearly: what random chunks reach (`background`) to 0, the same text to 1; below 0 under it."""
    return {number: (score - background) / (1 - background) for number, score in hits}


def share(hits: Scored, most: float) -> dict[int, float]:
    """BM25 scores as a share of the most that any text could have, 0 to 1; of the best one, should that be more."""
    greatest = max([most, *(score for _, score in hits)], default=0.0)
    return {number: score / greatest if greatest > 0 else 0.0 for number, score in hits}


def convex(dense: Mapping[int, float], lexical: Mapping[int, float], weight: float) -> list[tuple[int, float, Explain]]:
    """(chunk, score, explain) by weight * dense + (1 - weight) * lexical, best first, ties by chunk number.

    A chunk that one leg did not find has 0 there, and so has one whose cosine is under the background; among those, the
    cosine decides a tie.
    """
    fused = [
        (
            number,
            weight * max(0.0, dense.get(number, 0.0)) + (1 - weight) * lexical.get(number, 0.0),
            Explain(max(0.0, dense[number]) if number in dense else None, lexical.get(number), weight),
        )
        for number in dense.keys() | lexical.keys()
    ]
    return sorted(fused, key=lambda item: (-item[1], -min(0.0, dense.get(item[0], 0.0)), item[0]))

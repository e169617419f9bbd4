"""A claim to the sentences of a passage that hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.answer.question import LEAST_READABLE, local_idf
from ragkb.answer.units import Passage, Unit, units
from ragkb.models import Embedder
from ragkb.text.tokens import lexical_tokens

LEAST_SHARE = 0.3  # of a claim's information that a passage has to hold in its best sentences
LEAST_COSINE = 0.55  # of a claim and the nearest sentence, where words do not tell: a paraphrase, another language
GAIN = 0.15  # of the claim's information that a further sentence has to add
MOST_SENTENCES = 3  # of one passage, or of all together, for one claim


@dataclass(frozen=True, slots=True)
class _Read:
    unit: Unit
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Held:
    """Sentences that hold a claim, in reading order. share: of its information, 0 to 1."""

    units: tuple[Unit, ...]
    share: float


NOTHING = Held((), 0.0)


class Narrower:
    """Finds what holds a claim among the units of the passages of one answer.

    A term counts by its rarity among these units, a number twice.
    """

    def __init__(self, passages: Sequence[Passage], embedder: Embedder) -> None:
        self._embedder = embedder
        self._read = {id(passage): [_read(unit) for unit in units(passage)] for passage in passages}
        self._vectors: dict[int, NDArray[np.float32]] = {}
        self._idf = local_idf([one.unit.reads for read in self._read.values() for one in read])

    def holding(self, claim: str, passage: Passage) -> Held:
        """The few sentences of the passage that hold most of the claim; NOTHING if it holds too little of it."""
        return self.best(claim, [passage])

    def best(self, claim: str, passages: Sequence[Passage]) -> Held:
        """What the passage that holds most of the claim has of it, the first of equals; NOTHING if none has enough.

        By words; where these do not tell, by meaning.
        """
        weights = self._weights(claim)
        held = max((self._by_words(weights, one) for one in passages), key=lambda one: one.share, default=NOTHING)
        if held.share >= LEAST_SHARE or self._embedder.readable(claim) < LEAST_READABLE:
            return held if held.share >= LEAST_SHARE else NOTHING
        vector = self._embedder.embed([claim])[0]
        held = max((self._by_meaning(vector, one) for one in passages), key=lambda one: one.share, default=NOTHING)
        return held if held.share >= LEAST_COSINE else NOTHING

    def together(self, claim: str) -> Held:
        """The few sentences of all passages that together hold most of the claim."""
        return self._greedy(self._weights(claim), [one for read in self._read.values() for one in read])

    def _by_words(self, weights: Mapping[str, float], passage: Passage) -> Held:
        return self._greedy(weights, self._read[id(passage)])

    def _greedy(self, weights: Mapping[str, float], read: Sequence[_Read]) -> Held:
        """Up to MOST_SENTENCES units: each the one that adds most to what those before it hold."""
        chosen: list[_Read] = []
        left = set(weights)
        while read and len(chosen) < MOST_SENTENCES:
            gains = [sum(weights[term] for term in one.terms & left) for one in read]
            best = max(range(len(read)), key=lambda number: (gains[number], -len(read[number].terms)))
            if gains[best] < GAIN:
                break
            chosen.append(read[best])
            left -= read[best].terms
        units = sorted((one.unit for one in chosen), key=lambda unit: (unit.passage.hit.rank, unit.start))
        return Held(tuple(units), sum(weights[term] for term in weights.keys() - left))

    def _by_meaning(self, claim: NDArray[np.float32], passage: Passage) -> Held:
        """The unit that means most nearly the same; share: its cosine."""
        read = self._read[id(passage)]
        if not read:
            return NOTHING
        if id(passage) not in self._vectors:
            self._vectors[id(passage)] = self._embedder.embed([one.unit.reads for one in read])
        cosines = self._vectors[id(passage)] @ claim
        best = int(np.argmax(cosines))
        return Held((read[best].unit,), float(cosines[best]))

    def _weights(self, claim: str) -> dict[str, float]:
        """Each term's share of the claim's information."""
        raw = {
            term: (2 if term[:1].isdigit() else 1) * max(self._idf(term), 0.05) for term in lexical_tokens(claim, "en")
        }
        total = sum(raw.values()) or 1.0
        return {term: weight / total for term, weight in raw.items()}


def _read(unit: Unit) -> _Read:
    return _Read(unit, frozenset(lexical_tokens(f"{unit.said} {unit.evidence}", "en")))

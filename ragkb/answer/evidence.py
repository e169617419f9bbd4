"""Evidence for a question: the units of the passages that fit best, each with how well it fits.

A unit's score is a weighted sum of signals (signals.py). The weights were fitted on public questions and on the sample
ones, so that the softmax of the scores is the probability that a unit holds the answer if one of them does:
`python -m benchmarks.answers.fit`. A question that the embedder cannot read is judged by words alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ragkb.answer.history import points_back
from ragkb.answer.question import Question
from ragkb.answer.reading import encoded
from ragkb.answer.signals import BY_MEANING, BY_WORDS, SIGNALS, Place, by_meaning, by_words
from ragkb.answer.units import Passage, Unit, units
from ragkb.models import Embedder
from ragkb.text.asking import content_terms

EMBEDDED = 12
"""Units that are compared by meaning: the best by words and passages. Each new one costs 2 to 3 ms of a core. With 8 to
24 of them the best unit is the same on all measured sets; a unit that holds the answer is among 12 for .97 to 1."""

STEP = 0.05
"""Shares of scores are rounded to it: scores move a little with documents that the one who asks may not see."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One unit as evidence. signals: the values of SIGNALS. score: comparable within a question, higher is better.

    share: softmax of the scores, 0 to 1: the probability that this unit holds the answer, if any one does.
    before: the unit before it in its passage, None for the first.
    """

    unit: Unit
    signals: tuple[float, ...]
    score: float
    share: float = 0.0
    before: Unit | None = None

    def signal(self, name: str) -> float:
        """The value of one of SIGNALS."""
        return self.signals[SIGNALS.index(name)]


@dataclass(frozen=True, slots=True)
class Considered:
    """A question, or a part of one, with its evidence, best first. confidence: 0 to 1, that this answers it."""

    question: Question
    found: Sequence[Candidate]
    confidence: float

    def is_in(self, said: Set[tuple[str, int, int]]) -> bool:
        """True if it points back to another part, and the best evidence for both is among what is said.

        said: document, start and end.
        """
        asks = self.question.asks
        if asks == self.question.text or not self.found or not (points_back(asks) or not content_terms(asks)):
            return False
        best = self.found[0].unit
        return (best.passage.hit.document_id, *best.spans[-1]) in said


def candidates(question: Question, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """The units of the passages, best first, at most EMBEDDED where meaning is compared; repetitions are left out."""
    places = gathered(passages)
    worded = [by_words(question, place) for place in places]
    if question.vector is None:
        return _ranked(places, [(*one, *(0.0,) * len(BY_MEANING)) for one in worded], "words")
    first = weights("first")
    order = sorted(range(len(places)), key=lambda i: (-_dot(first, worded[i]), i))[:EMBEDDED]
    kept = [places[i] for i in sorted(order)]
    read = encoded(embedder, [place.unit.reads for place in kept])
    meant = by_meaning(question, kept, read, encoded(embedder, [place.over for place in kept]))
    both = [(*worded[i], *one) for i, one in zip(sorted(order), meant, strict=True)]
    return _ranked(kept, both, "both" if question.read else "vectors")


def gathered(passages: Sequence[Passage]) -> list[Place]:
    """All units of the passages that can be said, where they stand.

    Headings and questions are left out, where there is anything else, and what says the same as an earlier one.
    """
    best = max(map(_found, passages), default=0.0) or 1.0
    sections: dict[object, list[str]] = {}
    for passage in passages:
        sections.setdefault(_section(passage), []).append(passage.hit.text)
    found: list[Place] = []
    seen: set[str] = set()
    for passage in passages:
        before: Unit | None = None
        for number, unit in enumerate(units(passage)):
            key = "".join(unit.said.split()).casefold()
            if key not in seen and any(map(str.isalnum, key)):
                seen.add(key)
                rank = round(_found(passage) / best / STEP) * STEP
                found.append(Place(unit, number, before, rank, "\n".join(sections[_section(passage)])))
            before = unit
    return [place for place in found if place.says_something] or found


def _section(passage: Passage) -> object:
    hit = passage.hit
    return (hit.document_id, hit.heading) if hit.heading else (hit.document_id, hit.start)


def _found(passage: Passage) -> float:
    """How well both legs found the passage, wherever it then was put."""
    own = passage.hit.explain.score
    return passage.hit.score if own is None else own


def _ranked(places: Sequence[Place], signals: Sequence[tuple[float, ...]], model: str) -> list[Candidate]:
    used = weights(model)
    scores = [_dot(used, one) for one in signals]
    highest = max(scores, default=0.0)
    shares = [math.exp(score - highest) for score in scores]
    total = sum(shares) or 1.0
    ranked = [
        Candidate(place.unit, one, score, share / total, place.before)
        for place, one, score, share in zip(places, signals, scores, shares, strict=True)
    ]
    return sorted(ranked, key=lambda one: (-one.score, one.unit.passage.hit.rank, one.unit.start))


def _dot(used: Sequence[float], values: Sequence[float]) -> float:
    return sum(weight * value for weight, value in zip(used, values, strict=True))


@cache
def weights(model: str) -> tuple[float, ...]:
    """Of the signals. "both", "vectors" (an embedder without token states), "words"; "first": of BY_WORDS alone."""
    raw = json.loads(files("ragkb.answer").joinpath("selection.json").read_text("utf-8"))["models"][model]
    return tuple(raw[name] for name in (BY_WORDS if model == "first" else SIGNALS))

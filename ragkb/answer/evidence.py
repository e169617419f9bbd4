"""Evidence for a question: every unit of the passages, with how well it fits.

Two signals, as for passages: meaning (cosine of the question's and the unit's embedding) and words (how much of the
question's information the unit holds, each term weighted by its rarity); then what the passage, its headings and the
kind of answer that is asked for add. A question that the embedder cannot read is judged without the first signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragkb.answer.question import About, Question
from ragkb.answer.units import Passage, Unit, units
from ragkb.models import Embedder

SIGNALS = ("cosine", "coverage", "around", "passage", "rank", "expected", "statement", "named", "least_named")
# Chosen by hand: measured with `ragkb eval answers` on the sample questions and on public ones.
WEIGHTS = {
    "both": (1.0, 0.1, 0.8, 0.1, 0.8, 0.3, 0.3, 0.5, 0.0),
    "words": (0.0, 0.6, 0.8, 0.2, 0.4, 0.3, 0.3, 0.5, 0.0),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One unit as evidence. signals: the values of SIGNALS, each about 0 to 1. score: comparable within a question.

    cosine: 0 where the embedder cannot read the question. coverage: share of the question's information in the unit.
    around: the same, with title and headings. passage: the same, in the whole passage. rank: the passage's score
    as a share of the best one's.
    expected: whether it holds the kind of answer asked for. statement: 0 for headings and questions. named: share of
    what the question names that the unit, its title and headings hold; less for what only the passage holds.
    least_named: the same for the worst of these names.
    """

    unit: Unit
    signals: tuple[float, ...]
    score: float

    def signal(self, name: str) -> float:
        """The value of one of SIGNALS."""
        return self.signals[SIGNALS.index(name)]


def candidates(question: Question, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """All units of the passages, best first; one that says the same as an earlier one is left out."""
    found: list[Unit] = []
    seen: set[str] = set()
    for passage in passages:
        for unit in units(passage):
            key = "".join(unit.said.split()).casefold()
            if key not in seen and any(map(str.isalnum, key)):
                seen.add(key)
                found.append(unit)
    cosines = _cosines(question, found, embedder)
    context = {id(p): About.of(f"{p.context}\n{' '.join(p.hit.heading)}\n{p.hit.title}") for p in passages}
    nearby = {id(p): context[id(p)] | About.of(p.hit.text) for p in passages}
    best = max((passage.hit.score for passage in passages), default=0.0) or 1.0
    scored = [
        _candidate(
            question, (unit, cosine, unit.passage.hit.score / best), context[id(unit.passage)], nearby[id(unit.passage)]
        )
        for unit, cosine in zip(found, cosines, strict=True)
    ]
    return sorted(scored, key=lambda one: (-one.score, one.unit.passage.hit.rank, one.unit.start))


def _cosines(question: Question, found: Sequence[Unit], embedder: Embedder) -> list[float]:
    if question.vector is None or not found:
        return [0.0] * len(found)
    return [float(value) for value in embedder.embed([unit.reads for unit in found]) @ question.vector]


def _candidate(question: Question, found: tuple[Unit, float, float], context: About, nearby: About) -> Candidate:
    """found: the unit, its cosine to the question, the rank of its passage."""
    unit, cosine, rank = found
    here = About.of(unit.reads)
    signals = (
        cosine,
        question.covered(here.terms),
        question.covered(here.terms | context.terms),
        question.covered(nearby.terms),
        rank,
        question.expects(unit.said),
        float(unit.is_statement and not _is_heading(unit)),
        *question.met_by(here | context, nearby),
    )
    weights = WEIGHTS["words" if question.vector is None else "both"]
    return Candidate(unit, signals, sum(w * s for w, s in zip(weights, signals, strict=True)))


def _is_heading(unit: Unit) -> bool:
    bare = unit.said.strip("#* \t:：").casefold()
    return bare in {title.casefold() for title in (*unit.passage.hit.heading, unit.passage.hit.title)}

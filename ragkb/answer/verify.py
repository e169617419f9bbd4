"""A whole answer held against the passages that it should rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragkb.answer.grounding import AnswerScorer, Claim, SupportScorer
from ragkb.text.sentences import sentences


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A sentence of an answer. start, end: code points of the answer, end exclusive. support: 0 to 1."""

    start: int
    end: int
    support: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well an answer is supported. score: of the whole answer, 0 to 1. sentences: in the answer's order."""

    score: float
    sentences: tuple[ScoredSpan, ...]


def verify(answer: str, passages: Sequence[str], scorer: SupportScorer, question: str = "") -> Verdict:
    """The verdict on `answer`, each sentence held against all passages.

    The score is what the scorer says of the whole answer if it can (AnswerScorer), else the support of the worst
    sentence. An answer without a sentence claims nothing: its score is 1.
    """
    spans = sentences(answer)
    claims = [Claim(answer[start:end], ()) for start, end in spans]
    if not claims:
        return Verdict(1.0, ())
    if isinstance(scorer, AnswerScorer):
        supports, score = scorer.score_answer(claims, passages, question)
    else:
        supports = scorer.score(claims, passages, question)
        score = min(supports)
    return Verdict(score, tuple(ScoredSpan(*span, support) for span, support in zip(spans, supports, strict=True)))


def answer_threshold(scorer: SupportScorer) -> float:
    """The score of a whole answer under which it counts as not grounded."""
    return scorer.answer_threshold if isinstance(scorer, AnswerScorer) else scorer.threshold

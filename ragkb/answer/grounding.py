"""How well evidence supports a sentence: the seam, and what stands behind it when nothing else is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ragkb.text.tokens import lexical_tokens

if TYPE_CHECKING:
    from ragkb.models import Embedder
    from ragkb.settings import AnswerSettings


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer and the texts that it cites; evidence may be empty."""

    text: str
    evidence: tuple[str, ...]


class SupportScorer(Protocol):
    """Judges claims. threshold: support under it counts as not supported, 0 to 1."""

    threshold: float

    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        """The support of each claim, 0 to 1, never NaN; the same for the same arguments.

        claims: all sentences of one answer, in its order. passages: all texts that the answer could be made from,
        the cited ones among them. question: what was asked.
        """


def load_scorer(settings: AnswerSettings, embedder: Embedder) -> SupportScorer:
    """The scorer that is in force. Cheap: made anew for each answer."""
    return WordScorer()


class WordScorer:
    """Support by words and numbers: deterministic, without a model."""

    threshold = 0.5

    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        """See SupportScorer; a claim that cites nothing is held against all passages."""
        return [support(claim.text, claim.evidence or passages) for claim in claims]


def support(sentence: str, evidence: Sequence[str]) -> float:
    """0 to 1: share of the sentence's terms that the evidence holds; at most 0.2 if a number of it is not there."""
    terms = lexical_tokens(sentence, "en")
    if not terms:
        return 1.0 if evidence else 0.0
    held = {term for text in evidence for term in lexical_tokens(text, "en")}
    share = sum(term in held for term in terms) / len(terms)
    made_up = any(term[:1].isdigit() and term not in held for term in terms)
    return min(share, 0.2) if made_up else share

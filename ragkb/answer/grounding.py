"""How well evidence supports a sentence: the seam, and which scorer stands behind it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

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


@runtime_checkable
class AnswerScorer(Protocol):
    """A SupportScorer that also judges an answer as a whole. answer_threshold: of that score, as `threshold` is."""

    threshold: float
    answer_threshold: float

    def score_answer(
        self, claims: Sequence[Claim], passages: Sequence[str], question: str = ""
    ) -> tuple[list[float], float]:
        """The support of each claim, as SupportScorer.score gives it, and the score of the answer, 0 to 1."""


def load_scorer(settings: AnswerSettings, embedder: Embedder) -> SupportScorer:
    """The scorer that the setting `answer.support` names. Cheap after the first time: made anew for each answer.

    "builtin": ragkb/answer/support, by words; "aligned": with token states. "module:Factory": what Factory(embedder)
    gives, made once. "nli:NAME": a cross-encoder of sentence-transformers, by name or folder. Raises ModelError.
    """
    if settings.support in ("builtin", "aligned"):
        from ragkb.answer.support.scorer import BuiltinScorer

        return BuiltinScorer(embedder if settings.support == "aligned" else None)
    from ragkb.answer.support.others import named_scorer

    return named_scorer(settings.support, cast(Hashable, embedder))

"""A question as evidence is weighed against it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragkb.answer.kinds import Held, fits, kind_of
from ragkb.models import Embedded, Embedder, TokenEmbedder
from ragkb.text.asking import content_terms, named_terms
from ragkb.text.dates import agrees, dates
from ragkb.text.places import places
from ragkb.text.tokens import lexical_tokens

Idf = Callable[[str], float]
LEAST_READABLE = 0.5
ABSENT = "\x00"  # a term that no document holds
NEARBY = 0.7  # what a name counts that stands in the passage, not in the sentence, its title or headings


@dataclass(frozen=True, slots=True)
class About:
    """What a piece of text is about, as far as it is compared with a question."""

    terms: frozenset[str]
    dates: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=4_000)  # a passage is read again by the next question that finds it
    def of(text: str) -> About:
        """Of the text."""
        return About(frozenset(lexical_tokens(text, "en")), dates(text))

    def __or__(self, other: About) -> About:
        return About(self.terms | other.terms, self.dates | other.dates)


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    vector: None if the embedder cannot read it. weights: each content term's share of its information. named: terms
    that evidence has to be about: part numbers, codes, names. dates: the same for dates. unknown: content terms that
    stand in no document. kind: of answer that is asked for, see kinds.py. read: its vector and tokens, for
    an embedder that gives them; None else. readable: share of the question that the embedder reads, 0 to 1.
    """

    text: str
    vector: NDArray[np.float32] | None
    weights: Mapping[str, float]
    named: tuple[str, ...]
    dates: frozenset[str]
    unknown: frozenset[str]
    kind: str
    read: Embedded | None
    readable: float = 1.0

    @property
    def rarest(self) -> str:
        """The term that weighs most; '' where there is none."""
        return max(self.weights, key=lambda term: (self.weights[term], len(term), term), default="")

    def covered(self, terms: Set[str]) -> float:
        """Share, 0 to 1, of the question's information in `terms`."""
        return sum(weight for term, weight in self.weights.items() if term in terms)

    def sharply_covered(self, terms: Set[str]) -> float:
        """The same with squared weights: what is rare decides."""
        total = sum(weight**2 for weight in self.weights.values())
        return sum(weight**2 for term, weight in self.weights.items() if term in terms) / total if total else 0.0

    def met_by(self, here: About, nearby: About) -> tuple[float, float]:
        """(mean, least) mark of the names and dates: 1 if `here` holds it, NEARBY if only `nearby` does, else 0.

        (1, 1) for a question that names nothing.
        """
        marks = [1.0 if n in here.terms else NEARBY if n in nearby.terms else 0.0 for n in self.named]
        marks += [max(agrees(date, here.dates), NEARBY * agrees(date, nearby.dates)) for date in self.dates]
        return (sum(marks) / len(marks), min(marks)) if marks else (1.0, 1.0)

    def expects(self, text: str) -> float:
        """1 if `text` holds the kind of thing asked for (a number, date, name, reason), 0 if not, 0.5 if unknown.

        What the question says itself does not count.
        """
        return fits(self.kind, Held.of(text), Held.of(self.text), self.text.lower())


def read_question(text: str, embedder: Embedder, idf: Idf) -> Question:
    """The question with its embedding and the weights of its terms."""
    raw = {term: max(idf(term), 0.05) for term in content_terms(text)}
    total = sum(raw.values()) or 1.0
    share = embedder.readable(text)
    readable = share >= LEAST_READABLE
    vector = embedder.embed([text], query=True)[0] if readable else None
    weights = {term: weight / total for term, weight in raw.items()}
    tokens = embedder.embed_with_tokens([text])[0] if readable and isinstance(embedder, TokenEmbedder) else None
    absent = idf(ABSENT)
    unknown = frozenset(term for term in raw if idf(term) >= absent)
    named = (*named_terms(text), *places(text))
    return Question(text, vector, weights, named, dates(text), unknown, kind_of(text), tokens, share)


def local_idf(texts: Sequence[str]) -> Idf:
    """Rarity of a term among `texts`: for passages that come without a knowledge base."""
    frequency = Counter(term for text in texts for term in set(lexical_tokens(text, "en")))
    return lambda term: math.log(1 + (len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5))

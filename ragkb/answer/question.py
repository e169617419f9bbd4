"""A question as evidence is weighed against it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragkb.answer.kinds import Held, fits, kind_of, measure_of
from ragkb.models import Embedded, Embedder, TokenEmbedder
from ragkb.text.asking import content_terms, content_words, named_terms
from ragkb.text.dates import agrees, dates, with_quarters
from ragkb.text.places import places
from ragkb.text.quantities import FORMS, WRITTEN, Quantity, quantities
from ragkb.text.ranges import ranges
from ragkb.text.tokens import lexical_tokens

Idf = Callable[[str], float]
_UNIT_TERMS = {
    unit: frozenset(term for form in forms for term in lexical_tokens(form, "en") if len(term) > 1)
    for unit, forms in FORMS.items()
} | {"celsius": frozenset(("degre", "celsius")), "fahrenheit": frozenset(("degre", "fahrenheit"))}
_UNIT_STEMS = frozenset().union(*_UNIT_TERMS.values())
_CODE = re.compile(r"[A-Za-z]+[-/.]?\d[\w/-]*|\d+[-/][A-Za-z\d-]+")
MOST = 1_000_000_000  # a number from which on its value is no term
LEAST_READABLE = 0.5
CONTEXT = 0.5  # what a term weighs that stands in the question before, of one that stands in the part that asks
LEAST_RARE = 0.05  # weight of a term that stands everywhere
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
        terms = lexical_tokens(with_quarters(text), "en")
        return About(frozenset((*terms, *_quantity_terms(text))), dates(text))

    def __or__(self, other: About) -> About:
        return About(self.terms | other.terms, self.dates | other.dates)


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    vector: None if the embedder cannot read it. weights: each content term's share of its information. named: terms
    that evidence has to be about: part numbers, codes, names. dates: the same for dates. unknown: content terms that
    stand in no document. kind: of answer that is asked for, see kinds.py. read: its vector and tokens, for
    an embedder that gives them; None else. readable: share of the question that the embedder reads, 0 to 1.
    words: each Chinese content word's share of the information in all of them; empty where there is none.
    amounts: (term, quantity) of its numbers. strange: share of the information of `words` in those that no document
    holds. asks: the part of `text` that asks, mostly all of it.
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
    words: Mapping[str, float] = field(default_factory=dict)
    amounts: tuple[tuple[str, Quantity], ...] = ()
    strange: float = 0.0
    asks: str = ""

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

    def within(self, text: str) -> frozenset[str]:
        """The terms of those of the question's numbers that lie in a range of `text`: 12 in "10 to 20"."""
        if not self.amounts:
            return frozenset()
        given = list(ranges(text))
        return frozenset(term for term, one in self.amounts if any(each.holds(one) for each in given))

    def worded(self, text: str) -> float:
        """Share, 0 to 1, of the information of the question's Chinese words that stand in `text` as they are."""
        return sum(weight for word, weight in self.words.items() if word in text)

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
        return fits(self.kind, Held.of(text), Held.of(self.text), self.text.lower(), measure_of(self.asks))


def read_question(text: str, embedder: Embedder, idf: Idf, asks: str = "") -> Question:
    """The question with its embedding and the weights of its terms.

    asks: the part of it that asks, where the rest only says what about: its terms weigh the more.
    """
    asks = asks or text
    mine = content_terms(asks)
    raw = {term: max(idf(term), LEAST_RARE) * (1 if term in mine else CONTEXT) for term in content_terms(text)}
    total = sum(raw.values()) or 1.0
    share = embedder.readable(text)
    readable = share >= LEAST_READABLE
    vector = embedder.embed([text], query=True)[0] if readable else None
    weights = {term: weight / total for term, weight in raw.items()}
    tokens = embedder.embed_with_tokens([text])[0] if readable and isinstance(embedder, TokenEmbedder) else None
    absent = idf(ABSENT)
    unknown = frozenset(term for term in raw if idf(term) >= absent) - _UNIT_STEMS
    named = (*named_terms(text), *places(text))
    words = _word_weights(text, idf)
    strange = sum(weight for word, weight in words.items() if any(idf(term) >= absent for term in _longest_terms(word)))
    return Question(
        text=text,
        asks=asks,
        vector=vector,
        weights=weights,
        named=named,
        dates=dates(text),
        amounts=_amounts(text),
        unknown=unknown,
        kind=kind_of(asks),
        read=tokens,
        readable=share,
        words=words,
        strange=strange,
    )


def _word_weights(text: str, idf: Idf) -> dict[str, float]:
    """Of the Chinese content words: as rare as the rarest pair of characters in them."""
    raw = {
        word: max(max(idf(term) for term in _longest_terms(word)), LEAST_RARE) for word in content_words(text) if word
    }
    total = sum(raw.values())
    return {word: weight / total for word, weight in raw.items()}


def _longest_terms(word: str) -> list[str]:
    terms = lexical_tokens(word)
    return [term for term in terms if len(term) > 1] or terms


def _quantity_terms(text: str) -> set[str]:
    """Terms for the quantities in a text, so that "104 kg" is about kilograms, and "10 years" about ten years."""
    found = list(quantities(text))
    terms = {term for one in found if one.unit for term in _UNIT_TERMS[one.unit]}
    values = [int(one.value) for one in found if one.value == int(one.value) and abs(one.value) < MOST]
    return terms | {str(value) for value in values} | {WRITTEN[value] for value in values if value in WRITTEN}


def _amounts(text: str) -> tuple[tuple[str, Quantity], ...]:
    """(term, quantity) for each number of a question that may lie in a range; codes and years do not."""
    bare = _CODE.sub(" ", text)
    return tuple(
        (term, one)
        for one in quantities(bare)
        if (one.unit or one.value >= 100) and not dates(str(one.value))
        for term in (str(one.value), WRITTEN.get(int(one.value), ""))
        if term
    )


def local_idf(texts: Sequence[str]) -> Idf:
    """Rarity of a term among `texts`: for passages that come without a knowledge base."""
    frequency = Counter(term for text in texts for term in set(lexical_tokens(text, "en")))
    return lambda term: math.log(1 + (len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5))

"""A question as evidence is weighed against it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.models import Embedder
from ragkb.text.asking import content_terms, named_terms
from ragkb.text.dates import agrees, dates
from ragkb.text.tokens import lexical_tokens

Idf = Callable[[str], float]
LEAST_READABLE = 0.5
ABSENT = "\x00"  # a term that no document holds
NEARBY = 0.7  # what a name counts that stands in the passage, not in the sentence, its title or headings

_EXPECTED = (  # (how a question asks, what a text that answers it holds)
    (
        re.compile(
            r"\bhow (many|much|long|often|far|old|big|large|high|heavy|fast|late|early|soon)\b"
            r"|\bwhat (is the )?(percentage|share|number|amount|price|cost|rate|size|limit)\b"
            r"|多少|多久|多长|多大|几|价格|多高|多重"
        ),
        re.compile(
            r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|once|twice|daily|weekly|monthly|no)\b"
            r"|[一二三四五六七八九十百千万两半]"
        ),
    ),
    (
        re.compile(
            r"\b(when|what date|which (day|month|year|date)|until when|deadline|by when)\b"
            r"|何时|什么时候|哪[天年月]|几[号点月]|日期"
        ),
        re.compile(
            r"\d|january|february|march|april|may|june|july|august|september|october|november|december"
            r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|[年月日]"
        ),
    ),
    (re.compile(r"\b(who|whom|whose)\b|谁|哪位"), re.compile(r"[A-Z]\w+ [A-Z]\w+|[A-Z]{2,}|[\u4e00-\u9fff]{2,}")),
    (
        re.compile(r"\bwhy\b|\bwhat (was the |is the )?(cause|reason)\b|为什么|原因"),
        re.compile(r"because|since|due to|reason|cause|owing|therefore|so that|因为|由于|原因|所以|导致"),
    ),
)


@dataclass(frozen=True, slots=True)
class About:
    """What a piece of text is about, as far as it is compared with a question."""

    terms: frozenset[str]
    dates: frozenset[str]

    @classmethod
    def of(cls, text: str) -> About:
        """Of the text."""
        return cls(frozenset(lexical_tokens(text, "en")), dates(text))

    def __or__(self, other: About) -> About:
        return About(self.terms | other.terms, self.dates | other.dates)


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    vector: None if the embedder cannot read it. weights: each content term's share of its information. named: terms
    that evidence has to be about: part numbers, codes, names. dates: the same for dates. unknown: content terms that
    stand in no document.
    """

    text: str
    vector: NDArray[np.float32] | None
    weights: Mapping[str, float]
    named: tuple[str, ...]
    dates: frozenset[str]
    unknown: frozenset[str]

    def covered(self, terms: Set[str]) -> float:
        """Share, 0 to 1, of the question's information in `terms`."""
        return sum(weight for term, weight in self.weights.items() if term in terms)

    def met_by(self, here: About, nearby: About) -> tuple[float, float]:
        """(mean, least) mark of the names and dates: 1 if `here` holds it, NEARBY if only `nearby` does, else 0.

        (1, 1) for a question that names nothing.
        """
        marks = [1.0 if n in here.terms else NEARBY if n in nearby.terms else 0.0 for n in self.named]
        marks += [max(agrees(date, here.dates), NEARBY * agrees(date, nearby.dates)) for date in self.dates]
        return (sum(marks) / len(marks), min(marks)) if marks else (1.0, 1.0)

    def expects(self, text: str) -> float:
        """1 if `text` holds the kind of thing asked for (a number, date, name, reason), 0 if not, 0.5 if unknown."""
        for asks, has in _EXPECTED:
            if asks.search(self.text.lower()):
                return 1.0 if has.search(text if "[A-Z]" in has.pattern else text.lower()) else 0.0
        return 0.5


def read_question(text: str, embedder: Embedder, idf: Idf) -> Question:
    """The question with its embedding and the weights of its terms."""
    raw = {term: max(idf(term), 0.05) for term in content_terms(text)}
    total = sum(raw.values()) or 1.0
    readable = embedder.readable(text) >= LEAST_READABLE
    vector = embedder.embed([text], query=True)[0] if readable else None
    weights = {term: weight / total for term, weight in raw.items()}
    absent = idf(ABSENT)
    unknown = frozenset(term for term in raw if idf(term) >= absent)
    return Question(text, vector, weights, named_terms(text), dates(text), unknown)


def local_idf(texts: Sequence[str]) -> Idf:
    """Rarity of a term among `texts`: for passages that come without a knowledge base."""
    frequency = Counter(term for text in texts for term in set(lexical_tokens(text, "en")))
    return lambda term: math.log(1 + (len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5))

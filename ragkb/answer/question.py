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
from ragkb.text.dates import agrees, dates
from ragkb.text.tokens import lexical_tokens

Idf = Callable[[str], float]
LEAST_READABLE = 0.5
ABSENT = "\x00"  # a term that no document holds
NEARBY = 0.7  # what a name counts that stands in the passage, not in the sentence, its title or headings

# Words that say how a question is asked, not what about. They never count as covered or missing.
_ASKING = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its long many may
me much must my of on or our shall should tell that the their them there these they this to us was we were what when
where which who whom whose why will with would you your please about any so than then also am get got
""".split()
_ASKING_TERMS = frozenset(_ASKING) | {term for word in _ASKING for term in lexical_tokens(word, "en")}
_ASKING_CJK = re.compile(
    "请问|是不是|有没有|能不能|可不可以|是什么|为什么|什么时候|什么|多少|多久|多长时间|多长|多大|哪一?[些个天年月位种里家]|哪|"
    "谁|怎么样|怎么办|怎么|怎样|如何|何时|几[个天年月号点次]?|可以|需要|应该|能否|是否|吗|呢|吧|么|的|了"
)

_WORD = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ÿ](?:[A-Za-z0-9À-ÖØ-öø-ÿ]|[-/.,'](?=[A-Za-z0-9]))*")
_QUARTER = re.compile(r"[qQ][1-4]")
_MEASURED = re.compile(r"[\d.,/]+(st|nd|rd|th|[a-z]{1,3})", re.IGNORECASE)
_CJK = re.compile("[\u3400-\u9fff]")
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

    def met_by(self, here: About, nearby: About) -> float:
        """Share, 0 to 1, of names and dates that `here` holds; one that is only nearby counts NEARBY. 1 without any."""
        marks = [1.0 if n in here.terms else NEARBY if n in nearby.terms else 0.0 for n in self.named]
        marks += [max(agrees(date, here.dates), NEARBY * agrees(date, nearby.dates)) for date in self.dates]
        return sum(marks) / len(marks) if marks else 1.0

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


def content_terms(text: str) -> set[str]:
    """The terms of a question that say what it is about."""
    return set(lexical_tokens(without_asking(text), "en")) - _ASKING_TERMS


def named_terms(text: str) -> tuple[str, ...]:
    """Terms of identifiers, of words that a capital marks as a name, and of single letters between Chinese words."""
    words = list(_WORD.finditer(text))
    capitals = sum(word.group()[0].isupper() for word in words)
    marked = capitals < 0.6 * len(words) or len(words) < 4  # in a title every word has a capital
    named = []
    for number, word in enumerate(words):
        one = word.group()
        if dates(f"{one} 2000") != {"2000"} or _QUARTER.fullmatch(one):
            continue
        is_name = marked and number > 0 and one[0].isupper()
        is_code = any(map(str.isdigit, one)) and any(map(str.isalpha, one)) and not _MEASURED.fullmatch(one)
        if is_name or is_code or any(map(str.isupper, one[1:])) or (one.isalpha() and _CJK.search(text)):
            named += [term for term in lexical_tokens(one, "en")[:1] if term not in _ASKING_TERMS]
    return tuple(dict.fromkeys(named))


def without_asking(text: str) -> str:
    """The question without the Chinese words that ask, so that no pair of characters is made across them."""
    return _ASKING_CJK.sub(" ", text)


def local_idf(texts: Sequence[str]) -> Idf:
    """Rarity of a term among `texts`: for passages that come without a knowledge base."""
    frequency = Counter(term for text in texts for term in set(lexical_tokens(text, "en")))
    return lambda term: math.log(1 + (len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5))

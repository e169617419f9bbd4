"""A question as evidence is weighed against it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.models import Embedder
from ragkb.text.tokens import lexical_tokens

Idf = Callable[[str], float]
LEAST_READABLE = 0.5

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

_EXPECTED = (
    (
        re.compile(
            r"\bhow (many|much|long|often|far|old|big|large|high|heavy|fast|late|early|soon)\b|\bwhat (is the )?"
            r"(percentage|share|number|amount|price|cost|rate|size|limit)\b|多少|多久|多长|多大|几|价格|多高|多重"
        ),
        re.compile(
            r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|once|twice|daily|weekly|monthly|no)\b"
            r"|[一二三四五六七八九十百千万两半]"
        ),
    ),
    (
        re.compile(
            r"\b(when|what date|which (day|month|year|date)|until when|deadline|by when)\b|何时|什么时候|哪[天年月]|几[号点月]|日期"
        ),
        re.compile(
            r"\d|january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|"
            r"wednesday|thursday|friday|saturday|sunday|[年月日]"
        ),
    ),
    (re.compile(r"\b(who|whom|whose)\b|谁|哪位"), re.compile(r"[A-Z]\w+ [A-Z]\w+|[A-Z]{2,}|[\u4e00-\u9fff]{2,}")),
    (
        re.compile(r"\bwhy\b|\bwhat (was the |is the )?(cause|reason)\b|为什么|原因"),
        re.compile(r"because|since|due to|reason|cause|owing|therefore|so that|因为|由于|原因|所以|导致"),
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question. vector: None if the embedder cannot read it. weights: each content term's share of its information."""

    text: str
    vector: NDArray[np.float32] | None
    weights: Mapping[str, float]

    def covered(self, terms: set[str]) -> float:
        """Share, 0 to 1, of the question's information in `terms`."""
        return sum(weight for term, weight in self.weights.items() if term in terms)

    def expects(self, text: str) -> float:
        """1 if `text` holds what the question asks for (a number, a date, a name, a reason), 0 if not, 0.5 if unknown."""
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
    return Question(text, vector, {term: weight / total for term, weight in raw.items()})


def content_terms(text: str) -> set[str]:
    """The terms of a question that say what it is about."""
    return set(lexical_tokens(without_asking(text), "en")) - _ASKING_TERMS


def without_asking(text: str) -> str:
    """The question without the Chinese words that ask, so that no pair of characters is made across them."""
    return _ASKING_CJK.sub(" ", text)


def local_idf(texts: Sequence[str]) -> Idf:
    """Rarity of a term among `texts`: for passages that come without a knowledge base."""
    frequency = Counter(term for text in texts for term in set(lexical_tokens(text, "en")))
    return lambda term: math.log(1 + (len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5))

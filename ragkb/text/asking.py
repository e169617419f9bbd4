"""How questions are worded: the words that only ask, and the names that an answer has to be about."""

from __future__ import annotations

import re

from ragkb.text.dates import dates, with_quarters
from ragkb.text.tokens import lexical_tokens
from ragkb.text.words import RUN, parts_of_word, tagged_words

# Words that say how a question is asked, not what about. They never count as covered or missing.
_ASKING = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its long many may
me much must my of on or our shall should tell that the their them there these they this to us was we were what when
where which who whom whose why will with would you your please about any so than then also am get got
now currently nowadays anymore still want know exactly actually compare comparison versus vs
""".split()
_ASKING_TERMS = frozenset(_ASKING) | {term for word in _ASKING for term in lexical_tokens(word, "en")}
_ASKING_CJK = re.compile(
    "请问|是不是|有没有|能不能|可不可以|是什么|为什么|什么时候|什么|多少|多久|多长时间|多长|多大|哪一?[些个天年月位种里家]|哪|"
    "谁|怎么样|怎么办|怎么|怎样|如何|何时|几[个天年月号点次]?|可以|需要|应该|能否|是否|吗|呢|吧|么|的|了"
    "|现在|目前|当前|如今|分别|到底|究竟|具体|大概"
)

_EMPTY_PARTS = frozenset("ucpryeo")  # particles, conjunctions, prepositions, pronouns, interjections, sounds
_EMPTY_CJK = frozenset("是 有 要 会 能 想 让 叫 到 算 一次 一个 各".split())
_DATED_CJK = re.compile(r"(?<=\d)\s*[年月日号]")

_WORD = re.compile(r"[A-Za-z0-9À-ÖØ-öø-ÿ](?:[A-Za-z0-9À-ÖØ-öø-ÿ]|[-/.,'](?=[A-Za-z0-9]))*")
_QUARTER = re.compile(r"[qQ][1-4]")
_MEASURED = re.compile(r"[\d.,/]+(st|nd|rd|th|[a-z]{1,3})", re.IGNORECASE)
_CJK = re.compile("[\u3400-\u9fff]")


def content_terms(text: str) -> set[str]:
    """The terms of a question that say what it is about. Of Chinese, no pair of characters from two words."""
    return set(lexical_tokens(_content(text), "en")) - _ASKING_TERMS


def _content(text: str) -> str:
    """The question without the words that ask, with spaces between Chinese words, quarters of a year as q1 to q4."""
    return with_quarters(without_asking(text))


def content_words(text: str) -> list[str]:
    """The Chinese words of a question that say what it is about, in its order."""
    return [
        shorter
        for run in RUN.findall(without_asking(text))
        for word, part in tagged_words(run)
        if part[0] not in _EMPTY_PARTS and word not in _EMPTY_CJK
        for shorter in ((word,) if part.startswith("nr") else parts_of_word(word))
    ]


def named_terms(text: str) -> tuple[str, ...]:
    """Terms of identifiers, of words that a capital marks as a name, and of single letters between Chinese words."""
    words = list(_WORD.finditer(text))
    capitals = sum(word.group()[0].isupper() for word in words)
    marked = capitals < 0.6 * len(words) or len(words) < 4  # in a title every word has a capital
    named = []
    for number, word in enumerate(words):
        one = word.group()
        is_name = marked and number > 0 and one[0].isupper()
        is_code = any(map(str.isdigit, one)) and any(map(str.isalpha, one)) and not _MEASURED.fullmatch(one)
        is_inner = any(map(str.isupper, one[1:])) or (one.isalpha() and _CJK.search(text))
        if (is_name or is_code or is_inner) and not _is_date(one):
            named += [term for term in lexical_tokens(one, "en")[:1] if term not in _ASKING_TERMS]
    return tuple(dict.fromkeys(named))


def _is_date(word: str) -> bool:
    """Whether the word is part of a date, as the name of a month is, or a quarter."""
    return dates(f"{word} 2000") != {"2000"} or _QUARTER.fullmatch(word) is not None


def without_asking(text: str) -> str:
    """The question without the Chinese words that ask, so that no pair of characters is made across them."""
    return _ASKING_CJK.sub(" ", text)

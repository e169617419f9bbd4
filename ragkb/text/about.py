"""What a document is about as a whole: the names and periods that its chunks mostly do not repeat.

Chunks of a report hardly ever say whose report it is and for which quarter. Its title, its file name and its first page
do. These terms are indexed once for each document, so that a question can be led to the documents that it names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ragkb.text.companies import han_names
from ragkb.text.dates import MONTH
from ragkb.text.periods import periods, reported
from ragkb.text.tokens import lexical_tokens

FIRST_PAGE = 1_500
"""Code points of the beginning in which names are looked for."""
BEGINNING = 3_000
"""Code points in which the period reported on is looked for."""
LONGEST = 400_000
"""Code points of a text that are read for names; what comes after is like it."""
FREQUENT, LEAST = 15, 5
"""Names that stand in the text most often, if as often as LEAST, count too: subsidiaries, products, short names."""

_WORD = re.compile(r"[^\W_]+(?:[-&.'’/][^\W_]+)*")
_GENITIVE = re.compile(r"['’]s$")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_MONTH_STEMS = "januari|februari|septemb|octob|novemb|decemb|juli"
_SEPARATORS = re.compile(r"[_/\\]+")
_NO_NAME = re.compile(rf"(?:19|20)\d\d(?:-.*)?|\d{{1,2}}|q[1-4]|fy\d*|{MONTH}|{_MONTH_STEMS}")


def about_terms(title: str, source: str, text: str) -> list[str]:
    """Terms of the document as a whole, sorted, each once: named(..) of its names and period(..) of its periods.

    Names: words of title and source; of the first page, and of what stands most often in the text, those words that the
    text nearly always writes with a capital, and Chinese names of the first page. Only what the title, the source and
    the first page name is marked as leading(..): it names the document itself, not what it deals with.
    """
    said = f"{title} {_SEPARATORS.sub(' ', _EXTENSION.sub('', source))}"
    capitals = _proper(text[:LONGEST])
    first_page = [word for word in _words(text[:FIRST_PAGE]) if word.lower() in capitals]
    often = [word for word, count in capitals.items() if count >= LEAST][:FREQUENT]
    leading = set(name_terms(f"{said} {' '.join(first_page)}")) | set(han_terms(text[:FIRST_PAGE]))
    names = leading | set(name_terms(" ".join(often)))
    about = periods(said) | reported(text[:BEGINNING], text[:LONGEST])
    return sorted({*map(leads, leading), *map(named, names), *map(period, about)})


def name_terms(text: str) -> list[str]:
    """The terms of `text` that can be part of a name: no years, days or quarters."""
    return [term for term in lexical_tokens(text, "en") if not _NO_NAME.fullmatch(term)]


def han_terms(text: str) -> list[str]:
    """The pairs of characters of the Chinese names in `text`."""
    return [term for name in han_names(text) for term in lexical_tokens(name) if len(term) > 1]


def named(term: str) -> str:
    """The indexed form of a term of a document's names."""
    return f"name:{term}"


def leads(term: str) -> str:
    """The indexed form of a term that names the document itself."""
    return f"lead:{term}"


def period(date: str) -> str:
    """The indexed form of a period."""
    return f"period:{date}"


def _words(text: str) -> Iterable[str]:
    return (_GENITIVE.sub("", match) for match in _WORD.findall(text))


def _proper(text: str) -> dict[str, int]:
    """How often each word stands with a capital that is hardly ever without, most often first; in lower case."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for word in _words(text):
        if word[0].islower():
            small[word] += 1
        elif len(word) > 1 and word != word.lower():
            capital[word.lower()] += 1
    return {word: count for word, count in capital.most_common() if small[word] * 5 <= count}

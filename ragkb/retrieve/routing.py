"""Which documents a question names, and what it asks of them.

"What was the operating lease cost of Acme in Q2 2023?" names a report and asks for a cost. The pages of that report
hardly ever say Acme or Q2 2023, and those of twenty other reports have the same words otherwise. So names and periods
are compared with what each document is about (text/about.py), and the rest is looked for in the chunks.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragkb.store.lexical_search import Words
from ragkb.store.reader import Reader
from ragkb.store.snapshot import Visible
from ragkb.text.about import han_terms, leads, name_terms, named, period
from ragkb.text.asking import content_terms, named_terms, without_asking
from ragkb.text.periods import asks_for_the_latest, latest, periods, without_periods
from ragkb.text.tokens import Word, query_words
from ragkb.types import Principal

# How much a document that the question names whole gains, of what its chunks' scores lack to 1. Measured on reports,
# and on sets whose questions name no documents: docs/architecture.md#documents-that-a-question-names.
WITH_PERIOD = 0.5
WITH_PERIOD_SHORT = 0.2
NAMES_ALONE = 0.05  # more leads astray where names are what the texts deal with, not whose they are
LONG = 8  # chunks from which a document is taken not to say in each what it is about
MOST = 64  # documents that may be named
INSIDE = 5  # of them are searched by themselves, so that none of their chunks is missed
REPEATED = 0.5  # what a term that names the document still counts in its chunks

_WORD = re.compile(r"\S+")
_EDGE = re.compile(r"^\W+|(?:['’]s)?\W*$")


@dataclass(frozen=True, slots=True)
class Route:
    """shares: of what the question names, by the document's row in the table of documents, 0 to 1.

    boost: how much of what a score lacks to 1 a share of 1 adds. inside: rows of the documents to search by themselves.
    words, topic: what to look for in the chunks: by words, and as a text to embed.
    """

    words: Words
    topic: str
    shares: Mapping[int, float] = field(default_factory=dict)
    boost: float = 0.0
    inside: tuple[int, ...] = ()


def asked_words(text: str, languages: Sequence[str] = ()) -> Counter[Word]:
    """Words to look up, also by the stems of these languages: what only asks is left out, names count twice."""
    words = query_words(without_asking(text), languages)
    by_term = {word[0]: word for word in reversed(words)}
    return Counter([*words, *(by_term.get(term, (term,)) for term in named_terms(text))])


def unrouted(reader: Reader, text: str) -> Route:
    """Looks everywhere for everything."""
    return Route(asked_words(text, reader.languages), text)


def routed(reader: Reader, text: str, as_: Principal, visible: Visible) -> Route:
    """Compares what the question names with what the documents are about, as far as the principal may see them.

    A name or a period counts by its rarity among the visible documents, one that none is about as the rarest.
    """
    total = reader.visible(as_).documents
    asked = {period(date) for date in periods(text)}
    names = {named(term) for one in named_terms(text) for term in name_terms(one)} | set(map(named, han_terms(text)))
    holding = {term: min(total, reader.about_frequency(term, as_)) for term in sorted(asked | names)}
    known = {term: _rarity(count, total) for term, count in holding.items() if count}
    if not known:
        return unrouted(reader, text)
    most = sum(known.values()) + sum(_rarity(0, total) for term in names - known.keys())
    found = reader.about(known, MOST + 1, as_, visible)
    if len(found) > MOST:  # which of those that are equal would be chance
        found = [one for one in found if one[1] > found[-1][1]]
    shares = {row: weight / most for row, weight in found}
    if not shares:
        return unrouted(reader, text)
    if asked.isdisjoint(known) and asks_for_the_latest(text):
        return _to_the_latest(reader, text, shares)
    inside = tuple(row for row, weight in found[:INSIDE] if weight >= found[0][1] / 2)
    is_long = reader.snapshot.documents.ranges[inside[0], 2] >= LONG
    if asked.isdisjoint(known):
        return (
            Route(asked_words(text, reader.languages), text, shares, NAMES_ALONE, inside)
            if is_long
            else unrouted(reader, text)
        )
    if not is_long:
        return Route(asked_words(text, reader.languages), text, shares, WITH_PERIOD_SHORT)
    own = {term for term in names if holding[term] and _is_own(reader, term, total, as_)}
    topic = _topic(text, own)
    return Route(_words(text, topic, reader.languages), topic, shares, WITH_PERIOD, inside)


def _to_the_latest(reader: Reader, text: str, shares: Mapping[int, float]) -> Route:
    """Leads to the newest of the documents that the question names best; the others keep half of their share."""
    best = [row for row, share in shares.items() if share == max(shares.values())]
    ends = {row: latest(*reader.said(int(reader.snapshot.documents.ranges[row, 0]))) for row in best}
    newest = [row for row in best if ends[row] and ends[row] == max(ends.values())]
    halved = {row: share if row in newest else share / 2 for row, share in shares.items()}
    return Route(
        asked_words(text, reader.languages),
        text,
        halved,
        WITH_PERIOD if newest else NAMES_ALONE,
        tuple(newest[:INSIDE]),
    )


def _is_own(reader: Reader, name: str, total: int, as_: Principal) -> bool:
    """Whether the name tells some documents from the others, by their titles, sources or first pages."""
    return 0 < reader.about_frequency(leads(name.removeprefix(named(""))), as_) <= max(1, total / 2)


def _topic(text: str, own: set[str]) -> str:
    """The question without the periods and without the names of `own`; as it is if nothing would remain."""
    rest = without_periods(text)
    kept = " ".join(word for word in _WORD.findall(rest) if not _is_named(word, own))
    return kept if content_terms(kept) else text


def _is_named(word: str, own: set[str]) -> bool:
    terms = name_terms(_EDGE.sub("", word))[:1]
    return bool(terms) and named(terms[0]) in own


def _words(text: str, topic: str, languages: Sequence[str]) -> Words:
    """The words of the topic, and those of the rest of the question at a part of their weight."""
    asked, kept = asked_words(text, languages), asked_words(topic, languages)
    return {word: kept[word] + REPEATED * max(0, count - kept[word]) for word, count in (asked | kept).items()}


def _rarity(holding: int, total: int) -> float:
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))

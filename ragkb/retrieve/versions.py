"""Versions of one document among the hits: the newer one first, the older one marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from ragkb.text.periods import latest, without_periods
from ragkb.text.tokens import is_unspaced, lexical_tokens
from ragkb.types import Hit

SAME = 0.5  # share of the words of two chunks that are in both, from which one is taken for a version of the other
MOST = 20  # hits that are compared

Said = Callable[[str], tuple[str, str]]
"""(title and source, beginning of the text) of the document with that id."""

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_VERSION = re.compile(
    r"\b(?:v|ver|version|rev|revision|edition)\.?[ _-]?\d[\d.]*\b|\d+(?:\.\d+)*|版本?|年", re.IGNORECASE
)
_MARKS = re.compile(r"[\W_]+")
_LETTERS = re.compile(r"[^\W\d_]{2,}")


def marked(hits: Sequence[Hit], said: Said) -> list[Hit]:
    """The hits, of which an older version stands behind the newer one of its text and names it in `superseded_by`.

    Two documents are versions of each other if their sources differ in years, periods and version numbers alone, and
    chunks of both share half of their words. The newer one is told by those, else by the period that its text is about.
    """
    families: dict[str, list[Hit]] = {}
    for hit in hits[:MOST]:
        families.setdefault(family(hit.source), []).append(hit)
    newer: dict[int, Hit] = {}
    for name, some in families.items():
        if name and len({hit.document_id for hit in some}) > 1:
            alike = _alike(some)
            ends = {
                identity: latest(*said(identity)) for identity in {one.document_id for pair in alike for one in pair}
            }
            newer |= {id(hit): best for hit in some if (best := _newest(hit, alike, ends))}
    ordered = _newer_first(list(hits), newer) if newer else list(hits)
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, 1)]


def family(source: str) -> str:
    """What the sources of all versions of a document have in common; "" if nothing is left."""
    folder, _, name = source.rpartition("/")
    rest = _VERSION.sub(" ", without_periods(_EXTENSION.sub("", name).replace("_", " ")))
    kept = _MARKS.sub(" ", rest).strip().casefold()
    return f"{folder}/{kept}" if kept else ""


def _alike(hits: Sequence[Hit]) -> list[tuple[Hit, Hit]]:
    """The pairs, both ways, of hits in different documents that share enough of their words, numbers aside."""
    words = [_words(hit.text) for hit in hits]
    return [
        pair
        for (one, left), (two, right) in combinations(zip(hits, words, strict=True), 2)
        if one.document_id != two.document_id and _share(left, right) >= SAME
        for pair in ((one, two), (two, one))
    ]


def _share(left: frozenset[str], right: frozenset[str]) -> float:
    """Jaccard's index."""
    both = len(left & right)
    return both / max(1, len(left) + len(right) - both)


def _words(text: str) -> frozenset[str]:
    if is_unspaced(text):
        return frozenset(term for term in lexical_tokens(text) if not term.isdigit())
    return frozenset(_LETTERS.findall(text.lower()))


def _newest(hit: Hit, alike: Sequence[tuple[Hit, Hit]], ends: Mapping[str, str]) -> Hit | None:
    """The newest of the hits that say the same as `hit` in a newer document."""
    later = [two for one, two in alike if one is hit and ends[two.document_id] > ends[hit.document_id] > ""]
    return max(later, key=lambda one: (ends[one.document_id], -one.rank), default=None)


def _newer_first(hits: list[Hit], newer: dict[int, Hit]) -> list[Hit]:
    """Each newer version in the place, and with the score, of the older one that stood before it."""
    by_place = {id(hit): place for place, hit in enumerate(hits)}
    out = [replace(hit, superseded_by=newer[id(hit)].source) if id(hit) in newer else hit for hit in hits]
    for hit in hits:
        if (best := newer.get(id(hit))) and by_place[id(best)] > by_place[id(hit)]:
            first, second = by_place[id(hit)], by_place[id(best)]
            moved = replace(out[second], score=out[first].score)
            out[first + 1 : second + 1] = out[first:second]
            out[first] = moved
            by_place = {key: place + 1 if first <= place < second else place for key, place in by_place.items()}
            by_place[id(best)] = first
    return out

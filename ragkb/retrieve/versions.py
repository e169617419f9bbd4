"""Versions and issues of one document among the hits: the newer one first, an older version marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from ragkb.retrieve.origin import Origin, series
from ragkb.text.tokens import is_unspaced, lexical_tokens
from ragkb.types import Hit

SAME = 0.5  # share of the words of two chunks that are in both, from which one is taken for a version of the other
MOST = 20  # hits that are compared

_LETTERS = re.compile(r"[^\W\d_]{2,}")


def marked(hits: Sequence[Hit], origin: Callable[[str], Origin]) -> list[Hit]:
    """The hits, of which an older version or issue stands behind the newer one of its text.

    An older version names the newer one in `superseded_by`. Two hits are of one text if they share half of their words.
    origin: of the document with that id.
    """
    families: dict[str, list[Hit]] = {}
    for hit in hits[:MOST]:
        families.setdefault(series(hit.source), []).append(hit)
    alike = [pair for name, some in families.items() if name for pair in _alike(some)]
    origins = {identity: origin(identity) for identity in {one.document_id for pair in alike for one in pair}}
    newer = {id(hit): best for hit in hits[:MOST] if (best := _newest(hit, alike, origins))}
    ordered = _newer_first(list(hits), newer, origins) if newer else list(hits)
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, 1)]


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


def _newest(hit: Hit, alike: Sequence[tuple[Hit, Hit]], origins: Mapping[str, Origin]) -> Hit | None:
    """The newest of the hits that say the same as `hit` in a newer document; of equals the first."""
    best: Hit | None = None
    for two in [two for one, two in alike if one is hit]:
        if origins[two.document_id].is_newer(origins[(best or hit).document_id]):
            best = two
    return best


def _newer_first(hits: list[Hit], newer: Mapping[int, Hit], origins: Mapping[str, Origin]) -> list[Hit]:
    """Each newer one in the place, and with the score, of the older one that stood before it."""
    by_place = {id(hit): place for place, hit in enumerate(hits)}
    out = [_marked(hit, newer.get(id(hit)), origins) for hit in hits]
    for hit in hits:
        if (best := newer.get(id(hit))) and by_place[id(best)] > by_place[id(hit)]:
            first, second = by_place[id(hit)], by_place[id(best)]
            moved = replace(out[second], score=out[first].score)
            out[first + 1 : second + 1] = out[first:second]
            out[first] = moved
            by_place = {key: place + 1 if first <= place < second else place for key, place in by_place.items()}
            by_place[id(best)] = first
    return out


def _marked(hit: Hit, newer: Hit | None, origins: Mapping[str, Origin]) -> Hit:
    is_version = newer and origins[newer.document_id].replaces(origins[hit.document_id])
    return replace(hit, superseded_by=newer.source) if newer and is_version else hit

"""Finds what a question can be answered from: its passages, for each of its parts by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, zip_longest

from ragkb import stop
from ragkb.answer import sources
from ragkb.answer.parts import Part
from ragkb.answer.sources import Sources
from ragkb.answer.units import Passage
from ragkb.retrieve.search import Query
from ragkb.store.reader import Reader
from ragkb.types import Hit


@dataclass(frozen=True, slots=True)
class Gathered:
    """sources: of the whole answer. found: for each part, the passages that its own search found, best first."""

    sources: Sources
    found: tuple[tuple[Part, Sequence[Passage]], ...]


def given(contexts: Sequence[Hit], parts: Sequence[Part]) -> Gathered:
    """From passages that came with the question."""
    made = sources.given(contexts)
    return Gathered(made, tuple((part, made.passages) for part in parts))


def searched(reader: Reader, parts: Sequence[Part], query: Query, find: Callable[[Query], list[Hit]]) -> Gathered:
    """From the knowledge base: query.k passages in all, of several parts by turns. query.text is not read.

    find: searches.
    """
    by_part = []
    for part in parts:
        by_part.append(find(replace(query, text=part.text)))
        stop.check()
    made = sources.searched(reader, _by_turns(by_part, query.k) if len(parts) > 1 else by_part[0], query.as_)
    read = {_key(passage.hit): passage for passage in made.passages}
    return Gathered(
        made,
        tuple(
            (part, [replace(read[_key(hit)], hit=hit) for hit in hits if _key(hit) in read])
            for part, hits in zip(parts, by_part, strict=True)
        ),
    )


def _by_turns(by_part: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """Up to k hits, each once: the first of every part, then the second, with ranks of their own.

    Their scores never rise with the rank, as those of a search.
    """
    out: dict[tuple[str, int], Hit] = {}
    for row in zip_longest(*by_part):
        for hit in row:
            if hit is not None and len(out) < k:
                out.setdefault(_key(hit), hit)
    scores = accumulate((hit.score for hit in out.values()), min)
    return [
        replace(hit, rank=rank, score=score)
        for rank, (hit, score) in enumerate(zip(out.values(), scores, strict=True), 1)
    ]


def _key(hit: Hit) -> tuple[str, int]:
    return (hit.document_id, hit.start)

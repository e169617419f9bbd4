"""A question to hits: the documents that it names, both legs over what the principal may see, then fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ragkb.models import Embedder
from ragkb.models.reranker import load_reranker
from ragkb.retrieve.fusion import Scored, above, convex, share
from ragkb.retrieve.rerank import Ranked, reranked
from ragkb.retrieve.routing import Route, routed, unrouted
from ragkb.retrieve.versions import marked
from ragkb.settings import SearchSettings
from ragkb.store.chunks import ChunkRow
from ragkb.store.reader import Reader
from ragkb.store.snapshot import Visible
from ragkb.store.where import Where
from ragkb.text.periods import periods
from ragkb.types import Explain, Hit, Principal

Leg = Literal["hybrid", "dense", "lexical"]
LEAST_READABLE = 0.2


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, for whom. leg: which retrievers take part."""

    text: str
    k: int
    as_: Principal
    where: Where | None = None
    leg: Leg = "hybrid"


def search(reader: Reader, embedder: Embedder, query: Query, settings: SearchSettings) -> list[Hit]:
    """Up to query.k hits, best first."""
    visible = reader.visible(query.as_, query.where)
    route = routed(reader, query.text, query.as_, visible) if query.leg == "hybrid" else unrouted(query.text)
    weight = dense_weight(query, embedder, settings)
    candidates = max(settings.candidates, query.k)
    dense: dict[int, float] = {}
    lexical: dict[int, float] = {}
    if weight > 0:
        dense = above(_dense(reader, embedder, route, candidates, visible), reader.background())
    if weight < 1:
        found = _lexical(reader, query.as_, route, candidates, visible)
        lexical = share(found, reader.most(route.terms))
    ranked = _boosted(reader, convex(dense, lexical, weight), route)
    late = ""
    if settings.rerank and query.leg == "hybrid":
        ranked, late = _reranked(reader, ranked, query.text, settings)
    if settings.page_hits and query.leg == "hybrid":
        ranked = _spread(reader, ranked, settings.page_hits, query.k)
    ranked = ranked[: query.k]
    rows = reader.chunks([number for number, _, _ in ranked])
    explained = Reasons(dense, lexical, "; ".join(filter(None, (_reason(query, embedder, weight), late))))
    found_rows = [(rows[n], score, explained.of(n, explain)) for n, score, explain in ranked if n in rows]
    hits = [_hit(rank, *one) for rank, one in enumerate(found_rows, 1)]
    return hits if query.leg != "hybrid" or periods(query.text) else marked(hits, reader.said)


class Reasons:
    """Completes explanations. Ranks are those of the chunks in each leg's own list."""

    def __init__(self, dense: Mapping[int, float], lexical: Mapping[int, float], reason: str) -> None:
        self._dense, self._lexical, self._reason = _ranks(dense), _ranks(lexical), reason

    def of(self, number: int, explain: Explain) -> Explain:
        """`explain` of that chunk with ranks and words."""
        named = "its document is about what the question names" if explain.document else ""
        reason = "; ".join(filter(None, (self._reason, named)))
        dense, lexical = self._dense.get(number), self._lexical.get(number)
        return replace(explain, dense_rank=dense, lexical_rank=lexical, reason=reason)


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    ordered = sorted(scores, key=lambda number: (-scores[number], number))
    return {number: rank for rank, number in enumerate(ordered, 1)}


def _reason(query: Query, embedder: Embedder, weight: float) -> str:
    """Why the dense leg has its weight."""
    if query.leg != "hybrid":
        return f"the {query.leg} leg alone was asked for"
    readable = embedder.readable(query.text)
    if readable >= 1:
        return ""
    heard = "so the dense leg counts less" if weight else "too little to ask the dense leg"
    return f"the embedder reads {readable:.0%} of the question, {heard}"


def dense_weight(query: Query, embedder: Embedder, settings: SearchSettings) -> float:
    """Share of the dense leg, 0 to 1: the setting, times how well the embedder's vocabulary reads the query.

    Under LEAST_READABLE it is 0: measured on Chinese with an English model, the dense leg then only adds noise.
    """
    if query.leg != "hybrid":
        return 1.0 if query.leg == "dense" else 0.0
    readable = embedder.readable(query.text)
    return settings.dense_weight * readable if readable >= LEAST_READABLE else 0.0


def _dense(reader: Reader, embedder: Embedder, route: Route, k: int, visible: Visible) -> Scored:
    """The nearest chunks of all, and of the documents that the question names."""
    vector = embedder.embed([route.topic], query=True)[0]
    found = dict(reader.dense(vector, k, visible))
    if route.inside:
        found |= dict(reader.dense_inside(vector, k, route.inside))
    return list(found.items())


def _lexical(reader: Reader, as_: Principal, route: Route, k: int, visible: Visible) -> Scored:
    """The best chunks of all by words, and of the documents that the question names."""
    found = dict(reader.lexical(route.terms, k, as_, visible))
    if route.inside:
        numbers = reader.snapshot.documents.ranges[list(route.inside), 0].tolist()
        found |= dict(reader.lexical(route.terms, k, as_, visible, numbers))
    return list(found.items())


def _boosted(reader: Reader, ranked: Ranked, route: Route) -> Ranked:
    """Chunks of the documents that the question names gain on the others; a score stays between 0 and 1."""
    if not route.shares:
        return ranked
    rows = reader.snapshot.documents.rows_of(np.array([number for number, _, _ in ranked], np.int64)).tolist()
    boosted = []
    for row, (number, score, explain) in zip(rows, ranked, strict=True):
        named = route.shares.get(row, 0.0)
        score += route.boost * named * (1 - score)
        boosted.append((number, score, replace(explain, document=round(named, 6))))
    return sorted(boosted, key=lambda item: -item[1])  # stable: equal ones keep their order


def _reranked(reader: Reader, ranked: Ranked, query: str, settings: SearchSettings) -> tuple[Ranked, str]:
    """By the reranker that is set, which reads titles and texts of what the principal may see alone."""
    rows = reader.chunks([number for number, _, _ in ranked[: settings.rerank_top]])
    ranked = [item for item in ranked if item[0] in rows] + list(ranked[settings.rerank_top :])
    texts = {number: f"{row.title}\n{row.text}" for number, row in rows.items()}
    return reranked(ranked, query, texts.__getitem__, load_reranker(settings.rerank), settings)


def _spread(reader: Reader, ranked: Ranked, most: int, k: int) -> Ranked:
    """At most `most` chunks of a page before those of other pages; what is over comes last."""
    places = reader.places([number for number, _, _ in ranked[: 4 * k]])
    seen: dict[tuple[int, int | None], int] = {}
    kept: list[tuple[int, float, Explain]] = []
    over: list[tuple[int, float, Explain]] = []
    for item in ranked[: 4 * k]:
        place = places.get(item[0], (item[0], None))
        seen[place] = seen.get(place, 0) + 1
        (over if place[1] is not None and seen[place] > most else kept).append(item)
    return kept + over + list(ranked[4 * k :])


def _hit(rank: int, row: ChunkRow, score: float, explain: Explain) -> Hit:
    return Hit(
        rank=rank,
        score=round(score, 6),
        document_id=row.document_id,
        source=row.source,
        title=row.title,
        page=row.page,
        heading=row.heading,
        start=row.start,
        end=row.end,
        text=row.text,
        explain=explain,
    )

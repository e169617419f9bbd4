"""A question to hits: the documents that it names, both legs over what the principal may see, then fusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ragkb.cores import usable_cores
from ragkb.models import Embedder
from ragkb.models.reranker import load_reranker
from ragkb.pool import Pool
from ragkb.retrieve.duplicates import collapsed
from ragkb.retrieve.fusion import Scored, above, convex, share
from ragkb.retrieve.origin import origin_of
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
_AHEAD = Pool(usable_cores(), "ragkb-query")
"""Embeds questions beside the threads that ask them."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for, for whom. leg: which retrievers take part."""

    text: str
    k: int
    as_: Principal
    where: Where | None = None
    leg: Leg = "hybrid"


def search(reader: Reader, embedder: Embedder, query: Query, settings: SearchSettings) -> list[Hit]:
    """Up to query.k hits, best first. The question is embedded while it is routed and looked up by its words."""
    visible = reader.visible(query.as_, query.where)
    readable = embedder.readable(query.text) if query.leg == "hybrid" else 1.0
    weight = dense_weight(query.leg, readable, settings)
    vector = _AHEAD.begin(partial(_embedded, embedder, query.text)) if weight > 0 else None
    route = routed(reader, query.text, query.as_, visible) if query.leg == "hybrid" else unrouted(reader, query.text)
    candidates = max(settings.candidates, query.k)
    dense: dict[int, float] = {}
    lexical: dict[int, float] = {}
    if weight < 1:
        found = _lexical(reader, query.as_, route, candidates, visible)
        lexical = share(found, reader.most(route.words))
    if vector:
        topic = vector() if route.topic == query.text else _embedded(embedder, route.topic)
        dense = above(_dense(reader, topic, route, candidates, visible), reader.background())
    ranked = _boosted(reader, convex(dense, lexical, weight), route)
    late = ""
    if settings.rerank and query.leg == "hybrid":
        ranked, late = _reranked(reader, ranked, query.text, settings)
    if query.leg == "hybrid":
        most = settings.page_hits or len(ranked), settings.document_hits or len(ranked)
        named = set(reader.snapshot.documents.ranges[list(route.inside), 0].tolist())
        ranked = _spread(reader, ranked, most, named, query.k)
    reason = "; ".join(filter(None, (_reason(query.leg, readable, weight), late)))
    explained = Reasons(dense, lexical, reason, partial(_named, reader, route))
    return _hits(reader, ranked, explained, query, settings.collapse)


def _hits(reader: Reader, ranked: Ranked, explained: Reasons, query: Query, collapse: bool) -> list[Hit]:
    """query.k hits: as many of `ranked` are read as it takes, since some say the same."""
    rows: dict[int, ChunkRow] = {}
    take = query.k
    while True:
        rows |= reader.chunks([number for number, _, _ in ranked[:take] if number not in rows])
        found = [(rows[n], score, explained.of(n, score, explain)) for n, score, explain in ranked[:take] if n in rows]
        hits = [_hit(rank, *one) for rank, one in enumerate(found, 1)]
        if query.leg != "hybrid":
            return hits
        hits = hits if periods(query.text) else marked(hits, partial(origin_of, reader, as_=query.as_))
        kept = collapsed(hits) if collapse else hits
        if len(kept) >= query.k or take >= len(ranked):
            return falling(kept[: query.k])
        take += 2 * (query.k - len(kept))


def falling(hits: Sequence[Hit]) -> list[Hit]:
    """The hits with scores that never rise with the rank: one put behind others has at most the score of these."""
    least = list(accumulate((hit.score for hit in hits), min))
    return [hit if hit.score == score else replace(hit, score=score) for hit, score in zip(hits, least, strict=True)]


class Reasons:
    """Completes explanations. Ranks are those of the chunks in each leg's own list. named: a chunk's share of it."""

    def __init__(
        self,
        dense: Mapping[int, float],
        lexical: Mapping[int, float],
        reason: str,
        named: Callable[[Sequence[int]], list[float]],
    ) -> None:
        self._dense, self._lexical, self._reason, self._named = _ranks(dense), _ranks(lexical), reason, named

    def of(self, number: int, score: float, explain: Explain) -> Explain:
        """`explain` of that chunk with ranks, words, and how much of what the question names its document is about."""
        (document,) = self._named([number])
        named = "its document is about what the question names" if document else ""
        return replace(
            explain,
            score=round(score, 6) if explain.score is None else explain.score,
            document=round(document, 6),
            dense_rank=self._dense.get(number),
            lexical_rank=self._lexical.get(number),
            reason="; ".join(filter(None, (self._reason, named))),
        )


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    ordered = sorted(scores, key=lambda number: (-scores[number], number))
    return {number: rank for rank, number in enumerate(ordered, 1)}


def _reason(leg: Leg, readable: float, weight: float) -> str:
    """Why the dense leg has its weight."""
    if leg != "hybrid":
        return f"the {leg} leg alone was asked for"
    if readable >= 1:
        return ""
    heard = "so the dense leg counts less" if weight else "too little to ask the dense leg"
    return f"the embedder reads {readable:.0%} of the question, {heard}"


def dense_weight(leg: Leg, readable: float, settings: SearchSettings) -> float:
    """Share of the dense leg, 0 to 1: the setting, times how well the embedder's vocabulary reads the query (0 to 1).

    Under LEAST_READABLE it is 0: measured on Chinese with an English model, the dense leg then only adds noise.
    """
    if leg != "hybrid":
        return 1.0 if leg == "dense" else 0.0
    return settings.dense_weight * readable if readable >= LEAST_READABLE else 0.0


def _embedded(embedder: Embedder, text: str) -> NDArray[np.float32]:
    return np.asarray(embedder.embed([text], query=True)[0])


def _dense(reader: Reader, vector: NDArray[np.float32], route: Route, k: int, visible: Visible) -> Scored:
    """The nearest chunks of all, and of the documents that the question names."""
    found = dict(reader.dense(vector, k, visible))
    if route.inside:
        found |= dict(reader.dense_inside(vector, k, route.inside))
    return list(found.items())


def _lexical(reader: Reader, as_: Principal, route: Route, k: int, visible: Visible) -> Scored:
    """The best chunks of all by words, and of the documents that the question names."""
    found = dict(reader.lexical(route.words, k, as_, visible))
    if route.inside:
        numbers = reader.snapshot.documents.ranges[list(route.inside), 0].tolist()
        found |= dict(reader.lexical(route.words, k, as_, visible, numbers))
    return list(found.items())


def _boosted(reader: Reader, ranked: Ranked, route: Route) -> Ranked:
    """Chunks of the documents that the question names gain on the others; a score stays between 0 and 1."""
    if not route.shares:
        return ranked
    named = _named(reader, route, [number for number, _, _ in ranked])
    boosted = [
        (number, score + route.boost * share * (1 - score), explain)
        for share, (number, score, explain) in zip(named, ranked, strict=True)
    ]
    return sorted(boosted, key=lambda item: -item[1])  # stable: equal ones keep their order


def _named(reader: Reader, route: Route, numbers: Sequence[int]) -> list[float]:
    """For each chunk how much of what the question names its document is about, 0 to 1."""
    if not route.shares:
        return [0.0] * len(numbers)
    rows = reader.snapshot.documents.rows_of(np.array(numbers, np.int64)).tolist()
    return [route.shares.get(row, 0.0) for row in rows]


def _reranked(reader: Reader, ranked: Ranked, query: str, settings: SearchSettings) -> tuple[Ranked, str]:
    """By the reranker that is set, which reads titles and texts of what the principal may see alone."""
    rows = reader.chunks([number for number, _, _ in ranked[: settings.rerank_top]])
    ranked = [item for item in ranked if item[0] in rows] + list(ranked[settings.rerank_top :])
    texts = {number: f"{row.title}\n{row.text}" for number, row in rows.items()}
    return reranked(ranked, query, texts.__getitem__, load_reranker(settings.rerank), settings)


def _spread(reader: Reader, ranked: Ranked, most: tuple[int, int], named: Collection[int], k: int) -> Ranked:
    """At most `most` chunks of a page, and of a document, before those of others; what is over comes last.

    Documents in `named` may have as many as they will.
    """
    places = reader.places([number for number, _, _ in ranked[: 4 * k]])
    pages: Counter[tuple[int, int | None]] = Counter()
    documents: Counter[int] = Counter()
    kept: list[tuple[int, float, Explain]] = []
    over: list[tuple[int, float, Explain]] = []
    for item in ranked[: 4 * k]:
        document, page = places.get(item[0], (-item[0], None))
        is_over = page is not None and pages[document, page] >= most[0]
        if is_over or (documents[document] >= most[1] and document not in named):
            over.append(item)
        else:
            kept.append(item)
            pages[document, page] += 1
            documents[document] += 1
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

"""A question to hits: both legs over what the principal may see, then fusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ragkb.models import Embedder
from ragkb.retrieve.fusion import above, convex, share
from ragkb.settings import SearchSettings
from ragkb.store.reader import Reader
from ragkb.store.where import Where
from ragkb.text.asking import named_terms, without_asking
from ragkb.text.tokens import query_tokens
from ragkb.types import Hit, Principal

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
    candidates = max(settings.candidates, query.k)
    weight = dense_weight(query, embedder, settings)
    dense = lexical = {}
    if weight > 0:
        vector = embedder.embed([query.text], query=True)[0]
        dense = above(reader.dense(vector, candidates, visible), reader.background())
    if weight < 1:
        terms = query_terms(query.text)
        lexical = share(reader.lexical(terms, candidates, query.as_, visible), reader.most(terms))
    ranked = convex(dense, lexical, weight)[: query.k]
    rows = reader.chunks([number for number, _, _ in ranked])
    return [
        Hit(
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
        for rank, (row, score, explain) in enumerate(
            ((rows[number], score, explain) for number, score, explain in ranked if number in rows), 1
        )
    ]


def dense_weight(query: Query, embedder: Embedder, settings: SearchSettings) -> float:
    """Share of the dense leg, 0 to 1: the setting, times how well the embedder's vocabulary reads the query.

    Under LEAST_READABLE it is 0: measured on Chinese with an English model, the dense leg then only adds noise.
    """
    if query.leg != "hybrid":
        return 1.0 if query.leg == "dense" else 0.0
    readable = embedder.readable(query.text)
    return settings.dense_weight * readable if readable >= LEAST_READABLE else 0.0


def query_terms(text: str) -> list[str]:
    """Terms to look up, with repetitions: what only asks is left out, identifiers and names count twice."""
    return [*query_tokens(without_asking(text), "en"), *named_terms(text)]

"""What a report shows of single questions: the worst ones, and the passages under them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragkb.eval.files import json_lines
from ragkb.eval.groundedness import read_given_answers
from ragkb.eval.scores import Row
from ragkb.eval.suites import Suite
from ragkb.types import Principal

if TYPE_CHECKING:
    from ragkb.kb import KnowledgeBase

WORST = 10
"""Questions that a report shows although they did not change."""

_LONGEST = 600  # characters of a document or a context
_FOUND = 3  # documents of a query


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage of a question that a report shows."""

    source: str
    page: int | None
    text: str


def worst_of(rows: Sequence[Row]) -> list[Row]:
    """The rows that went most wrong.

    Answers that are wrong, the surest first; then refusals, the least sure first; then queries that found least; of
    given answers those whose score is furthest on the wrong side.
    """
    wrong = [
        row for row in rows if row.get("false_answer") or (row.get("answer_hit") is False and not row["abstained"])
    ]
    refused = [row for row in rows if row.get("false_refusal")]
    poor = [row for row in rows if row.get("hybrid ndcg@10") is not None and row["hybrid ndcg@10"] < 1]
    misjudged = [row for row in rows if False in (row.get("grounded_recall"), row.get("hallucination_recall"))]
    ordered = [
        *sorted(wrong, key=lambda row: -row["confidence"]),
        *sorted(refused, key=lambda row: row["confidence"]),
        *sorted(poor, key=lambda row: float(row["hybrid ndcg@10"])),
        *sorted(misjudged, key=lambda row: -abs(row["label"] - row["score"])),
    ]
    return ordered[:WORST]


def excerpts_of(suite: Suite, kb: KnowledgeBase | None, rows: Sequence[Row]) -> Mapping[str, tuple[Excerpt, ...]]:
    """The passages of these rows by id: as the documents hold them, or the given contexts, or the documents found."""
    if suite.kind == "groundedness":
        return _contexts(suite.questions, {str(row["id"]) for row in rows})
    if suite.kind == "retrieval":
        return _found(suite.questions / "corpus.jsonl", rows)
    return _passages(kb, rows) if kb else {}


def _passages(kb: KnowledgeBase, rows: Sequence[Row]) -> dict[str, tuple[Excerpt, ...]]:
    wanted = {passage["source"] for row in rows for passage in row.get("passages", ())}
    ids = {one.source: one.id for one in kb.documents(as_=Principal.admin()) if one.source in wanted}
    texts = {source: kb.document(id, as_=Principal.admin()).text for source, id in ids.items()}
    return {
        str(row["id"]): tuple(
            Excerpt(one["source"], one["page"], texts[one["source"]][one["start"] : one["end"]])
            for one in row.get("passages", ())
            if one["source"] in texts
        )
        for row in rows
    }


def _contexts(file: Path, ids: Iterable[str]) -> dict[str, tuple[Excerpt, ...]]:
    return {
        one.id: tuple(Excerpt("context", None, _cut(text)) for text in one.passages)
        for one in read_given_answers(file)
        if one.id in ids
    }


def _found(corpus: Path, rows: Sequence[Row]) -> dict[str, tuple[Excerpt, ...]]:
    shown = {str(row["id"]): list(_documents(row)) for row in rows}
    wanted = {document for found in shown.values() for _, document in found}
    texts = {
        identity: f"{line.text('title', '')}\n{line.text('text')}".strip()
        for line in json_lines(corpus)
        if (identity := line.text("_id")) in wanted
    }
    return {id: tuple(Excerpt(label, None, _cut(texts[one])) for label, one in found) for id, found in shown.items()}


def _documents(row: Row) -> Iterator[tuple[str, str]]:
    """(what it is, id) of the relevant documents of a query and of those that were found first."""
    ranked = row.get("ranked", {}).get("hybrid", [])
    for one in row.get("relevant", ())[:_FOUND]:
        place = f"rank {ranked.index(one) + 1}" if one in ranked else "not among the first ten"
        yield f"relevant, {place}: {one}", one
    for number, one in enumerate(ranked[:_FOUND], 1):
        if one not in row.get("relevant", ()):
            yield f"rank {number}: {one}", one


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"

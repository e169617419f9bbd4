"""Retrieval measured on a folder of BEIR's form, through the path that every document and query takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ragkb.errors import InputError
from ragkb.eval.files import json_lines, text_lines
from ragkb.eval.measures import mean, mrr, ndcg, percentile, recall
from ragkb.types import Hit, Principal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragkb.ingest.report import NewDocument
    from ragkb.models import Embedder
    from ragkb.settings import Settings

Leg = Literal["hybrid", "dense", "lexical"]
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

LEGS: tuple[Leg, ...] = ("lexical", "dense", "hybrid")
DEPTH = 100
"""Documents that are ranked for a query."""

_MEASURES: dict[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "ndcg@10": lambda ranked, grades: ndcg(ranked, grades, 10),
    "recall@10": lambda ranked, grades: recall(ranked, grades, 10),
    "recall@100": lambda ranked, grades: recall(ranked, grades, 100),
    "mrr@10": lambda ranked, grades: mrr(ranked, grades, 10),
}


class Searcher(Protocol):
    """The part of KnowledgeBase that is measured."""

    def add(self, documents: Iterable[NewDocument]) -> object: ...

    def search(self, query: str, *, k: int | None = None, as_: Principal = ..., leg: Leg = "hybrid") -> list[Hit]: ...


@dataclass(frozen=True, slots=True)
class Suite:
    """documents: (title, text) by id. queries: text by id. grades: of documents, by query and document; all exist.

    queries holds those alone that have a relevant document, in the order of the file.
    """

    documents: Mapping[str, tuple[str, str]]
    queries: Mapping[str, str]
    grades: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """summary: as docs/eval.md defines it. rows: one for each query, in the order of the file, without timings.

    milliseconds: of each query's hybrid search, None where it failed. embedder, precision: its id, "" if not known.
    """

    summary: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    milliseconds: tuple[float | None, ...]
    embedder: str = ""
    precision: str = ""


def evaluate_retrieval(folder: Path, settings: Settings, progress: Progress | None = None) -> RetrievalResult:
    """The measures of the three legs over a BEIR folder, indexed in a temporary knowledge base.

    A document is ranked by its best chunk. Queries without relevant documents are left out. query_ms is the time of a
    hybrid search for DEPTH chunks. Raises InputError that names file and line where the folder is not of BEIR's form.
    """
    suite = read_suite(folder)
    from ragkb.kb import KnowledgeBase
    from ragkb.models import load_embedder

    embedder = RememberedQuery(load_embedder(settings.embedder, settings.threads, settings.embedding))
    with (
        TemporaryDirectory(prefix="ragkb-eval-") as path,
        KnowledgeBase.open(Path(path) / "kb", settings=settings, embedder=embedder) as kb,
    ):
        measured = measure(kb, suite, settings.limits.k, progress)
        return replace(measured, embedder=embedder.id, precision=embedder.precision)


class RememberedQuery:
    """An embedder that embeds a query once for all legs, by itself as a search does: the same bits in less time.

    subtle: not in batches, since 8-bit activations are scaled by the largest of a batch, and vectors then depend on
    which queries stand side by side.
    """

    def __init__(self, inner: Embedder) -> None:
        self.id, self.dim, self.precision = inner.id, inner.dim, inner.precision
        self.count_tokens, self.readable = inner.count_tokens, inner.readable
        self._inner = inner
        self._last: tuple[tuple[str, ...], NDArray[np.float32]] | None = None

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        if not query:
            return self._inner.embed(texts)
        if self._last is None or self._last[0] != tuple(texts):
            self._last = tuple(texts), self._inner.embed(texts, query=True)
        return self._last[1]


def measure(kb: Searcher, suite: Suite, most: int, progress: Progress | None = None) -> RetrievalResult:
    """The measures of `suite` on an empty `kb`. most: the largest k that it accepts."""
    report = progress or (lambda stage, done, total: None)
    started = time.perf_counter()
    kb.add(_new_documents(suite, report))
    seconds = time.perf_counter() - started
    kb.search("warm", k=1, as_=Principal.admin())  # what is loaded once is not timed
    rows: list[dict[str, Any]] = []
    milliseconds: list[float | None] = []
    for done, (query, text) in enumerate(suite.queries.items(), 1):
        row, hybrid_ms = _row(kb, query, text, suite.grades[query], most)
        rows.append(row)
        milliseconds.append(hybrid_ms)
        report("queries", done, len(suite.queries))
    return RetrievalResult(_summary(rows, suite, seconds, milliseconds), tuple(rows), tuple(milliseconds))


def _row(
    kb: Searcher, query: str, text: str, grades: Mapping[str, int], most: int
) -> tuple[dict[str, Any], float | None]:
    """The measures of one query on each leg, and the milliseconds of its hybrid search; None for an error."""
    relevant = sorted(document for document, grade in grades.items() if grade > 0)
    row: dict[str, Any] = {"id": query, "query": text, "relevant": relevant, "status": "scored", "legs": {}}
    try:
        hybrid = ranked_documents(kb, text, "hybrid", most)  # first: its time is that of a query never seen before
        found = {leg: ranked_documents(kb, text, leg, most) if leg != "hybrid" else hybrid for leg in LEGS}
    except InputError as error:
        return {**row, "status": "error", "error": f"{type(error).__name__}: {error}"}, None
    for leg, (ranked, _) in found.items():
        values = {name: round(value(ranked, grades), 6) for name, value in _MEASURES.items()}
        row["legs"][leg] = {**values, "ranked": ranked[:10]}
    return row, hybrid[1]


def ranked_documents(kb: Searcher, query: str, leg: Leg, most: int) -> tuple[list[str], float]:
    """Up to DEPTH sources, each at the place of its best chunk, and the milliseconds of the first search.

    Asks for ever more chunks until that many documents are among them, the leg has no more, or `most` is reached.
    What a deeper search finds goes behind what the first one ranked: that one is what a user sees.
    """
    k, milliseconds = min(DEPTH, most), 0.0
    ranked: dict[str, None] = {}
    while True:
        started = time.perf_counter()
        hits = kb.search(query, k=k, as_=Principal.admin(), leg=leg)
        milliseconds = milliseconds or 1000 * (time.perf_counter() - started)
        ranked.update(dict.fromkeys(source for hit in hits for source in _sources(hit)))
        if len(ranked) >= DEPTH or len(hits) < k or k == most:
            return list(ranked)[:DEPTH], milliseconds
        k = min(2 * k, most)


def _sources(hit: Hit) -> Iterator[str]:
    """Where a hit's text stands: in labelled sets one passage may have two ids, of which one is marked as relevant."""
    yield hit.source
    yield from (one.source for one in hit.duplicates)


def _new_documents(suite: Suite, report: Progress) -> Iterator[NewDocument]:
    from ragkb.ingest.report import NewDocument

    for done, (source, (title, text)) in enumerate(suite.documents.items(), 1):
        if text or title:
            yield NewDocument(source=source, text=text or title, title=title)
        report("documents", done, len(suite.documents))


def _summary(
    rows: Sequence[Mapping[str, Any]], suite: Suite, seconds: float, milliseconds: Sequence[float | None]
) -> dict[str, Any]:
    scored = [row for row in rows if row["status"] == "scored"]
    legs = {leg: {name: mean(row["legs"][leg][name] for row in scored) for name in _MEASURES} for leg in LEGS}
    taken = [one for one in milliseconds if one is not None]
    quantiles = {"p50": percentile(taken, 0.5), "p95": percentile(taken, 0.95)}
    return {
        "legs": legs,
        "queries": len(rows),
        "errors": len(rows) - len(scored),
        "documents": len(suite.documents),
        "documents_per_second": round(len(suite.documents) / seconds, 2) if seconds > 0 else None,
        "query_ms": {name: value and round(value, 2) for name, value in quantiles.items()},
    }


def read_suite(folder: Path) -> Suite:
    """The suite in `folder`: corpus.jsonl, queries.jsonl, and qrels.tsv or qrels/test.tsv.

    Raises InputError that names file and line."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder", "give a folder with corpus.jsonl, queries.jsonl and qrels.tsv")
    documents: dict[str, tuple[str, str]] = {}
    for line in json_lines(folder / "corpus.jsonl"):
        _put(documents, line.text("_id"), (line.text("title", ""), line.text("text")), line.where)
    queries: dict[str, str] = {}
    for line in json_lines(folder / "queries.jsonl"):
        _put(queries, line.text("_id"), line.text("text"), line.where)
    grades = _read_grades(qrels_of(folder), documents, queries)
    judged = {query: text for query, text in queries.items() if any(g > 0 for g in grades.get(query, {}).values())}
    if not judged:
        raise InputError(f"{folder}: no query has a relevant document")
    return Suite(documents, judged, grades)


def qrels_of(folder: Path) -> Path:
    """Where the judgements stand: BEIR's own place if there is no qrels.tsv."""
    places = (folder / "qrels.tsv", folder / "qrels" / "test.tsv")
    return next((path for path in places if path.is_file()), places[0])


def _put(into: dict[str, Any], key: str, value: object, where: str) -> None:
    if key in into:
        raise InputError(f"{where}: the _id {key!r} stands in the file twice")
    into[key] = value


def _read_grades(
    path: Path, documents: Mapping[str, object], queries: Mapping[str, object]
) -> dict[str, dict[str, int]]:
    """Grades by query and document of a file `query-id <tab> corpus-id <tab> score`, its first line a header."""
    grades: dict[str, dict[str, int]] = {}
    for number, (where, line) in enumerate(text_lines(path)):
        cells = line.split("\t")
        if len(cells) != 3:
            raise InputError(f"{where}: {len(cells)} columns, not query-id, corpus-id, score with tabs between them")
        if number == 0 and not _is_grade(cells[2]):
            continue
        query, document, grade = cells
        if not _is_grade(grade):
            raise InputError(f"{where}: the score {grade!r} is not a whole number")
        if query not in queries:
            raise InputError(f"{where}: query {query!r} is not in queries.jsonl")
        if document not in documents:
            raise InputError(f"{where}: document {document!r} is not in corpus.jsonl")
        grades.setdefault(query, {})[document] = int(float(grade))
    return grades


def _is_grade(cell: str) -> bool:
    try:
        return float(cell).is_integer()
    except ValueError:
        return False

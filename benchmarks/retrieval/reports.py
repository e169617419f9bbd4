"""Page-level questions over twenty quarterly reports in one knowledge base: is the right page, the right report found?

    python -m benchmarks.retrieval.reports --data DIR [--kb DIR]

DIR/docugami_sec10q holds the reports as PDF, and `queries.jsonl`, questions that name a report without saying on which
page the answer is. Our own 71 are in reports.jsonl, in the form of an answers file: the evidence of a row names every
page of the report that holds the answer; one of them is enough. --kb keeps the knowledge base for the next run.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ragkb import KnowledgeBase, Principal
from ragkb.retrieve.search import Leg
from ragkb.types import Hit

QUESTIONS = Path(__file__).with_name("reports.jsonl")
LEGS: tuple[Leg, ...] = ("lexical", "dense", "hybrid")
DEPTH = 10
Search = Callable[[str, int], list[Hit]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kb", type=Path)
    given = parser.parse_args()
    folder = given.data / "docugami_sec10q"
    named = rows(folder / "queries.jsonl")
    with opened(given.kb) as kb:
        kb.ingest(folder / "pdf")
        print("leg      page@10  page@5  page@1  inside@10  report@1  report@5  docugami: report@5")
        for leg in LEGS:
            search = searcher(kb, leg)
            pages = page_measures(search, rows(QUESTIONS))
            inside = page_measures(searcher(kb, leg, within=True), rows(QUESTIONS))[0]
            print(
                f"{leg:8} {pages[0]:7.3f} {pages[1]:7.3f} {pages[2]:7.3f} {inside:10.3f}"
                f" {pages[3]:9.3f} {pages[4]:9.3f} {report_measure(search, named):20.3f}",
                flush=True,
            )


@contextmanager
def opened(kept: Path | None) -> Iterator[KnowledgeBase]:
    """The knowledge base in `kept`, or one that is gone afterwards."""
    with TemporaryDirectory(prefix="ragkb-reports-") as made, KnowledgeBase.open(kept or Path(made) / "kb") as kb:
        yield kb


def searcher(kb: KnowledgeBase, leg: Leg, within: bool = False) -> Search:
    """Searches by one leg. within: the text is "SOURCE<tab>question", and that report alone is searched."""

    def search(text: str, k: int) -> list[Hit]:
        source, _, question = text.rpartition("\t")
        where = {"source": source} if within else None
        return kb.search(question, k=k, where=where, as_=Principal.admin(), leg=leg)

    return search


def page_measures(search: Search, questions: Sequence[dict[str, Any]]) -> list[float]:
    """Shares of the questions: right page among the first 10, 5, 1; right report first, among the first five."""
    marks = [_page_marks(search, question) for question in questions]
    return [sum(column) / len(marks) for column in zip(*marks, strict=True)]


def _page_marks(search: Search, question: dict[str, Any]) -> tuple[bool, ...]:
    pages = {(one["source"], one["page"]) for one in question["evidence"]}
    (source,) = {one["source"] for one in question["evidence"]}
    hits = search(f"{source}\t{question['question']}", DEPTH)
    found = [(hit.source, hit.page) in pages for hit in hits]
    reports = list(dict.fromkeys(hit.source for hit in hits))
    return any(found), any(found[:5]), any(found[:1]), reports[:1] == [source], source in reports[:5]


def report_measure(search: Search, questions: Sequence[dict[str, Any]]) -> float:
    """Share of the questions about one report that have it among the first five reports of a hundred hits."""
    one = [question for question in questions if any(map(str.isdigit, question["source_docs"]))]
    found = 0
    for question in one:
        reports = list(dict.fromkeys(hit.source for hit in search(question["text"], 100)))[:5]
        found += any(fnmatch.fnmatch(report, question["source_docs"]) for report in reports)
    return found / len(one)


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


if __name__ == "__main__":
    main()

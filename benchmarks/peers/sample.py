"""A part of a set in BEIR's form that every library gets alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ragkb.eval.retrieval import Suite, read_suite


def sample(folder: Path, documents: int, queries: int) -> Suite:
    """About so many queries, evenly spread, with all their relevant documents and others, evenly spread.

    More documents than asked for where the relevant ones alone are more; 0 takes all of either.
    """
    suite = read_suite(folder)
    step = max(1, len(suite.queries) // queries) if queries else 1
    asked = dict(list(suite.queries.items())[::step][: queries or None])
    needed = {document for query in asked for document, grade in suite.grades[query].items() if grade > 0}
    others = [document for document in suite.documents if document not in needed]
    room = max(0, documents - len(needed)) if documents else len(others)
    kept = needed.union(others[:: max(1, len(others) // room)][:room] if room else ())
    return replace(
        suite,
        documents={document: text for document, text in suite.documents.items() if document in kept},
        queries=asked,
    )


def write_corpus(suite: Suite, path: Path) -> None:
    """The documents as corpus.jsonl."""
    with path.open("w", encoding="utf-8") as file:
        for document, (title, text) in suite.documents.items():
            file.write(json.dumps({"_id": document, "title": title, "text": text}) + "\n")

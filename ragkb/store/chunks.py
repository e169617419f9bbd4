"""Chunks in the catalogue: what a hit needs of them, and what the indexes are made of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.types import Heading

AT_ONCE = 500  # numbers in one statement; SQLite takes a bounded number of parameters


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """One chunk as stored, with what a hit needs of its document. document: the document's number."""

    number: int
    document: int
    document_id: str
    source: str
    title: str
    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    context: str
    text: str


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """Text of a document from `start` on; page_starts, headings: of the whole document."""

    start: int
    text: str
    page_starts: tuple[int, ...]
    headings: tuple[Heading, ...]


def rows(at: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, ChunkRow]:
    """The chunks with these numbers; unknown ones are absent."""
    out = {}
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        found = at.execute(
            f"""SELECT c.number, c.document, d.id, d.source, d.title, c.start, c.end, c.page, c.heading, c.context,
            substr(d.text, c.start + 1, c.end - c.start)
            FROM chunks c JOIN documents d ON d.number = c.document WHERE c.number IN ({", ".join("?" * len(some))})""",
            some,
        )
        for row in found:
            values = (*row[:8], tuple(json.loads(row[8])), *row[9:])
            out[row[0]] = ChunkRow(*values)
    return out


def places(at: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, tuple[int, int | None]]:
    """(document number, page) of the chunks with these numbers; unknown ones are absent."""
    out = {}
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        query = f"SELECT number, document, page FROM chunks WHERE number IN ({', '.join('?' * len(some))})"
        out.update({number: (document, page) for number, document, page in at.execute(query, some)})
    return out


def context(at: sqlite3.Connection, identity: str, start: int) -> str:
    """Context of the chunk of that document that begins there; '' if none does."""
    query = "SELECT context FROM chunks JOIN documents d ON d.number = document WHERE d.id = ? AND start = ?"
    row = at.execute(query, (identity, start)).fetchone()
    return str(row[0]) if row else ""


def span(at: sqlite3.Connection, identity: str, start: int, end: int) -> StoredSpan | None:
    """A span of a document, cut at its end, read from what is stored; None without the document."""
    query = "SELECT substr(text, ? + 1, ? - ?), page_starts, headings FROM documents WHERE id = ?"
    row = at.execute(query, (start, end, start, identity)).fetchone()
    if row is None:
        return None
    headings = tuple(Heading(*item) for item in json.loads(row[2]))
    return StoredSpan(start, row[0], tuple(json.loads(row[1])), headings)


def ranges_since(at: sqlite3.Connection, generation: int) -> NDArray[np.int64]:
    """Shape (n, 3), ascending: document number, its first chunk, its chunks, of those added after that generation.

    Invariant: the chunks of a document follow one another, and a document with a greater number has greater ones.
    Both queries read indexes alone, never the rows of a million chunks.
    """
    if generation:
        # subtle: left to choose, SQLite walks through all documents to have them in order
        query = """SELECT number, (SELECT min(number) FROM chunks WHERE document = d.number) AS first,
                   (SELECT count(*) FROM chunks WHERE document = d.number)
                   FROM documents d INDEXED BY documents_generation WHERE generation > ? AND first NOT NULL
                   ORDER BY number"""
        rows = at.execute(query, (generation,)).fetchall()
    else:
        rows = at.execute("SELECT document, min(number), count(*) FROM chunks GROUP BY document").fetchall()
    return np.array(rows, np.int64).reshape(-1, 3)


def existing(at: sqlite3.Connection, first: int, last: int) -> NDArray[np.int64]:
    """The numbers of the chunks from `first` to `last`, ascending."""
    rows = at.execute("SELECT number FROM chunks WHERE number BETWEEN ? AND ? ORDER BY number", (first, last))
    return np.fromiter((row[0] for row in rows), np.int64)


def spans(at: sqlite3.Connection, document: int) -> list[tuple[int, int, int, str]]:
    """(number, start, end, context) of the chunks of a document, by number."""
    query = "SELECT number, start, end, context FROM chunks WHERE document = ? ORDER BY number"
    return at.execute(query, (document,)).fetchall()

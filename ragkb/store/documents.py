"""Documents in the catalogue: what is stored of them, who may read them, how they are recognised."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from ragkb.errors import StorageError
from ragkb.store import originals
from ragkb.store.records import Entry, Known
from ragkb.types import (
    Chunk,
    Document,
    DocumentInfo,
    Heading,
    Principal,
    Table,
)

_STORED = """number, id, generation, access, root, source, media_type, language, sha256, size, mtime_ns, fingerprint,
  ingested_at, pages, characters, title, metadata, page_starts, headings, tables, text"""
_INFO = """SELECT d.number, d.access, d.access_checksum, d.id, d.source, d.title, d.pages,
  (SELECT count(*) FROM chunks c WHERE c.document = d.number), d.characters, d.media_type, d.language, d.sha256,
  d.metadata, d.ingested_at,
  EXISTS (SELECT 1 FROM index_files f WHERE f.kind = 'originals' AND f.name = CAST(d.number AS TEXT))
  FROM documents d"""
_KNOWN = """SELECT id, root, source, sha256, size, mtime_ns, fingerprint,
  (SELECT count(*) FROM chunks WHERE document = number), pages, media_type FROM documents"""


# --- writing ----------------------------------------------------------------------------------------------------------


HANDED_IN = "http-"
"""How the roots begin of what callers of a server hand in."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry goes. identity: the public id. number, first_chunk: reserved. generation: of the commit."""

    identity: str
    number: int
    first_chunk: int
    generation: int


def public_id(at: sqlite3.Connection, root: str, source: str) -> str:
    """The id of the document at (root, source): the one it has, or one made of its source that is free."""
    row = at.execute("SELECT id FROM documents WHERE root = ? AND source = ?", (root, source)).fetchone()
    if row:
        return str(row[0])
    salt = 0
    if root.startswith(HANDED_IN):  # else the id would tell whether another document has that name
        candidate = hashlib.sha256(f"{source}\n{root}\n{salt}".encode()).hexdigest()[:16]
    else:
        candidate = hashlib.sha256(source.encode()).hexdigest()[:16]
    while at.execute("SELECT 1 FROM documents WHERE id = ?", (candidate,)).fetchone():
        salt += 1
        candidate = hashlib.sha256(f"{source}\n{root}\n{salt}".encode()).hexdigest()[:16]
    return candidate


def insert(at: sqlite3.Connection, entry: Entry, place: Place, model: str) -> None:
    """Stores the document, its groups, chunks and embeddings."""
    chunks = [_chunk_row(chunk, digest) for chunk, digest in zip(entry.chunks, entry.digests, strict=True)]
    row = _document_row(entry, place)
    marks = ", ".join("?" * len(row))
    at.execute(
        f"INSERT INTO documents ({_STORED}, access_checksum, checksum) VALUES ({marks}, ?, '')",
        (*row, access_checksum(place.number, row[3])),
    )
    at.executemany(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(place.first_chunk + i, place.number, *chunk) for i, chunk in enumerate(chunks)],
    )
    vectors = [vector.astype("<f2").tobytes() for vector in entry.vectors]
    at.executemany(
        "INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?, ?)",
        [(d, model, v, zlib.crc32(v)) for d, v in zip(entry.digests, vectors, strict=True)],
    )
    set_checksum(at, place.number)


def remove(at: sqlite3.Connection, identity: str, generation: int) -> str | None:
    """Takes the document out of the catalogue; the indexes follow at their next commit.

    Returns the SHA-256 of its file, None if the document is not there.
    """
    row = at.execute("SELECT number, sha256 FROM documents WHERE id = ?", (identity,)).fetchone()
    if row is None:
        return None
    originals.drop(at, row[0])
    at.execute("DELETE FROM documents WHERE number = ?", row[:1])
    at.execute("INSERT INTO removed VALUES (?, ?, 1)", (row[0], generation))
    return str(row[1])


def touch(at: sqlite3.Connection, identity: str, root: str, source: str, size: int, mtime_ns: int) -> int:
    """Records where the same bytes were seen last: a file that was renamed or merely touched. Returns the number."""
    row = at.execute("SELECT number FROM documents WHERE id = ?", (identity,)).fetchone()
    at.execute(
        "UPDATE documents SET root = ?, source = ?, size = ?, mtime_ns = ? WHERE number = ?",
        (root, source, size, mtime_ns, row[0]),
    )
    set_checksum(at, row[0])
    return int(row[0])


def removed_since(at: sqlite3.Connection, generation: int) -> list[int]:
    """Numbers of the documents removed after that generation."""
    return [row[0] for row in at.execute("SELECT document FROM removed WHERE generation > ?", (generation,))]


def removed_in_lexical(at: sqlite3.Connection) -> list[int]:
    """Documents that are gone from the catalogue and may still be in the lexical index."""
    query = """SELECT document FROM removed WHERE in_lexical = 1
               AND NOT EXISTS (SELECT 1 FROM documents WHERE number = document) ORDER BY document"""
    return [row[0] for row in at.execute(query)]


def set_removed_from_lexical(at: sqlite3.Connection, documents: Iterable[int]) -> None:
    """The lexical index no longer holds these."""
    at.executemany("UPDATE removed SET in_lexical = 0 WHERE document = ?", [(number,) for number in documents])


def _document_row(entry: Entry, place: Place) -> tuple[Any, ...]:
    """The values of the columns _STORED."""
    return (
        place.number,
        place.identity,
        place.generation,
        access_json(entry.groups),
        entry.root,
        entry.source,
        entry.media_type,
        entry.language,
        entry.sha256,
        entry.size,
        entry.mtime_ns,
        entry.fingerprint,
        entry.ingested_at,
        len(entry.page_starts) or None,
        len(entry.text),
        entry.title,
        _json(dict(entry.metadata)),
        _json(entry.page_starts),
        _json([astuple(heading) for heading in entry.headings]),
        _json([astuple(table) for table in entry.tables]),
        entry.text,
    )


def _chunk_row(chunk: Chunk, digest: bytes) -> tuple[Any, ...]:
    return chunk.start, chunk.end, chunk.page, _json(chunk.heading), chunk.context, digest


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def checksum(at: sqlite3.Connection, number: int) -> str:
    """SHA-256 over everything that the catalogue holds now for the document: a flipped bit is noticed."""
    row = at.execute(f"SELECT {_STORED} FROM documents WHERE number = ?", (number,)).fetchone()
    chunks = at.execute(
        "SELECT number, start, end, page, heading, context, digest FROM chunks WHERE document = ? ORDER BY number",
        (number,),
    ).fetchall()
    digest = hashlib.sha256()
    for part in (row, chunks):
        digest.update(repr(part).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def set_checksum(at: sqlite3.Connection, number: int) -> None:
    """Stores the checksum of what the catalogue holds now for the document."""
    at.execute("UPDATE documents SET checksum = ? WHERE number = ?", (checksum(at, number), number))


# --- access -----------------------------------------------------------------------------------------------------------


def access_json(groups: Iterable[str]) -> str:
    """How the groups that may read a document are stored."""
    return _json(sorted(groups))


def access_checksum(number: int, access: str) -> int:
    """CRC-32 that ties the stored groups to their document."""
    return zlib.crc32(f"{number} {access}".encode("utf-8", "surrogatepass"))


def groups_of(number: int, access: Any, stored: Any) -> tuple[str, ...] | None:
    """The groups that may read the document; None if the row is damaged, and then nobody may."""
    if not isinstance(access, str) or access_checksum(number, access) != stored:
        return None
    return tuple(json.loads(access))


def groups_since(at: sqlite3.Connection, generation: int) -> dict[int, tuple[str, ...] | None]:
    """Sorted groups of the documents added after that generation, by number; None where they are damaged."""
    rows = at.execute("SELECT number, access, access_checksum FROM documents WHERE generation > ?", (generation,))
    return {number: groups_of(number, access, stored) for number, access, stored in rows}


@dataclass(frozen=True, slots=True)
class StoredText:
    """What a document is indexed by, and who may read it."""

    number: int
    groups: tuple[str, ...]
    language: str
    title: str
    source: str
    text: str


def texts(at: sqlite3.Connection) -> Iterator[StoredText]:
    """Every document with its text, by number. Raises StorageError for one of which nobody knows who may read it."""
    columns = "number, id, access, access_checksum, language, title, source, text"
    rows = at.execute(f"SELECT {columns} FROM documents ORDER BY number")
    for number, identity, access, stored, *said in rows:
        groups = groups_of(number, access, stored)
        if groups is None:
            raise StorageError(f"document {identity}: its groups are damaged", "delete it or ingest it again")
        yield StoredText(number, groups, *said)


def text(at: sqlite3.Connection, number: int) -> str:
    """The text of the document with this number."""
    return str(at.execute("SELECT text FROM documents WHERE number = ?", (number,)).fetchone()[0])


def said(at: sqlite3.Connection, document: int | str, characters: int) -> tuple[str, str]:
    """(title and source, so many characters of the text) of the document with this number or id."""
    column = "number" if isinstance(document, int) else "id"
    query = f"SELECT title || ' ' || source, substr(text, 1, ?) FROM documents WHERE {column} = ?"
    row = at.execute(query, (characters, document)).fetchone()
    return (str(row[0]), str(row[1])) if row else ("", "")


# --- recognising ------------------------------------------------------------------------------------------------------


def known(at: sqlite3.Connection) -> Iterator[Known]:
    """What is stored, by root and source."""
    for row in at.execute(f"{_KNOWN} ORDER BY root, source"):
        yield Known(*row)


def known_at(at: sqlite3.Connection, root: str, source: str) -> Known | None:
    """What is stored at that place."""
    row = at.execute(f"{_KNOWN} WHERE root = ? AND source = ?", (root, source)).fetchone()
    return Known(*row) if row else None


def known_beneath(at: sqlite3.Connection, root: str, source: str) -> Iterator[Known]:
    """What is stored with a source that goes on after `source` and a slash, by source."""
    query = f"{_KNOWN} WHERE root = ? AND source > ? AND source < ? ORDER BY source"
    for row in at.execute(query, (root, f"{source}/", f"{source}0")):  # 0 is what follows / in ASCII
        yield Known(*row)


def known_by_content(at: sqlite3.Connection, sha256: str) -> list[Known]:
    """What is stored of a file with these bytes, by root and source."""
    return [Known(*row) for row in at.execute(f"{_KNOWN} WHERE sha256 = ? ORDER BY root, source", (sha256,))]


def roots(at: sqlite3.Connection) -> list[str]:
    """The different roots, sorted; found without looking at every document."""
    out: list[str] = []
    query = "SELECT root FROM documents WHERE root > ? ORDER BY root LIMIT 1"
    row = at.execute("SELECT min(root) FROM documents").fetchone()
    while row and row[0] is not None:
        out.append(str(row[0]))
        row = at.execute(query, row).fetchone()
    return out


# --- reading ----------------------------------------------------------------------------------------------------------


def info(at: sqlite3.Connection, as_: Principal) -> Iterator[DocumentInfo]:
    """The visible documents without their text, by source."""
    for row in at.execute(f"{_INFO} ORDER BY d.source, d.root"):
        if found := _visible(row, as_):
            yield found


def summary(at: sqlite3.Connection, identity: str, as_: Principal) -> tuple[int, DocumentInfo] | None:
    """(number, the document without its text); None if it is not there or not visible."""
    row = at.execute(f"{_INFO} WHERE d.id = ?", (identity,)).fetchone()
    found = _visible(row, as_) if row else None
    return (int(row[0]), found) if found else None


def document(at: sqlite3.Connection, identity: str, as_: Principal) -> Document | None:
    """The document with that public id; None if it is not there or not visible."""
    found = summary(at, identity, as_)
    if found is None:
        return None
    text, pages, headings, tables = at.execute(
        "SELECT text, page_starts, headings, tables FROM documents WHERE number = ?", found[:1]
    ).fetchone()
    return Document(
        found[1],
        text,
        tuple(json.loads(pages)),
        tuple(Heading(*item) for item in json.loads(headings)),
        tuple(Table(*item) for item in json.loads(tables)),
    )


def _visible(row: Sequence[Any], as_: Principal) -> DocumentInfo | None:
    """The document of a row of _INFO, if the principal may read it."""
    (
        number,
        access,
        stored,
        identity,
        source,
        title,
        pages,
        chunks,
        characters,
        media,
        language,
        sha256,
        metadata,
        at,
        original,
    ) = row
    groups = groups_of(number, access, stored)
    if groups is None or not as_.may_read(groups):
        return None
    return DocumentInfo(
        id=identity,
        source=source,
        title=title,
        groups=groups,
        pages=pages,
        chunks=chunks,
        characters=characters,
        media_type=media,
        language=language,
        sha256=sha256,
        metadata=json.loads(metadata),
        ingested_at=at,
        original=bool(original),
    )

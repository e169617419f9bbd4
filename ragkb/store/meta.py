"""The catalogue's own record: generation, reserved numbers, the commit at hand, and the files of both indexes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

from ragkb.store.records import IndexFile


@dataclass(frozen=True, slots=True)
class Record:
    """All of it as one transaction sees it. vectors, lexical: the files of each index, by name."""

    values: Mapping[str, str]
    vectors: tuple[IndexFile, ...]
    lexical: tuple[IndexFile, ...]

    @property
    def lexical_files(self) -> tuple[str, tuple[IndexFile, ...]]:
        """The folder of the lexical index, and its files."""
        return self.values["lexical_folder"], self.lexical

    @property
    def generation(self) -> int:
        """The number of commits so far."""
        return int(self.values["generation"])

    @property
    def pending(self) -> bool:
        """Whether a commit was begun and not ended: a writer is at work, has failed, or has died."""
        return self.values.get("pending") == "1"

    @property
    def forgotten(self) -> int:
        """The generation up to which removals are no longer recorded."""
        return int(self.values.get("forgotten", 0))


def record(at: sqlite3.Connection) -> Record:
    """The record that the transaction sees."""
    files: dict[str, list[IndexFile]] = {"vectors": [], "lexical": []}
    for kind, *file in at.execute(f"SELECT kind, name, sha256, bytes, rows {_FILES}"):
        files[kind].append(IndexFile(*file))
    return Record(values(at), tuple(files["vectors"]), tuple(files["lexical"]))


def values(at: sqlite3.Connection) -> dict[str, str]:
    """All of the meta table."""
    return dict(at.execute("SELECT key, value FROM meta"))


def put(at: sqlite3.Connection, key: str, value: object) -> None:
    """Sets one value of the meta table.

    background: see embeddings.background; measured anew when committed_chunk has doubled.
    committed_chunk: chunks with a greater number that an index holds are phantoms of a writer that died.
    pending: 1 from the reservation of numbers to the commit: the lexical index may be ahead of the catalogue.
    seal: SHA-256 over the rest of meta and over index_files, originals aside: those have a seal of their own.
    originals: see originals.is_sealed.
    lexical_folder: the folder of the lexical index in force. terms: see lexical.TERMS; absent in older stores.
    embedder, dim, models, target: see models.py.
    forgotten: the generation up to which removals are no longer recorded.
    """
    at.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(value)))


def generation(at: sqlite3.Connection) -> int:
    """The number of commits so far."""
    return int(at.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])


def next_generation(at: sqlite3.Connection) -> int:
    """Raises the generation by one and returns it."""
    at.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
    return generation(at)


def reserve(at: sqlite3.Connection, key: str, count: int) -> int:
    """The first of `count` numbers that nobody else will ever get, even if the caller dies now.

    key: "next_document" or "next_chunk".
    """
    first = int(at.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])
    at.execute("UPDATE meta SET value = ? WHERE key = ?", (str(first + count), key))
    return first


def pending(at: sqlite3.Connection) -> bool:
    """Whether a commit was begun and not ended: a writer is at work, has failed, or has died."""
    return values(at).get("pending") == "1"


def seal(at: sqlite3.Connection) -> None:
    """Makes a flipped bit in what the whole store hangs on noticeable: set at the end of every write transaction."""
    put(at, "seal", _seal(at))


def is_sealed(at: sqlite3.Connection) -> bool:
    """Whether meta and the list of index files are what the last commit wrote."""
    return values(at).get("seal") == _seal(at)


def _seal(at: sqlite3.Connection) -> str:
    held = sorted(item for item in values(at).items() if item[0] != "seal")
    files = at.execute(f"SELECT kind, name, sha256, bytes, rows {_FILES}").fetchall()
    return hashlib.sha256(repr((held, files)).encode("utf-8", "surrogatepass")).hexdigest()


# subtle: the list of originals in that table may be long, and is not walked through
_FILES = "FROM index_files WHERE kind IN ('lexical', 'vectors') ORDER BY kind, name"


def index_files(at: sqlite3.Connection, kind: str) -> list[IndexFile]:
    """The files of one index, by name. kind: "vectors" or "lexical"."""
    query = "SELECT name, sha256, bytes, rows FROM index_files WHERE kind = ? ORDER BY name"
    return [IndexFile(*row) for row in at.execute(query, (kind,))]


def set_index_files(at: sqlite3.Connection, kind: str, files: Iterable[IndexFile]) -> None:
    """Replaces the list of one index's files."""
    at.execute("DELETE FROM index_files WHERE kind = ?", (kind,))
    at.executemany("INSERT INTO index_files VALUES (?, ?, ?, ?, ?)", [(kind, *astuple(file)) for file in files])

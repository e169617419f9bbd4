"""The files that documents were made of, kept as they came, each under its SHA-256.

The catalogue lists one for each document that has one: a row of `index_files` named by the document's number. A file is
written before the commit that lists it and removed after the commit that stops listing it, so what a process that died
left is listed nowhere, and the next writer removes it. Documents with the same bytes share a file.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from ragkb.errors import StorageError
from ragkb.store import meta
from ragkb.store.crashpoints import reached
from ragkb.store.files import make_folders, sync_folder, write_durably
from ragkb.store.records import IndexFile

FOLDER = KIND = "originals"
REPAIR = "restore a backup, or ingest the file again"

# --- what the catalogue lists -----------------------------------------------------------------------------------------


def of(at: sqlite3.Connection, number: int) -> IndexFile | None:
    """The original of the document with that number; its `name` is that number."""
    row = at.execute(f"{_ROWS} AND name = ?", (str(number),)).fetchone()
    return IndexFile(*row) if row else None


def listed(at: sqlite3.Connection) -> Iterator[IndexFile]:
    """All of them, one a document."""
    for row in at.execute(f"{_ROWS} ORDER BY name"):
        yield IndexFile(*row)


def names(at: sqlite3.Connection) -> set[str]:
    """The files that are listed."""
    return {row[0] for row in at.execute(f"SELECT sha256 FROM index_files WHERE kind = '{KIND}'")}


def is_listed(at: sqlite3.Connection, sha256: str) -> bool:
    """Whether a document has this file; by the index of the documents, since the list has none by content."""
    query = f"""SELECT 1 FROM documents d JOIN index_files f ON f.kind = '{KIND}' AND f.name = CAST(d.number AS TEXT)
                WHERE d.sha256 = ? LIMIT 1"""
    return at.execute(query, (sha256,)).fetchone() is not None


def add(at: sqlite3.Connection, number: int, sha256: str, size: int) -> None:
    """Lists the document's original, if it is not listed."""
    if of(at, number) is None:
        at.execute("INSERT INTO index_files VALUES (?, ?, ?, ?, 0)", (KIND, str(number), sha256, size))
        _toggle(at, IndexFile(str(number), sha256, size, 0))


def drop(at: sqlite3.Connection, number: int) -> None:
    """Lists it no more."""
    held = of(at, number)
    if held:
        at.execute("DELETE FROM index_files WHERE kind = ? AND name = ?", (KIND, held.name))
        _toggle(at, held)


def is_sealed(at: sqlite3.Connection) -> bool:
    """Whether the list is what was written."""
    total = 0
    for file in listed(at):
        total ^= _print(file)
    return f"{total:064x}" == meta.values(at).get(KIND, _NONE)


_ROWS = f"SELECT name, sha256, bytes, rows FROM index_files WHERE kind = '{KIND}'"
_NONE = "0" * 64


def _toggle(at: sqlite3.Connection, file: IndexFile) -> None:
    """subtle: the rows' hashes are XORed, so that the list is sealed without being read whole at each commit."""
    held = int(meta.values(at).get(KIND, _NONE), 16)
    meta.put(at, KIND, f"{held ^ _print(file):064x}")


def _print(file: IndexFile) -> int:
    told = f"{file.name} {file.sha256} {file.bytes} {file.rows}"
    return int.from_bytes(hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest(), "big")


# --- what is on disk --------------------------------------------------------------------------------------------------


class Originals:
    """The folder of the files."""

    def __init__(self, kb: Path) -> None:
        self.folder = kb / FOLDER

    def put(self, sha256: str, data: bytes) -> None:
        """Writes the file; it is whole on disk afterwards."""
        make_folders(self.folder)
        if not (self.folder / sha256).exists():
            write_durably(self.folder / sha256, data)

    def read(self, file: IndexFile) -> bytes:
        """The bytes, checked. Raises FileNotFoundError, StorageError if they are not what was stored."""
        path = self.folder / file.sha256
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise StorageError(f"{path}: damaged, its SHA-256 is another", REPAIR)
        return data

    def remove(self, files: Iterable[str]) -> None:
        """Removes files that no commit lists any more."""
        for name in files:
            (self.folder / name).unlink(missing_ok=True)
            reached("original removed")

    def remove_others(self, names: set[str]) -> None:
        """Removes what is in the folder beside these."""
        if self.folder.is_dir():
            self.remove(sorted(path.name for path in self.folder.iterdir() if path.name not in names))

    def sync(self) -> None:
        """Makes removals durable."""
        if self.folder.is_dir():
            sync_folder(self.folder)

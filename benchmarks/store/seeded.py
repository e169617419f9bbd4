"""Faults to seed into the commit protocol: that the checks notice each of them shows that the checks can see."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragkb.store import backup, catalogue, documents, files, lexical, meta, store, writer
from ragkb.store.catalogue import Catalogue
from ragkb.store.lexical import LexicalIndex
from ragkb.store.records import Entry, IndexFile
from ragkb.store.writer import Writer

Patch = tuple[object, str, object]


def _catalogue_before_lexical() -> list[Patch]:
    """The catalogue is committed first, then the lexical index."""
    commit, write = Writer.commit, LexicalIndex.write

    def late(self: Writer, entries: Sequence[Entry], remove: Sequence[str] = ()) -> list[str]:
        calls: list[tuple[Any, ...]] = []
        LexicalIndex.write = lambda *given, **more: calls.append((list(given[1]), *given[2:]))  # type: ignore
        try:
            ids = commit(self, entries, remove)
        finally:
            LexicalIndex.write = write  # type: ignore[method-assign]
        with self._store.catalogue.read() as at:
            index = self._store.lexical(meta.record(at))
        for call in calls:
            index.write(*call)
        found = self._lexical_files(index)
        with self._store.catalogue.write() as at:
            meta.set_index_files(at, "lexical", found)
        return ids

    return [(Writer, "commit", late)]


def _catalogue_before_vectors() -> list[Patch]:
    """The catalogue is committed first, then the vectors come under the name that it lists."""
    commit, write = Writer.commit, writer.write_segment
    waiting: list[tuple[Path, Path]] = []

    def aside(folder: Path, *given: Any) -> IndexFile:
        file = write(folder, *given)
        hidden = folder.parent / f".{file.name}"
        (folder / file.name).rename(hidden)
        waiting.append((hidden, folder / file.name))
        return file

    def late(self: Writer, entries: Sequence[Entry], remove: Sequence[str] = ()) -> list[str]:
        ids = commit(self, entries, remove)
        while waiting:
            hidden, path = waiting.pop()
            hidden.rename(path)
        return ids

    return [(Writer, "commit", late), (writer, "write_segment", aside), (writer, "to_merge", lambda files: [])]


def _merged_removed_too_early() -> list[Patch]:
    """Segments that were merged are removed before the catalogue stops listing them."""
    segments = Writer._segments

    def early(self: Writer, placed: Any) -> Any:
        files, obsolete = segments(self, placed)
        for file in obsolete:
            (self._vectors / file.name).unlink(missing_ok=True)
        return files, obsolete

    return [(Writer, "_segments", early)]


def _a_commit_for_each_document() -> list[Patch]:
    """A batch is several transactions."""
    insert = documents.insert

    def one(at: sqlite3.Connection, *given: Any) -> None:
        insert(at, *given)
        meta.seal(at)
        at.execute("COMMIT")
        at.execute("BEGIN IMMEDIATE")

    return [(documents, "insert", one)]


def _numbers_used_twice() -> list[Patch]:
    """The numbers of removed documents and chunks are given out again."""

    def reserve(at: sqlite3.Connection, key: str, count: int) -> int:
        table = {"next_document": "documents", "next_chunk": "chunks"}[key]
        return int(at.execute(f"SELECT coalesce(max(number), 0) + 1 FROM {table}").fetchone()[0])

    return [(meta, "reserve", reserve)]


def _no_recovery() -> list[Patch]:
    """What a dead writer left stays."""
    return [(Writer, "recover", lambda self: None)]


def _no_mark() -> list[Patch]:
    """A commit that was begun is not marked, so that its remains are not looked for."""
    put = meta.put

    def silent(at: sqlite3.Connection, key: str, value: object) -> None:
        put(at, key, 0 if key == "pending" else value)

    return [(meta, "put", silent)]


def _no_sync_of_files() -> list[Patch]:
    """Files are renamed into place without having been synced."""
    return [(files.os, "fsync", _only(files.os.fsync, folders=True))]


def _no_sync_of_folders() -> list[Patch]:
    """Renames are not made durable."""
    nothing: Callable[[Path], None] = lambda folder: None  # noqa: E731
    return [(module, "sync_folder", nothing) for module in (files, lexical, store, catalogue, backup)]


def _no_sync_by_sqlite() -> list[Patch]:
    """SQLite leaves it to the system when a transaction reaches the disk."""
    connect = Catalogue._connect

    def careless(self: Catalogue) -> sqlite3.Connection:
        connection = connect(self)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    return [(Catalogue, "_connect", careless)]


def _only(fsync: Callable[[int], None], folders: bool) -> Callable[[int], None]:
    def some(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) == folders:
            fsync(descriptor)

    return some


# name: (what it does wrong, what sees it). No kill shows what only a power cut loses. order: the rules of order.py over
# the system calls of a commit, and replay.py; replay: replay.py alone.
MUTATIONS: dict[str, tuple[Callable[[], list[Patch]], str]] = {
    "catalogue before lexical index": (_catalogue_before_lexical, "kills and deaths"),
    "catalogue before vectors": (_catalogue_before_vectors, "kills and deaths"),
    "merged segments removed before the commit": (_merged_removed_too_early, "kills and deaths"),
    "a commit for each document": (_a_commit_for_each_document, "kills and deaths"),
    "numbers used twice": (_numbers_used_twice, "kills and deaths"),
    "no recovery": (_no_recovery, "kills and deaths"),
    "no mark of a commit that was begun": (_no_mark, "kills and deaths"),
    "files are not synced": (_no_sync_of_files, "order"),
    "folders are not synced": (_no_sync_of_folders, "order"),
    "SQLite does not sync": (_no_sync_by_sqlite, "replay"),
}


@contextmanager
def applied(name: str) -> Iterator[None]:
    """The mutation holds inside; '' is none."""
    patches = MUTATIONS[name][0]() if name else []
    held = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in patches]
    try:
        for owner, attribute, value in patches:
            setattr(owner, attribute, value)
        yield
    finally:
        for owner, attribute, value in held:
            setattr(owner, attribute, value)

"""The oracle: what `ragkb verify` runs is what the crash tests run."""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ragkb.errors import StorageError
from ragkb.store import catalogue
from ragkb.store.files import sha256_file
from ragkb.store.records import Problem
from ragkb.store.store import FRESH, Store
from ragkb.store.vectors import Segment


def verify(store: Store) -> list[Problem]:
    """Every inconsistency between catalogue, files and indexes. Empty: the store is whole."""
    with store.catalogue.read() as at:
        problems = [*_sqlite(at)]
        if not problems:
            problems += [*_documents(at), *_embeddings(at, store), *_files(at, store)]
            damaged = {problem.where for problem in problems if problem.kind in ("missing", "checksum")}
            problems += [*_vectors(at, store, damaged), *_lexical(at, store, damaged)]
    return problems


def _sqlite(at: sqlite3.Connection) -> Iterator[Problem]:
    try:
        rows = [row[0] for row in at.execute("PRAGMA integrity_check")] + [
            f"{row[0]}: row {row[1]} points to nothing" for row in at.execute("PRAGMA foreign_key_check")
        ]
    except sqlite3.DatabaseError as error:
        rows = [str(error)]
    for row in rows:
        if row != "ok":
            yield Problem("catalogue", "catalogue.sqlite", row)


def _documents(at: sqlite3.Connection) -> Iterator[Problem]:
    for number, identity, length, stored in at.execute("SELECT number, id, length(text), checksum FROM documents"):
        if catalogue.stored_checksum(at, number) != stored:
            yield Problem("checksum", f"document {identity}", "its rows are not what was stored")
        for start, end in at.execute("SELECT start, end FROM chunks WHERE document = ?", (number,)):
            if not 0 <= start < end <= length:
                yield Problem("malformed", f"document {identity}", f"chunk {start}..{end} of {length} characters")


def _embeddings(at: sqlite3.Connection, store: Store) -> Iterator[Problem]:
    for digest, vector, crc in at.execute("SELECT digest, vector, checksum FROM embeddings"):
        if zlib.crc32(vector) != crc or len(vector) != 2 * store.dim:
            yield Problem("checksum", f"embedding {digest.hex()}", "its vector is not what was stored")
    query = """SELECT count(*) FROM chunks c
               WHERE NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.digest = c.digest AND e.model = ?)"""
    missing = at.execute(query, (store.embedder,)).fetchone()[0]
    if missing:
        yield Problem("missing", "embeddings", f"{missing} chunks have none")


def _files(at: sqlite3.Connection, store: Store) -> Iterator[Problem]:
    lexical = catalogue.meta(at)["lexical_folder"]
    for kind, folder in (("vectors", store.folder / "vectors"), ("lexical", store.folder / lexical)):
        listed = {file.name: file for file in catalogue.index_files(at, kind)}
        for name, file in listed.items():
            if not (folder / name).is_file():
                yield Problem("missing", f"{kind}/{name}", "listed in the catalogue, not on disk")
            elif sha256_file(folder / name) != file.sha256:
                yield Problem("checksum", f"{kind}/{name}", "its SHA-256 is not the one in the catalogue")
        yield from _unlisted(folder, kind, set(listed))
    for path in sorted(store.folder.glob("lexical-*")):
        if path.name != lexical:
            yield Problem("phantom", path.name, "a folder that is not in force; the next write removes it")


def _unlisted(folder: Path, kind: str, listed: set[str]) -> Iterator[Problem]:
    fresh = set() if listed else FRESH
    for path in sorted(folder.glob("*")):
        if path.name not in listed | fresh and path.suffix != ".lock":
            yield Problem("phantom", f"{kind}/{path.name}", "on disk, not listed; the next write removes it")


def _vectors(at: sqlite3.Connection, store: Store, damaged: set[str]) -> Iterator[Problem]:
    wanted = dict(catalogue.all_vectors(at, store.embedder)) if "embeddings" not in damaged else {}
    counts: Counter[int] = Counter()
    for file in catalogue.index_files(at, "vectors"):
        if f"vectors/{file.name}" in damaged:
            continue
        segment = Segment.load(store.folder / "vectors", file)
        for number, vector in zip(segment.numbers().tolist(), segment.vectors(), strict=True):
            counts[number] += 1
            if number in wanted and not np.array_equal(wanted[number].astype(np.float32), vector):
                yield Problem("malformed", f"vectors/{file.name}", f"chunk {number} has another vector")
    if not any(where.startswith("vectors/") for where in damaged):
        yield from _compare("vectors", set(wanted), counts)


def _lexical(at: sqlite3.Connection, store: Store, damaged: set[str]) -> Iterator[Problem]:
    if any(where.startswith("lexical/") for where in damaged):
        return
    try:
        counts = Counter(store.lexical(at).searcher().chunk_numbers())
    except (StorageError, FileNotFoundError) as error:
        yield Problem("malformed", "lexical", str(error))
        return
    yield from _compare("lexical", {row[0] for row in at.execute("SELECT number FROM chunks")}, counts)
    last = int(catalogue.meta(at)["committed_chunk"])
    for number in sorted(number for number in counts if number > last):
        yield Problem("phantom", "lexical", f"chunk {number} was never committed; the next write removes it")


def _compare(where: str, wanted: set[int], counts: Counter[int]) -> Iterator[Problem]:
    """Chunks of removed documents may still be in an index: they are invisible, and no problem."""
    for number in sorted(wanted - counts.keys()):
        yield Problem("missing", where, f"chunk {number} is not in the index")
    for number in sorted(number for number, count in counts.items() if count > 1 and number in wanted):
        yield Problem("duplicate", where, f"chunk {number} is there {counts[number]} times")

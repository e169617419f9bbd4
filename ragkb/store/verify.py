"""The oracle: what `ragkb verify` runs is what the crash tests run."""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ragkb.errors import StorageError
from ragkb.store import documents, embeddings, meta, models, originals
from ragkb.store.catalogue import CATALOGUE, sound
from ragkb.store.files import sha256_file
from ragkb.store.lock import is_held
from ragkb.store.records import IndexFile, Problem
from ragkb.store.schema import SCHEMA
from ragkb.store.store import Store
from ragkb.store.vectors import Segment

ATTEMPTS = 4
_STATE = "SELECT key, value FROM meta WHERE key IN ('generation', 'pending', 'next_chunk') ORDER BY key"


def verify(store: Store) -> list[Problem]:
    """Every inconsistency between catalogue, files and indexes. Empty: the store is whole.

    A writer that is at work meanwhile is no inconsistency: what it changed under our eyes is looked at again, and what
    it is about to commit is left out. One that died leaves problems of the kind "phantom" alone.
    """
    found: list[Problem] | None = None
    for _ in range(ATTEMPTS):
        try:
            with store.catalogue.read() as at:
                state = at.execute(_STATE).fetchall()
                problems = _problems(at, store)
            if is_held(store.folder):
                problems = [problem for problem in problems if problem.kind != "phantom"]
            with store.catalogue.read() as at:
                undisturbed = state == at.execute(_STATE).fetchall()
        except StorageError as error:
            return [Problem("catalogue", CATALOGUE, str(error))]
        found = problems if found is None else [problem for problem in problems if problem in found]
        if undisturbed or not found:
            break
    return found or []


def _problems(at: sqlite3.Connection, store: Store) -> list[Problem]:
    problems = [*_sqlite(at)] or [*_meta(at, store)]
    if problems:
        return problems
    with sound(store.catalogue.path):
        problems += [*_files(at, store), *_log(at, store), *_documents(at), *_removed(at), *_embeddings(at, store)]
        damaged = {problem.where for problem in problems if problem.kind in ("missing", "checksum")}
        problems += [*_vectors(at, store, damaged), *_lexical(at, store, damaged), *_originals(at, store)]
    return problems


# --- catalogue --------------------------------------------------------------------------------------------------------


def _sqlite(at: sqlite3.Connection) -> Iterator[Problem]:
    try:
        rows = [row[0] for row in at.execute("PRAGMA integrity_check") if row[0] != "ok"]
        rows += [f"{row[0]}: row {row[1]} points to nothing" for row in at.execute("PRAGMA foreign_key_check")]
        if _schema(at) != _expected_schema():
            rows.append("its tables are not those of this format")
    except sqlite3.DatabaseError as error:
        rows = [str(error)]
    for row in rows:
        yield Problem("catalogue", CATALOGUE, row)


def _schema(at: sqlite3.Connection) -> list[tuple[str, ...]]:
    return at.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()


def _expected_schema() -> list[tuple[str, ...]]:
    empty = sqlite3.connect(":memory:")
    try:
        empty.executescript(SCHEMA)
        return _schema(empty)
    finally:
        empty.close()


def _meta(at: sqlite3.Connection, store: Store) -> Iterator[Problem]:
    try:
        store.catalogue.check_seal(at)
    except StorageError as error:
        yield Problem("checksum", CATALOGUE, error.message)


def _log(at: sqlite3.Connection, store: Store) -> Iterator[Problem]:
    try:
        store.catalogue.check_log(at)
    except StorageError as error:
        yield Problem("missing", f"{CATALOGUE}-wal", error.message)


def _documents(at: sqlite3.Connection) -> Iterator[Problem]:
    query = "SELECT number, id, length(text), checksum, access, access_checksum FROM documents"
    for number, identity, length, stored, *access in at.execute(query):
        if documents.checksum(at, number) != stored or documents.groups_of(number, *access) is None:
            yield Problem("checksum", f"document {identity}", f"its rows in {CATALOGUE} are not what was stored")
        for start, end in at.execute("SELECT start, end FROM chunks WHERE document = ?", (number,)):
            if not 0 <= start < end <= length:
                yield Problem("malformed", f"document {identity}", f"chunk {start}..{end} of {length} characters")


def _removed(at: sqlite3.Connection) -> Iterator[Problem]:
    """Removed documents that are there, or that a later commit than the last one removed."""
    now = meta.generation(at)
    query = """SELECT document FROM removed WHERE generation > ? OR in_lexical NOT IN (0, 1)
               OR EXISTS (SELECT 1 FROM documents WHERE number = document)"""
    for (number,) in at.execute(query, (now,)):
        yield Problem("malformed", CATALOGUE, f"the record of the removed document {number} is not what was stored")


def _embeddings(at: sqlite3.Connection, store: Store) -> Iterator[Problem]:
    bytes_of = {key: 2 * model.dim for key, model in models.held(at).items()}
    for digest, model, vector, crc in at.execute("SELECT digest, model, vector, checksum FROM embeddings"):
        if zlib.crc32(vector) != crc or len(vector) != bytes_of.get(model):
            yield Problem("checksum", f"embedding {digest.hex()}", f"its vector in {CATALOGUE} is not what was stored")
    query = """SELECT count(*) FROM chunks c
               WHERE NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.digest = c.digest AND e.model = ?)"""
    missing = at.execute(query, (models.in_force(at).key,)).fetchone()[0]
    if missing:
        yield Problem("missing", "embeddings", f"{missing} chunks have none in {CATALOGUE}")


# --- files ------------------------------------------------------------------------------------------------------------


def _files(at: sqlite3.Connection, store: Store) -> Iterator[Problem]:
    """Files that are missing, changed or too many. What a commit that was begun explains is a phantom, no damage."""
    lexical = meta.values(at)["lexical_folder"]
    yield from _file_problems("lexical", store.folder / lexical, meta.index_files(at, "lexical"), meta.pending(at))
    yield from _file_problems("vectors", store.folder / "vectors", meta.index_files(at, "vectors"), False)
    for path in sorted(store.folder.glob("lexical-*")):
        if path.name != lexical:
            yield Problem("phantom", path.name, "a folder that is not in force; the next write removes it")


def _file_problems(kind: str, folder: Path, listed: list[IndexFile], begun: bool) -> Iterator[Problem]:
    for file in sorted(listed, key=lambda file: not file.name.endswith(".json")):  # what a writer changes comes first
        where, digest = f"{kind}/{file.name}", _digest(folder / file.name)
        if digest == file.sha256:
            continue
        if begun and digest is None:
            continue  # merged by the commit that was begun; if not, chunks are missing
        if begun and file.name.endswith(".json"):
            yield Problem("phantom", where, "of a commit that was begun and not ended; the next write takes it back")
        elif digest is None:
            yield Problem("missing", where, "listed in the catalogue, not on disk")
        else:
            yield Problem("checksum", where, "its SHA-256 is not the one in the catalogue")
    names = {file.name for file in listed}
    for path in sorted(folder.glob("*")):
        if path.name not in names and path.suffix != ".lock":
            yield Problem("phantom", f"{kind}/{path.name}", "on disk, not listed; the next write removes it")


def _digest(path: Path) -> str | None:
    try:
        return sha256_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return str(error)


def _originals(at: sqlite3.Connection, store: Store) -> Iterator[Problem]:
    if not originals.is_sealed(at):
        yield Problem("checksum", CATALOGUE, "its list of originals is not what was stored")
    query = """SELECT count(*) FROM index_files f WHERE kind = ? AND NOT EXISTS
        (SELECT 1 FROM documents d WHERE d.number = CAST(f.name AS INTEGER) AND d.sha256 = f.sha256)"""
    strange = at.execute(query, (originals.KIND,)).fetchone()[0]
    if strange:
        yield Problem("malformed", CATALOGUE, f"{strange} originals belong to no document")
    listed = {file.sha256 for file in originals.listed(at)}
    for name in sorted(listed):
        digest = _digest(store.originals.folder / name)
        if digest is None:
            yield Problem("missing", f"originals/{name}", "listed in the catalogue, not on disk")
        elif digest != name:
            yield Problem("checksum", f"originals/{name}", "its SHA-256 is not its name")
    for path in sorted(store.originals.folder.glob("*")):
        if path.name not in listed:
            yield Problem("phantom", f"originals/{path.name}", "on disk, not listed; the next write removes it")


# --- indexes ----------------------------------------------------------------------------------------------------------


def _vectors(at: sqlite3.Connection, store: Store, damaged: set[str]) -> Iterator[Problem]:
    wanted = dict(embeddings.vectors(at, models.in_force(at).key)) if "embeddings" not in damaged else {}
    counts: Counter[int] = Counter()
    for file in meta.index_files(at, "vectors"):
        if f"vectors/{file.name}" in damaged:
            continue
        try:
            segment = Segment(store.folder / "vectors", file)
            rows = list(zip(segment.numbers().tolist(), np.asarray(segment.vectors()), strict=True))
        except (StorageError, FileNotFoundError) as error:
            yield Problem("missing", f"vectors/{file.name}", str(error))
            damaged.add(f"vectors/{file.name}")
            continue
        for number, vector in rows:
            counts[number] += 1
            if number in wanted and not np.array_equal(wanted[number], vector):
                yield Problem("malformed", f"vectors/{file.name}", f"chunk {number} has another vector")
    if not any(where.startswith("vectors/") for where in damaged):
        yield from _compare("vectors", set(wanted), counts)


def _lexical(at: sqlite3.Connection, store: Store, damaged: set[str]) -> Iterator[Problem]:
    if any(where.startswith("lexical/") for where in damaged):
        return
    try:
        counts = Counter(store.lexical(meta.record(at)).searcher().chunk_numbers())
    except (StorageError, FileNotFoundError) as error:
        yield Problem("malformed", "lexical", str(error))
        return
    yield from _compare("lexical", {row[0] for row in at.execute("SELECT number FROM chunks")}, counts)
    last = int(meta.values(at)["committed_chunk"])
    for number in sorted(number for number in counts if number > last):
        yield Problem("phantom", "lexical", f"chunk {number} was never committed; the next write removes it")


def _compare(where: str, wanted: set[int], counts: Counter[int]) -> Iterator[Problem]:
    """Chunks of removed documents may still be in an index: they are invisible, and no problem."""
    for number in sorted(wanted - counts.keys()):
        yield Problem("missing", where, f"chunk {number} is not in the index")
    for number in sorted(number for number, count in counts.items() if count > 1 and number in wanted):
        yield Problem("duplicate", where, f"chunk {number} is there {counts[number]} times")

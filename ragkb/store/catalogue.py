"""The catalogue: SQLite in WAL mode, `synchronous=FULL`. One transaction a read and a write, errors made ours.

What is read and written in these transactions stands in meta.py, documents.py, embeddings.py and schema.py.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ragkb.errors import Busy, InputError, StorageError
from ragkb.store import meta
from ragkb.store.crashpoints import reached
from ragkb.store.files import storage_errors, sync_file, sync_folder
from ragkb.store.lexical import TERMS
from ragkb.store.records import IndexFile
from ragkb.store.schema import APPLICATION_ID, FORMAT, SCHEMA

CATALOGUE = "catalogue.sqlite"
GENERATION = "generation.json"
STAGING = ".catalogue.sqlite.new"
PATIENCE = 10  # seconds that SQLite waits for others
DAMAGED = "run `ragkb verify`; a backup can be restored"


class Catalogue:
    """The catalogue of one knowledge base. Reading is safe from several threads; each read is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._closed = False

    @classmethod
    def create(cls, path: Path, model: Mapping[str, object], lexical: tuple[str, Sequence[IndexFile]]) -> None:
        """Writes an empty catalogue at `path`, whole or not at all. model: of models.first. lexical: folder, files."""
        staging = path.with_name(STAGING)
        first = {
            "generation": 0,
            "next_document": 1,
            "next_chunk": 1,
            "committed_chunk": 0,
            "pending": 0,
            "background": 0,
            "lexical_folder": lexical[0],
            "terms": TERMS,
            **model,
            "kb": secrets.token_hex(16),
        }
        with storage_errors(path), _sqlite_errors(path):
            for leftover in (staging, path.with_name(f"{STAGING}-journal")):
                leftover.unlink(missing_ok=True)
            connection = sqlite3.connect(staging, isolation_level=None)
            try:
                connection.execute("PRAGMA synchronous = FULL")
                marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
                connection.executescript(f"BEGIN; {marks} {SCHEMA}")
                connection.executemany("INSERT INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in first.items()])
                meta.set_index_files(connection, "lexical", lexical[1])
                meta.seal(connection)
                connection.execute("COMMIT")
            finally:
                connection.close()
            reached("create: catalogue written")
            staging.rename(path)
            sync_folder(path.parent)

    def check(self) -> None:
        """Raises InputError for a foreign SQLite file or a format that this version does not read, StorageError."""
        version = self.format()
        if 0 < version < FORMAT:
            raise InputError(
                f"{self.path}: format {version} of an older ragkb, this one reads format {FORMAT}",
                "copy the folder, then run `ragkb doctor --migrate`",
            )
        with self.read() as at, sound(self.path):
            self.check_seal(at)

    def format(self) -> int:
        """The on-disk format. Raises InputError for a foreign SQLite file or a newer ragkb's, StorageError."""
        with self.read() as at:
            application = at.execute("PRAGMA application_id").fetchone()[0]
            version = int(at.execute("PRAGMA user_version").fetchone()[0])
        if application != APPLICATION_ID:
            raise InputError(f"{self.path}: an SQLite file that is not ragkb's", "name another folder")
        if version > FORMAT:
            raise InputError(f"{self.path}: format {version}, this ragkb reads up to {FORMAT}", "upgrade ragkb")
        if version < 1:
            raise StorageError(f"{self.path}: damaged, format {version} was never written", DAMAGED)
        return version

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one read transaction: everything read belongs to one generation.

        Only what SQLite raises becomes a StorageError: what else goes wrong in the caller's block is the caller's.
        """
        with _sqlite_errors(self.path):
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = self._connect()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def write(self, foreign_keys: bool = True) -> Iterator[sqlite3.Connection]:
        """A connection inside one write transaction, committed at the end. Needs the writer's lock."""
        with storage_errors(self.path), _sqlite_errors(self.path):
            connection = self._connect()
            try:
                connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                meta.seal(connection)
                now = meta.values(connection)
                reached("catalogue: before commit")
                connection.execute("COMMIT")
                reached("catalogue: committed")
            finally:
                connection.close()  # subtle: closing rolls an open transaction back
        self._witness(now)

    def vacuum(self) -> None:
        """Rewrites the file without free pages and empties the write-ahead log, durably. Needs the writer's lock.

        Raises Busy if a reader holds on to the old pages: they are then still in the file.
        """
        with storage_errors(self.path), _sqlite_errors(self.path):
            connection = self._connect()
            try:
                connection.execute("VACUUM")
                reached("catalogue: vacuumed")
                blocked, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                sync_file(self.path.with_name(f"{self.path.name}-wal"))  # subtle: SQLite does not, once it is empty
                reached("catalogue: log emptied")
            finally:
                connection.close()
        if blocked:
            raise Busy(f"{self.path}: a reader still holds what was removed", "purge again when it is done")

    def check_seal(self, at: sqlite3.Connection) -> None:
        """Raises StorageError if meta or the list of index files is not what the last commit wrote."""
        if not meta.is_sealed(at):
            raise StorageError(f"{self.path}: damaged, its table `meta` or `index_files` was changed", DAMAGED)

    def check_log(self, at: sqlite3.Connection) -> None:
        """Raises StorageError if a commit is gone: SQLite drops a damaged end of its write-ahead log in silence."""
        record = meta.values(at)
        kept, seen = int(record["generation"]), self._witnessed(record["kb"])
        if seen > kept:
            with self.read() as newer:  # subtle: `at` may be older than a commit that came in between
                kept = max(kept, meta.generation(newer))
        if seen > kept:
            raise StorageError(
                f"{self.path}-wal: damaged or gone, commit {seen} is lost and the catalogue holds {kept}",
                "restore a backup, or keep what is left with `ragkb doctor --rebuild`",
            )

    def _witnessed(self, kb: str) -> int:
        with suppress(OSError, ValueError, KeyError, TypeError):
            noted = json.loads(self._generation_file.read_bytes())
            seen = int(noted["generation"])
            if noted == _note(kb, seen):
                return seen
        return 0

    @property
    def _generation_file(self) -> Path:
        return self.path.with_name(GENERATION)

    def _witness(self, now: Mapping[str, str]) -> None:
        """Notes a commit beside the catalogue; a note that is missing or too old does no harm, so it is not synced."""
        staging = self.path.with_name(f".{GENERATION}.new")
        with suppress(OSError):
            staging.write_text(json.dumps(_note(now["kb"], int(now["generation"]))), "utf-8")
            os.replace(staging, self._generation_file)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        try:
            if connection.in_transaction:  # subtle: SQLite ends it by itself on some errors
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            connection.close()
            return
        connection.close() if self._closed else self._idle.put(connection)

    def copy_to(self, path: Path) -> None:
        """Writes a whole, compact copy of the last commit to `path`, while others read and write."""
        with _sqlite_errors(path):
            connection = self._connect()
            try:
                connection.execute("VACUUM INTO ?", (str(path),))
            finally:
                connection.close()

    def close(self) -> None:
        """Closes the idle connections; one in use closes when its read ends."""
        self._closed = True
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.path.resolve().as_uri()}?mode=rw"
        try:
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=PATIENCE, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
        except sqlite3.OperationalError:
            if os.access(self.path.parent, os.W_OK):
                raise
            raise StorageError(
                f"{self.path.parent}: read-only; readers too write a file there, to know of each other",
                "copy the knowledge base to where it can be written, or allow it",
            ) from None
        return connection


def _note(kb: str, generation: int) -> dict[str, int]:
    return {"generation": generation, "checksum": zlib.crc32(f"{kb} {generation}".encode())}


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"{path}: {error}", DAMAGED) from error


@contextmanager
def sound(path: Path) -> Iterator[None]:
    """Around reading rows alone: what cannot be understood there is damage. Raises StorageError."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise StorageError(f"{path}: damaged, a row cannot be understood ({error})", DAMAGED) from error

"""What is known of callers, beside the documents: their keys, what they were shown, what it cost, what they thought.

One SQLite file in the folder of the knowledge base, readable by its owner alone. It holds no secret: of a key there is
a SHA-256. It is no part of the catalogue, has no part in a commit, and any number of processes write to it in turn.
"""

from __future__ import annotations

import os
import queue
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ragkb.errors import InputError, StorageError
from ragkb.store.audit import AuditLog
from ragkb.store.feedback import Feedback, FeedbackBook
from ragkb.store.files import storage_errors
from ragkb.store.keys import KeyRing
from ragkb.store.usage import UsageBook

__all__ = ["LEDGER", "Feedback", "Ledger"]

LEDGER = "ledger.db"
APPLICATION_ID = 0x5241474C  # "RAGL"
FORMAT = 1
PATIENCE = 10  # seconds to wait for another process that writes
DAMAGED = "move ledger.db away; documents are not in it, keys have to be made anew"

SCHEMA = """
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,           -- reader, writer, admin
  groups TEXT NOT NULL,         -- JSON array, '*' in it sees everything
  digest BLOB NOT NULL,         -- SHA-256 of the key
  created_at TEXT NOT NULL,
  expires_at TEXT,
  revoked_at TEXT,
  last_used_at TEXT
) WITHOUT ROWID;

CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  request TEXT NOT NULL,        -- id of the request, as in X-Request-Id and in the log
  user TEXT NOT NULL,
  key TEXT NOT NULL,            -- id of the key, '' without one
  groups TEXT NOT NULL,         -- JSON array, at that time
  address TEXT NOT NULL,        -- of the caller
  action TEXT NOT NULL,         -- method and route
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  question TEXT NOT NULL,       -- '' if audit.questions is off
  documents TEXT NOT NULL       -- JSON [[id, source], ..] that were shown or changed
);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE usage (
  day TEXT NOT NULL,
  user TEXT NOT NULL,
  key TEXT NOT NULL,
  model TEXT NOT NULL,          -- generator that answered, '' without one
  requests INTEGER NOT NULL,
  questions INTEGER NOT NULL,
  abstentions INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  seconds REAL NOT NULL,
  PRIMARY KEY (day, user, key, model)
) WITHOUT ROWID;

CREATE TABLE feedback (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL,
  user TEXT NOT NULL,
  groups TEXT NOT NULL,         -- JSON array
  question TEXT NOT NULL,
  answer TEXT NOT NULL,
  rating TEXT NOT NULL,         -- up, down
  comment TEXT NOT NULL,
  correction TEXT NOT NULL,
  citations TEXT NOT NULL       -- JSON [{source, page, quote}, ..]
);
"""


class Ledger:
    """The ledger of one knowledge base. Safe to share between threads; the file is made when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._closed = False

    @cached_property
    def keys(self) -> KeyRing:
        """Who may call."""
        return KeyRing(self)

    @cached_property
    def audit(self) -> AuditLog:
        """Who was shown what."""
        return AuditLog(self)

    @cached_property
    def usage(self) -> UsageBook:
        """What it cost."""
        return UsageBook(self)

    def add_feedback(self, given: Feedback) -> Feedback:
        """Keeps what a person thought of an answer. Returns it with its id and time, which are made here."""
        return FeedbackBook(self).add(given)

    def feedback(self) -> list[Feedback]:
        """All of it, oldest first."""
        return FeedbackBook(self).all()

    def forget(self, sources: set[str]) -> None:
        """Wipes what may hold text of documents that are gone: feedback that cites others than `sources`, or nothing.

        Its question and rating stay. What an audit names, ids and sources, is no text of a document and stays too.
        Raises Busy if another process holds on to the old pages.
        """
        if not self.path.exists():
            return
        FeedbackBook(self).forget(sources)
        self._vacuum()

    # --- the file -------------------------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with."""
        with self._connection() as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection inside one write transaction, committed at the end.

        It survives the death of the process; with `durable` also a power cut, at the price of a sync.
        """
        with self._connection() as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def close(self) -> None:
        """Closes the idle connections; one in use closes when it is given back."""
        self._closed = True
        while not self._idle.empty():
            self._idle.get_nowait().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with storage_errors(self.path), self._sqlite_errors():
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = self._connect()
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.close() if self._closed else self._idle.put(connection)

    @contextmanager
    def _sqlite_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"{self.path}: {error}", DAMAGED) from error

    def _connect(self) -> sqlite3.Connection:
        # subtle: SQLite gives its -wal and -shm the rights of the file, which has to be private from the first byte on
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=PATIENCE, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Makes the tables if there are none. Raises InputError for a foreign file or a newer ragkb's."""
        if not _number(connection, "user_version"):
            connection.execute("BEGIN IMMEDIATE")
            if not _number(connection, "user_version"):  # else another process has made them in between
                marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};"
                for statement in f"{SCHEMA}{marks}".split(";"):
                    connection.execute(statement)
            connection.execute("COMMIT")
        if _number(connection, "application_id") != APPLICATION_ID:
            raise InputError(f"{self.path}: an SQLite file that is not ragkb's", "move it away")
        version = _number(connection, "user_version")
        if version > FORMAT:
            raise InputError(f"{self.path}: format {version}, this ragkb reads up to {FORMAT}", "upgrade ragkb")

    def _vacuum(self) -> None:
        """Rewrites the file without free pages and empties its write-ahead log."""
        with self._connection() as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])

"""The catalogue: SQLite in WAL mode, `synchronous=FULL`. All SQL of the project stands in this file and schema.py."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import secrets
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import Busy, InputError, StorageError
from ragkb.store.crashpoints import reached
from ragkb.store.files import storage_errors, sync_folder
from ragkb.store.records import Entry, Known
from ragkb.store.schema import APPLICATION_ID, FORMAT, SCHEMA
from ragkb.store.vectors import SegmentFile
from ragkb.types import Chunk, Document, DocumentInfo, Heading, Scalar, Table, headings_at, page_at

_INFO = """SELECT d.number, d.id, d.source, d.title, d.metadata, d.media_type, d.language, d.sha256, d.page_starts,
  d.ingested_at, length(d.text),
  (SELECT count(*) FROM chunks c WHERE c.document = d.number),
  (SELECT json_group_array(name) FROM (SELECT name FROM document_groups g WHERE g.document = d.number ORDER BY name))
  FROM documents d"""
FIELDS = ("id", "source", "title", "media_type", "language")
GENERATION = "generation.json"
STAGING = ".catalogue.sqlite.new"
PATIENCE = 10  # seconds that SQLite waits for others
DAMAGED = "run `ragkb verify`; a backup can be restored"


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


class Catalogue:
    """The catalogue of one knowledge base. Reading is safe from several threads; each read is one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._closed = False

    @classmethod
    def create(cls, path: Path, embedder: str, dim: int, lexical: tuple[str, Sequence[SegmentFile]]) -> None:
        """Writes an empty catalogue at `path`, whole or not at all. lexical: its folder and files."""
        staging = path.with_name(STAGING)
        meta = {
            "generation": 0,
            "next_document": 1,
            "next_chunk": 1,
            "committed_chunk": 0,
            "pending": 0,
            "lexical_folder": lexical[0],
            "embedder": embedder,
            "dim": dim,
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
                connection.executemany("INSERT INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in meta.items()])
                set_index_files(connection, "lexical", lexical[1])
                seal(connection)
                connection.execute("COMMIT")
            finally:
                connection.close()
            reached("create: catalogue written")
            staging.rename(path)
            sync_folder(path.parent)

    def check(self) -> None:
        """Raises InputError for a foreign SQLite file or a format this version does not know, StorageError."""
        with self.read() as at:
            application = at.execute("PRAGMA application_id").fetchone()[0]
            version = at.execute("PRAGMA user_version").fetchone()[0]
            if (application, version) == (APPLICATION_ID, FORMAT):
                with sound(self.path):
                    self.check_seal(at)
        if application != APPLICATION_ID:
            raise InputError(f"{self.path}: an SQLite file that is not ragkb's", "name another folder")
        if version > FORMAT:
            raise InputError(f"{self.path}: format {version}, this ragkb reads up to {FORMAT}", "upgrade ragkb")
        if version < FORMAT:
            raise StorageError(f"{self.path}: damaged, format {version} was never written", DAMAGED)

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
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one write transaction, committed at the end. Needs the writer's lock."""
        with storage_errors(self.path), _sqlite_errors(self.path):
            connection = self._connect()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                seal(connection)
                now = meta(connection)
                reached("catalogue: before commit")
                connection.execute("COMMIT")
                reached("catalogue: committed")
            finally:
                connection.close()  # subtle: closing rolls an open transaction back
        self._witness(now)

    def vacuum(self) -> None:
        """Rewrites the file without free pages and empties the write-ahead log. Needs the writer's lock.

        Raises Busy if a reader holds on to the old pages: they are then still in the file.
        """
        with _sqlite_errors(self.path):
            connection = self._connect()
            try:
                connection.execute("VACUUM")
                reached("catalogue: vacuumed")
                blocked, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                reached("catalogue: log emptied")
            finally:
                connection.close()
        if blocked:
            raise Busy(f"{self.path}: a reader still holds what was removed", "purge again when it is done")

    def check_seal(self, at: sqlite3.Connection) -> None:
        """Raises StorageError if meta or the list of index files is not what the last commit wrote."""
        if meta(at).get("seal") != _seal(at):
            raise StorageError(f"{self.path}: damaged, its table `meta` or `index_files` was changed", DAMAGED)

    def check_log(self, at: sqlite3.Connection) -> None:
        """Raises StorageError if a commit is gone: SQLite drops a damaged end of its write-ahead log in silence."""
        kept, seen = generation(at), self._witnessed(at)
        if seen > kept:
            with self.read() as newer:  # subtle: `at` may be older than a commit that came in between
                kept = max(kept, generation(newer))
        if seen > kept:
            raise StorageError(
                f"{self.path}-wal: damaged or gone, commit {seen} is lost and the catalogue holds {kept}",
                "restore a backup, or keep what is left with `ragkb doctor --rebuild`",
            )

    def _witnessed(self, at: sqlite3.Connection) -> int:
        with suppress(OSError, ValueError, KeyError, TypeError):
            noted = json.loads(self._generation_file.read_text("utf-8"))
            seen = int(noted["generation"])
            if noted == _note(meta(at)["kb"], seen):
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


# --- meta -------------------------------------------------------------------------------------------------------------


def meta(at: sqlite3.Connection) -> dict[str, str]:
    """All of the meta table."""
    return dict(at.execute("SELECT key, value FROM meta"))


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


def set_meta(at: sqlite3.Connection, key: str, value: object) -> None:
    """Sets one value of the meta table.

    committed_chunk: chunks with a greater number that an index holds are phantoms of a writer that died.
    pending: 1 from the reservation of numbers to the commit: the lexical index may be ahead of the catalogue.
    seal: SHA-256 over the rest of meta and over index_files.
    lexical_folder: the folder of the lexical index in force.
    """
    at.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(value)))


def pending(at: sqlite3.Connection) -> bool:
    """Whether a commit was begun and not ended: a writer is at work, has failed, or has died."""
    return meta(at).get("pending") == "1"


def seal(at: sqlite3.Connection) -> None:
    """Makes a flipped bit in what the whole store hangs on noticeable: set at the end of every write transaction."""
    set_meta(at, "seal", _seal(at))


def _seal(at: sqlite3.Connection) -> str:
    held = sorted(item for item in meta(at).items() if item[0] != "seal")
    files = at.execute("SELECT kind, name, sha256, bytes, rows FROM index_files ORDER BY kind, name").fetchall()
    return hashlib.sha256(repr((held, files)).encode("utf-8", "surrogatepass")).hexdigest()


# --- documents --------------------------------------------------------------------------------------------------------


def known_documents(at: sqlite3.Connection) -> list[Known]:
    """What is stored, by root and source."""
    rows = at.execute(
        """SELECT id, root, source, sha256, size, mtime_ns, fingerprint,
           (SELECT count(*) FROM chunks WHERE document = number), nullif(json_array_length(page_starts), 0)
           FROM documents ORDER BY root, source"""
    )
    return [Known(*row) for row in rows]


def public_id(at: sqlite3.Connection, root: str, source: str) -> str:
    """The id of the document at (root, source): the one it has, or one made of its source that is free."""
    row = at.execute("SELECT id FROM documents WHERE root = ? AND source = ?", (root, source)).fetchone()
    if row:
        return str(row[0])
    candidate = hashlib.sha256(source.encode()).hexdigest()[:16]
    salt = 0
    while at.execute("SELECT 1 FROM documents WHERE id = ?", (candidate,)).fetchone():
        salt += 1
        candidate = hashlib.sha256(f"{source}\n{root}\n{salt}".encode()).hexdigest()[:16]
    return candidate


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry goes. identity: the public id. number, first_chunk: reserved. generation: of the commit."""

    identity: str
    number: int
    first_chunk: int
    generation: int


def insert(at: sqlite3.Connection, entry: Entry, place: Place, model: str) -> None:
    """Stores the document, its groups, chunks and embeddings."""
    row = _document_row(entry, place.identity)
    chunks = [_chunk_row(chunk, digest) for chunk, digest in zip(entry.chunks, entry.digests, strict=True)]
    at.execute(
        f"""INSERT INTO documents (number, id, root, source, title, text, metadata, media_type, language, sha256, size,
        mtime_ns, fingerprint, page_starts, headings, tables, ingested_at, generation, checksum)
        VALUES ({",".join("?" * 19)})""",
        (place.number, *row, place.generation, ""),
    )
    at.executemany("INSERT INTO document_groups VALUES (?, ?)", [(place.number, group) for group in entry.groups])
    at.executemany(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(place.first_chunk + i, place.number, *chunk) for i, chunk in enumerate(chunks)],
    )
    vectors = [vector.astype("<f2").tobytes() for vector in entry.vectors]
    at.executemany(
        "INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?, ?)",
        [(d, model, v, zlib.crc32(v)) for d, v in zip(entry.digests, vectors, strict=True)],
    )
    _set_checksum(at, place.number)


def remove(at: sqlite3.Connection, identity: str, generation: int) -> bool:
    """Takes the document out of the catalogue; the indexes follow at their next commit. False if it is not there."""
    row = at.execute("SELECT number FROM documents WHERE id = ?", (identity,)).fetchone()
    if row is None:
        return False
    at.execute("DELETE FROM documents WHERE number = ?", row)
    at.execute("INSERT INTO removed VALUES (?, ?, 1)", (row[0], generation))
    return True


def touch(at: sqlite3.Connection, identity: str, root: str, source: str, size: int, mtime_ns: int) -> None:
    """Records where the same bytes were seen last: a file that was renamed or merely touched."""
    row = at.execute("SELECT number FROM documents WHERE id = ?", (identity,)).fetchone()
    at.execute(
        "UPDATE documents SET root = ?, source = ?, size = ?, mtime_ns = ? WHERE number = ?",
        (root, source, size, mtime_ns, row[0]),
    )
    _set_checksum(at, row[0])


def removed_in_lexical(at: sqlite3.Connection) -> list[int]:
    """Documents that are gone from the catalogue and may still be in the lexical index."""
    query = """SELECT document FROM removed WHERE in_lexical = 1
               AND NOT EXISTS (SELECT 1 FROM documents WHERE number = document) ORDER BY document"""
    return [row[0] for row in at.execute(query)]


def set_removed_from_lexical(at: sqlite3.Connection, documents: Iterable[int]) -> None:
    """The lexical index no longer holds these."""
    at.executemany("UPDATE removed SET in_lexical = 0 WHERE document = ?", [(number,) for number in documents])


def _document_row(entry: Entry, identity: str) -> tuple[Any, ...]:
    return (
        identity,
        entry.root,
        entry.source,
        entry.title,
        entry.text,
        _json(dict(entry.metadata)),
        entry.media_type,
        entry.language,
        entry.sha256,
        entry.size,
        entry.mtime_ns,
        entry.fingerprint,
        _json(entry.page_starts),
        _json([astuple(heading) for heading in entry.headings]),
        _json([astuple(table) for table in entry.tables]),
        entry.ingested_at,
    )


def _chunk_row(chunk: Chunk, digest: bytes) -> tuple[Any, ...]:
    return chunk.start, chunk.end, chunk.page, _json(chunk.heading), chunk.context, digest


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def stored_checksum(at: sqlite3.Connection, number: int) -> str:
    """SHA-256 over everything that the catalogue holds now for the document: a flipped bit is noticed."""
    row = at.execute(
        """SELECT number, generation, id, root, source, title, text, metadata, media_type, language, sha256, size,
        mtime_ns, fingerprint, page_starts, headings, tables, ingested_at FROM documents WHERE number = ?""",
        (number,),
    ).fetchone()
    groups = at.execute("SELECT name FROM document_groups WHERE document = ? ORDER BY name", (number,)).fetchall()
    chunks = at.execute(
        "SELECT number, start, end, page, heading, context, digest FROM chunks WHERE document = ? ORDER BY number",
        (number,),
    ).fetchall()
    digest = hashlib.sha256()
    for part in (row, groups, chunks):
        digest.update(repr(part).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _set_checksum(at: sqlite3.Connection, number: int) -> None:
    at.execute("UPDATE documents SET checksum = ? WHERE number = ?", (stored_checksum(at, number), number))


# --- reading ----------------------------------------------------------------------------------------------------------


def info(at: sqlite3.Connection, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, DocumentInfo]]:
    """(number, document without text), by source; of `numbers`, or of all."""
    if numbers is None:
        yield from map(_info, at.execute(f"{_INFO} ORDER BY d.source, d.root"))
        return
    for number in numbers:
        yield from map(_info, at.execute(f"{_INFO} WHERE d.number = ?", (number,)))


def document(at: sqlite3.Connection, identity: str) -> tuple[int, Document] | None:
    """(number, document) with that public id."""
    row = at.execute(f"{_INFO} WHERE d.id = ?", (identity,)).fetchone()
    if row is None:
        return None
    number, summary = _info(row)
    text, pages, headings, tables = at.execute(
        "SELECT text, page_starts, headings, tables FROM documents WHERE number = ?", (number,)
    ).fetchone()
    return number, Document(
        summary,
        text,
        tuple(json.loads(pages)),
        tuple(Heading(*item) for item in json.loads(headings)),
        tuple(Table(*item) for item in json.loads(tables)),
    )


def _info(row: Sequence[Any]) -> tuple[int, DocumentInfo]:
    number, identity, source, title, metadata, media, language, sha256, pages, ingested, characters, chunks, groups = (
        row
    )
    return number, DocumentInfo(
        id=identity,
        source=source,
        title=title,
        groups=tuple(json.loads(groups)),
        pages=len(json.loads(pages)) or None,
        chunks=chunks,
        characters=characters,
        media_type=media,
        language=language,
        sha256=sha256,
        metadata=json.loads(metadata),
        ingested_at=ingested,
    )


def chunk_rows(at: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, ChunkRow]:
    """The chunks with these numbers; unknown ones are absent."""
    out = {}
    for number in numbers:
        row = at.execute(
            """SELECT c.number, c.document, d.id, d.source, d.title, c.start, c.end, c.page, c.heading, c.context,
            substr(d.text, c.start + 1, c.end - c.start)
            FROM chunks c JOIN documents d ON d.number = c.document WHERE c.number = ?""",
            (number,),
        ).fetchone()
        if row:
            values = (*row[:8], tuple(json.loads(row[8])), *row[9:])
            out[number] = ChunkRow(*values)
    return out


def context(at: sqlite3.Connection, identity: str, start: int) -> str:
    """Context of the chunk of that document that begins there; '' if none does."""
    query = "SELECT context FROM chunks JOIN documents d ON d.number = document WHERE d.id = ? AND start = ?"
    row = at.execute(query, (identity, start)).fetchone()
    return str(row[0]) if row else ""


def span(at: sqlite3.Connection, identity: str, start: int, end: int) -> tuple[str, int | None, tuple[str, ...]] | None:
    """(text, page, heading path) of a span of a document, read from what is stored; None without the document."""
    query = "SELECT substr(text, ? + 1, ? - ?), page_starts, headings FROM documents WHERE id = ?"
    row = at.execute(query, (start, end, start, identity)).fetchone()
    if row is None:
        return None
    headings = tuple(Heading(*item) for item in json.loads(row[2]))
    return row[0], page_at(tuple(json.loads(row[1])), start), headings_at(headings, start)


def matching(at: sqlite3.Connection, where: Mapping[str, Scalar | Sequence[Scalar]]) -> set[int]:
    """Numbers of the documents for which every key has (one of) the wanted values; compared as text."""
    clauses, values = [], []
    for key, wanted in where.items():
        options = [wanted] if isinstance(wanted, (str, int, float)) else list(wanted)
        marks = ",".join("?" * len(options))
        if key in FIELDS:
            clauses.append(f"d.{key} IN ({marks})")
        else:
            held = f"j.key = ? AND CAST(j.value AS TEXT) IN ({marks})"
            clauses.append(f"EXISTS (SELECT 1 FROM json_each(d.metadata) j WHERE {held})")
            values.append(key)
        values += [str(int(option)) if isinstance(option, bool) else str(option) for option in options]
    query = f"SELECT d.number FROM documents d WHERE {' AND '.join(clauses)}"
    return {row[0] for row in at.execute(query, values)}


def groups_since(at: sqlite3.Connection, generation: int) -> dict[int, tuple[str, ...]]:
    """Sorted groups of the documents added after that generation, by number; those without any are absent."""
    groups: dict[int, tuple[str, ...]] = {}
    for number, name in at.execute(
        """SELECT document, name FROM documents CROSS JOIN document_groups ON document = number
           WHERE generation > ? ORDER BY name""",
        (generation,),
    ):
        groups[number] = (*groups.get(number, ()), name)
    return groups


def removed_since(at: sqlite3.Connection, generation: int) -> list[int]:
    """Numbers of the documents removed after that generation."""
    return [row[0] for row in at.execute("SELECT document FROM removed WHERE generation > ?", (generation,))]


def chunk_ranges_since(at: sqlite3.Connection, generation: int) -> NDArray[np.int64]:
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


def existing_chunks(at: sqlite3.Connection, first: int, last: int) -> NDArray[np.int64]:
    """The numbers of the chunks from `first` to `last`, ascending."""
    rows = at.execute("SELECT number FROM chunks WHERE number BETWEEN ? AND ? ORDER BY number", (first, last))
    return np.fromiter((row[0] for row in rows), np.int64)


def lexical_rows(at: sqlite3.Connection) -> Iterator[tuple[int, int, tuple[str, ...], str]]:
    """(chunk, document, groups, context and text) of every chunk, by document and chunk."""
    for number, text, groups in at.execute(
        """SELECT number, text, (SELECT json_group_array(name) FROM document_groups WHERE document = number)
           FROM documents ORDER BY number"""
    ):
        chunks = at.execute(
            "SELECT number, start, end, context FROM chunks WHERE document = ? ORDER BY number", (number,)
        )
        for chunk, start, end, context in chunks:
            yield chunk, number, tuple(json.loads(groups)), f"{context}\n{text[start:end]}"


# --- embeddings -------------------------------------------------------------------------------------------------------


def embeddings(at: sqlite3.Connection, digests: Iterable[bytes], model: str) -> dict[bytes, NDArray[np.float16]]:
    """The stored vectors among `digests`."""
    out = {}
    for digest in digests:
        query = "SELECT vector FROM embeddings WHERE digest = ? AND model = ?"
        if row := at.execute(query, (digest, model)).fetchone():
            out[digest] = np.frombuffer(row[0], "<f2")
    return out


def all_vectors(at: sqlite3.Connection, model: str) -> Iterator[tuple[int, NDArray[np.float16]]]:
    """(chunk number, vector) of every chunk, by number. Raises StorageError if one has none."""
    query = """SELECT c.number, e.vector FROM chunks c LEFT JOIN embeddings e ON e.digest = c.digest AND e.model = ?
               ORDER BY c.number"""
    for number, vector in at.execute(query, (model,)):
        if vector is None:
            raise StorageError(f"chunk {number} has no embedding", "ingest its document again")
        yield number, np.frombuffer(vector, "<f2")


def vector_blocks(
    at: sqlite3.Connection, model: str, rows: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
    """all_vectors in arrays of `rows` rows: chunk numbers, vectors."""
    pairs = all_vectors(at, model)
    while block := list(islice(pairs, rows)):
        yield np.array([number for number, _ in block], np.int64), np.stack([vector for _, vector in block])


def forget(at: sqlite3.Connection) -> None:
    """Drops what only deleted documents needed: their embeddings and the record that they were removed.

    subtle: readers of an older generation notice by `forgotten` that they have to load the snapshot anew.
    """
    at.execute("DELETE FROM embeddings WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.digest = embeddings.digest)")
    at.execute("DELETE FROM removed")
    at.execute("INSERT OR REPLACE INTO meta VALUES ('forgotten', ?)", (str(generation(at)),))


def forgotten(at: sqlite3.Connection) -> int:
    """The generation up to which removals are no longer recorded."""
    return int(meta(at).get("forgotten", 0))


# --- index files ------------------------------------------------------------------------------------------------------


def index_files(at: sqlite3.Connection, kind: str) -> list[SegmentFile]:
    """The files of one index, by name."""
    query = "SELECT name, sha256, bytes, rows FROM index_files WHERE kind = ? ORDER BY name"
    return [SegmentFile(*row) for row in at.execute(query, (kind,))]


def set_index_files(at: sqlite3.Connection, kind: str, files: Iterable[SegmentFile]) -> None:
    """Replaces the list of one index's files."""
    at.execute("DELETE FROM index_files WHERE kind = ?", (kind,))
    at.executemany("INSERT INTO index_files VALUES (?, ?, ?, ?, ?)", [(kind, *astuple(file)) for file in files])

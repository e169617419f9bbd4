"""Stores of older formats are brought to today's: one transaction a format, so a crash leaves the old or the new."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from ragkb.errors import NotFound, StorageError
from ragkb.store import documents, embeddings, meta
from ragkb.store.catalogue import CATALOGUE, DAMAGED, Catalogue, sound
from ragkb.store.crashpoints import reached
from ragkb.store.files import storage_errors
from ragkb.store.lock import writer_lock
from ragkb.store.schema import DOCUMENTS, FORMAT
from ragkb.store.writer import put_lexical, write_lexical


def migrate(folder: Path) -> int:
    """Brings the store in `folder` to this format and gives the one that it had. A store of this format stays as it is.

    Nothing is embedded or parsed again. Raises NotFound, InputError for what is no store or one of a newer ragkb, Busy,
    StorageError: for a document whose rows are not what was stored, and then nothing is changed.
    """
    if not (folder / CATALOGUE).is_file():
        raise NotFound(f"{folder}: no knowledge base here", "name its folder with --kb")
    held = Catalogue(folder / CATALOGUE)
    try:
        held.format()  # before the lock, which leaves a file: in a folder of somebody else nothing is written
        with writer_lock(folder):
            first = held.format()
            for version in range(first, FORMAT):
                _step(held, version)
            _remove_old_indexes(held)
    finally:
        held.close()
    return first


def _step(held: Catalogue, version: int) -> None:
    # subtle: without foreign keys, since dropping the old table of documents would take their chunks along
    with held.write(foreign_keys=False) as at, sound(held.path):
        held.check_seal(at)
        _STEPS[version](at, held.path)
        at.execute(f"PRAGMA user_version = {version + 1}")
        reached(f"migrate: from {version}")


def _remove_old_indexes(held: Catalogue) -> None:
    with held.read() as at:
        in_force = meta.values(at)["lexical_folder"]
    for path in held.path.parent.glob("lexical-*"):
        if path.name != in_force:
            shutil.rmtree(path, ignore_errors=True)  # what stays the next writer removes


def _groups_into_the_row(at: sqlite3.Connection, path: Path) -> None:
    """Format 1 had the groups in a table beside the documents: a row lost there made a document public."""
    _check_format_1(at, path)
    at.execute("PRAGMA legacy_alter_table = ON")  # subtle: else the chunks would go on pointing to the old table
    at.execute("ALTER TABLE documents RENAME TO documents_1")
    for statement in ("DROP INDEX documents_sha256", "DROP INDEX documents_generation", *_statements(DOCUMENTS)):
        at.execute(statement)
    at.execute(
        """INSERT INTO documents SELECT number, id, generation,
           (SELECT json_group_array(name) FROM
             (SELECT name FROM document_groups WHERE document = number ORDER BY name)),
           0, root, source, media_type, language, sha256, size, mtime_ns, fingerprint, ingested_at, '',
           nullif(json_array_length(page_starts), 0), length(text),
           title, metadata, page_starts, headings, tables, text
           FROM documents_1"""
    )
    at.execute("DROP TABLE document_groups")
    at.execute("DROP TABLE documents_1")
    for number, access in at.execute("SELECT number, access FROM documents").fetchall():
        checksum = documents.access_checksum(number, access)
        at.execute("UPDATE documents SET access_checksum = ? WHERE number = ?", (checksum, number))
        documents.set_checksum(at, number)
    meta.put(at, "background", embeddings.background(at, meta.values(at)["embedder"]))


def _check_format_1(at: sqlite3.Connection, path: Path) -> None:
    """Raises StorageError if a document's rows are not what was stored."""
    for number, identity, stored in at.execute("SELECT number, id, checksum FROM documents").fetchall():
        if _checksum_of_format_1(at, number) != stored:
            raise StorageError(f"{path}: damaged, document {identity} is not what was stored", DAMAGED)


def _checksum_of_format_1(at: sqlite3.Connection, number: int) -> str:
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


def _documents_into_the_lexical_index(at: sqlite3.Connection, path: Path) -> None:
    """Format 2 had a lexical index of chunks alone. A new one is written beside the old."""
    for number, identity, stored in at.execute("SELECT number, id, checksum FROM documents").fetchall():
        if documents.checksum(at, number) != stored:
            raise StorageError(f"{path}: damaged, document {identity} is not what was stored", DAMAGED)
    with storage_errors(path.parent):
        put_lexical(at, write_lexical(at, path.parent))


def _statements(script: str) -> list[str]:
    """The statements of a script that has no semicolon elsewhere; as they stand, since the schema keeps their text."""
    return [statement.strip() for statement in script.split(";") if statement.strip()]


_STEPS: Mapping[int, Callable[[sqlite3.Connection, Path], None]] = {
    1: _groups_into_the_row,
    2: _documents_into_the_lexical_index,
}

"""Writing: the commit protocol.

Adding: (1) reserve chunk numbers, (2) commit the lexical index, (3) write new vector segments (temporary file, sync,
rename, sync of the folder), (4) one SQLite transaction with rows, generation and the SHA-256 of every index file. Only
(4) makes anything visible; a reader drops what the catalogue does not show. Removing: the SQLite transaction first, the
indexes at their next commit. A writer that died leaves files and rows that the next one removes; (1) also marks the
catalogue as `pending` and (4) takes the mark away, which tells such remains from damage.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragkb.errors import StorageError
from ragkb.store import chunks, documents, embeddings, meta, models, originals
from ragkb.store.catalogue import sound
from ragkb.store.crashpoints import reached
from ragkb.store.documents import StoredText
from ragkb.store.files import storage_errors, sync_folder
from ragkb.store.inverted import BLOCK
from ragkb.store.lexical import REPAIR, TERMS, LexicalIndex, LexicalRow, new_lexical_folder
from ragkb.store.lexical_rows import rows_of, stored_rows
from ragkb.store.models import Model
from ragkb.store.records import Entry, IndexFile, Touched
from ragkb.store.vectors import MOST_ROWS, Segment, merge_segments, to_merge, write_segment

if TYPE_CHECKING:
    from ragkb.store.store import Store


class Writer:
    """Changes the store. Each method is one commit: after it returns, the change survives a crash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._vectors = store.folder / "vectors"
        self._kept: set[str] = set()  # originals put down by this writer
        self._dropped: set[str] = set()  # originals of documents that it replaced

    def recover(self) -> None:
        """Removes what a writer that died or failed left in the folder. Raises StorageError, also for damage."""
        with self._store.catalogue.read() as at, sound(self._store.catalogue.path):
            self._store.catalogue.check_seal(at)
            self._store.catalogue.check_log(at)
            listed = {file.name for file in meta.index_files(at, "vectors")}
            held = meta.values(at)
            pending = meta.pending(at)
            kept = originals.names(at)
            with storage_errors(self._store.folder):
                self._store.check_lexical(meta.record(at))
            lexical = self._lexical(at)
        if pending:
            self._take_back(lexical, int(held["committed_chunk"]))
        with storage_errors(self._store.folder):
            for path in self._vectors.iterdir():
                if path.name not in listed:
                    path.unlink(missing_ok=True)
                    reached("recover: vectors removed")
            for path in self._store.folder.glob("lexical-*"):
                if path.name != held["lexical_folder"]:
                    shutil.rmtree(path)
                    reached("recover: lexical index removed")
            for path in lexical.folder.glob(".tmp*"):
                path.unlink(missing_ok=True)
            self._store.originals.remove_others(kept | self._kept)

    def _take_back(self, lexical: LexicalIndex, committed: int) -> None:
        """Removes from the lexical index what was never committed."""
        with self._store.catalogue.write() as at:
            # subtle: overwrites the log's frames of a commit that failed at its last sync, which could come back
            meta.put(at, "pending", 1)
        with storage_errors(lexical.folder):
            lexical.remove_remains()
            lexical.write((), phantoms_above=committed)
            reached("recover: lexical index cleaned")
            files = self._lexical_files(lexical)
        with self._store.catalogue.write() as at:
            meta.put(at, "pending", 0)
            meta.set_index_files(at, "lexical", files)

    def _lexical(self, at: sqlite3.Connection) -> LexicalIndex:
        try:
            return self._store.lexical(meta.record(at))
        except FileNotFoundError as error:
            raise StorageError(f"{error.filename}: the lexical index is missing", REPAIR) from None

    def commit(self, entries: Sequence[Entry], remove: Sequence[str] = ()) -> list[str]:
        """Stores `entries`, each in place of the document at its (root, source), and removes documents by id.

        Returns the ids of `entries`. All of it is visible at once, or nothing.
        """
        with self._store.catalogue.read() as at:
            pending = meta.pending(at)
        if pending:
            self.recover()
        self._renew_terms()
        with self._store.catalogue.write() as at:
            meta.put(at, "pending", 1)
            document = meta.reserve(at, "next_document", len(entries))
            chunk = meta.reserve(at, "next_chunk", sum(len(entry.chunks) for entry in entries))
            gone = documents.removed_in_lexical(at)
            index = self._lexical(at)
        placed = list(_placed(entries, document, chunk))
        with storage_errors(self._store.folder):
            index.write(_lexical_rows(placed), gone)
            lexical = self._lexical_files(index)
            segments, obsolete = self._segments(placed)
        reached("commit: indexes written")
        with self._store.catalogue.write() as at:
            generation = meta.next_generation(at)
            for identity in remove:
                documents.remove(at, identity, generation)
            ids = [self._insert(at, item, generation) for item in placed]
            documents.set_removed_from_lexical(at, gone)
            self._set_committed(at, chunk + sum(len(entry.chunks) for entry in entries) - 1)
            meta.set_index_files(at, "vectors", segments)
            meta.set_index_files(at, "lexical", lexical)
            meta.put(at, "pending", 0)
        for file in obsolete:
            with suppress(OSError):  # it is committed; the next writer removes what stays
                (self._vectors / file.name).unlink(missing_ok=True)
            reached("commit: merged segment removed")
        return ids

    def _set_committed(self, at: sqlite3.Connection, chunk: int) -> None:
        """Records the last chunk; as often as their number doubles, the background of their embeddings is measured."""
        before = int(meta.values(at)["committed_chunk"])
        meta.put(at, "committed_chunk", chunk)
        if chunk.bit_length() > before.bit_length():
            meta.put(at, "background", embeddings.background(at, models.in_force(at).key))

    def remove(self, identities: Sequence[str]) -> int:
        """Removes documents by id, invisible at the next request of any process; returns how many were there."""
        with self._store.catalogue.write() as at:
            generation = meta.next_generation(at)
            removed = [documents.remove(at, identity, generation) for identity in identities]
        gone = [sha256 for sha256 in removed if sha256 is not None]
        self._remove_unlisted(set(gone) - self._kept)
        return len(gone)

    # --- originals ------------------------------------------------------------------------------------------------

    def keep(self, sha256: str, data: bytes) -> None:
        """Puts a file down that commits from now on list for the documents that have these bytes."""
        with storage_errors(self._store.originals.folder):
            self._store.originals.put(sha256, data)
        self._kept.add(sha256)

    def tidy(self) -> None:
        """Removes files that were put down for documents that were refused, or are made of other files now."""
        loose = self._kept | self._dropped
        self._kept, self._dropped = set(), set()
        self._remove_unlisted(loose)

    def _remove_unlisted(self, files: set[str]) -> None:
        if not files or not self._store.originals.folder.is_dir():
            return
        with self._store.catalogue.read() as at:
            unlisted = sorted(name for name in files if not originals.is_listed(at, name))
        with suppress(OSError):  # it is committed; the next writer removes what stays
            self._store.originals.remove(unlisted)

    def _list_original(self, at: sqlite3.Connection, number: int, sha256: str, size: int) -> None:
        if sha256 in self._kept:
            originals.add(at, number, sha256, size)

    # --- whole indexes --------------------------------------------------------------------------------------------

    def rebuild(self) -> None:
        """Makes both indexes anew from the catalogue, without embedding. Repairs them, and drops what was deleted."""
        with storage_errors(self._store.folder):
            self._vectors.mkdir(exist_ok=True)
            with self._store.catalogue.read() as at, sound(self._store.catalogue.path):
                self._store.catalogue.check_seal(at)
                index = write_lexical(at, self._store.folder)
                reached("rebuild: lexical index written")
                segments = list(self._segments_anew(at))
        reached("rebuild: vectors written")
        with self._store.catalogue.write() as at:
            meta.next_generation(at)
            meta.put(at, "pending", 0)
            put_lexical(at, index)
            meta.set_index_files(at, "vectors", segments)
            embeddings.forget(at)
        self.recover()

    def _renew_terms(self) -> None:
        """Makes the lexical index anew if another version of ragkb made its terms otherwise."""
        with self._store.catalogue.read() as at, sound(self._store.catalogue.path):
            if meta.values(at).get("terms") == TERMS:
                return
            with storage_errors(self._store.folder):
                index = write_lexical(at, self._store.folder)
        with self._store.catalogue.write() as at:
            meta.next_generation(at)
            put_lexical(at, index)
        self.recover()

    def compact(self) -> None:
        """Rebuilds the indexes and rewrites the catalogue: no byte of a deleted document is left in any file."""
        self.rebuild()
        reached("compact: indexes rebuilt")
        self._store.catalogue.vacuum()
        with storage_errors(self._store.folder):
            sync_folder(self._vectors)  # subtle: a power cut must not bring back the names of files that were removed
            sync_folder(self._store.folder)
            self._store.originals.sync()

    def rebuild_vectors(self) -> None:
        """Makes the dense index anew from the stored embeddings, in as few segments as there can be."""
        with storage_errors(self._store.folder), self._store.catalogue.read() as at:
            segments = list(self._segments_anew(at))
        with self._store.catalogue.write() as at:
            meta.next_generation(at)
            meta.set_index_files(at, "vectors", segments)
        self.recover()

    def use_model(self, model: Model) -> None:
        """Puts the vectors of another model into force; each chunk has one. The old ones stay until `rebuild`."""
        with storage_errors(self._store.folder), self._store.catalogue.read() as at:
            segments = list(self._segments_anew(at, model.key))
        reached("reembed: segments written")
        with self._store.catalogue.write() as at:
            meta.next_generation(at)
            models.switch(at, model)
            meta.put(at, "background", embeddings.background(at, model.key))
            meta.set_index_files(at, "vectors", segments)
        self.recover()

    def _segments_anew(self, at: sqlite3.Connection, key: str = "") -> Iterator[IndexFile]:
        blocks = embeddings.blocks(at, key or models.in_force(at).key, BLOCK)
        for first in blocks:
            yield write_segment(self._vectors, chain([first], islice(blocks, MOST_ROWS // BLOCK - 1)))

    def touch(self, seen: Sequence[Touched]) -> None:
        """Records files whose bytes are stored already."""
        if seen:
            with self._store.catalogue.write() as at:
                meta.next_generation(at)
                for identity, root, source, size, mtime_ns, sha256 in seen:
                    number = documents.touch(at, identity, root, source, size, mtime_ns)
                    self._list_original(at, number, sha256, size)

    def _insert(self, at: sqlite3.Connection, item: _Placed, generation: int) -> str:
        identity = documents.public_id(at, item.entry.root, item.entry.source)
        replaced = documents.remove(at, identity, generation)
        self._dropped |= {replaced} if replaced else set()
        place = documents.Place(identity, item.document, item.first_chunk, generation)
        documents.insert(at, item.entry, place, models.in_force(at).key)
        self._list_original(at, item.document, item.entry.sha256, item.entry.size)
        return identity

    def _lexical_files(self, index: LexicalIndex) -> list[IndexFile]:
        """The files of the lexical index. Those that never change under their name are hashed once."""
        with self._store.catalogue.read() as at:
            return index.files({file.name: file for file in meta.index_files(at, "lexical")})

    def _segments(self, placed: Sequence[_Placed]) -> tuple[list[IndexFile], list[IndexFile]]:
        """Writes the new vectors, merges full size classes. Returns (files in force, files no longer needed)."""
        with self._store.catalogue.read() as at:
            files = meta.index_files(at, "vectors")
        obsolete: list[IndexFile] = []
        vectors = [item.entry.vectors for item in placed if len(item.entry.vectors)]
        first = placed[0].first_chunk if placed else 0
        if vectors:
            stacked = np.concatenate(vectors)
            files.append(write_segment(self._vectors, [(np.arange(first, first + len(stacked)), stacked)]))
        while merging := to_merge(files):
            merged = self._merge(merging, first)
            files = [file for file in files if file not in merging] + ([merged] if merged else [])
            obsolete += merging
        return files, obsolete

    def _merge(self, files: Sequence[IndexFile], new: int) -> IndexFile | None:
        """One segment of the chunks that exist, or are about to: those from number `new` on. None if there are none."""
        segments = [Segment(self._vectors, file) for file in files]
        keep = []
        with self._store.catalogue.read() as at:
            for numbers in (segment.numbers() for segment in segments):
                alive = chunks.existing(at, int(numbers[0]), int(numbers[-1]))
                keep.append(np.isin(numbers, alive, assume_unique=True) | (numbers >= new))
        return merge_segments(self._vectors, segments, keep)


@dataclass(frozen=True, slots=True)
class _Placed:
    """An entry with its reserved numbers."""

    entry: Entry
    document: int
    first_chunk: int


def _placed(entries: Sequence[Entry], document: int, chunk: int) -> Iterator[_Placed]:
    for number, entry in enumerate(entries, document):
        yield _Placed(entry, number, chunk)
        chunk += len(entry.chunks)


def write_lexical(at: sqlite3.Connection, folder: Path) -> tuple[str, list[IndexFile]]:
    """A new lexical index of the whole catalogue, beside the old one: its folder and its files. Raises StorageError."""
    index = LexicalIndex(folder / new_lexical_folder(), create=True)
    index.write(stored_rows(at))
    return index.folder.name, index.files({})


def put_lexical(at: sqlite3.Connection, index: tuple[str, list[IndexFile]]) -> None:
    """Puts a new lexical index into force."""
    meta.put(at, "lexical_folder", index[0])
    meta.put(at, "terms", TERMS)
    meta.set_index_files(at, "lexical", index[1])


def _lexical_rows(placed: Sequence[_Placed]) -> Iterator[LexicalRow]:
    for item in placed:
        entry = item.entry
        numbered = enumerate(entry.chunks, item.first_chunk)
        stored = StoredText(item.document, entry.groups, entry.language, entry.title, entry.source, entry.text)
        yield from rows_of(stored, [(number, chunk.context, chunk.text) for number, chunk in numbered])

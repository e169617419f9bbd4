"""The store: one folder, one writer, any number of readers, each on one generation.

Commit protocol. Adding: (1) reserve chunk numbers, (2) commit the lexical index, (3) write new vector segments
(temporary file, sync, rename, sync of the folder), (4) one SQLite transaction with rows, generation and the SHA-256 of
every index file. Only (4) makes anything visible; a reader drops what the catalogue does not show. Removing: the SQLite
transaction first, the indexes at their next commit. A writer that died leaves files and rows that the next one removes.
"""

from __future__ import annotations

import math
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import InputError, ModelError, NotFound, StorageError
from ragkb.store import catalogue, snapshot
from ragkb.store.catalogue import Catalogue, ChunkRow
from ragkb.store.files import sha256_file
from ragkb.store.lexical import REPAIR, LexicalIndex
from ragkb.store.lock import writer_lock
from ragkb.store.records import Entry, Known
from ragkb.store.snapshot import Snapshot, Visible
from ragkb.store.vectors import FAN_OUT, Segment, SegmentFile, to_merge, write_segment
from ragkb.text.tokens import lexical_tokens
from ragkb.types import Document, DocumentInfo, Principal, Scalar

Where = Mapping[str, Scalar | Sequence[Scalar]]
CATALOGUE = "catalogue.sqlite"
RETRIES = 5
SEGMENT_ROWS = 1_000_000
FRESH = {"meta.json", ".managed.json"}  # files of a lexical index to which nothing was ever committed


def new_lexical_folder() -> str:
    """A name that no lexical index had before."""
    return f"lexical-{secrets.token_hex(8)}"


class Store:
    """One knowledge base on disk. Safe to share between threads; any number of processes may open it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalogue = Catalogue(folder / CATALOGUE)
        self.catalogue.check()
        with self.catalogue.read() as at:
            meta = catalogue.meta(at)
        self.embedder, self.dim = meta["embedder"], int(meta["dim"])
        self._lexical: LexicalIndex | None = None
        self._snapshot: Snapshot | None = None
        self._refresh = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Store:
        """An existing knowledge base. Raises NotFound, InputError if the folder is something else, StorageError."""
        if not folder.exists():
            raise NotFound(f"{folder}: no knowledge base here", f"make one with `ragkb ingest PATH --kb {folder}`")
        if not folder.is_dir():
            raise InputError(f"{folder}: a file, not a knowledge base", "name a folder")
        if not (folder / CATALOGUE).exists():
            if any(folder.iterdir()):
                raise InputError(f"{folder}: a folder that is not a knowledge base", "name another or an empty folder")
            raise NotFound(f"{folder}: an empty folder, no knowledge base", "ingest documents into it first")
        return cls(folder)

    @classmethod
    def create(cls, folder: Path, embedder: str, dim: int) -> Store:
        """A new, empty knowledge base; an existing one is opened. Raises InputError, StorageError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = any(path.name not in ("writer.lock", "writer.json") for path in folder.iterdir())
        except FileExistsError:
            raise InputError(f"{folder}: a file, not a folder", "name a folder") from None
        except OSError as error:
            raise StorageError(f"{folder}: cannot be made ({error.strerror})", "check its permissions") from None
        if taken:
            return cls.open(folder)
        with writer_lock(folder):
            if not (folder / CATALOGUE).exists():
                (folder / "vectors").mkdir(exist_ok=True)
                name = new_lexical_folder()
                LexicalIndex(folder / name, create=True)
                Catalogue.create(folder / CATALOGUE, embedder, dim, name)
        return cls.open(folder)

    def close(self) -> None:
        """Frees the connections. The store cannot be used afterwards."""
        self.catalogue.close()
        self._snapshot = None

    def bytes_on_disk(self) -> dict[str, int]:
        """Bytes of the catalogue, of the vectors and of the lexical index."""
        parts = {"catalogue": f"{CATALOGUE}*", "vectors": "vectors/*", "lexical": "lexical-*/*"}
        return {name: sum(path.stat().st_size for path in self.folder.glob(glob)) for name, glob in parts.items()}

    def require_embedder(self, embedder: str) -> None:
        """Raises ModelError if the store was made with another embedder."""
        if embedder != self.embedder:
            raise ModelError(
                f"{self.folder}: made with the embedder {self.embedder}, the setting gives {embedder}",
                "set `embedder` back, or ingest into a new knowledge base",
            )

    def lexical(self, at: sqlite3.Connection) -> LexicalIndex:
        """The lexical index in force. Raises FileNotFoundError if a newer commit has replaced it."""
        path = self.folder / catalogue.meta(at)["lexical_folder"]
        held = self._lexical
        if held is None or held.folder != path:
            held = self._lexical = LexicalIndex(path)
        return held

    # --- reading --------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One read transaction: everything read belongs to one generation, the newest when it began."""
        for attempt in range(RETRIES):
            with self.catalogue.read() as at:
                try:
                    reader = Reader(self, at, self._current(at))
                except FileNotFoundError as error:
                    # subtle: a newer commit may have merged a segment away before we read it; begin again
                    if attempt == RETRIES - 1:
                        raise StorageError(f"{error.filename}: missing", REPAIR) from None
                    continue
                yield reader
                return

    def _current(self, at: sqlite3.Connection) -> Snapshot:
        generation = catalogue.generation(at)
        held = self._snapshot
        if held and held.generation == generation:
            return held
        with self._refresh:
            held = self._snapshot
            if held and held.generation == generation:
                return held
            old = held if held and held.generation < generation else None
            made = snapshot.load(at, self.folder, self.lexical(at), old)
            if held is None or held.generation < generation:
                self._snapshot = made
            return made

    # --- writing --------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, recover: bool = True) -> Iterator[Writer]:
        """The only writer. Raises Busy. What a writer that died left behind is removed first, if `recover`."""
        with writer_lock(self.folder):
            writer = Writer(self)
            if recover:
                writer.recover()
            yield writer


@dataclass(frozen=True, slots=True)
class Reader:
    """One generation, read by one transaction."""

    store: Store
    at: sqlite3.Connection
    snapshot: Snapshot

    def visible(self, as_: Principal, where: Where | None = None) -> Visible:
        """The chunks that the principal may see and whose documents match `where`."""
        return self.snapshot.visible(self.at, as_, where)

    def dense(self, vector: NDArray[np.float32], k: int, visible: Visible) -> list[tuple[int, float]]:
        """Up to k visible (chunk number, cosine), best first, ties by number."""
        found: list[tuple[int, float]] = []
        if visible.count:
            for segment in self.snapshot.segments:
                found += segment.search(vector, k, visible.bitmap)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]

    def lexical(self, terms: Sequence[str], k: int, as_: Principal, visible: Visible) -> list[tuple[int, float]]:
        """Up to k visible (chunk number, BM25), best first, ties by number."""
        return self.snapshot.lexical.search(terms, k, as_, visible.bitmap) if visible.count else []

    def chunks(self, numbers: Sequence[int]) -> dict[int, ChunkRow]:
        """The chunks with these numbers."""
        return catalogue.chunk_rows(self.at, numbers)

    def documents(self, as_: Principal) -> Iterator[DocumentInfo]:
        """The visible documents, by source."""
        for _, info in catalogue.info(self.at):
            if as_.may_read(info.groups):
                yield info

    def document(self, identity: str, as_: Principal) -> Document:
        """The document. Raises NotFound if it is absent or not visible: the two look the same."""
        found = catalogue.document(self.at, identity)
        if found is None or not as_.may_read(found[1].groups):
            raise NotFound(f"document {identity!r} was not found", "list the documents that you can see")
        return found[1]

    def context(self, identity: str, start: int) -> str:
        """What was indexed beside the text of the chunk of that document that begins at `start`."""
        return catalogue.context(self.at, identity, start)

    def quote(self, identity: str, start: int, end: int) -> tuple[str, int | None, tuple[str, ...]]:
        """(text, page, heading path) of a span, as the catalogue holds it now. Raises NotFound."""
        found = catalogue.span(self.at, identity, start, end)
        if found is None:
            raise NotFound(f"document {identity!r} was not found")
        return found

    def idf(self, term: str) -> float:
        """Rarity of a term in the knowledge base, as BM25 counts it: 0 and up."""
        total, holding = self.snapshot.lexical.rows, self.snapshot.lexical.frequency(term)
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))

    def known(self) -> list[Known]:
        """What is stored, to recognise files."""
        return catalogue.known_documents(self.at)

    def embeddings(self, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        """Stored vectors among `digests`."""
        return catalogue.embeddings(self.at, digests, self.store.embedder)


class Writer:
    """Changes the store. Each method is one commit: after it returns, the change survives a crash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._vectors = store.folder / "vectors"
        self._unclean = False  # a commit failed half-way: the indexes may hold what the catalogue does not

    def recover(self) -> None:
        """Removes what a writer that died left in the folder."""
        with self._store.catalogue.read() as at:
            listed = {file.name for file in catalogue.index_files(at, "vectors")}
            recorded = {file.name: file.bytes for file in catalogue.index_files(at, "lexical")}
            meta = catalogue.meta(at)
            lexical = self._lexical(at)
        for path in self._vectors.iterdir():
            if path.name not in listed:
                path.unlink()
        for path in self._store.folder.glob("lexical-*"):
            if path.name != meta["lexical_folder"]:
                shutil.rmtree(path)
        found = {name: (lexical.folder / name).stat().st_size for name in lexical.file_names()}
        if found != recorded and (recorded or found.keys() - FRESH):
            lexical.write((), phantoms_above=int(meta["committed_chunk"]))
            files = self._lexical_files(lexical)
            with self._store.catalogue.write() as at:
                catalogue.set_index_files(at, "lexical", files)

    def _lexical(self, at: sqlite3.Connection) -> LexicalIndex:
        try:
            return self._store.lexical(at)
        except FileNotFoundError as error:
            raise StorageError(f"{error.filename}: the lexical index is missing", REPAIR) from None

    def commit(self, entries: Sequence[Entry], remove: Sequence[str] = ()) -> list[str]:
        """Stores `entries`, each in place of the document at its (root, source), and removes documents by id.

        Returns the ids of `entries`. All of it is visible at once, or nothing.
        """
        if self._unclean:
            self.recover()
        self._unclean = True
        with self._store.catalogue.write() as at:
            document = catalogue.reserve(at, "next_document", len(entries))
            chunk = catalogue.reserve(at, "next_chunk", sum(len(entry.chunks) for entry in entries))
            gone = catalogue.removed_in_lexical(at)
            index = self._lexical(at)
        placed = list(_placed(entries, document, chunk))
        index.write(_lexical_rows(placed), gone)
        lexical = self._lexical_files(index)
        segments, obsolete = self._segments(placed)
        with self._store.catalogue.write() as at:
            generation = catalogue.next_generation(at)
            for identity in remove:
                catalogue.remove(at, identity, generation)
            ids = [self._insert(at, item, generation) for item in placed]
            catalogue.set_removed_from_lexical(at, gone)
            catalogue.set_meta(at, "committed_chunk", chunk + sum(len(entry.chunks) for entry in entries) - 1)
            catalogue.set_index_files(at, "vectors", segments)
            catalogue.set_index_files(at, "lexical", lexical)
        self._unclean = False
        for file in obsolete:
            (self._vectors / file.name).unlink(missing_ok=True)
        return ids

    def remove(self, identities: Sequence[str]) -> int:
        """Removes documents by id, invisible at the next request of any process; returns how many were there."""
        with self._store.catalogue.write() as at:
            generation = catalogue.next_generation(at)
            return sum(catalogue.remove(at, identity, generation) for identity in identities)

    def rebuild(self) -> None:
        """Makes both indexes anew from the catalogue, without embedding. Repairs them, and drops what was deleted."""
        folder = self._store.folder / new_lexical_folder()
        index = LexicalIndex(folder, create=True)
        with self._store.catalogue.read() as at:
            rows = catalogue.lexical_rows(at)
            index.write((c, d, groups, lexical_tokens(text, "en")) for c, d, groups, text in rows)
            segments = list(self._segments_anew(at))
            old = catalogue.index_files(at, "vectors")
        lexical = self._lexical_files(index, fresh=True)
        with self._store.catalogue.write() as at:
            catalogue.next_generation(at)
            catalogue.set_meta(at, "lexical_folder", folder.name)
            catalogue.set_index_files(at, "vectors", segments)
            catalogue.set_index_files(at, "lexical", lexical)
            catalogue.forget(at)
        for file in old:
            (self._vectors / file.name).unlink(missing_ok=True)
        self.recover()

    def compact(self) -> None:
        """Rebuilds the indexes and rewrites the catalogue: no byte of a deleted document is left in any file."""
        self.rebuild()
        self._store.catalogue.vacuum()

    def _segments_anew(self, at: sqlite3.Connection) -> Iterator[SegmentFile]:
        rows = catalogue.all_vectors(at, self._store.embedder)
        while block := list(islice(rows, SEGMENT_ROWS)):
            numbers = np.array([number for number, _ in block], np.int64)
            yield write_segment(self._vectors, numbers, np.stack([vector for _, vector in block]))

    def touch(self, seen: Sequence[tuple[str, str, str, int, int]]) -> None:
        """Records (id, root, source, size, mtime_ns) of files whose bytes are stored already."""
        if seen:
            with self._store.catalogue.write() as at:
                catalogue.next_generation(at)
                for item in seen:
                    catalogue.touch(at, *item)

    def _insert(self, at: sqlite3.Connection, item: _Placed, generation: int) -> str:
        identity = catalogue.public_id(at, item.entry.root, item.entry.source)
        catalogue.remove(at, identity, generation)
        place = catalogue.Place(identity, item.document, item.first_chunk, generation)
        catalogue.insert(at, item.entry, place, self._store.embedder)
        return identity

    def _lexical_files(self, index: LexicalIndex, fresh: bool = False) -> list[SegmentFile]:
        """The files of the lexical index. Those that never change under their name are hashed once, unless `fresh`."""
        with self._store.catalogue.read() as at:
            known = {} if fresh else {file.name: file for file in catalogue.index_files(at, "lexical")}
        out = []
        for name in index.file_names():
            path = index.folder / name
            size = path.stat().st_size
            old = known.get(name)
            fresh = old is None or old.bytes != size or path.suffix == ".json"
            out.append(SegmentFile(name, sha256_file(path), size, 0) if fresh or old is None else old)
        return out

    def _segments(self, placed: Sequence[_Placed]) -> tuple[list[SegmentFile], list[SegmentFile]]:
        """Writes the new vectors, merges full size classes. Returns (files in force, files no longer needed)."""
        with self._store.catalogue.read() as at:
            files = catalogue.index_files(at, "vectors")
            alive = catalogue.chunk_map_since(at, 0)[:, 0] if len(files) >= FAN_OUT - 1 else np.empty(0, np.int64)
        obsolete: list[SegmentFile] = []
        vectors = [item.entry.vectors for item in placed if len(item.entry.vectors)]
        if vectors:
            stacked = np.concatenate(vectors)
            numbers = np.arange(placed[0].first_chunk, placed[0].first_chunk + len(stacked))
            files.append(write_segment(self._vectors, numbers, stacked))
            alive = np.concatenate([alive, numbers])
        while merging := to_merge(files):
            merged = self._merge(merging, alive)
            files = [file for file in files if file not in merging] + merged
            obsolete += merging
        return files, obsolete

    def _merge(self, files: Sequence[SegmentFile], alive: NDArray[np.int64]) -> list[SegmentFile]:
        loaded = [Segment.load(self._vectors, file) for file in files]
        numbers = np.concatenate([segment.numbers() for segment in loaded])
        vectors = np.concatenate([segment.vectors() for segment in loaded])
        keep = np.isin(numbers, alive)
        if not keep.any():
            return []
        order = np.argsort(numbers[keep], kind="stable")
        return [write_segment(self._vectors, numbers[keep][order], vectors[keep][order])]


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


def _lexical_rows(placed: Sequence[_Placed]) -> Iterator[tuple[int, int, tuple[str, ...], list[str]]]:
    for item in placed:
        for number, chunk in enumerate(item.entry.chunks, item.first_chunk):
            terms = lexical_tokens(f"{chunk.context}\n{chunk.text}", "en")
            yield number, item.document, item.entry.groups, terms

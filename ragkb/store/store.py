"""The store: one folder, one writer, any number of readers, each on one generation.

Commit protocol. Adding: (1) reserve chunk numbers, (2) commit the lexical index, (3) write new vector segments
(temporary file, sync, rename, sync of the folder), (4) one SQLite transaction with rows, generation and the SHA-256 of
every index file. Only (4) makes anything visible; a reader drops what the catalogue does not show. Removing: the SQLite
transaction first, the indexes at their next commit. A writer that died leaves files and rows that the next one removes;
(1) also marks the catalogue as `pending` and (4) takes the mark away, which tells such remains from damage.
"""

from __future__ import annotations

import math
import re
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import InputError, ModelError, NotFound, StorageError
from ragkb.store import catalogue, snapshot
from ragkb.store.catalogue import GENERATION, STAGING, Catalogue, ChunkRow, sound
from ragkb.store.crashpoints import reached
from ragkb.store.files import sha256_file, storage_errors, sync_folder
from ragkb.store.lexical import REPAIR, LexicalIndex
from ragkb.store.lock import writer_lock
from ragkb.store.records import Entry, Known
from ragkb.store.snapshot import Snapshot, Visible
from ragkb.store.vectors import BLOCK, MOST_ROWS, Segment, SegmentFile, merge_segments, nearest, to_merge, write_segment
from ragkb.text.tokens import lexical_tokens
from ragkb.types import Document, DocumentInfo, Principal, Scalar

Where = Mapping[str, Scalar | Sequence[Scalar]]
CATALOGUE = "catalogue.sqlite"
RETRIES = 5
_LOCK_FILES = ("writer.lock", "writer.json")
_BEGINNINGS = re.compile(rf"vectors|lexical-[0-9a-f]{{16}}|{re.escape(STAGING)}(-journal)?|\.?{GENERATION}(\.new)?")


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
        self._sound: set[tuple[Path, str]] = set()  # files of the lexical index that were found whole
        self._refresh = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Store:
        """An existing knowledge base. Raises NotFound, InputError if the folder is something else, StorageError."""
        if not folder.exists():
            raise NotFound(f"{folder}: no knowledge base here", f"make one with `ragkb ingest PATH --kb {folder}`")
        if not folder.is_dir():
            raise InputError(f"{folder}: a file, not a knowledge base", "name a folder")
        if not (folder / CATALOGUE).exists():
            if not _is_beginning(folder):
                if (folder / "vectors").is_dir():
                    raise StorageError(f"{folder / CATALOGUE}: missing", "restore a backup")
                raise InputError(f"{folder}: a folder that is not a knowledge base", "name another or an empty folder")
            raise NotFound(f"{folder}: an empty folder, no knowledge base", "ingest documents into it first")
        return cls(folder)

    @classmethod
    def create(cls, folder: Path, embedder: str, dim: int) -> Store:
        """A new, empty knowledge base; an existing one is opened. Raises InputError, StorageError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = (folder / CATALOGUE).exists() or not _is_beginning(folder)
        except FileExistsError:
            raise InputError(f"{folder}: a file, not a folder", "name a folder") from None
        except OSError as error:
            raise StorageError(f"{folder}: cannot be made ({error.strerror})", "check its permissions") from None
        if taken:
            return cls.open(folder)
        with writer_lock(folder), storage_errors(folder):
            if not (folder / CATALOGUE).exists():
                reached("create: locked")
                (folder / "vectors").mkdir(exist_ok=True)
                lexical = LexicalIndex(folder / new_lexical_folder(), create=True)
                files = _hashed(lexical, {})
                reached("create: lexical index made")
                Catalogue.create(folder / CATALOGUE, embedder, dim, (lexical.folder.name, files))
                sync_folder(folder.parent)
        return cls.open(folder)

    def close(self) -> None:
        """Frees the connections. The store cannot be used afterwards."""
        self.catalogue.close()
        self._snapshot = None

    def bytes_on_disk(self) -> dict[str, int]:
        """Bytes of the catalogue, of the vectors and of the lexical index."""
        parts = {"catalogue": f"{CATALOGUE}*", "vectors": "vectors/*", "lexical": "lexical-*/*"}
        return {name: sum(map(_size, self.folder.glob(glob))) for name, glob in parts.items()}

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
                    with sound(self.catalogue.path):
                        held = self._current(at, last=attempt == RETRIES - 1)
                except FileNotFoundError as error:
                    # subtle: a newer commit may have merged a segment away before we read it; begin again
                    if attempt == RETRIES - 1:
                        raise StorageError(f"{error.filename}: missing", REPAIR) from None
                    continue
                except OSError as error:
                    raise StorageError(f"{error.filename or self.folder}: {error.strerror or error}", REPAIR) from error
                if held is None:
                    continue
                yield Reader(self, at, held)
                return

    def _current(self, at: sqlite3.Connection, last: bool) -> Snapshot | None:
        """The snapshot of the generation that `at` sees; None if a newer commit came in between, unless `last`."""
        generation = catalogue.generation(at)
        held = self._snapshot
        if held and held.generation == generation:
            return held
        with self._refresh:
            held = self._snapshot
            if held and held.generation == generation:
                return held
            self.catalogue.check_log(at)
            old = held if held and held.generation < generation else None
            self.check_lexical(at)
            lexical = self.lexical(at)
            made = snapshot.load(at, self.folder, lexical, old)
            if not last and self._generation() != generation:
                # subtle: the lexical index may be that of a newer commit, without documents that `at` still shows
                return None
            if held is None or held.generation < generation:
                self._snapshot = made
            return made

    def _generation(self) -> int:
        with self.catalogue.read() as at:
            return catalogue.generation(at)

    def check_lexical(self, at: sqlite3.Connection) -> None:
        """Raises StorageError if a file of the lexical index is damaged. What never changes is read once.

        Comes before the index is opened: tantivy panics over damaged files.
        """
        folder = self.folder / catalogue.meta(at)["lexical_folder"]
        at_rest = not catalogue.pending(at)
        for file in catalogue.index_files(at, "lexical"):
            path = folder / file.name
            if (path, file.sha256) in self._sound:
                continue
            try:
                digest = sha256_file(path)
            except FileNotFoundError:
                at_rest = at_rest and self._is_at_rest(at)
                if at_rest:  # else a newer commit has merged it away
                    raise StorageError(f"{path}: missing", REPAIR) from None
                continue
            if digest == file.sha256:
                if path.suffix != ".json":
                    self._sound.add((path, file.sha256))
            elif path.suffix != ".json" or (at_rest and self._is_at_rest(at)):
                raise StorageError(f"{path}: damaged, its SHA-256 is not {file.sha256[:12]}…", REPAIR)

    def _is_at_rest(self, at: sqlite3.Connection) -> bool:
        """Whether no writer has touched the lexical index since the transaction `at` began."""
        with self.catalogue.read() as now:
            same = catalogue.index_files(now, "lexical") == catalogue.index_files(at, "lexical")
            return same and not catalogue.pending(now)

    # --- writing --------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, recover: bool = True) -> Iterator[Writer]:
        """The only writer. Raises Busy. What a writer that died left behind is removed first, if `recover`."""
        with writer_lock(self.folder):
            writer = Writer(self)
            if recover:
                writer.recover()
            try:
                yield writer
            except KeyboardInterrupt:
                writer.recover()  # interrupted by its user, not killed: there is time to tidy up
                raise


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
        return nearest(self.snapshot.segments, vector, k, visible.bitmap) if visible.count else []

    def lexical(self, terms: Sequence[str], k: int, as_: Principal, visible: Visible) -> list[tuple[int, float]]:
        """Up to k visible (chunk number, BM25), best first, ties by number."""
        if not visible.count:
            return []
        try:
            return self.snapshot.lexical.search(terms, k, as_, visible.bitmap, visible.count)
        except ValueError as error:
            raise StorageError(f"{self.store.folder}: the lexical index cannot be read ({error})", REPAIR) from None

    def chunks(self, numbers: Sequence[int]) -> dict[int, ChunkRow]:
        """The chunks with these numbers."""
        with sound(self.store.catalogue.path):
            return catalogue.chunk_rows(self.at, numbers)

    def documents(self, as_: Principal) -> Iterator[DocumentInfo]:
        """The visible documents, by source."""
        with sound(self.store.catalogue.path):
            found = [info for _, info in catalogue.info(self.at) if as_.may_read(info.groups)]
        return iter(found)

    def document(self, identity: str, as_: Principal) -> Document:
        """The document. Raises NotFound if it is absent or not visible: the two look the same."""
        with sound(self.store.catalogue.path):
            found = catalogue.document(self.at, identity)
        if found is None or not as_.may_read(found[1].groups):
            raise NotFound(f"document {identity!r} was not found", "list the documents that you can see")
        return found[1]

    def context(self, identity: str, start: int) -> str:
        """What was indexed beside the text of the chunk of that document that begins at `start`."""
        return catalogue.context(self.at, identity, start)

    def quote(self, identity: str, start: int, end: int) -> tuple[str, int | None, tuple[str, ...]]:
        """(text, page, heading path) of a span, as the catalogue holds it now. Raises NotFound."""
        with sound(self.store.catalogue.path):
            found = catalogue.span(self.at, identity, start, end)
        if found is None:
            raise NotFound(f"document {identity!r} was not found")
        return found

    def rarity(self, as_: Principal) -> Callable[[str], float]:
        """Rarity of a term among what the principal may see, as BM25 counts it: 0 and up.

        subtle: counted over the visible rows alone, so that a hidden document cannot change an answer.
        """
        total = self.visible(as_).count

        def idf(term: str) -> float:
            holding = min(self.snapshot.lexical.frequency(term, as_), total)
            return math.log(1 + (total - holding + 0.5) / (holding + 0.5))

        return idf

    def known(self) -> list[Known]:
        """What is stored, to recognise files."""
        with sound(self.store.catalogue.path):
            return catalogue.known_documents(self.at)

    def embeddings(self, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        """Stored vectors among `digests`."""
        return catalogue.embeddings(self.at, digests, self.store.embedder)


class Writer:
    """Changes the store. Each method is one commit: after it returns, the change survives a crash."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._vectors = store.folder / "vectors"

    def recover(self) -> None:
        """Removes what a writer that died or failed left in the folder. Raises StorageError, also for damage."""
        with self._store.catalogue.read() as at, sound(self._store.catalogue.path):
            self._store.catalogue.check_seal(at)
            self._store.catalogue.check_log(at)
            listed = {file.name for file in catalogue.index_files(at, "vectors")}
            meta = catalogue.meta(at)
            pending = catalogue.pending(at)
            with storage_errors(self._store.folder):
                self._store.check_lexical(at)
            lexical = self._lexical(at)
        if pending:
            self._take_back(lexical, int(meta["committed_chunk"]))
        with storage_errors(self._store.folder):
            for path in self._vectors.iterdir():
                if path.name not in listed:
                    path.unlink(missing_ok=True)
                    reached("recover: vectors removed")
            for path in self._store.folder.glob("lexical-*"):
                if path.name != meta["lexical_folder"]:
                    shutil.rmtree(path)
                    reached("recover: lexical index removed")
            for path in lexical.folder.glob(".tmp*"):
                path.unlink(missing_ok=True)

    def _take_back(self, lexical: LexicalIndex, committed: int) -> None:
        """Removes from the lexical index what was never committed."""
        with self._store.catalogue.write() as at:
            # subtle: overwrites the log's frames of a commit that failed at its last sync, which could come back
            catalogue.set_meta(at, "pending", 1)
        with storage_errors(lexical.folder):
            lexical.write((), phantoms_above=committed)
            reached("recover: lexical index cleaned")
            files = self._lexical_files(lexical)
        with self._store.catalogue.write() as at:
            catalogue.set_meta(at, "pending", 0)
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
        with self._store.catalogue.read() as at:
            pending = catalogue.pending(at)
        if pending:
            self.recover()
        with self._store.catalogue.write() as at:
            catalogue.set_meta(at, "pending", 1)
            document = catalogue.reserve(at, "next_document", len(entries))
            chunk = catalogue.reserve(at, "next_chunk", sum(len(entry.chunks) for entry in entries))
            gone = catalogue.removed_in_lexical(at)
            index = self._lexical(at)
        placed = list(_placed(entries, document, chunk))
        with storage_errors(self._store.folder):
            index.write(_lexical_rows(placed), gone)
            lexical = self._lexical_files(index)
            segments, obsolete = self._segments(placed)
        reached("commit: indexes written")
        with self._store.catalogue.write() as at:
            generation = catalogue.next_generation(at)
            for identity in remove:
                catalogue.remove(at, identity, generation)
            ids = [self._insert(at, item, generation) for item in placed]
            catalogue.set_removed_from_lexical(at, gone)
            catalogue.set_meta(at, "committed_chunk", chunk + sum(len(entry.chunks) for entry in entries) - 1)
            catalogue.set_index_files(at, "vectors", segments)
            catalogue.set_index_files(at, "lexical", lexical)
            catalogue.set_meta(at, "pending", 0)
        for file in obsolete:
            with suppress(OSError):  # it is committed; the next writer removes what stays
                (self._vectors / file.name).unlink(missing_ok=True)
            reached("commit: merged segment removed")
        return ids

    def remove(self, identities: Sequence[str]) -> int:
        """Removes documents by id, invisible at the next request of any process; returns how many were there."""
        with self._store.catalogue.write() as at:
            generation = catalogue.next_generation(at)
            return sum(catalogue.remove(at, identity, generation) for identity in identities)

    def rebuild(self) -> None:
        """Makes both indexes anew from the catalogue, without embedding. Repairs them, and drops what was deleted."""
        folder = self._store.folder / new_lexical_folder()
        with storage_errors(self._store.folder):
            self._vectors.mkdir(exist_ok=True)
            index = LexicalIndex(folder, create=True)
            with self._store.catalogue.read() as at, sound(self._store.catalogue.path):
                self._store.catalogue.check_seal(at)
                rows = catalogue.lexical_rows(at)
                index.write((c, d, groups, lexical_tokens(text, "en")) for c, d, groups, text in rows)
                reached("rebuild: lexical index written")
                segments = list(self._segments_anew(at))
            lexical = _hashed(index, {})
        reached("rebuild: vectors written")
        with self._store.catalogue.write() as at:
            catalogue.next_generation(at)
            catalogue.set_meta(at, "lexical_folder", folder.name)
            catalogue.set_meta(at, "pending", 0)
            catalogue.set_index_files(at, "vectors", segments)
            catalogue.set_index_files(at, "lexical", lexical)
            catalogue.forget(at)
        self.recover()

    def compact(self) -> None:
        """Rebuilds the indexes and rewrites the catalogue: no byte of a deleted document is left in any file."""
        self.rebuild()
        reached("compact: indexes rebuilt")
        self._store.catalogue.vacuum()

    def rebuild_vectors(self) -> None:
        """Makes the dense index anew from the stored embeddings, in as few segments as there can be."""
        with storage_errors(self._store.folder), self._store.catalogue.read() as at:
            segments = list(self._segments_anew(at))
        with self._store.catalogue.write() as at:
            catalogue.next_generation(at)
            catalogue.set_index_files(at, "vectors", segments)
        self.recover()

    def _segments_anew(self, at: sqlite3.Connection) -> Iterator[SegmentFile]:
        blocks = catalogue.vector_blocks(at, self._store.embedder, BLOCK)
        for first in blocks:
            yield write_segment(self._vectors, chain([first], islice(blocks, MOST_ROWS // BLOCK - 1)))

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

    def _lexical_files(self, index: LexicalIndex) -> list[SegmentFile]:
        """The files of the lexical index. Those that never change under their name are hashed once."""
        with self._store.catalogue.read() as at:
            return _hashed(index, {file.name: file for file in catalogue.index_files(at, "lexical")})

    def _segments(self, placed: Sequence[_Placed]) -> tuple[list[SegmentFile], list[SegmentFile]]:
        """Writes the new vectors, merges full size classes. Returns (files in force, files no longer needed)."""
        with self._store.catalogue.read() as at:
            files = catalogue.index_files(at, "vectors")
        obsolete: list[SegmentFile] = []
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

    def _merge(self, files: Sequence[SegmentFile], new: int) -> SegmentFile | None:
        """One segment of the chunks that exist, or are about to: those from number `new` on. None if there are none."""
        segments = [Segment.load(self._vectors, file) for file in files]
        keep = []
        with self._store.catalogue.read() as at:
            for numbers in (segment.numbers() for segment in segments):
                alive = catalogue.existing_chunks(at, int(numbers[0]), int(numbers[-1]))
                keep.append(np.isin(numbers, alive, assume_unique=True) | (numbers >= new))
        return merge_segments(self._vectors, segments, keep)


def _hashed(index: LexicalIndex, known: Mapping[str, SegmentFile]) -> list[SegmentFile]:
    """The files of the lexical index; those in `known` that never change under their name are not read again."""
    out = []
    for name in index.file_names():
        path = index.folder / name
        size = path.stat().st_size
        old = known.get(name)
        same = old and old.bytes == size and path.suffix != ".json"
        out.append(old if old and same else SegmentFile(name, sha256_file(path), size, 0))
    return out


def _is_beginning(folder: Path) -> bool:
    """Whether the folder holds nothing, or what a process left that died while it made a knowledge base here."""
    names = [path.name for path in folder.iterdir() if path.name not in _LOCK_FILES]
    return all(map(_BEGINNINGS.fullmatch, names)) and not any((folder / "vectors").glob("*"))


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):  # a writer may have removed it just now
        return path.stat().st_size
    return 0


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

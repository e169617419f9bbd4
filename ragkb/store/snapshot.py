"""What a reader holds in memory of one generation: whose chunk each one is, who may see it, the indexes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.store import chunks, documents, meta, models
from ragkb.store.lexical import LexicalIndex
from ragkb.store.lexical_search import LexicalSearcher
from ragkb.store.models import Model
from ragkb.store.vectors import Segment
from ragkb.store.where import Where, matching
from ragkb.types import Principal

CACHED = 64  # principals and filters whose visible chunks are kept


@dataclass(frozen=True, slots=True)
class Visible:
    """The chunks that a principal may see. bitmap: bit n (little endian) is chunk number n. count: of set bits.

    documents: how many have chunks among them.
    """

    bitmap: NDArray[np.uint8]
    count: int
    documents: int


@dataclass(frozen=True, slots=True)
class DocumentTable:
    """The documents that have chunks, a row each, ascending by number.

    ranges: shape (n, 3), document number, its first chunk number, how many chunks it has; they follow one another.
    access: shape (n,), index into `groups`. groups: the distinct sets of groups, sorted names; None: nobody may read.
    """

    ranges: NDArray[np.int64]
    access: NDArray[np.int32]
    groups: tuple[tuple[str, ...] | None, ...]

    def chunks_of(self, rows: NDArray[np.bool_], length: int) -> Visible:
        """The chunks of the chosen rows, as a bitmap over the first `length` chunk numbers."""
        _, first, count = self.ranges[rows].T
        edges = np.zeros(length + 1, np.int8)
        edges[first] += 1
        edges[first + count] -= 1
        bits = np.cumsum(edges, dtype=np.int8)[:length].view(bool)
        return Visible(np.packbits(bits, bitorder="little"), int(count.sum()), len(count))

    def rows_of(self, chunks: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each chunk number the row of its document."""
        return np.searchsorted(self.ranges[:, 1], chunks, side="right") - 1


EMPTY = DocumentTable(np.empty((0, 3), np.int64), np.empty(0, np.int32), ())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One generation. last_chunk: greatest chunk number seen so far. model: that made the vectors."""

    generation: int
    documents: DocumentTable
    last_chunk: int
    segments: tuple[Segment, ...]
    lexical: LexicalSearcher
    model: Model
    _cache: dict[tuple[object, ...], Visible] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visible(self, at: sqlite3.Connection, as_: Principal, where: Where | None) -> Visible:
        """The chunks of the documents that the principal may see and that match `where`."""
        key = (as_.is_admin, frozenset(as_.groups), repr(sorted(where.items())) if where else "")
        with self._lock:
            if key in self._cache:
                return self._cache[key]
        readable = [groups is not None and as_.may_read(groups) for groups in self.documents.groups]
        rows = np.array(readable, bool)[self.documents.access]
        if where:
            rows = rows & np.isin(self.documents.ranges[:, 0], np.fromiter(matching(at, where), np.int64))
        made = self.documents.chunks_of(rows, self.last_chunk + 1)
        with self._lock:
            if len(self._cache) >= CACHED:
                self._cache.clear()
            self._cache[key] = made
        return made

    def chunks_of(self, rows: Sequence[int]) -> Visible:
        """The chunks of the documents in these rows of the table."""
        chosen = np.zeros(len(self.documents.ranges), bool)
        chosen[list(rows)] = True
        return self.documents.chunks_of(chosen, self.last_chunk + 1)

    def bytes_in_memory(self) -> dict[str, int]:
        """Bytes of the vectors and of the tables that say whose each chunk is and who may see it."""
        with self._lock:
            bitmaps = sum(held.bitmap.nbytes for held in self._cache.values())
        return {
            "vectors": sum(segment.bytes_in_memory for segment in self.segments),
            "documents": self.documents.ranges.nbytes + self.documents.access.nbytes + bitmaps,
        }


def load(at: sqlite3.Connection, folder: Path, lexical: LexicalIndex, old: Snapshot | None) -> Snapshot:
    """The snapshot of the generation that `at` sees; what `old` holds is not read again."""
    if old and meta.forgotten(at) > old.generation:
        old = None  # removals since then are no longer on record
    table = _documents(at, old)
    loaded = {segment.file.name: segment for segment in old.segments} if old else {}
    newest = int(table.ranges[-1, 1:].sum()) - 1 if len(table.ranges) else 0
    return Snapshot(
        generation=meta.generation(at),
        documents=table,
        last_chunk=max(newest, old.last_chunk if old else 0),
        segments=tuple(
            loaded.get(file.name) or Segment(folder / "vectors", file) for file in meta.index_files(at, "vectors")
        ),
        lexical=lexical.searcher(),
        model=models.in_force(at),
    )


def _documents(at: sqlite3.Connection, old: Snapshot | None) -> DocumentTable:
    since, held = (old.generation, old.documents) if old else (0, EMPTY)
    kept = ~np.isin(held.ranges[:, 0], documents.removed_since(at, since))
    added = chunks.ranges_since(at, since)
    groups = documents.groups_since(at, since)
    numbers = {names: number for number, names in enumerate(held.groups)}
    access = [numbers.setdefault(groups.get(document), len(numbers)) for document in added[:, 0].tolist()]
    return DocumentTable(
        np.concatenate([held.ranges[kept], added]),
        np.concatenate([held.access[kept], np.array(access, np.int32)]),
        tuple(numbers),
    )

"""What a reader holds in memory of one generation: whose chunk each one is, who may see it, the indexes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.store import chunks, documents, meta, models
from ragkb.store.lexical_search import LexicalSearcher
from ragkb.store.models import Model
from ragkb.store.records import IndexFile
from ragkb.store.vectors import Segment
from ragkb.store.where import Where, matching
from ragkb.types import Principal

CACHED = 64  # principals and filters whose visible chunks are kept
SMALL = 16  # a change of less than this part of all chunks is applied to what was visible before


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

    def rows_of_documents(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """The rows of those of these documents that are in the table, ascending."""
        wanted = np.sort(np.asarray(numbers, np.int64))
        rows = np.searchsorted(self.ranges[:, 0], wanted)
        inside = rows < len(self.ranges)
        rows, wanted = rows[inside], wanted[inside]
        return np.asarray(rows[self.ranges[rows, 0] == wanted])

    def rows_of(self, chunks: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each chunk number the row of its document."""
        return np.searchsorted(self.ranges[:, 1], chunks, side="right") - 1

    def numbers_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """The numbers of the chunks of the documents in these rows, ascending."""
        return _numbers(self.ranges[sorted(rows)])

    def readable(self, as_: Principal) -> NDArray[np.bool_]:
        """For each row whether the principal may read the document."""
        sets = [groups is not None and as_.may_read(groups) for groups in self.groups]
        return np.array(sets, bool)[self.access]


EMPTY = DocumentTable(np.empty((0, 3), np.int64), np.empty(0, np.int32), ())
_Key = tuple[bool, frozenset[str], str]


@dataclass(frozen=True, slots=True)
class Change:
    """What one generation made of the one before. visible: what principals saw then. gone, new: documents."""

    visible: Mapping[_Key, Visible]
    gone: DocumentTable
    new: DocumentTable

    def applied(self, key: _Key, as_: Principal, length: int) -> Visible | None:
        """What the principal sees now, of `length` chunk numbers; None if it has to be found in the whole table."""
        held = self.visible.get(key)
        gone, new = (table.ranges[table.readable(as_)] for table in (self.gone, self.new))
        chunks = int(new[:, 2].sum()), int(gone[:, 2].sum())
        if held is None or SMALL * sum(chunks) > length:
            return None
        bitmap = np.zeros((length + 7) // 8, np.uint8)
        bitmap[: len(held.bitmap)] = held.bitmap
        numbers = _numbers(gone)
        np.bitwise_and.at(bitmap, numbers >> 3, ~_bit(numbers))
        numbers = _numbers(new)
        np.bitwise_or.at(bitmap, numbers >> 3, _bit(numbers))
        return Visible(bitmap, held.count + chunks[0] - chunks[1], held.documents + len(new) - len(gone))


def _numbers(ranges: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of the chunks in these rows."""
    ends = np.cumsum(ranges[:, 2])
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(ranges[:, 1] + ranges[:, 2] - ends, ranges[:, 2])


def _bit(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    return np.asarray(1 << (numbers & 7), np.uint8)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One generation. last_chunk: greatest chunk number seen so far. lexical_files: those that `lexical` reads.

    model: that made the vectors.
    """

    generation: int
    documents: DocumentTable
    last_chunk: int
    segments: tuple[Segment, ...]
    lexical: LexicalSearcher
    lexical_files: tuple[str, tuple[IndexFile, ...]]
    model: Model
    change: Change | None = None
    _cache: dict[_Key, Visible] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visible(self, at: sqlite3.Connection, as_: Principal, where: Where | None) -> Visible:
        """The chunks of the documents that the principal may see and that match `where`."""
        key = (as_.is_admin, frozenset(as_.groups), repr(sorted(where.items())) if where else "")
        with self._lock:
            if key in self._cache:
                return self._cache[key]
        made = self.change.applied(key, as_, self.last_chunk + 1) if self.change and not where else None
        if made is None:
            rows = self.documents.readable(as_)
            if where:
                rows = rows & np.isin(self.documents.ranges[:, 0], np.fromiter(matching(at, where), np.int64))
            made = self.documents.chunks_of(rows, self.last_chunk + 1)
        with self._lock:
            if len(self._cache) >= CACHED:
                self._cache.clear()
            self._cache[key] = made
        return made

    def known_visible(self) -> dict[_Key, Visible]:
        """What principals saw that asked so far."""
        with self._lock:
            return {key: seen for key, seen in self._cache.items() if not key[2]}

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


def load(
    at: sqlite3.Connection, folder: Path, record: meta.Record, lexical: LexicalSearcher, old: Snapshot | None
) -> Snapshot:
    """The snapshot of the generation that `at` sees, whose record is `record`; what `old` holds is not read again."""
    loaded = {segment.file: segment for segment in old.segments} if old else {}
    if old and record.forgotten > old.generation:
        old = None  # removals since then are no longer on record
    table, change = _documents(at, old)
    newest = int(table.ranges[-1, 1:].sum()) - 1 if len(table.ranges) else 0
    return Snapshot(
        generation=record.generation,
        documents=table,
        last_chunk=max(newest, old.last_chunk if old else 0),
        segments=tuple(loaded.get(file) or Segment(folder / "vectors", file) for file in record.vectors),
        lexical=lexical,
        lexical_files=record.lexical_files,
        change=change,
        model=models.in_force(at),
    )


def _documents(at: sqlite3.Connection, old: Snapshot | None) -> tuple[DocumentTable, Change | None]:
    since, held = (old.generation, old.documents) if old else (0, EMPTY)
    added = chunks.ranges_since(at, since)
    gone = held.rows_of_documents(documents.removed_since(at, since))
    if old and not len(added) and not len(gone):
        return held, Change(old.known_visible(), EMPTY, EMPTY)
    groups = documents.groups_since(at, since)
    numbers = {names: number for number, names in enumerate(held.groups)}
    access = [numbers.setdefault(groups.get(document), len(numbers)) for document in added[:, 0].tolist()]
    new = DocumentTable(added, np.array(access, np.int32), tuple(numbers))
    table = DocumentTable(
        np.concatenate([np.delete(held.ranges, gone, 0), added]),
        np.concatenate([np.delete(held.access, gone), new.access]),
        new.groups,
    )
    lost = DocumentTable(held.ranges[gone], held.access[gone], new.groups)
    return table, Change(old.known_visible(), lost, new) if old else None

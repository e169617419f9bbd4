"""What a reader holds in memory of one generation: whose chunk each one is, who may see it, the indexes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.store import catalogue
from ragkb.store.lexical import LexicalIndex, LexicalSearcher
from ragkb.store.vectors import Segment
from ragkb.types import Principal, Scalar


@dataclass(frozen=True, slots=True)
class Visible:
    """The chunks that a principal may see. bitmap: bit n (little endian) is chunk number n. count: of set bits."""

    bitmap: NDArray[np.uint8]
    count: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One generation.

    chunks: shape (n, 2), chunk number and document number, ascending by chunk; chunks of removed documents are out.
    groups: document number to its groups. last_chunk: greatest chunk number seen so far.
    """

    generation: int
    chunks: NDArray[np.int64]
    groups: Mapping[int, tuple[str, ...]]
    last_chunk: int
    segments: tuple[Segment, ...]
    lexical: LexicalSearcher
    _cache: dict[tuple[object, ...], Visible] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visible(
        self, at: sqlite3.Connection, as_: Principal, where: Mapping[str, Scalar | Sequence[Scalar]] | None
    ) -> Visible:
        """The chunks of the documents that the principal may see and that match `where`."""
        key = (as_.is_admin, frozenset(as_.groups), repr(sorted(where.items())) if where else "")
        with self._lock:
            if key in self._cache:
                return self._cache[key]
        documents = [number for number, groups in self.groups.items() if as_.may_read(groups)]
        if where:
            matching = catalogue.matching(at, where)
            documents = [number for number in documents if number in matching]
        made = self._bitmap(np.array(sorted(documents), np.int64))
        with self._lock:
            if len(self._cache) >= 64:
                self._cache.clear()
            self._cache[key] = made
        return made

    def _bitmap(self, documents: NDArray[np.int64]) -> Visible:
        seen = np.isin(self.chunks[:, 1], documents)
        bits = np.zeros(self.last_chunk + 1, bool)
        bits[self.chunks[seen, 0]] = True
        return Visible(np.packbits(bits, bitorder="little"), int(seen.sum()))


def load(at: sqlite3.Connection, folder: Path, lexical: LexicalIndex, old: Snapshot | None) -> Snapshot:
    """The snapshot of the generation that `at` sees; what `old` holds is not read again."""
    generation = catalogue.generation(at)
    if old and catalogue.forgotten(at) > old.generation:
        old = None  # removals since then are no longer on record
    since = old.generation if old else 0
    removed = set(catalogue.removed_since(at, since))
    groups = {number: names for number, names in old.groups.items() if number not in removed} if old else {}
    groups.update(catalogue.documents_since(at, since))
    last = old.last_chunk if old else 0
    added = catalogue.chunk_map_since(at, last)
    kept = old.chunks[~np.isin(old.chunks[:, 1], list(removed))] if old else np.empty((0, 2), np.int64)
    loaded = {segment.file.name: segment for segment in old.segments} if old else {}
    return Snapshot(
        generation=generation,
        chunks=np.concatenate([kept, added]),
        groups=groups,
        last_chunk=int(added[-1, 0]) if len(added) else last,
        segments=tuple(
            loaded.get(file.name) or Segment.load(folder / "vectors", file)
            for file in catalogue.index_files(at, "vectors")
        ),
        lexical=lexical.searcher(),
    )

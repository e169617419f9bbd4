"""Another model for a filled store: its vectors are stored beside those in force, until one commit changes places.

Each step takes the writer's lock for itself, so that others may write in between. A step that dies leaves vectors that
the next run finds; nothing of them is visible before the last commit.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ragkb.errors import Busy
from ragkb.store import documents, embeddings, models
from ragkb.store.crashpoints import reached
from ragkb.store.files import storage_errors
from ragkb.store.models import Model

if TYPE_CHECKING:
    from ragkb.store.store import Store

Lacking = Sequence[tuple[bytes, str, str]]
"""(digest, context, text) of chunks without a vector of the model."""


class Change:
    """The change of a store's model. model: the one to come."""

    def __init__(self, store: Store, model: Model) -> None:
        self._store, self.model = store, model

    def begin(self) -> bool:
        """Records what is to come; False if the store has that model already. Raises Busy, StorageError."""
        with self._store.writing(), self._store.catalogue.write() as at:
            if models.in_force(at).key == self.model.key:
                models.set_target(at, self.model)  # nothing else is on its way any more
                models.switch(at, self.model)
                return False
            models.set_target(at, self.model)
        reached("reembed: begun")
        return True

    def counts(self) -> tuple[int, int]:
        """(texts that have a vector of the model, texts that need one)."""
        with self._store.catalogue.read() as at:
            return embeddings.counts(at, self.model.key)

    def lacking(self, after: int) -> tuple[int, Lacking] | None:
        """(number, its chunks without a vector) of the next document after that number that has some; None at the end.

        One read transaction a document: none is held while the model works.
        """
        with self._store.catalogue.read() as at:
            number = embeddings.next_lacking(at, self.model.key, after)
            if number is None:
                return None
            text = documents.text(at, number)
            spans = embeddings.lacking(at, self.model.key, number)
            return number, [(digest, context, text[start:end]) for digest, context, start, end in spans]

    def keep(self, digests: Sequence[bytes], vectors: NDArray[np.float16]) -> None:
        """Stores vectors of the model; they survive a crash. Raises Busy, StorageError."""
        rows = [(d, v.astype("<f2").tobytes()) for d, v in zip(digests, vectors, strict=True)]
        # subtle: what was purged while the model worked must not come back
        query = """INSERT OR IGNORE INTO embeddings SELECT ?1, ?2, ?3, ?4
                   WHERE EXISTS (SELECT 1 FROM chunks WHERE digest = ?1)"""
        with self._store.writing(recover=False), self._store.catalogue.write() as at:
            at.executemany(query, [(digest, self.model.key, vector, zlib.crc32(vector)) for digest, vector in rows])
        reached("reembed: vectors kept")

    def end(self) -> bool:
        """Puts the model into force, at the next request of any process; False if a chunk still lacks a vector."""
        with self._store.writing() as writer:
            done, needed = self.counts()
            if done < needed:
                return False
            writer.use_model(self.model)
            return True


@contextmanager
def changing(store: Store, id: str, precision: str, name: str, dim: int) -> Iterator[Change]:
    """The change to an embedder, one at a time. Raises Busy if another process re-embeds, StorageError."""
    lock = FileLock(store.folder / "reembed.lock", timeout=0, thread_local=False, is_singleton=False)
    with storage_errors(store.folder):
        try:
            lock.acquire()
        except Timeout:
            raise Busy(f"{store.folder}: another process re-embeds", "wait for it, or stop it") from None
    try:
        with store.catalogue.read() as at:
            known = models.held(at)
        same = [one.key for one in known.values() if (one.id, one.precision) == (id, precision)]
        key = same[0] if same else f"{id} ({precision})" if id in known else id
        yield Change(store, Model(key, id, precision, name, dim))
    finally:
        lock.release()

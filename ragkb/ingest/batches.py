"""Documents in batches: embedded in a thread while the next are read, then committed in the order they came in."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ragkb.ingest.report import FileReport, Ledger
from ragkb.models import Embedder
from ragkb.store.records import Entry, Touched
from ragkb.store.store import Store
from ragkb.store.writer import Writer
from ragkb.types import Chunk

BATCH_CHUNKS = 512
BATCH_DOCUMENTS = 256
_SLICE = 64  # texts between two looks at whether to stop
_PATIENCE = 0.2  # seconds between two tellings of the progress, while the embedder is waited for


def embedded_text(item: Chunk) -> str:
    """What the embedder reads of a chunk."""
    return joined(item.context, item.text)


def joined(context: str, text: str) -> str:
    """A chunk's text under its context."""
    return f"{context}\n{text}" if context else text


def digest(item: Chunk) -> bytes:
    """The key of a chunk's embedding."""
    return hashlib.sha256(embedded_text(item).encode()).digest()[:16]


@dataclass(frozen=True, slots=True)
class Made:
    """A document that waits for its vectors. row: of the report. seconds: spent on it so far."""

    row: int
    entry: Entry
    warnings: tuple[str, ...]
    ocr_pages: int
    redacted: Mapping[str, int]
    seconds: float


class Batches:
    """At most two batches: one that fills, one that is embedded. Used by one thread, within a `with` block.

    Which documents are embedded together depends on their order alone, not on time: so do the vectors' last digits.
    """

    def __init__(self, store: Store, writer: Writer, embedder: Embedder, ledger: Ledger) -> None:
        self._store, self._writer, self._embedder, self._ledger = store, writer, embedder, ledger
        self._filling: list[Made] = []
        self._touched: list[Touched] = []
        self._running: _Running | None = None

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, *_: object) -> None:
        """Stops the embedder. What was not committed is lost: `finish` comes before."""
        if self._running:
            self._running.work.stop()

    def add(self, made: Made) -> None:
        """Puts a document in line. Commits the batch before and starts the next when enough are there."""
        self._filling.append(made)
        chunks = sum(len(item.entry.chunks) for item in self._filling)
        if chunks >= BATCH_CHUNKS or len(self._filling) >= BATCH_DOCUMENTS:
            self._turn()

    def touch(self, seen: Touched) -> None:
        """Records a file that was seen, with the next commit."""
        self._touched.append(seen)

    def finish(self) -> None:
        """Commits everything."""
        self._turn()
        self._turn()

    def _turn(self) -> None:
        """Commits the batch that is embedded and starts embedding the one that filled."""
        running, self._running = self._running, None
        if running:
            self._commit(running)
            self._writer.touch(running.touched)
        filled, self._filling = self._filling, []
        touched, self._touched = self._touched, []
        if filled:
            self._running = self._start(filled, touched)
        else:
            self._writer.touch(touched)

    def _start(self, batch: list[Made], touched: list[Touched]) -> _Running:
        """subtle: looks for known vectors after the commit of the batch before, so that none is made twice."""
        texts = {
            key: embedded_text(item)
            for made in batch
            for key, item in zip(made.entry.digests, made.entry.chunks, strict=True)
        }
        with self._store.reading() as reader:
            vectors = reader.embeddings(list(texts))
        missing = [key for key in texts if key not in vectors]
        work = Embedding(self._embedder, [texts[key] for key in missing])
        pages = {made.row: len(made.entry.page_starts) for made in batch}
        self._ledger.under_way(pages, lambda: work.done / max(1, len(missing)))
        return _Running(batch, touched, vectors, missing, work)

    def _commit(self, running: _Running) -> None:
        try:
            while not running.work.wait(_PATIENCE):
                self._ledger.tell("")
        except BaseException:
            running.work.stop()
            raise
        made = running.work.result().astype(np.float16)
        vectors = {**running.vectors, **dict(zip(running.missing, made, strict=True))}
        entries = [
            replace(item.entry, vectors=np.stack([vectors[key] for key in item.entry.digests]))
            for item in running.batch
        ]
        share = running.work.seconds / sum(len(entry.chunks) for entry in entries)
        for item, identity in zip(running.batch, self._writer.commit(entries), strict=True):
            self._ledger.settle(item.row, _report(item, identity, share))
        self._ledger.tell("")


@dataclass(frozen=True, slots=True)
class _Running:
    """A batch that is embedded, and the files that were seen again meanwhile.

    vectors: those that the store has; missing: the keys of those that are made.
    """

    batch: list[Made]
    touched: list[Touched]
    vectors: dict[bytes, NDArray[np.float16]]
    missing: list[bytes]
    work: Embedding


class Embedding:
    """Embeds texts in a thread of its own. done: how many have their vector. seconds: that it took, once it is done."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        self._embedder, self._texts = embedder, texts
        self._stopped = threading.Event()
        self.seconds, self.done = 0.0, 0
        thread = ThreadPoolExecutor(1, "ragkb-embed")
        self._made = thread.submit(self._run)
        thread.shutdown(wait=False)

    def wait(self, seconds: float) -> bool:
        """True once it is done, False if it is not after that time."""
        return bool(wait([self._made], seconds).done)

    def result(self) -> NDArray[np.float32]:
        """The vectors, in the order of the texts. Raises what the embedder raised."""
        return self._made.result()

    def stop(self) -> None:
        """Ends it after the slice at hand, and waits for that."""
        self._stopped.set()
        wait([self._made])

    def _run(self) -> NDArray[np.float32]:
        started = time.perf_counter()
        out = np.empty((len(self._texts), self._embedder.dim), np.float32)
        # By length, so that little is spent on padding within a slice.
        order = sorted(range(len(self._texts)), key=lambda number: len(self._texts[number]))
        for first in range(0, len(order), _SLICE):
            if self._stopped.is_set():
                break
            part = order[first : first + _SLICE]
            out[part] = self._embedder.embed([self._texts[number] for number in part])
            self.done += len(part)
        self.seconds = time.perf_counter() - started
        return out


def _report(made: Made, identity: str, seconds_a_chunk: float) -> FileReport:
    entry = made.entry
    return FileReport(
        source=entry.source,
        status="partial" if made.warnings else "ingested",
        reason="; ".join(made.warnings),
        document_id=identity,
        pages=len(entry.page_starts) or None,
        chunks=len(entry.chunks),
        ocr_pages=made.ocr_pages,
        redacted=made.redacted,
        seconds=round(made.seconds + seconds_a_chunk * len(entry.chunks), 3),
    )

"""A filled knowledge base gets the vectors of another model, while the old ones answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import Busy
from ragkb.ingest.batches import Embedding, joined
from ragkb.models import DEFAULT, Embedder
from ragkb.models.shared import full_name, shared_embedder
from ragkb.settings import Precision, Settings
from ragkb.store.reembed import Change, changing
from ragkb.store.store import Store

_Result = TypeVar("_Result")

BATCH = 512  # texts that are embedded, then kept, together
ROUNDS = 100  # times that documents which came in meanwhile are gone after
PATIENCE = 0.2  # seconds between two tellings, and two looks at whether another writer is done


@dataclass(frozen=True, slots=True)
class ReembedProgress:
    """How far it is. done, total: distinct texts. waiting: for what, "" while it works."""

    done: int
    total: int
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Reembedded:
    """What a re-embedding did. made, found: texts that were embedded, and that had a vector of the model already."""

    embedder: str
    precision: str
    dim: int
    made: int
    found: int
    seconds: float


OnReembed = Callable[[ReembedProgress], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """name: the setting that loads the embedder, "" for one of the caller's own. precision: "" if it was left open."""

    embedder: Embedder
    name: str
    precision: str


def wanted(store: Store, settings: Settings, model: str, precision: Precision) -> Wanted:
    """The embedder by that name and precision; what is not given as the settings say, else as it is now."""
    now = store.model()
    name = full_name(model or settings.embedder or now.name or DEFAULT)
    asked = precision if precision != "auto" else settings.embedding.precision
    return Wanted(shared_embedder(name, settings, asked), name, "" if asked == "auto" else asked)


def reembed_folder(
    folder: Path, settings: Settings, model: str, precision: Precision, on_progress: OnReembed | None = None
) -> Reembedded:
    """Re-embeds the knowledge base in the folder, whatever model it has, without loading that one. See reembed."""
    store = Store.open(folder)
    try:
        return reembed(store, wanted(store, settings, model, precision), on_progress)
    finally:
        store.close()


def reembed(store: Store, wanted: Wanted, on_progress: OnReembed | None = None) -> Reembedded:
    """Embeds every chunk with another embedder, then puts the vectors into force by one commit.

    What is made is kept every BATCH texts, so that a run that died goes on where it was. Others may write meanwhile;
    what they bring is embedded too. Raises Busy if another process writes at the start, or re-embeds; ModelError,
    StorageError.
    """
    started, embedder = time.perf_counter(), wanted.embedder
    made = found = 0
    with changing(store, embedder.id, wanted.precision, wanted.name, embedder.dim) as change:
        if change.begin():
            run = _Run(change, embedder, on_progress or (lambda _: None))
            found, made = run.found, run.to_the_end()
    seconds = round(time.perf_counter() - started, 3)
    return Reembedded(embedder.id, embedder.precision, embedder.dim, made, found, seconds)


class _Run:
    """The work between the beginning of a change and its end."""

    def __init__(self, change: Change, embedder: Embedder, tell: OnReembed) -> None:
        self._change, self._embedder, self._tell_to = change, embedder, tell
        self.found, self._total = change.counts()
        self._made = 0

    def to_the_end(self) -> int:
        """Embeds what lacks a vector until nothing does, then changes the model. Returns how many were embedded."""
        for _ in range(ROUNDS):
            for digests, texts in _batches(self._change):
                vectors = self._embedded(texts)
                self._patiently(partial(self._change.keep, digests, vectors))
                self._made += len(digests)
            if self._patiently(self._change.end):
                return self._made
        raise Busy("others write faster than it is re-embedded", "stop them, and go on with the same command")

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float16]:
        work = Embedding(self._embedder, texts)
        try:
            while not work.wait(PATIENCE):
                self._tell(work.done)
        except BaseException:
            work.stop()
            raise
        return work.result().astype(np.float16)

    def _patiently(self, step: Callable[[], _Result]) -> _Result:
        """The result of the step, tried again while another process writes."""
        while True:
            try:
                return step()
            except Busy as busy:  # noqa: PERF203
                self._tell(0, busy.message)
                time.sleep(PATIENCE)

    def _tell(self, more: int, waiting: str = "") -> None:
        done = self.found + self._made + more
        self._tell_to(ReembedProgress(done, max(self._total, done), waiting))


def _batches(change: Change) -> Iterator[tuple[list[bytes], list[str]]]:
    """Digests and texts that lack a vector, BATCH at once."""
    waiting: dict[bytes, str] = {}
    after = 0
    while lacking := change.lacking(after):
        after, chunks = lacking
        for digest, context, text in chunks:
            waiting[digest] = joined(context, text)
            if len(waiting) == BATCH:
                yield list(waiting), list(waiting.values())
                waiting = {}
    if waiting:
        yield list(waiting), list(waiting.values())

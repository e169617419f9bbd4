"""Where documents are parsed: processes that have limits and may die.

They are started as programs of their own, never forked from the ingest, which has threads, locks and an open store that
no parser may inherit. One of them: process.py. What they may do: lockdown.py. What is said: wire.py.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol

from ragkb.cores import usable_cores
from ragkb.errors import DocumentRefused, InputError
from ragkb.ingest import ocr
from ragkb.ingest.loaders import Loaded, read
from ragkb.ingest.members import Member, expand
from ragkb.ingest.process import Died, Process
from ragkb.ingest.wire import Picture, Request, decode_picture, decode_reply
from ragkb.ingest.worker import FORKS
from ragkb.ingest.worker import draw as draw_here
from ragkb.settings import IngestSettings, LimitSettings, OcrMode
from ragkb.types import Draft

_DOCUMENTS_WITHOUT_FORK = 50  # one process parses, where each document cannot have its own
_HELD_BYTES = 2_000_000  # of members that are held at once
_BYTES_PER_SECOND = 4_000_000  # a large file gets more time: a second for each of these


@dataclass(frozen=True, slots=True)
class Outcome:
    """A document, or why there is none. seconds: that parsing took, without the time in line."""

    loaded: Loaded | None
    error: InputError | None
    seconds: float

    def document(self) -> Draft:
        """The document. Raises the reason that there is none."""
        if self.loaded is None:
            raise self.error or DocumentRefused("no text found")
        return self.loaded.draft

    @property
    def media(self) -> str:
        """The media type as which it was read, '' where it was not."""
        return self.loaded.media if self.loaded else ""


class Parser(Protocol):
    """Turns the bytes of files into documents, now or soon."""

    def submit(self, data: bytes, name: str) -> Future[Outcome]:
        """Parses the file; whatever is wrong with it is an outcome."""

    def open(self, data: bytes, name: str) -> Iterator[Member]:
        """What the file holds, as `members.expand` gives it."""

    def draw(self, data: bytes, picture: Picture) -> bytes:
        """A page of a PDF as PNG. Raises DocumentRefused, LimitExceeded, InputError."""

    def __enter__(self) -> Parser: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def parser(settings: IngestSettings, limits: LimitSettings) -> Parser:
    """A sandbox with that many processes (-1: as many as suit this machine); for 0, this process itself."""
    count = default_workers() if settings.workers < 0 else settings.workers
    keeps_hidden = settings.hidden_text == "mark"
    if count:
        return Sandbox(count, limits, settings.ocr, keeps_hidden)
    return InProcess(limits, settings.ocr, keeps_hidden)


def default_workers() -> int:
    """One process for every two cores, at least one: the embedder works at the same time, and takes more."""
    return max(1, usable_cores() // 2)


class InProcess:
    """Parses in this process, at once, for debuggers and programs that cannot start others. Memory and time have no
    limit here."""

    def __init__(self, limits: LimitSettings, ocr: OcrMode = "auto", keeps_hidden: bool = False) -> None:
        self._limits, self._ocr, self._keeps_hidden = limits, ocr, keeps_hidden

    def submit(self, data: bytes, name: str) -> Future[Outcome]:
        made: Future[Outcome] = Future()
        made.set_result(_outcome(lambda: read(data, name, self._limits, self._ocr, self._keeps_hidden)))
        return made

    def open(self, data: bytes, name: str) -> Iterator[Member]:
        return expand(data, name, self._limits)

    def draw(self, data: bytes, picture: Picture) -> bytes:
        return draw_here(data, picture)

    def __enter__(self) -> InProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Sandbox:
    """A pool of processes, started when there is work for them and ended with the block. Each parses one document at a
    time, so whichever dies, it is known of which document."""

    def __init__(
        self,
        workers: int,
        limits: LimitSettings,
        ocr: OcrMode = "auto",
        keeps_hidden: bool = False,
        *,
        forks: bool = FORKS,
    ) -> None:
        self._limits, self._ocr, self._keeps_hidden, self._forks = limits, ocr, keeps_hidden, forks
        self._threads = ThreadPoolExecutor(workers, "ragkb-parse")
        self._idle: queue.SimpleQueue[Process] = queue.SimpleQueue()
        self._all: set[Process] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, data: bytes, name: str) -> Future[Outcome]:
        return self._threads.submit(_outcome, lambda: self._parse(data, name))

    def open(self, data: bytes, name: str) -> Iterator[Member]:
        """subtle: what is small is taken as a whole, so that its process parses it next. A large file's process waits
        while what it gave is parsed by others, and is one more than the pool has."""
        request = Request(name, self._limits, "off", self._seconds(data), opens=True)
        held, size = [], 0
        ending: InputError | None = None
        with closing(self._opened(request, data)) as members:
            try:
                for member in members:
                    held.append(member)
                    size += len(member.data)
                    if size > _HELD_BYTES:
                        break
            except InputError as error:
                ending = error
            yield from held
            if ending:
                raise ending
            yield from members

    def _opened(self, request: Request, data: bytes) -> Generator[Member, None, None]:
        process = self._process()
        try:
            yield from process.members(request, data)
        except InputError:  # of the file; the process is as good as before
            self._keep(process)
            raise
        except Died as death:
            self._forget(process)
            raise death.error from None
        except BaseException:
            self._forget(process)
            raise
        self._keep(process)

    def draw(self, data: bytes, picture: Picture) -> bytes:
        request = Request("page.pdf", self._limits, "off", self._seconds(data), picture=picture)
        return self._threads.submit(lambda: decode_picture(self._try(request, data))).result()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes, also those at work; what they were working on is refused."""
        with self._lock:
            self._closed = True
            processes = list(self._all)
        for process in processes:
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in processes:
            process.end()

    def _parse(self, data: bytes, name: str) -> Loaded:
        """Raises DocumentRefused where the process died of it.

        OCR takes seconds a page: what needs it is told by a first look, and then gets the time for its pages.
        """
        reads = ocr.enabled(self._ocr)
        mode: OcrMode | Literal["later"] = "later" if reads else "off"
        loaded = self._read(Request(name, self._limits, mode, self._seconds(data), self._keeps_hidden), data)
        if not loaded.draft.pictures:
            return loaded
        seconds = self._seconds(data) + loaded.draft.pictures * self._limits.ocr_seconds
        return self._read(Request(name, self._limits, self._ocr, seconds, self._keeps_hidden), data)

    def _read(self, request: Request, data: bytes) -> Loaded:
        return decode_reply(self._try(request, data), self._limits)

    def _seconds(self, data: bytes) -> int:
        return self._limits.seconds + len(data) // _BYTES_PER_SECOND

    def _try(self, request: Request, data: bytes) -> bytes:
        """A process that was killed from outside (the system does that when memory is short) may have been innocent:
        the document is tried once more."""
        try:
            return self._ask(request, data)
        except Died as death:
            if not death.from_outside or self._closed:
                raise death.error from None
        try:
            return self._ask(request, data)
        except Died as death:
            raise death.error from None

    def _ask(self, request: Request, data: bytes) -> bytes:
        process = self._process()
        try:
            reply = process.ask(request, data)
        except BaseException:
            self._forget(process)
            raise
        self._keep(process)
        return reply

    def _process(self) -> Process:
        with suppress(queue.Empty):
            return self._idle.get_nowait()
        with self._lock:
            if self._closed:
                raise DocumentRefused("the ingest ended")
            process = Process(self._forks)
            self._all.add(process)
        process.wait_until_ready()
        return process

    def _keep(self, process: Process) -> None:
        if not self._forks and process.documents >= _DOCUMENTS_WITHOUT_FORK:
            self._forget(process)
        else:
            self._idle.put(process)

    def _forget(self, process: Process) -> None:
        process.end()
        with self._lock:
            self._all.discard(process)


def _outcome(parse: Callable[[], Loaded]) -> Outcome:
    started = time.perf_counter()
    try:
        return Outcome(parse(), None, time.perf_counter() - started)
    except InputError as error:
        return Outcome(None, error, time.perf_counter() - started)

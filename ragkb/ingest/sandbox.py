"""Where documents are parsed: processes that have limits and may die.

They are started as programs of their own, never forked from the ingest, which has threads, locks and an open store that
no parser may inherit. What they may do: lockdown.py. What is said: wire.py.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO, Protocol, cast

from ragkb.errors import DocumentRefused, InputError, LimitExceeded, RagkbError
from ragkb.ingest import ocr
from ragkb.ingest.loaders import load
from ragkb.ingest.wire import (
    Picture,
    Request,
    Torn,
    decode_picture,
    decode_reply,
    encode_request,
    largest_reply,
    read_frame,
    write_frame,
)
from ragkb.ingest.worker import FORKS, OUT_OF_MEMORY
from ragkb.ingest.worker import draw as draw_here
from ragkb.settings import IngestSettings, LimitSettings, OcrMode
from ragkb.types import Draft

_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from ragkb.ingest.worker import main; main()"
_START_SECONDS = 60.0
_DOCUMENTS_WITHOUT_FORK = 50  # one process parses, where each document cannot have its own
_BYTES_PER_SECOND = 4_000_000  # a large file gets more time: a second for each of these
_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TEMP", "TZ")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A document, or why there is none. seconds: that parsing took, without the time in line."""

    draft: Draft | None
    error: InputError | None
    seconds: float

    def document(self) -> Draft:
        """The document. Raises the reason that there is none."""
        if self.draft is None:
            raise self.error or DocumentRefused("no text found")
        return self.draft


class Parser(Protocol):
    """Turns the bytes of files into documents, now or soon."""

    def submit(self, data: bytes, name: str) -> Future[Outcome]:
        """Parses the file; whatever is wrong with it is an outcome."""

    def draw(self, data: bytes, picture: Picture) -> bytes:
        """A page of a PDF as PNG. Raises DocumentRefused, LimitExceeded, InputError."""

    def __enter__(self) -> Parser: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def parser(settings: IngestSettings, limits: LimitSettings) -> Parser:
    """A sandbox with that many processes (-1: as many as suit this machine); for 0, this process itself."""
    count = default_workers() if settings.workers < 0 else settings.workers
    return Sandbox(count, limits, settings.ocr) if count else InProcess(limits, settings.ocr)


def default_workers() -> int:
    """One process for every two cores, at least one: the embedder works at the same time, and takes more."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // 2)


class InProcess:
    """Parses in this process, at once, for debuggers and programs that cannot start others. Memory and time have no
    limit here."""

    def __init__(self, limits: LimitSettings, ocr: OcrMode = "auto") -> None:
        self._limits, self._ocr = limits, ocr

    def submit(self, data: bytes, name: str) -> Future[Outcome]:
        made: Future[Outcome] = Future()
        made.set_result(_outcome(lambda: load(data, name, self._limits, self._ocr)))
        return made

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

    def __init__(self, workers: int, limits: LimitSettings, ocr: OcrMode = "auto", *, forks: bool = FORKS) -> None:
        self._limits, self._ocr, self._forks = limits, ocr, forks
        self._threads = ThreadPoolExecutor(workers, "ragkb-parse")
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._all: set[_Process] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, data: bytes, name: str) -> Future[Outcome]:
        return self._threads.submit(_outcome, lambda: self._parse(data, name))

    def draw(self, data: bytes, picture: Picture) -> bytes:
        request = Request("page.pdf", self._limits, "off", self._seconds(data), picture)
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

    def _parse(self, data: bytes, name: str) -> Draft:
        """Raises DocumentRefused where the process died of it.

        OCR takes seconds a page: what needs it is told by a first look, and then gets the time for its pages.
        """
        reads = ocr.enabled(self._ocr)
        draft = self._read(Request(name, self._limits, "later" if reads else "off", self._seconds(data)), data)
        if not draft.pictures:
            return draft
        seconds = self._seconds(data) + draft.pictures * self._limits.ocr_seconds
        return self._read(Request(name, self._limits, self._ocr, seconds), data)

    def _read(self, request: Request, data: bytes) -> Draft:
        return decode_reply(self._try(request, data), self._limits)

    def _seconds(self, data: bytes) -> int:
        return self._limits.seconds + len(data) // _BYTES_PER_SECOND

    def _try(self, request: Request, data: bytes) -> bytes:
        """A process that was killed from outside (the system does that when memory is short) may have been innocent:
        the document is tried once more."""
        try:
            return self._ask(request, data)
        except _Died as death:
            if not death.from_outside or self._closed:
                raise death.error from None
        try:
            return self._ask(request, data)
        except _Died as death:
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

    def _process(self) -> _Process:
        with suppress(queue.Empty):
            return self._idle.get_nowait()
        with self._lock:
            if self._closed:
                raise DocumentRefused("the ingest ended")
            process = _Process(self._forks)
            self._all.add(process)
        process.wait_until_ready()
        return process

    def _keep(self, process: _Process) -> None:
        if not self._forks and process.documents >= _DOCUMENTS_WITHOUT_FORK:
            self._forget(process)
        else:
            self._idle.put(process)

    def _forget(self, process: _Process) -> None:
        process.end()
        with self._lock:
            self._all.discard(process)


class _Died(Exception):
    """The process is gone. from_outside: somebody else killed it."""

    def __init__(self, error: RagkbError, from_outside: bool = False) -> None:
        super().__init__(error)
        self.error, self.from_outside = error, from_outside


class _Process:
    """One process and the pipes to it. Used by one thread at a time; `kill` by any."""

    def __init__(self, forks: bool) -> None:
        path = json.dumps([os.path.abspath(entry) for entry in sys.path])
        command = [sys.executable, "-I", "-W", "ignore", "-c", _START, path, *([] if forks else ["alone"])]
        self.documents = 0
        self._is_late = False
        try:
            self._program = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if os.environ.get("RAGKB_TRACEBACK") else subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # no Ctrl-C reaches it, and it is killed with the process that it forked
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except (OSError, ValueError) as error:
            raise _no_start(str(error)) from None
        self._requests = cast(BinaryIO, self._program.stdin)
        self._replies = cast(BinaryIO, self._program.stdout)

    def wait_until_ready(self) -> None:
        """Raises RagkbError if it does not start."""
        timer = self._deadline(_START_SECONDS)
        try:
            read_frame(self._replies, 100)
        except Torn:
            self.end()
            raise _no_start(f"exit code {self._program.returncode}") from None
        finally:
            timer.cancel()

    def ask(self, request: Request, data: bytes) -> bytes:
        """The reply to one document. Raises _Died."""
        self.documents += 1
        timer = self._deadline(request.seconds)
        try:
            write_frame(self._requests, encode_request(request))
            write_frame(self._requests, data)
            return read_frame(self._replies, largest_reply(request.limits))
        except (Torn, OSError):
            self.end()
            raise self._death(request.limits, request.seconds) from None
        finally:
            timer.cancel()

    def kill(self) -> None:
        """Ends it and what it forked, at once."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._program.pid, signal.SIGKILL)
            else:
                self._program.kill()

    def end(self) -> None:
        """Ends it, waits for it, and closes the pipes."""
        with suppress(subprocess.TimeoutExpired):
            self._close_requests()
            self._program.wait(0.5)  # subtle: one that is dying tells of what; one that is idle sees that no more comes
        if self._program.returncode is None:
            self.kill()
            self._program.wait()
        self._replies.close()

    def _close_requests(self) -> None:
        with suppress(OSError):
            self._requests.close()

    def _deadline(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._too_late)
        timer.daemon = True
        timer.start()
        return timer

    def _too_late(self) -> None:
        self._is_late = True
        self.kill()

    def _death(self, limits: LimitSettings, seconds: int) -> _Died:
        code = self._program.returncode
        if self._is_late or -code == getattr(signal, "SIGXCPU", None):
            return _Died(LimitExceeded(f"took more than {seconds} s", "raise limits.seconds"))
        if code == OUT_OF_MEMORY:
            memory = f"needed more than {limits.memory_bytes / 1e9:.1f} GB of memory"
            return _Died(LimitExceeded(memory, "raise limits.memory_bytes"))
        if -code == getattr(signal, "SIGKILL", None):
            return _Died(DocumentRefused("the parser was killed from outside", "is there enough memory?"), True)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return _Died(DocumentRefused(f"the parser crashed ({how})", "open it in its program and save it again"))


def _outcome(parse: Callable[[], Draft]) -> Outcome:
    started = time.perf_counter()
    try:
        return Outcome(parse(), None, time.perf_counter() - started)
    except InputError as error:
        return Outcome(None, error, time.perf_counter() - started)


def _environment() -> dict[str, str]:
    """What libraries need, and none of the secrets that an environment may hold."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


def _no_start(why: str) -> RagkbError:
    return RagkbError(
        f"the process that parses documents does not start ({why})",
        "RAGKB_TRACEBACK=1 shows its message; ingest.workers = 0 parses in this process, without a sandbox",
    )

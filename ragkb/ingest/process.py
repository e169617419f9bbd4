"""One process that parses, and the pipes to it: started, asked, blamed for its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from ragkb.errors import DocumentRefused, LimitExceeded, RagkbError
from ragkb.ingest.members import Member
from ragkb.ingest.wire import Request, Torn, encode_request, largest_reply, read_frame, write_frame
from ragkb.ingest.wire_members import Received
from ragkb.ingest.worker import OUT_OF_MEMORY
from ragkb.settings import LimitSettings

_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from ragkb.ingest.worker import main; main()"
_START_SECONDS = 60.0
_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "TEMP", "TZ")


class Died(Exception):
    """The process is gone. from_outside: somebody else killed it."""

    def __init__(self, error: RagkbError, from_outside: bool = False) -> None:
        super().__init__(error)
        self.error, self.from_outside = error, from_outside


class Process:
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
        try:
            with self._deadline(_START_SECONDS):
                read_frame(self._replies, 100)
        except Torn:
            self.end()
            raise _no_start(f"exit code {self._program.returncode}") from None

    def ask(self, request: Request, data: bytes) -> bytes:
        """The reply to one document. Raises Died."""
        self.documents += 1
        with self._blamed(request), self._deadline(request.seconds):
            self._send(request, data)
            return read_frame(self._replies, largest_reply(request.limits))

    def members(self, request: Request, data: bytes) -> Iterator[Member]:
        """What the file holds, one at a time. Raises Died, and DocumentRefused or LimitExceeded as `expand` does.

        The time for each is that of the request: what is taken out of a file waits until the ones before are parsed.
        """
        self.documents += 1
        received = Received(request.name, data, request.limits)
        with self._blamed(request), self._deadline(request.seconds):
            self._send(request, data)
        while True:
            with self._blamed(request), self._deadline(request.seconds):
                member = received.next(self._replies)
            if member is None:
                return
            yield member

    def _send(self, request: Request, data: bytes) -> None:
        write_frame(self._requests, encode_request(request))
        write_frame(self._requests, data)

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

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[None]:
        """Kills the process if the block takes longer."""
        timer = threading.Timer(seconds, self._too_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @contextmanager
    def _blamed(self, request: Request) -> Iterator[None]:
        """Turns the end of the pipes into the reason of the process's death."""
        try:
            yield
        except (Torn, OSError):
            self.end()
            raise self._death(request.limits, request.seconds) from None

    def _too_late(self) -> None:
        self._is_late = True
        self.kill()

    def _death(self, limits: LimitSettings, seconds: int) -> Died:
        code = self._program.returncode
        if self._is_late or -code == getattr(signal, "SIGXCPU", None):
            return Died(LimitExceeded(f"took more than {seconds} s", "raise limits.seconds"))
        if code == OUT_OF_MEMORY:
            memory = f"needed more than {limits.memory_bytes / 1e9:.1f} GB of memory"
            return Died(LimitExceeded(memory, "raise limits.memory_bytes"))
        if -code == getattr(signal, "SIGKILL", None):
            return Died(DocumentRefused("the parser was killed from outside", "is there enough memory?"), True)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return Died(DocumentRefused(f"the parser crashed ({how})", "open it in its program and save it again"))


def _environment() -> dict[str, str]:
    """What libraries need, and none of the secrets that an environment may hold."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


def _no_start(why: str) -> RagkbError:
    return RagkbError(
        f"the process that parses documents does not start ({why})",
        "RAGKB_TRACEBACK=1 shows its message; ingest.workers = 0 parses in this process, without a sandbox",
    )

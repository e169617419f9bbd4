"""`ragkb serve` in a process of its own, over a knowledge base that was filled before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SETTINGS = "[server]\nrate_per_minute = 0\n[search]\nremembered = 0\n"


@dataclass(frozen=True, slots=True)
class Process:
    """A server that runs. log: its lines so far."""

    host: str
    port: int
    pid: int
    log: list[str]
    _running: subprocess.Popen[str]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    def sockets(self) -> int:
        """How many it has open."""
        found = 0
        for one in os.scandir(f"/proc/{self.pid}/fd"):
            with suppress(FileNotFoundError):  # closed meanwhile
                found += os.readlink(one.path).startswith("socket:")
        return found

    def cpu(self) -> float:
        """Seconds of processor that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Bytes of the server itself that are in memory."""
        return _resident(self.pid)

    def helpers(self) -> int:
        """Bytes of the processes that it started, which read uploads and draw pages."""
        return sum(_resident(pid) for pid in _below(self.pid))

    def signal(self, number: int) -> None:
        """Sends it a signal."""
        self._running.send_signal(number)


@contextmanager
def serving(folder: Path, settings: str = SETTINGS) -> Iterator[Process]:
    """Serves folder/kb on a free port, with folder/ragkb.toml, until the block ends."""
    (folder / "ragkb.toml").write_text(settings)
    command = [sys.executable, "-m", "ragkb", "--kb", "kb", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr
        first = running.stderr.readline()
        log: list[str] = []
        # subtle: a pipe that nobody reads fills up, and the server would wait for it
        reader = threading.Thread(target=lambda: log.extend(running.stderr or ()), daemon=True)
        reader.start()
        try:
            host, port = first.split("http://")[1].split(" ")[0].rsplit(":", 1)
            yield Process(host, int(port), running.pid, log, running)
        finally:
            running.terminate()
            running.wait(30)


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def _below(pid: int) -> Iterator[int]:
    """The processes that it started, and those that they started."""
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in listed.read_text().split():
            yield int(child)
            yield from _below(int(child))

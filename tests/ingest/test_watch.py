"""`ragkb ingest --watch` as a process: what happens in the folder happens in the knowledge base."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragkb.errors import InputError
from ragkb.ingest.watch import follow

SECONDS = 60  # a limit, not an expectation


class Watching:
    """The running command and the lines that it prints."""

    def __init__(self, *arguments: str | Path) -> None:
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith("RAGKB_") or key == "RAGKB_CACHE"
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ragkb", "ingest", "--watch", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.strip())

    def until(self, part: str) -> str:
        """The next line that holds `part`."""
        while True:
            line = self._lines.get(timeout=SECONDS)
            if part in line:
                return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Leave\n\nTwenty days.\n")
    return tmp_path


@pytest.fixture
def watching(folder: Path) -> Iterator[Watching]:
    running = Watching(folder / "docs", "--prune", "--kb", folder / "docs" / ".kb")  # its own files are no changes
    yield running
    running.process.kill()
    running.process.wait()
    assert running.process.stdout
    running.process.stdout.close()


def test_added_changed_and_deleted_files_are_followed(folder: Path, watching: Watching) -> None:
    watching.until("1 ingested")
    (folder / "docs" / "b.md").write_text("# Travel\n\nSecond class.\n")
    assert watching.until("b.md") == "ingested  b.md"
    (folder / "docs" / "ragkb-manifest.toml").write_text("broken")
    assert "waiting:" in watching.until("ragkb-manifest.toml")
    (folder / "docs" / "ragkb-manifest.toml").unlink()
    (folder / "docs" / "b.md").write_text("# Travel\n\nFirst class.\n")
    assert watching.until("b.md") == "ingested  b.md"
    (folder / "docs" / "a.md").unlink()
    assert watching.until("a.md").startswith("removed  a.md")
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(SECONDS) == 130


def test_it_waits_for_another_writer(folder: Path) -> None:
    from ragkb.errors import Busy
    from ragkb.ingest.report import IngestReport

    outcomes = iter([Busy("process 7 writes"), Busy("process 7 writes"), IngestReport((), 0.0)])
    told: list[str] = []
    stop = threading.Event()

    def ingest() -> IngestReport:
        outcome = next(outcomes)
        if isinstance(outcome, Busy):
            raise outcome
        return outcome

    reports = follow([folder / "docs"], ingest, lambda error: told.append(error.message), stop)
    assert next(reports) == IngestReport((), 0.0)
    assert told == ["process 7 writes"]
    stop.set()
    assert list(reports) == []


def test_only_folders_of_this_machine_are_followed() -> None:
    with pytest.raises(InputError, match="cannot be followed"):
        next(follow(["s3://bucket/docs"], lambda: pytest.fail("no ingest"), print, threading.Event()))

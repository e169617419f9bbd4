"""A document cannot hurt the ingest, whatever it does to its parser."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest

from benchmarks.ingest.hostile_files import REFUSED, pdf
from ragkb.errors import DocumentRefused, InputError, LimitExceeded, RagkbError
from ragkb.ingest import wire
from ragkb.ingest.access import AccessUnclear
from ragkb.ingest.loaders import Loaded, load
from ragkb.ingest.sandbox import Sandbox, parser
from ragkb.settings import IngestSettings, LimitSettings
from ragkb.types import Draft, Heading, Table, Unit

LIMITS = LimitSettings()
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the system has no such limits")
FULL = Draft(
    text="Über one\ntwo",
    title="T",
    page_starts=(0, 9),
    headings=(Heading(0, 1, "Über"),),
    tables=(Table(0, 8, "h"),),
    units=(Unit(0, 8, "Über"),),
    metadata={"a": 1, "b": 0.5},
    warnings=("w",),
    contents=((4, 8),),
    pictures=2,
    ocr_pages=1,
    language="de",
    groups=("hr",),
)


def children(of: set[int]) -> set[int]:
    """The processes that those have started."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent in of:
            found.add(int(path.parent.name))
    return found


def processes() -> set[int]:
    """The processes that this one has started, theirs, and theirs again."""
    first = children({os.getpid()})
    second = children(first)
    return first | second | children(second)


@pytest.mark.parametrize("forks", [True, False])
def test_what_is_parsed_apart_is_what_is_parsed_here(forks: bool) -> None:
    if forks and sys.platform != "linux":
        pytest.skip("only Linux forks")
    files = {"a.txt": "Über uns".encode(), "b.pdf": pdf(), "c.csv": b"a,b\n1,2\n", "d.md": b"# T\n\nx"}
    with Sandbox(2, LIMITS, forks=forks) as sandbox:
        made = {name: sandbox.submit(data, name) for name, data in files.items()}
        assert {name: future.result().document() for name, future in made.items()} == {
            name: load(data, name, LIMITS) for name, data in files.items()
        }


def test_a_refusal_is_the_same_apart_and_here() -> None:
    with parser(IngestSettings(workers=1), LIMITS) as apart, parser(IngestSettings(workers=0), LIMITS) as here:
        for name in ("nothing.txt", "deep.json", "bomb.docx", "locked.pdf"):
            data = REFUSED[name]()
            outcomes = [one.submit(data, name).result() for one in (apart, here)]
            assert outcomes[0].error is not None
            assert str(outcomes[0].error) == str(outcomes[1].error)
            assert type(outcomes[0].error) is type(outcomes[1].error)


@LINUX
def test_a_parser_that_takes_all_memory_or_never_ends_is_ended_and_the_next_document_goes_in() -> None:
    limits = LimitSettings(memory_bytes=200_000_000, seconds=1)
    with Sandbox(1, limits) as sandbox:
        memory = sandbox.submit(REFUSED["flood.pdf"](), "a.pdf")
        slow = sandbox.submit(b"<html><body>" + b"<x>" * 300_000, "b.html")
        good = sandbox.submit(b"One good document.", "c.txt")
        assert "needed more than 0.2 GB" in str(memory.result().error)
        assert isinstance(slow.result().error, LimitExceeded)
        assert good.result().document().text == "One good document."


@LINUX
def test_a_parser_that_crashes_is_blamed_and_one_that_was_killed_is_tried_again() -> None:
    data = b"<html><body>" + b"<x>" * 100_000 + b"word"
    for number, words in ((signal.SIGSEGV, "the parser crashed (signal 11)"), (signal.SIGKILL, "killed from outside")):
        with Sandbox(1, LimitSettings(seconds=60)) as sandbox:
            sandbox.submit(b"first", "a.txt").result()
            future = sandbox.submit(data, "b.html")
            kills = kill_parsers(number, future.done)
            assert words in str(future.result().error)
            assert kills() == (2 if number == signal.SIGKILL else 1)
            assert sandbox.submit(b"next", "c.txt").result().document().text == "next"


def kill_parsers(number: int, is_done: object) -> object:
    """Sends the signal to each process that parses, once, until it is done; gives the function that counts them."""
    killed: set[int] = set()

    def run() -> None:
        while not is_done():  # type: ignore[operator]
            for process in children(children({os.getpid()})) - killed:  # not those that fork
                time.sleep(0.05)
                killed.add(process)
                try:
                    os.kill(process, number)
                except ProcessLookupError:
                    killed.discard(process)
            time.sleep(0.01)

    thread = threading.Thread(target=run)
    thread.start()

    def count() -> int:
        thread.join()
        return len(killed)

    return count


@LINUX
def test_nothing_is_left_behind() -> None:
    before = processes()
    with Sandbox(2, LIMITS) as sandbox:
        for _ in range(4):
            sandbox.submit(b"<html><body>" + b"<x>" * 300_000, "a.html")
        while not processes() - before:
            time.sleep(0.01)
    assert processes() == before


def is_alive(process: int) -> bool:
    """False for one that has ended, whether or not somebody asked after it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_parsers_die_with_the_command(tmp_path: Path, number: int) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "slow.html").write_bytes(b"<html><body>" + b"<x>" * 1_000_000)
    before = processes()  # another test of this process may keep its parsers
    command = [sys.executable, "-m", "ragkb", "ingest", tmp_path / "docs", "--kb", tmp_path / "kb"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    while len(processes() - before) < 3:  # the command, the process that forks, the one that parses
        time.sleep(0.02)
    started = processes() - before
    child.send_signal(number)
    child.communicate(timeout=60)
    assert child.returncode == (130 if number == signal.SIGINT else -number)
    for _ in range(200):
        alive = [one for one in started if is_alive(one)]
        if not alive:
            break
        time.sleep(0.05)
    assert not alive


LOCKED = """
import os, socket, subprocess, sys, ctypes
from ragkb.ingest import lockdown
if sys.argv[1] == "hook":
    lockdown._install_filter = lambda: False
lockdown.limit(500_000_000, 60)
lockdown.isolate()
tries = {
    "read": lambda: open(sys.argv[2]).read(),
    "write": lambda: open(sys.argv[2] + ".new", "w"),
    "append": lambda: os.open(sys.argv[2], os.O_WRONLY),
    "remove": lambda: os.remove(sys.argv[2]),
    "rename": lambda: os.rename(sys.argv[2], sys.argv[2] + "x"),
    "socket": lambda: socket.socket(),
    "fork": lambda: os.fork(),
    "program": lambda: subprocess.run(["true"]),
    "kill": lambda: os.kill(os.getppid(), 0),
    "memory": lambda: bytearray(900_000_000),
}
if sys.argv[1] == "filter":
    tries["native socket"] = lambda: None if ctypes.CDLL(None).socket(2, 1, 0) < 0 else 1 / 0
for name, attempt in tries.items():
    try:
        attempt()
        print(name, "yes")
    except (OSError, MemoryError) as error:
        print(name, "no")
"""


@LINUX
@pytest.mark.parametrize("way", ["filter", "hook"])
def test_a_parser_can_read_and_nothing_else(tmp_path: Path, way: str) -> None:
    file = tmp_path / "file.txt"
    file.write_text("kept", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOCKED, way, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    said = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    allowed = {name for name, answer in said.items() if answer == "yes"}
    assert allowed == ({"read", "native socket"} if way == "filter" else {"read"})
    assert len(said) == (11 if way == "filter" else 10)
    assert file.read_text("utf-8") == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_a_document_survives_the_wire_with_every_field() -> None:
    empty = Draft("")
    assert all(getattr(FULL, field.name) != getattr(empty, field.name) for field in fields(Draft)), "a new field"
    loaded = Loaded(FULL, "text/plain")
    assert wire.decode_reply(wire.encode_reply(loaded), LIMITS) == loaded


@pytest.mark.parametrize(
    "wrong",
    [
        replace(FULL, text=""),
        replace(FULL, page_starts=(0, 13)),
        replace(FULL, page_starts=(5, 0)),
        replace(FULL, headings=(Heading(-1, 1, "x"),)),
        replace(FULL, tables=(Table(8, 0, ""),)),
        replace(FULL, units=(Unit(4, 99),)),
        replace(FULL, text="x" * 101),
    ],
)
def test_a_reply_whose_places_are_wrong_is_refused(wrong: Draft) -> None:
    with pytest.raises(DocumentRefused, match="the parser gave"):
        wire.decode_reply(wire.encode_reply(Loaded(wrong, "text/plain")), LimitSettings(text_characters=100))


def test_a_refusal_crosses_the_wire_as_what_it_is() -> None:
    for kind in (DocumentRefused, LimitExceeded, AccessUnclear):
        with pytest.raises(InputError) as refused:
            wire.decode_reply(wire.encode_reply(kind("why", "do")), LIMITS)
        assert type(refused.value) is kind


@pytest.mark.parametrize("reply", [b"", b"{", b"[]", b'{"draft": {"text": 5}}', b'{"draft": null}', b"\x80\x04K\x01."])
def test_a_reply_that_is_nonsense_is_refused(reply: bytes) -> None:
    with pytest.raises(InputError):
        wire.decode_reply(reply, LIMITS)


def test_a_parser_that_cannot_start_is_an_error_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with Sandbox(1, LIMITS) as sandbox, pytest.raises(RagkbError, match="does not start") as raised:
        sandbox.submit(b"x", "a.txt").result()
    assert not isinstance(raised.value, InputError)
    assert os.strerror(errno.ENOENT) in str(raised.value)

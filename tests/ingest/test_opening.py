"""Archives and messages are opened in a process that may die, and what it sends is not trusted."""

from __future__ import annotations

import io
import os
import signal
import struct
import sys
import zlib
from pathlib import Path
from typing import BinaryIO

import more_files as make
import pytest
from test_sandbox import children

from ragkb import KnowledgeBase
from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.members import Member, expand
from ragkb.ingest.sandbox import Sandbox, parser
from ragkb.ingest.wire import Torn, read_frame, write_frame
from ragkb.ingest.wire_members import Received, relay, write_error, write_members
from ragkb.models import Embedder
from ragkb.settings import IngestSettings, LimitSettings

LIMITS = LimitSettings()
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the system has no such limits")
MAIL = make.eml("Offer", "see below", {"preis.txt": b"40 Euro", "合同.zip": make.archive({"第一章.txt": "三个月"})})
ARCHIVE = make.archive({"a/mail.eml": MAIL, "b.txt": "one", "c.zip": b"PK\x03\x04 damaged"})


@pytest.mark.parametrize("forks", [True, False])
def test_what_is_opened_apart_is_what_is_opened_here(forks: bool) -> None:
    if forks and sys.platform != "linux":
        pytest.skip("only Linux forks")
    with Sandbox(1, LIMITS, forks=forks) as sandbox:
        for data, name in ((ARCHIVE, "x.zip"), (MAIL, "m.eml"), (ARCHIVE, "y.zip")):
            found = list(sandbox.open(data, name))
            assert found == list(expand(data, name, LIMITS))
            assert len(found) >= 3
    assert "x.zip/a/mail.eml/合同.zip/第一章.txt" in {member.source for member in expand(ARCHIVE, "x.zip", LIMITS)}


def test_an_archive_that_must_not_be_opened_is_refused_alike_and_the_next_is_opened() -> None:
    limits = LimitSettings(members=2)
    with parser(IngestSettings(workers=1), limits) as apart, parser(IngestSettings(workers=0), limits) as here:
        reasons = []
        for one in (apart, here):
            with pytest.raises(LimitExceeded) as refused:
                list(one.open(ARCHIVE, "x.zip"))
            reasons.append(str(refused.value))
        assert reasons[0] == reasons[1]
        assert len(list(apart.open(make.archive({"a.txt": "x"}), "y.zip"))) == 1


def bomb(size: int) -> bytes:
    """An archive whose one member unpacks to `size` zeros, though its directory says 1,000 bytes."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join([packed.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)]) + packed.flush()
    sizes = struct.pack("<III", zlib.crc32(b""), len(data), 1000)
    head = struct.pack("<4s5H", b"PK\x03\x04", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", 5, 0) + b"a.txt"
    entry = struct.pack("<4s6H", b"PK\x01\x02", 20, 20, 0, 8, 0, 0) + sizes
    entry += struct.pack("<5HII", 5, 0, 0, 0, 0, 0, 0) + b"a.txt"
    end = struct.pack("<4s4HIIH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(head) + len(data), 0)
    return head + data + entry + end


def test_a_member_that_unpacks_to_more_than_its_directory_says_takes_no_memory() -> None:
    with Sandbox(1, LimitSettings(memory_bytes=200_000_000)) as sandbox:
        (member,) = sandbox.open(bomb(300_000_000), "x.zip")
        assert member.refused or len(member.data) <= 1000


@LINUX
def test_an_opener_that_dies_is_blamed_and_what_it_gave_stays(tmp_path: Path) -> None:
    """It is killed while a member waits to be taken, as a crash of a library would end it."""
    data = make.archive({f"{number}.txt": os.urandom(1_000_000) for number in range(8)})
    with Sandbox(1, LIMITS) as sandbox:
        before = children({os.getpid()})
        opened = sandbox.open(data, "x.zip")
        first = next(opened)
        (forker,) = children({os.getpid()}) - before
        (opener,) = children({forker})
        os.kill(opener, signal.SIGSEGV)
        with pytest.raises(DocumentRefused, match="the parser crashed \\(signal 11\\)"):
            list(opened)
        assert first.source == "x.zip/0.txt"
        assert [member.source for member in sandbox.open(make.archive({"a.txt": "x"}), "y.zip")] == ["y.zip/a.txt"]


@LINUX
def test_an_opener_that_takes_too_long_is_ended() -> None:
    data = make.archive({f"{number}.txt": os.urandom(320_000) for number in range(12)})
    with Sandbox(1, LimitSettings(seconds=1)) as sandbox:
        before = children({os.getpid()})
        opened = sandbox.open(data, "x.zip")
        next(opened)
        for opener in children(children({os.getpid()}) - before):
            os.kill(opener, signal.SIGSTOP)
        with pytest.raises(LimitExceeded, match="took more than 1 s"):
            list(opened)


@LINUX
def test_an_iteration_that_is_left_leaves_no_process() -> None:
    before = children({os.getpid()})
    with Sandbox(1, LIMITS) as sandbox:
        opened = sandbox.open(make.archive({f"{number}.txt": os.urandom(900_000) for number in range(8)}), "x.zip")
        next(opened)
        opened.close()  # type: ignore[attr-defined]
        assert children({os.getpid()}) <= before


@LINUX
def test_a_small_message_is_opened_and_parsed_by_one_process() -> None:
    before = children({os.getpid()})
    with Sandbox(1, LIMITS) as sandbox:
        for member in sandbox.open(MAIL, "m.eml"):
            assert sandbox.submit(member.data, member.source).result().document()
        assert len(children({os.getpid()}) - before) == 1


# --- what is not trusted ----------------------------------------------------------------------------------------------


def sent(*members: Member, limits: LimitSettings = LIMITS) -> list[Member]:
    """The members as they are received, when a process sends these of a file `a.zip`."""
    stream = io.BytesIO()
    write_members(stream, iter(members), "a.zip")
    stream.seek(0)
    received = Received("a.zip", b"whole", limits)
    found: list[Member] = []
    while member := received.next(stream):
        found.append(member)
    return found


def test_members_cross_the_wire() -> None:
    members = [Member("a.zip", b"whole"), Member("a.zip/b/ü.txt", b"x"), Member("a.zip/c", refused="broken\nline")]
    assert sent(*members) == [*members[:2], Member("a.zip/c", refused="broken line")]
    assert sent(Member("a.zip", b"something else")) == [Member("a.zip", b"whole")]


@pytest.mark.parametrize(
    "members",
    [
        [Member("b.zip/a.txt", b"x")],
        [Member("a.zip/../b.txt", b"x")],
        [Member("a.zip//etc/passwd", b"x")],
        [Member("a.zip/C:/x", b"x")],
        [Member("a.zip/a", b"x"), Member("a.zip/a", b"y")],
        [Member(f"a.zip/{number}", b"x") for number in range(9)],
        [Member("a.zip/a", bytes(60)), Member("a.zip/b", bytes(60))],
    ],
)
def test_members_that_no_file_holds_end_the_opener(members: list[Member]) -> None:
    with pytest.raises(Torn):
        sent(*members, limits=LimitSettings(members=3, inflated_bytes=100))


def test_nothing_gets_through_behind_the_end() -> None:
    """A document that took its process over cannot answer for the next one."""

    def frames(write: object) -> tuple[bytes, bytes]:
        source, target = io.BytesIO(), io.BytesIO()
        write(source)  # type: ignore[operator]
        write_frame(source, b"the reply to another document")
        source.seek(0)
        return relay(source, target, LIMITS), target.getvalue()

    last, copied = frames(lambda stream: write_members(stream, iter([Member("a.zip/b", b"x")]), "a.zip"))
    assert (last, b"another" in copied, b"a.zip/b" in copied) == (b"", False, True)
    last, copied = frames(lambda stream: write_error(stream, DocumentRefused("why")))
    assert (b"why" in last, copied) == (True, b"")


@pytest.mark.parametrize("frame", [b"{", b"[]", b'{"source": 5}', b"\x80\x04K\x01."])
def test_a_head_that_is_nonsense_ends_the_opener(frame: bytes) -> None:
    stream = io.BytesIO()
    write_frame(stream, frame)
    for use in (lambda: relay(stream, io.BytesIO(), LIMITS), lambda: Received("a.zip", b"", LIMITS).next(stream)):
        stream.seek(0)
        with pytest.raises(Torn):
            use()
    assert read_frame(io.BytesIO(stream.getvalue()), 100) == frame


# --- ingest -----------------------------------------------------------------------------------------------------------


@LINUX
def test_a_file_that_ends_its_opener_is_refused_and_the_others_go_in(
    tmp_path: Path, words: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.zip").write_bytes(make.archive({f"{number}.xyz": os.urandom(300_000) for number in range(9)}))
    (folder / "b.zip").write_bytes(make.archive({"b.txt": "beta leave"}))
    (folder / "c.txt").write_text("gamma leave")
    before = children({os.getpid()})
    received = []
    take = Received.next

    def take_and_kill(self: Received, stream: BinaryIO) -> Member | None:
        received.append(take(self, stream))
        if len(received) == 3:
            for opener in children(children({os.getpid()}) - before):
                os.kill(opener, signal.SIGSEGV)
        return received[-1]

    monkeypatch.setattr(Received, "next", take_and_kill)
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        report = kb.ingest(folder)
        assert [(file.source, file.status) for file in report.files[-3:]] == [
            ("a.zip", "refused"),
            ("b.zip/b.txt", "ingested"),
            ("c.txt", "ingested"),
        ]
        assert "the parser crashed (signal 11)" in report.files[-3].reason
        assert 5 < len(report.files) < 12

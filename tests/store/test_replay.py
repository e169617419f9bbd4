"""What was acknowledged survives a power cut: the short form of `make replay`, and the rules of the disk it plays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.store import order
from benchmarks.store.harness import fast_folder
from benchmarks.store.mutations import by_replay
from benchmarks.store.replay import (
    Recording,
    Tally,
    acknowledged,
    examine,
    interrupted,
    record,
    record_again,
    states,
    states_at,
)
from benchmarks.store.replay_disk import Change, Cut, Disk, Tree, cuts
from benchmarks.store.replay_trace import parse

pytestmark = pytest.mark.xdist_group("crashes")
needs_strace = pytest.mark.skipif(not order.available(), reason="strace is missing or may not trace")
ROOT = Path("/kb")


@pytest.fixture(scope="module")
def recording() -> Iterator[tuple[Recording, Path]]:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        yield record(Path(folder), 1, sessions=2), Path(folder)


@needs_strace
def test_sixty_power_cuts_lose_nothing_and_leave_nothing_half_done(recording: tuple[Recording, Path]) -> None:
    traced, folder = recording
    tally = Tally()
    examine(states(traced, 1, 60), folder, tally)
    assert tally.messages == []
    assert sum(tally.states.values()) == 60
    assert len(tally.states) >= 5, tally.table()
    assert len(tally.cuts) == len(cuts(0, ""))


@needs_strace
@pytest.mark.parametrize("kind", ["create", "purge", "backup", "restore", "migrate"])
def test_what_was_just_acknowledged_survives_every_cut(recording: tuple[Recording, Path], kind: str) -> None:
    traced, folder = recording
    moment = min(acknowledged(traced, kind))
    tally = Tally()
    examine(states_at(traced, {moment}, "1"), folder, tally)
    assert tally.messages == []
    assert tally.states == {kind: len(cuts(0, ""))}


@needs_strace
def test_the_power_may_go_again_while_a_writer_recovers(recording: tuple[Recording, Path]) -> None:
    traced, folder = recording
    tally = Tally()
    for state in interrupted(traced, 1, 1):
        examine(states(record_again(folder, state), 1, 20), folder, tally)
    assert tally.messages == []
    assert tally.states["recover"] > 5


@needs_strace
def test_no_power_cut_brings_back_a_file_or_a_log_that_a_purge_removed(recording: tuple[Recording, Path]) -> None:
    traced, _ = recording
    left = {state.cut: state.tree for state in states_at(traced, {min(acknowledged(traced, "purge"))}, "1")}
    for cut, tree in left.items():
        held = {path for path in tree if "/vectors" in path or "/lexical-" in path}
        assert held == {path for path in left["everything kept"] if "/vectors" in path or "/lexical-" in path}, cut
        assert tree["made/here/kb/catalogue.sqlite-wal"] == b"", cut


@needs_strace
@pytest.mark.parametrize("name", ["files are not synced", "folders are not synced", "SQLite does not sync"])
def test_a_missing_sync_is_noticed(name: str) -> None:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        assert by_replay(name, Path(folder))


def _hex(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def _open(number: int, path: str, flags: str = "O_WRONLY|O_CREAT") -> str:
    return f'1 openat(AT_FDCWD<{_hex("/")}>, "{_hex(path)}", {flags}, 0644) = {number}<{_hex(path)}>\n'


def _write(number: int, path: str, data: str) -> str:
    return f'1 write({number}<{_hex(path)}>, "{_hex(data)}", {len(data)}) = {len(data)}\n'


def _sync(number: int, path: str) -> str:
    return f"1 fsync({number}<{_hex(path)}>) = 0\n"


def _rename(source: str, target: str) -> str:
    return f'1 rename("{_hex(source)}", "{_hex(target)}") = 0\n'


def _disk(log: str, first: Tree | None = None) -> Disk:
    disk = Disk(ROOT, first or {})
    for call in parse(iter(log.splitlines(keepends=True)), ROOT):
        disk.follow(call)
    return disk


def _after(log: str, first: Tree | None = None) -> dict[str, Tree]:
    return {cut.name: _disk(log, first).after(cut) for cut in cuts(1000, "")}


NEW = _open(3, "/kb/.a") + _write(3, "/kb/.a", "new")
FOLDER = _open(4, "/kb", "O_RDONLY")


def test_what_was_not_synced_may_be_lost() -> None:
    after = _after(NEW)
    assert after["nothing kept"] == after["data kept, names lost"] == {}
    assert after["everything kept"] == {".a": b"new"}
    assert after["names kept, data zeros"] == {".a": b"\0\0\0"}
    assert after["names kept, files short"] == {".a": b""}


def test_the_sync_of_a_file_does_not_save_its_name() -> None:
    after = _after(NEW + _sync(3, "/kb/.a"))
    assert after["nothing kept"] == {}
    assert after["names kept, data zeros"] == {".a": b"new"}


def test_the_sync_of_a_folder_saves_names_and_no_data() -> None:
    after = _after(NEW + FOLDER + _sync(4, "/kb"))
    assert after["nothing kept"] == {".a": b""}


def test_a_rename_happens_or_does_not() -> None:
    log = NEW + _sync(3, "/kb/.a") + FOLDER + _sync(4, "/kb") + _rename("/kb/.a", "/kb/a")
    first: Tree = {"a": b"old"}
    assert _after(log, first)["nothing kept"] == {"a": b"old", ".a": b"new"}
    assert _after(log, first)["names kept, data zeros"] == {"a": b"new"}
    assert _after(log + _sync(4, "/kb"), first)["nothing kept"] == {"a": b"new"}


def test_a_removal_does_not_overtake_a_rename() -> None:
    log = FOLDER + _rename("/kb/.m", "/kb/m") + f'1 unlink("{_hex("/kb/old")}") = 0\n'
    first: Tree = {".m": b"new", "m": b"was", "old": b"data"}
    for number in range(20):
        for cut in cuts(1000, str(number)):
            left = _disk(log, first).after(cut)
            assert left["m"] == b"new" or "old" in left, cut.name


def test_a_sync_saves_only_what_was_written_before_it_began() -> None:
    late = _write(3, "/kb/a", "late").replace("1 ", "2 ", 1)
    begun, ended = f"1 fsync(3<{_hex('/kb/a')}> <unfinished ...>\n", "1 <... fsync resumed>) = 0\n"
    log = _open(3, "/kb/a", "O_RDWR") + begun + late + ended
    assert _after(log, {"a": b"old"})["nothing kept"] == {"a": b"old"}
    assert _after(log + _sync(3, "/kb/a"), {"a": b"old"})["nothing kept"] == {"a": b"late"}


def test_a_write_is_torn_at_sectors() -> None:
    log = _open(3, "/kb/a", "O_RDWR") + _write(3, "/kb/a", "n" * 2048)
    sectors = {
        _disk(log, {"a": b"o" * 2048}).after(cut)["a"]
        for number in range(40)
        for cut in cuts(1000, str(number))
        if cut.name.startswith("a random")
    }
    assert any(len(set(data or b"")) == 2 for data in sectors)
    for data in sectors:
        assert all(len(set((data or b"")[start : start + 512])) == 1 for start in range(0, 2048, 512))


def test_a_copied_descriptor_shares_its_position() -> None:
    copied = f"1 dup(3<{_hex('/kb/.a')}>) = 5<{_hex('/kb/.a')}>\n"
    assert _disk(NEW + copied + _write(5, "/kb/.a", "er")).current(".a") == b"newer"


def test_what_cannot_be_followed_is_told() -> None:
    mapping = f"1 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3<{_hex('/kb/a')}>, 0) = 0x7f0000000000\n"
    with pytest.raises(ValueError, match="mapped for writing"):
        _disk(_open(3, "/kb/a") + mapping)
    with pytest.raises(ValueError, match="sendfile"):
        _disk(_open(3, "/kb/a") + f"1 sendfile(3<{_hex('/kb/a')}>, 4, NULL, 10) = 10\n")


def test_the_random_cuts_are_the_same_for_the_same_seed() -> None:
    def fates(cut: Cut) -> list[object]:
        return [(cut.names(at), cut.data(Change(at, 0, bytes(2000)))) for at in range(50)]

    assert [fates(cut) for cut in cuts(50, "a")[6:]] == [fates(cut) for cut in cuts(50, "a")[6:]]
    assert [fates(cut) for cut in cuts(50, "a")[6:]] != [fates(cut) for cut in cuts(50, "b")[6:]]

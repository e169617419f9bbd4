"""Readers, backups and other writers beside a writer: the short form of readers.py and concurrency.py."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.store.concurrency import backups, deletes, writers
from benchmarks.store.harness import fast_folder
from benchmarks.store.readers import check, read, write_generation
from benchmarks.store.workload import canary, open_kb, text_of
from ragkb.errors import Busy
from ragkb.ingest.report import NewDocument

pytestmark = pytest.mark.xdist_group("crashes")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as made:
        yield Path(made)


def test_a_result_list_belongs_to_one_generation(folder: Path) -> None:
    with open_kb(folder / "kb") as kb:
        write_generation(kb, 1)
    reads, commits = read(folder / "kb", 2000, writing=True)
    assert reads.torn == []
    assert len(reads.seconds) == 2000
    assert commits > 3
    assert len(reads.generations) > 2


def test_the_check_of_a_result_list_sees_what_is_torn() -> None:
    whole = [f"The granite of generation 7 is number {i}." for i in range(8)]
    assert check(whole) == ""
    assert "['6', '7']" in check([*whole[:7], "generation 6"])
    assert "7 texts" in check(whole[:7])


def test_a_backup_beside_a_writer_is_one_generation(folder: Path) -> None:
    outcome = backups(folder, 8)
    assert outcome.faults == []
    assert outcome.figures["distinct generations"] != 1


def test_what_is_deleted_is_seen_by_nobody_and_purged_from_every_file(folder: Path) -> None:
    assert deletes(folder, 40).faults == []


def test_purge_says_when_a_reader_holds_on_to_what_was_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragkb.store.catalogue.PATIENCE", 0.1)
    with open_kb(folder / "kb") as kb, open_kb(folder / "kb") as other:
        kb.add([NewDocument("a.txt", text_of(canary(1))), NewDocument("b.txt", text_of(canary(2)))])
        (identity,) = [info.id for info in kb.documents() if info.source == "a.txt"]
        with other._store.reading(), pytest.raises(Busy, match="a reader still holds"):
            kb.purge(identity)
        assert [info.source for info in other.documents()] == ["b.txt"]
        kb.purge()
        held = b"".join(path.read_bytes() for path in (folder / "kb").rglob("*") if path.is_file())
        assert canary(1).encode() not in held
        assert canary(2).encode() in held


def test_one_of_eight_writers_wins_and_its_death_frees_the_lock(folder: Path) -> None:
    outcome = writers(folder, 8)
    assert outcome.faults == []
    assert outcome.figures["won"] == 1

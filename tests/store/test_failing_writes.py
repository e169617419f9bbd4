"""A write that fails: a typed error, the old data served, the next write works, and nothing is left lying about."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tantivy

from benchmarks.store.crashes import SCENARIOS, make_base
from benchmarks.store.harness import Seen, fast_folder, read
from benchmarks.store.workload import Place, State, applied, canary, open_kb, text_of
from ragkb.errors import InputError, StorageError
from ragkb.ingest.report import NewDocument
from ragkb.store import backup as backup_module
from ragkb.store import catalogue as catalogue_module
from ragkb.store import lexical as lexical_module

pytestmark = pytest.mark.xdist_group("crashes")
ALL_UP_TO = 6  # calls that each fail once; of those after them every STRIDE-th, every one by `make writes`
STRIDE = int(os.environ.get("RAGKB_FAIL_EVERY", "4"))


class FailingDisk:
    """Fails the n-th call that writes; with ENOSPC all from then on as well, until `free`.

    Files by Python's own calls, SQLite by its statements, tantivy by its calls (it reports everything as ValueError).
    """

    def __init__(self, patch: pytest.MonkeyPatch, code: int) -> None:
        self._code, self._left, self.failed = code, 0, 0
        for owner, name in (
            (os, "fsync"),
            (os, "replace"),
            (os, "mkdir"),
            (Path, "rename"),
            (Path, "unlink"),
            (Path, "mkdir"),
            (Path, "write_text"),
            (shutil, "rmtree"),
        ):
            patch.setattr(owner, name, self._failing(getattr(owner, name)))
        patch.setattr(Path, "open", self._opening(Path.open))
        patch.setattr(backup_module.zipfile, "ZipFile", self._packing(backup_module.zipfile.ZipFile))
        patch.setattr(catalogue_module, "sqlite3", _With(sqlite3, connect=self._connecting()))
        patch.setattr(lexical_module, "tantivy", _With(tantivy, Index=self._index()))

    def fail_at(self, call: int) -> None:
        self._left, self.failed = call, 0

    def free(self) -> None:
        self._left = 0

    def write(self, path: object = "", error: Callable[[OSError], Exception] = lambda error: error) -> None:
        if not self._left or "/files/" in str(path):  # the sources are on another disk
            return
        if self._left > 1:
            self._left -= 1
            return
        self.failed += 1
        if self._code != errno.ENOSPC:
            self._left = 0
        raise error(OSError(self._code, os.strerror(self._code), str(path)))

    def _failing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            self.write(given[0])
            return real(*given, **more)

        return call

    def _opening(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, mode: str = "r", *given: Any, **more: Any) -> Any:
            if set(mode) & set("wax+"):
                self.write(path)
            return real(path, mode, *given, **more)

        return call

    def _packing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, mode: str = "r", *given: Any, **more: Any) -> Any:
            if mode == "w":
                self.write(path)
            return real(path, mode, *given, **more)

        return call

    def _connecting(self) -> Callable[..., sqlite3.Connection]:
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *given: Any) -> sqlite3.Cursor:
                if sql.split()[0] in ("COMMIT", "DELETE", "VACUUM"):
                    disk.write(sql, lambda error: sqlite3.OperationalError("database or disk is full"))
                return super().execute(sql, *given)

        def connect(*given: Any, **more: Any) -> sqlite3.Connection:
            return sqlite3.connect(*given, **more, factory=Connection)

        return connect

    def _index(self) -> Callable[..., object]:
        disk = self

        class Writer:
            def __init__(self, real: Any) -> None:
                self._real = real

            def __getattr__(self, name: str) -> Any:
                if name in ("add_document", "commit"):
                    disk.write(name, lambda error: ValueError(f"An IO error occurred: '{error}'"))
                return getattr(self._real, name)

        class Index:
            def __init__(self, *given: Any, **more: Any) -> None:
                if more:
                    disk.write("index", lambda error: ValueError(str(error)))
                self._real = tantivy.Index(*given, **more)

            def writer(self, *given: Any) -> Writer:
                disk.write("writer", lambda error: ValueError(str(error)))
                return Writer(self._real.writer(*given))

            def __getattr__(self, name: str) -> Any:
                return getattr(self._real, name)

        return Index


class _With:
    """A module with some of its names replaced."""

    def __init__(self, module: Any, **replaced: Any) -> None:
        self._module = module
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@pytest.fixture(scope="module")
def base() -> Iterator[tuple[Place, State]]:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        yield make_base(Path(folder))


@pytest.mark.parametrize(
    ("method", "code"), list(zip(SCENARIOS, itertools.cycle([errno.ENOSPC, errno.EIO]), strict=False))
)
def test_every_write_that_fails(
    method: str, code: int, base: tuple[Place, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, before = base
    scenario = SCENARIOS[method]
    states = [applied(before, scenario.steps[:count]) for count in range(len(scenario.steps) + 1)]
    disk = FailingDisk(monkeypatch, code)
    call, hit, told = 0, True, 0
    while hit:
        call += 1 if call < ALL_UP_TO else STRIDE
        shutil.rmtree(place.root, ignore_errors=True)
        shutil.copytree(place.root.with_name("base"), place.root)
        with open_kb(place.kb) as kb:
            disk.fail_at(call)
            try:
                scenario.run(kb, place)
            except StorageError:
                told += 1
            finally:
                disk.free()
            hit = bool(disk.failed)
            assert _state(kb) in states
            (scenario.again or scenario.run)(kb, place)
            assert _state(kb) == states[-1], f"after call {call}"
            assert kb.verify() == [], f"after call {call}"
        assert not list(place.root.rglob("*.tmp"))
    assert call > 3
    assert told


def _state(kb: Any) -> State:
    seen = Seen()
    state = read(kb, seen)
    assert not seen.faults
    return state


def test_a_knowledge_base_that_cannot_be_made_can_be_made_afterwards(
    base: tuple[Place, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk(monkeypatch, errno.ENOSPC)
    for call in range(1, 100):
        folder = base[0].root / f"new{call}"
        disk.fail_at(call)
        try:
            open_kb(folder).close()
        except StorageError:
            pass
        finally:
            disk.free()
        with open_kb(folder) as kb:
            kb.add([NewDocument("a.txt", "One text.")])
            assert kb.verify() == []
        if not disk.failed:
            break
    assert 5 < call < 99


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_while_documents_are_added(small_disk: Path) -> None:
    kb = open_kb(small_disk / "kb")
    stored: State = {}
    errors = 0
    for number in range(200):
        word = canary(number)
        try:
            kb.add(
                [NewDocument(f"{number}.txt", text_of(word) + " " + " ".join(f"w{number}x{i}" for i in range(5000)))]
            )
            stored[f"{number}.txt"] = word
        except StorageError:
            errors += 1
            if errors == 3:
                break
    assert errors == 3
    assert stored
    assert {info.source: kb.document(info.id).text.split()[3] for info in kb.documents()} == stored
    assert {hit.source for hit in kb.search("granite", k=1000)} == set(stored)
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    kb.add([NewDocument("after.txt", text_of(canary(999)))])
    assert kb.verify() == []
    assert {info.source for info in kb.documents()} == {*stored, "after.txt"}
    kb.close()


def test_a_backup_that_does_not_fit_leaves_nothing(small_disk: Path, tmp_path: Path) -> None:
    with open_kb(tmp_path / "kb") as kb:
        for number in range(6):
            kb.add([NewDocument(f"{number}.txt", os.urandom(300_000).hex())])
        with pytest.raises(StorageError):
            kb.backup(small_disk / "made")
        assert list(small_disk.iterdir()) == []
        with pytest.raises((StorageError, InputError)):
            kb.backup(tmp_path / "absent" / "made")

"""A process that dies at any named place of any change leaves a whole store, and the change can be done again."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.store.crashes import SCENARIOS, Trial, crash, make_base, making, points, restoring
from benchmarks.store.harness import fast_folder
from benchmarks.store.workload import Place, State
from ragkb.kb import KnowledgeBase
from ragkb.store import crashpoints

pytestmark = pytest.mark.xdist_group("crashes")
READING = {"ask", "close", "counts", "document", "documents", "open", "original", "page_picture", "related"}
READING |= {"search", "status", "stream", "use", "verify"}


@pytest.fixture(scope="module")
def base() -> Iterator[tuple[Place, State]]:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        yield make_base(Path(folder))


def test_every_method_that_changes_something_is_in_the_table() -> None:
    public = {name for name, _ in inspect.getmembers(KnowledgeBase, callable) if not name.startswith("_")}
    assert public - READING == set(SCENARIOS)


@pytest.mark.parametrize("method", SCENARIOS)
def test_death_at_every_place_leaves_a_whole_store(method: str, base: tuple[Place, State]) -> None:
    assert not _faults(base, method, "")


@pytest.mark.parametrize("before", ["lexical: committed", "commit: indexes written"])
def test_death_while_the_remains_of_another_death_are_removed(before: str, base: tuple[Place, State]) -> None:
    assert not _faults(base, "delete", before)


def _faults(base: tuple[Place, State], method: str, before: str) -> list[tuple[str, str]]:
    place, state = base
    found = points(place, method, before)
    assert found
    trials = [Trial(method, point, occurrence, before) for point, occurrence in found]
    return [fault for trial in trials for fault in crash(place, state, trial)]


@pytest.mark.parametrize("point", ["create: locked", "create: lexical index made", "create: catalogue written"])
def test_a_knowledge_base_whose_making_was_cut_short_is_made_again(base: tuple[Place, State], point: str) -> None:
    assert making(base[0].root.with_name("making"), point) == (9, [])


@pytest.mark.parametrize(
    "point",
    [
        "restore: unpacked",
        "lexical: committed",
        "file renamed",
        "catalogue: committed",
        "restore: indexed",
        "restore: renamed",
    ],
)
def test_a_restore_that_was_cut_short_is_done_again(base: tuple[Place, State], point: str) -> None:
    place, state = base
    shutil.rmtree(place.root, ignore_errors=True)
    shutil.copytree(place.root.with_name("base"), place.root)
    assert restoring(place, place.root.with_name("restoring"), point) == (9, state)


def test_the_environment_names_the_place_of_death() -> None:
    code = "from ragkb.store.crashpoints import reached; [reached('here') for _ in range(3)]; print('alive')"
    environment = {**os.environ, "RAGKB_CRASH_AT": "here:3"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 9
    environment["RAGKB_CRASH_AT"] = "here:4"
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False, stdout=-1).returncode == 0


def test_unset_a_place_does_nothing() -> None:
    assert crashpoints.hook is None
    crashpoints.reached("anything")

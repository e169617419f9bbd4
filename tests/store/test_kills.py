"""A hundred kills at random moments: the short form of `make kills`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from benchmarks.store.harness import fast_folder, run
from benchmarks.store.workload import PRUNES_RENAMED, _steps_of_ingest, canary, text_of

pytestmark = pytest.mark.xdist_group("crashes")


def test_a_hundred_kills_lose_nothing_and_leave_nothing_half_done() -> None:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        tally = run(100, 1, Path(folder))
    assert tally.messages == []
    assert tally.kills == 100
    assert tally.acknowledged > 20
    assert len(tally.landed) >= 5, tally.table()
    assert tally.slowest_open < 10


def test_the_harness_knows_what_an_ingest_changes() -> None:
    held = {"f1": "a", "f2": "b", "f3": "c", "f4": "d"}
    after = {"f1": "a", "f2": "x", "f5": "c"}
    steps, prune = _steps_of_ingest(held, after)
    assert steps[:2] == [{"f2": "x"}, {"f3": None, "f5": "c"}]
    assert prune == PRUNES_RENAMED == (steps[2:] == [{"f4": None}])
    assert _steps_of_ingest(held, {"f1": "a"}) == ([{"f2": None, "f3": None, "f4": None}], True)


def test_texts_are_their_canarys_own() -> None:
    assert len({text_of(canary(number)) for number in range(100)}) == 100
    assert text_of(canary(7)).split()[3] == canary(7)

"""Forty damages of persisted files: the short form of `python -m benchmarks.store.damage`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from benchmarks.store.damage import run
from benchmarks.store.harness import fast_folder

pytestmark = pytest.mark.xdist_group("crashes")


def test_damage_is_named_or_changes_nothing() -> None:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        tally = run(40, 2, Path(folder))
    assert tally.bad == []
    assert tally.counts.total() == 40
    assert tally.repairs[False] == 0
    assert len({file for file, _ in tally.counts}) >= 4

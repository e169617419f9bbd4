"""That the checks can see: each fault that is seeded into the protocol is noticed.

By a death at a crash point, which is the same each time; `python -m benchmarks.store.mutations` shows it by kills.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from benchmarks.store import order
from benchmarks.store.harness import fast_folder
from benchmarks.store.mutations import by_deaths, by_order
from benchmarks.store.seeded import MUTATIONS

pytestmark = pytest.mark.xdist_group("crashes")
needs_strace = pytest.mark.skipif(not order.available(), reason="strace is missing or may not trace")


def _seen_by(what: str) -> list[str]:
    return [name for name, (_, seen_by) in MUTATIONS.items() if seen_by == what]


@pytest.mark.parametrize("name", _seen_by("kills and deaths"))
def test_a_seeded_fault_is_noticed(name: str) -> None:
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        assert by_deaths(name, Path(folder))


@needs_strace
@pytest.mark.parametrize("name", _seen_by("order"))
def test_a_missing_sync_is_noticed(name: str, tmp_path: Path) -> None:
    assert by_order(name, tmp_path)


@needs_strace
def test_everything_is_synced_before_the_commit_that_needs_it(tmp_path: Path) -> None:
    assert order.violations(tmp_path / "order") == []


def test_the_rules_of_the_order() -> None:
    kb = "/kb"
    wal = "1 fdatasync(9</kb/catalogue.sqlite-wal>) = 0\n"
    good = (
        '1 openat(AT_FDCWD</>, "/kb/vectors/.a.tmp", O_WRONLY|O_CREAT) = 5</kb/vectors/.a.tmp>\n'
        "1 write(5</kb/vectors/.a.tmp>, ..., 4) = 4\n"
        "1 fsync(5</kb/vectors/.a.tmp>) = 0\n"
        '1 rename("/kb/vectors/.a.tmp", "/kb/vectors/a") = 0\n'
        "1 fsync(5</kb/vectors>) = 0\n"
    )
    assert order.check(good + wal, kb) == []
    lines = good.splitlines(keepends=True)
    assert "renamed before it was synced" in order.check("".join(lines[:2] + lines[3:]) + wal, kb)[0]
    assert "not synced after a" in order.check("".join(lines[:4]) + wal, kb)[0]
    assert "a is not synced" in order.check("".join(lines[:1]) + "1 write(5</kb/vectors/a>, ..., 4) = 4\n" + wal, kb)[0]
    unfinished = (
        "1 write(5</kb/vectors/a>, ..., 4 <unfinished ...>\n2 fsync(7</x>) = 0\n1 <... write resumed>) = 4\n" + wal
    )
    assert "a is not synced" in order.check(unfinished, kb)[0]
    with pytest.raises(ValueError, match="no commit"):
        order.check("", kb)

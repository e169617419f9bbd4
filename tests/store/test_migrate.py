"""Stores of older formats, checked in under formats/: told apart, brought up to date, whole or not at all."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ragkb import KnowledgeBase, Principal
from ragkb.errors import InputError, NotFound, StorageError
from ragkb.store.backup import restore
from ragkb.store.catalogue import Catalogue
from ragkb.store.migrate import migrate
from ragkb.store.schema import FORMAT
from tests.conftest import WordHashes

FORMATS = Path(__file__).parent / "formats"
WORKS_COUNCIL = Principal("wanda", ("works council",))


@pytest.fixture(params=range(1, FORMAT))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "kb"
    with zipfile.ZipFile(FORMATS / f"format-{request.param}.zip") as archive:
        archive.extractall(folder)
    return folder


def _is_whole(folder: Path) -> None:
    with KnowledgeBase.open(folder, embedder=WordHashes()) as kb:
        assert kb.verify() == []
        assert [document.source for document in kb.documents()] == ["canteen.md", "leave.md", "差旅.md"]
        assert kb.search("salary band", as_=WORKS_COUNCIL)[0].source == "pay.md"
        assert all(hit.source != "pay.md" for hit in kb.search("salary band"))
        chinese = next(document for document in kb.documents() if document.source == "差旅.md")
        assert chinese.metadata == {"year": 2025, "draft": False}
        assert chinese.characters == len(kb.document(chinese.id).text)
        canteen = next(document for document in kb.documents() if document.source == "canteen.md")
        assert [heading.title for heading in kb.document(canteen.id).headings] == ["Canteen", "Hours"]


def _format(folder: Path) -> int:
    held = Catalogue(folder / "catalogue.sqlite")
    try:
        return held.format()
    finally:
        held.close()


def test_an_older_format_is_told_with_what_to_do(old: Path) -> None:
    with pytest.raises(InputError, match=r"format [12] of an older ragkb.*doctor --migrate"):
        KnowledgeBase.open(old, embedder=WordHashes())


def test_a_migrated_store_is_whole_and_can_be_written(old: Path) -> None:
    first = _format(old)
    assert migrate(old) == first < FORMAT
    assert migrate(old) == FORMAT
    assert len(list(old.glob("lexical-*"))) == 1
    _is_whole(old)
    with KnowledgeBase.open(old, embedder=WordHashes()) as kb:
        kb.rebuild()
        kb.delete(next(document.id for document in kb.documents() if document.source == "leave.md"))
        assert [hit.source for hit in kb.search("parental leave")] != ["leave.md"]
        assert kb.verify() == []


def test_a_migration_that_dies_leaves_the_old_or_the_new(old: Path) -> None:
    first = _format(old)
    for point, left in (
        (f"migrate: from {first}", first),
        ("catalogue: before commit", first),
        ("catalogue: committed", first + 1),
    ):
        code = (
            "import sys; from pathlib import Path; from ragkb.store.migrate import migrate; migrate(Path(sys.argv[1]))"
        )
        died = subprocess.run([sys.executable, "-c", code, old], env={"RAGKB_CRASH_AT": f"{point}:1"}, check=False)
        assert died.returncode == 9
        assert _format(old) == left
    migrate(old)
    _is_whole(old)


def _spoil_text(at: sqlite3.Connection) -> None:
    at.execute("UPDATE documents SET text = replace(text, 'sixteen', 'sixty')")


def _lose_groups(at: sqlite3.Connection) -> None:
    at.execute("DELETE FROM document_groups")


@pytest.mark.parametrize(("version", "spoil"), [(1, _spoil_text), (1, _lose_groups), (2, _spoil_text)])
def test_a_damaged_store_is_not_migrated(
    tmp_path: Path, version: int, spoil: Callable[[sqlite3.Connection], None]
) -> None:
    with zipfile.ZipFile(FORMATS / f"format-{version}.zip") as archive:
        archive.extractall(tmp_path / "kb")
    path = tmp_path / "kb" / "catalogue.sqlite"
    connection = sqlite3.connect(path)
    with connection:
        spoil(connection)
    connection.close()
    with pytest.raises(StorageError, match="damaged, document"):
        migrate(tmp_path / "kb")
    assert _format(tmp_path / "kb") == version


def test_what_is_no_knowledge_base_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no knowledge base here"):
        migrate(tmp_path)
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as foreign:
        foreign.execute("CREATE TABLE t (x)")
    foreign.close()
    with pytest.raises(InputError, match="not ragkb's"):
        migrate(tmp_path)
    assert "writer.lock" not in {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("version", range(1, FORMAT))
def test_the_backup_of_an_older_format_is_restored(tmp_path: Path, version: int) -> None:
    made = restore(FORMATS / f"format-{version}.backup", tmp_path / "kb")
    assert made.documents == 4
    _is_whole(tmp_path / "kb")


def test_the_command_migrates(old: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ragkb", "--kb", old, "doctor", "--migrate", "--json"], capture_output=True, text=True
    )
    assert _format(old) == FORMAT, done.stderr

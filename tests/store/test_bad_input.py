"""What a store refuses, and with which words: read-only folders, foreign and future files, groups, backups."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragkb.errors import InputError, NotFound, StorageError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.store.backup import restore
from ragkb.types import Principal
from tests.conftest import WordHashes


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes) -> KnowledgeBase:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    kb.add([NewDocument("a.txt", "One text about pumps.")])
    return kb


@pytest.fixture
def read_only(kb: KnowledgeBase, tmp_path: Path) -> Iterator[Path]:
    """The folder of `kb`, closed, seen through a mount that cannot be written to: root may write everywhere else."""
    kb.close()
    folder = tmp_path / "read-only"
    folder.mkdir()
    command = f"mount --bind '{tmp_path / 'kb'}' '{folder}' && mount -o remount,ro,bind '{folder}'"
    made = subprocess.run(command, shell=True, capture_output=True)
    if made.returncode:
        pytest.skip(f"no read-only mount can be made here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_disk_is_named(read_only: Path, words: WordHashes) -> None:
    with pytest.raises(StorageError, match="read-only"):
        KnowledgeBase.open(read_only, embedder=words)
    with pytest.raises(StorageError, match="cannot be made"):
        KnowledgeBase.open(read_only / "new", embedder=words)


def test_a_disk_that_becomes_read_only_is_named(
    kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system", "writer.lock")

    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    for change in (lambda: kb.add([]), lambda: kb.delete("x"), kb.purge, kb.rebuild):
        with pytest.raises(StorageError, match="Read-only file system"):
            change()
    assert [hit.source for hit in kb.search("pumps")] == ["a.txt"]
    with pytest.raises(StorageError, match=r"Read-only|cannot be written|absent"):
        kb.backup(tmp_path / "absent" / "file")


def test_a_catalogue_of_another_format_is_refused(kb: KnowledgeBase, words: WordHashes) -> None:
    folder = Path(kb.status().path)
    kb.close()
    for version, error in ((99, InputError), (0, StorageError)):
        connection = sqlite3.connect(folder / "catalogue.sqlite")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        with pytest.raises(error, match=f"catalogue.sqlite.*format {version}"):
            KnowledgeBase.open(folder, embedder=words)


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(100)])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, words: WordHashes, content: bytes) -> None:
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "catalogue.sqlite").write_bytes(content)
    with pytest.raises((InputError, StorageError), match=r"catalogue\.sqlite"):
        KnowledgeBase.open(tmp_path / "kb", embedder=words)


def test_a_missing_catalogue_is_not_an_invitation_to_begin_anew(kb: KnowledgeBase, words: WordHashes) -> None:
    folder = Path(kb.status().path)
    kb.close()
    (folder / "catalogue.sqlite").unlink()
    with pytest.raises(StorageError, match=r"catalogue\.sqlite: missing"):
        KnowledgeBase.open(folder, embedder=words)


def test_what_a_death_left_while_a_knowledge_base_was_made_is_no_foreign_folder(
    tmp_path: Path, words: WordHashes
) -> None:
    (tmp_path / "kb" / "vectors").mkdir(parents=True)
    (tmp_path / "kb" / "lexical-0123456789abcdef").mkdir()
    (tmp_path / "kb" / ".catalogue.sqlite.new").write_bytes(b"half")
    with pytest.raises(NotFound):
        KnowledgeBase.open(tmp_path / "kb", embedder=words, create=False)
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        kb.add([NewDocument("a.txt", "Text.")])
        assert kb.verify() == []
    assert not (tmp_path / "kb" / "lexical-0123456789abcdef").exists()


@pytest.mark.parametrize(
    "manifest", ["[]", "{}", "3", '{"sha256": 1}', '{"sha256": "", "generation": "x"}', "not json", '"\\ud800"']
)
def test_a_backup_with_another_manifest_is_refused(kb: KnowledgeBase, tmp_path: Path, manifest: str) -> None:
    kb.backup(tmp_path / "whole")
    with zipfile.ZipFile(tmp_path / "whole") as whole, zipfile.ZipFile(tmp_path / "other", "w") as other:
        other.writestr("catalogue.sqlite", whole.read("catalogue.sqlite"))
        other.writestr("manifest.json", manifest)
    with pytest.raises(StorageError, match="other: damaged"):
        restore(tmp_path / "other", tmp_path / "restored")
    assert [path.name for path in tmp_path.iterdir() if "restor" in path.name] == []


def test_a_backup_with_a_file_that_none_has_is_refused(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.backup(tmp_path / "other")
    with zipfile.ZipFile(tmp_path / "other", "a") as other:
        other.writestr("../evil", "x")
    with pytest.raises(StorageError, match="evil"):
        restore(tmp_path / "other", tmp_path / "restored")
    assert not (tmp_path.parent / "evil").exists()


def test_every_damage_to_a_backup_is_told(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.add([NewDocument(f"{i}.txt", f"Text number {i}. " * 20) for i in range(5)])
    made = kb.backup(tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    step = max(1, len(data) // 60)
    for place in [*range(0, len(data) - 80, step), *range(len(data) - 80, len(data), 3)]:
        (tmp_path / "bad").write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        told = ""
        try:
            # a bit of the ZIP's own may say nothing, like one of a time
            assert restore(tmp_path / "bad", tmp_path / "restored").sha256 == made.sha256
            shutil.rmtree(tmp_path / "restored")
        except StorageError as error:
            told = str(error)
        assert "bad" in told or not told
        assert not (tmp_path / "restored").exists()


def test_a_backup_is_never_restored_over_something(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.backup(tmp_path / "file")
    before = kb.search("pumps")
    for target in (tmp_path / "kb", tmp_path / "file"):
        with pytest.raises(InputError, match="not empty"):
            restore(tmp_path / "file", target)
    assert kb.search("pumps") == before
    with pytest.raises(NotFound):
        restore(tmp_path / "absent", tmp_path / "restored")
    with pytest.raises(InputError, match="exists"):
        kb.backup(tmp_path / "file")


def test_what_a_dead_backup_left_is_removed_by_the_next(kb: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / ".ragkb-backup-dead").mkdir()
    (tmp_path / ".ragkb-backup-dead" / "catalogue.sqlite").write_bytes(b"secret")
    kb.backup(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".ragkb")] == []


def test_the_note_of_the_generation_is_never_needed(kb: KnowledgeBase, words: WordHashes) -> None:
    folder = Path(kb.status().path)
    for content in ("", "[]", "{}", json.dumps({"generation": 10**9, "checksum": 0}), "\x00"):
        (folder / "generation.json").write_text(content)
        with KnowledgeBase.open(folder, embedder=words) as again:
            assert again.verify() == []
            assert again.search("pumps")


# --- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "group", ["it's", 'the "board"', "a/b", "público", "研发", "a b", "x" * 300, "DROP TABLE;--", "%"]
)
def test_a_group_name_may_hold_quotes_and_letters_of_any_script(tmp_path: Path, words: WordHashes, group: str) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    kb.add([NewDocument("a.txt", "One text.", groups=(group,))])
    assert [hit.source for hit in kb.search("text", as_=Principal("ana", (group,)))] == ["a.txt"]
    assert kb.search("text", as_=Principal("bob", (group + "x", group[:-1], "public"))) == []
    assert kb.search("text") == []
    assert kb.verify() == []


@pytest.mark.parametrize("group", ["*", "a*", "", " ", " a", "a\nb", "a\rb", "a\tb", "a\x00b"])
def test_a_group_name_that_cannot_be_used_is_refused(tmp_path: Path, words: WordHashes, group: str) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    with pytest.raises(InputError, match="cannot be used"):
        kb.add([NewDocument("a.txt", "One text.", groups=(group,))])
    assert list(kb.documents(as_=Principal.admin())) == []


@pytest.mark.parametrize("group", ["a,b", "a\u2028b", "a\x85b"])
def test_a_group_name_with_a_comma_or_any_line_break_is_refused(tmp_path: Path, words: WordHashes, group: str) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    with pytest.raises(InputError, match="cannot be used"):
        kb.add([NewDocument("a.txt", "One text.", groups=(group,))])


# --- found by the kill harness, in ragkb/ingest -----------------------------------------------------------------------


def test_ingest_renames_and_prunes_at_once(tmp_path: Path, words: WordHashes) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "old.txt").write_text("One text.")
    kb.ingest(tmp_path / "docs")
    (tmp_path / "docs" / "old.txt").rename(tmp_path / "docs" / "new.txt")
    kb.ingest(tmp_path / "docs", prune=True)
    assert [info.source for info in kb.documents()] == ["new.txt"]


def test_ingest_renames_twins(tmp_path: Path, words: WordHashes) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    (tmp_path / "docs").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "docs" / name).write_text("One text, twice.")
    kb.ingest(tmp_path / "docs")
    for name in ("a.txt", "b.txt"):
        (tmp_path / "docs" / name).rename(tmp_path / "docs" / f"new-{name}")
    kb.ingest(tmp_path / "docs")
    assert sorted(info.source for info in kb.documents()) == ["new-a.txt", "new-b.txt"]

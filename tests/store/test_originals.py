"""Original files: kept with their document, gone with it, and what is wrong with them is told."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ragkb.errors import NotFound, StorageError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.store.backup import restore
from ragkb.types import Principal

ADMIN = Principal.admin()
ALL, PDF, NONE = (Settings.load(ingest={"originals": value}) for value in ("all", "pdf", "none"))


def opened(folder: Path, embedder: Embedder, settings: Settings = ALL) -> KnowledgeBase:
    return KnowledgeBase.open(folder, settings=settings, embedder=embedder)


@pytest.fixture
def kb(tmp_path: Path, words: Embedder) -> Iterator[KnowledgeBase]:
    with opened(tmp_path / "kb", words) as made:
        yield made


def files(kb: KnowledgeBase) -> list[bytes]:
    return sorted(path.read_bytes() for path in (Path(kb.status().path) / "originals").glob("*"))


def put(kb: KnowledgeBase, name: str, text: str, groups: tuple[str, ...] = ()) -> str:
    id = kb.ingest_bytes(name, text.encode(), groups=groups).files[0].document_id
    assert id
    return id


def test_a_file_comes_back_as_it_came_and_goes_with_its_document(kb: KnowledgeBase) -> None:
    id = put(kb, "a.txt", "one\r\ntwo, with a line end that the text does not keep")
    found = kb.original(id)
    assert (found.name, found.media_type) == ("a.txt", "text/plain")
    assert found.data == b"one\r\ntwo, with a line end that the text does not keep"
    put(kb, "a.txt", "another text")
    assert kb.original(id).data == b"another text"
    assert files(kb) == [b"another text"]
    kb.delete(id)
    assert files(kb) == []
    with pytest.raises(NotFound, match=f"document '{id}' was not found"):
        kb.original(id)
    assert kb.verify() == []


def test_the_same_bytes_are_kept_once_until_the_last_document_is_gone(kb: KnowledgeBase) -> None:
    first, second = put(kb, "a.txt", "the same"), put(kb, "b.txt", "the same", ("hr",))
    assert files(kb) == [b"the same"]
    kb.delete(first)
    assert kb.original(second, as_=ADMIN).data == b"the same"
    with pytest.raises(NotFound):
        kb.original(second)
    kb.purge(second)
    assert files(kb) == []


def test_what_has_no_file_says_so(kb: KnowledgeBase) -> None:
    id = str(kb.add([NewDocument("a", "text")]).files[0].document_id)
    assert not next(kb.documents()).original
    with pytest.raises(NotFound, match="was not kept") as raised:
        kb.original(id)
    assert "ingest.originals" in raised.value.hint


def test_the_setting_says_what_is_kept_and_redaction_keeps_nothing(tmp_path: Path, words: Embedder) -> None:
    for settings, kept in ((PDF, False), (NONE, False), (ALL.redacting(), False), (ALL, True)):
        with opened(tmp_path / "kb", words, settings) as kb:
            id = put(kb, "a.txt", "write to ana@example.com")
            assert next(kb.documents()).original == kept
            assert ("ana@" in kb.document(id).text) == (not settings.ingest.redact)
    with opened(tmp_path / "kb", words, ALL.redacting()) as kb:
        put(kb, "a.txt", "write to ana@example.com")
        assert files(kb) == []
        assert kb.verify() == []


def test_files_stored_before_are_kept_at_the_next_ingest(tmp_path: Path, words: Embedder) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("a text")
    with opened(tmp_path / "kb", words, NONE) as kb:
        kb.ingest(tmp_path / "docs")
    with opened(tmp_path / "kb", words) as kb:
        assert kb.ingest(tmp_path / "docs").count("unchanged") == 1
        assert files(kb) == [b"a text"]
        assert kb.ingest(tmp_path / "docs").count("unchanged") == 1
        assert kb.verify() == []


def test_a_refused_file_leaves_nothing(kb: KnowledgeBase) -> None:
    report = kb.ingest_bytes("a.pdf", b"%PDF-1.7 nothing")
    assert report.refused
    assert files(kb) == []


def test_a_backup_holds_them(kb: KnowledgeBase, tmp_path: Path, words: Embedder) -> None:
    id = put(kb, "a.txt", "a text")
    kb.backup(tmp_path / "made")
    kb.delete(id)
    restore(tmp_path / "made", tmp_path / "restored")
    with opened(tmp_path / "restored", words) as again:
        assert again.original(id).data == b"a text"
        assert again.verify() == []
    with zipfile.ZipFile(tmp_path / "made") as packed, zipfile.ZipFile(tmp_path / "less", "w") as less:
        for name in packed.namelist()[:-1]:
            less.writestr(name, packed.read(name))
    with pytest.raises(StorageError, match="originals/"):
        restore(tmp_path / "less", tmp_path / "again")


def test_what_is_wrong_with_them_is_told(kb: KnowledgeBase) -> None:
    id = put(kb, "a.txt", "a text")
    (path,) = (Path(kb.status().path) / "originals").iterdir()
    path.write_bytes(b"a test")
    with pytest.raises(StorageError, match="damaged"):
        kb.original(id)
    assert [problem.kind for problem in kb.verify()] == ["checksum"]
    path.unlink()
    with pytest.raises(StorageError, match=path.name):
        kb.original(id)
    assert [problem.kind for problem in kb.verify()] == ["missing"]
    path.write_bytes(b"a text")
    path.with_name("0" * 64).write_bytes(b"left behind")
    assert [problem.kind for problem in kb.verify()] == ["phantom"]
    kb.add([])
    put(kb, "b.txt", "another")
    assert files(kb) == [b"a text", b"another"]

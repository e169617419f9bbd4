"""The store through the façade: what is stored, replaced, removed, recognised, and who sees it."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import pytest

from ragkb.answer import threshold
from ragkb.errors import Busy, InputError, ModelError, NotFound, StorageError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.store.backup import restore
from ragkb.store.lexical import LexicalIndex, LexicalRow
from ragkb.store.lock import writer_lock
from ragkb.store.records import IndexFile
from ragkb.store.vectors import to_merge
from ragkb.types import Hit, Principal
from tests.conftest import WordHashes

ANA = Principal("ana", ("hr",))


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes) -> KnowledgeBase:
    return KnowledgeBase.open(tmp_path / "kb", embedder=words)


def sources(kb: KnowledgeBase, query: str, as_: Principal = Principal.admin()) -> list[str]:  # noqa: B008
    return [hit.source for hit in kb.search(query, as_=as_)]


def test_what_is_added_is_found_and_the_store_is_whole(kb: KnowledgeBase) -> None:
    kb.add([NewDocument("a.txt", "The pump delivers 40 litres."), NewDocument("b.txt", "The canteen opens at noon.")])
    assert sources(kb, "canteen noon")[0] == "b.txt"
    assert kb.verify() == []


def test_a_source_added_again_replaces_the_document_and_keeps_its_id(kb: KnowledgeBase) -> None:
    kb.add([NewDocument("a.txt", "The fee is 10 euros.")])
    (before,) = kb.documents()
    kb.add([NewDocument("a.txt", "The fee is 20 euros.")])
    (after,) = kb.documents()
    assert after.id == before.id
    assert [hit.text for hit in kb.search("fee")] == ["The fee is 20 euros."]
    assert kb.verify() == []


def test_the_same_text_is_not_embedded_twice(tmp_path: Path) -> None:
    class Counting(WordHashes):
        seen = 0

        def embed(self, texts, *, query=False):  # type: ignore[no-untyped-def]
            self.seen += 0 if query else len(texts)
            return super().embed(texts, query=query)

    embedder = Counting()
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=embedder)
    kb.add([NewDocument("a.txt", "One text.", "Title"), NewDocument("b.txt", "One text.", "Title")])
    kb.add([NewDocument("c.txt", "One text.", "Title")])
    kb.rebuild()
    assert embedder.seen == 1


def test_deleted_is_gone_from_every_read_at_once(kb: KnowledgeBase) -> None:
    kb.add([NewDocument("a.txt", "Secret zebra plan."), NewDocument("b.txt", "Nothing of note.")])
    other = KnowledgeBase.open(kb.status().path, embedder=WordHashes())
    assert "a.txt" in sources(other, "zebra")
    (id,) = [one.id for one in kb.documents() if one.source == "a.txt"]
    kb.delete(id)
    for reader in (kb, other):
        assert "a.txt" not in sources(reader, "zebra")
        assert [one.source for one in reader.documents()] == ["b.txt"]
        with pytest.raises(NotFound):
            reader.document(id)
    assert kb.verify() == []
    with pytest.raises(NotFound):
        kb.delete(id)


def test_purge_leaves_no_byte_of_the_text(kb: KnowledgeBase) -> None:
    kb.add([NewDocument("a.txt", "The canary word is xylophagous."), NewDocument("b.txt", "Other text.")])
    folder = Path(kb.status().path)

    def holds_canary() -> bool:
        return any(b"xylophag" in path.read_bytes() for path in folder.rglob("*") if path.is_file())

    assert holds_canary()
    kb.purge(next(one.id for one in kb.documents() if one.source == "a.txt"))
    assert not holds_canary()
    assert sources(kb, "other text") == ["b.txt"]
    assert kb.verify() == []


def test_groups_decide_before_the_top_k_is_cut(kb: KnowledgeBase) -> None:
    kb.add([NewDocument(f"secret{i}.txt", f"The bonus pool, part {i}.", groups=("board",)) for i in range(300)])
    kb.add([NewDocument("open.txt", "There is a bonus."), NewDocument("hr.txt", "Bonus rules.", groups=("hr", "it"))])
    assert sources(kb, "bonus", Principal()) == ["open.txt"]
    assert sorted(sources(kb, "bonus", ANA)) == ["hr.txt", "open.txt"]
    assert sources(kb, "bonus", Principal("eve", ("public", "*"))) == ["open.txt"]
    assert len(kb.search("bonus", k=400, as_=Principal.admin())) == 302


def test_hidden_and_absent_documents_look_the_same(kb: KnowledgeBase) -> None:
    kb.add([NewDocument("hr.txt", "Salaries.", groups=("hr",))])
    (hidden,) = kb.documents(as_=ANA)
    with pytest.raises(NotFound) as one:
        kb.document(hidden.id)
    with pytest.raises(NotFound) as two:
        kb.document("0" * 16)
    assert str(one.value).replace(hidden.id, "?") == str(two.value).replace("0" * 16, "?")


def test_changed_groups_hold_from_the_next_request(kb: KnowledgeBase) -> None:
    kb.add([NewDocument("a.txt", "The merger plan.", groups=("board",))])
    assert sources(kb, "merger", ANA) == []
    kb.add([NewDocument("a.txt", "The merger plan.", groups=("hr",))])
    assert sources(kb, "merger", ANA) == ["a.txt"]
    assert sources(kb, "merger", Principal(groups=("board",))) == []


def test_where_filters_by_metadata_and_fields(kb: KnowledgeBase) -> None:
    for department, year in (("hr", 2025), ("hr", 2026), ("it", 2026)):
        meta = {"department": department, "year": year, "final": year == 2025}
        kb.add([NewDocument(f"{department}{year}.txt", "The budget of the department.", metadata=meta)])
    assert sorted(hit.source for hit in kb.search("budget", where={"department": "hr"})) == ["hr2025.txt", "hr2026.txt"]
    assert [hit.source for hit in kb.search("budget", where={"department": "it", "year": "2026"})] == ["it2026.txt"]
    assert [hit.source for hit in kb.search("budget", where={"final": True})] == ["hr2025.txt"]
    assert len(kb.search("budget", where={"year": [2025, 2026]})) == 3
    assert kb.search("budget", where={"source": "it2026.txt"})[0].source == "it2026.txt"
    assert kb.search("budget", where={"department\"'; DROP": "x"}) == []


def test_many_small_commits_are_merged_and_stay_whole(kb: KnowledgeBase) -> None:
    for i in range(40):
        kb.add([NewDocument(f"{i}.txt", f"Document number {i} about topic{i}.")])
    assert len(list((Path(kb.status().path) / "vectors").iterdir())) < 20
    assert kb.verify() == []
    assert sources(kb, "topic17")[0] == "17.txt"


def test_a_size_class_is_merged_when_it_is_full() -> None:
    small = [IndexFile(f"{i}", "", 0, 1) for i in range(8)]
    large = [IndexFile("large", "", 0, 100_000)]
    assert to_merge(small[:7] + large) == []
    assert to_merge(small + large) == small


def test_an_open_reader_in_another_process_follows_the_writer(tmp_path: Path, words: WordHashes) -> None:
    writer = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    writer.add([NewDocument("a.txt", "First text.")])
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_follow, args=(str(tmp_path / "kb"), theirs))
    child.start()
    assert ours.recv() == ["a.txt"]
    writer.add([NewDocument("b.txt", "Second text.")])
    ours.send("again")
    assert ours.recv() == ["a.txt", "b.txt"]
    child.join(20)


def _follow(path: str, pipe) -> None:  # type: ignore[no-untyped-def]
    with KnowledgeBase.open(path, embedder=WordHashes()) as kb:
        pipe.send(sorted(hit.source for hit in kb.search("text")))
        pipe.recv()
        pipe.send(sorted(hit.source for hit in kb.search("text")))


def test_a_second_writer_is_told_who_writes(kb: KnowledgeBase) -> None:
    import os

    with writer_lock(Path(kb.status().path)), pytest.raises(Busy, match=str(os.getpid())):
        kb.add([NewDocument("a.txt", "Text.")])
    kb.add([NewDocument("a.txt", "Text.")])


def test_a_failed_commit_changes_nothing_and_the_next_one_works(
    kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    kb.add([NewDocument("a.txt", "The old text.")])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("ragkb.store.files.os.fsync", full)
        with pytest.raises((StorageError, OSError)):
            kb.add([NewDocument("a.txt", "The new text.")])
    assert [hit.text for hit in kb.search("text")] == ["The old text."]
    kb.add([NewDocument("a.txt", "The new text.")])
    assert [hit.text for hit in kb.search("text")] == ["The new text."]
    assert kb.verify() == []


def test_damage_is_named_and_repaired(kb: KnowledgeBase) -> None:
    kb.add([NewDocument(f"{i}.txt", f"Text number {i}.") for i in range(20)])
    folder = Path(kb.status().path)
    kb.close()
    (segment,) = (folder / "vectors").iterdir()
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    again = KnowledgeBase.open(folder, embedder=WordHashes())
    with pytest.raises(StorageError, match=segment.name):
        again.search("text")
    assert [problem.where for problem in again.verify()] == [f"vectors/{segment.name}"]
    again.rebuild()
    assert again.verify() == []
    assert len(again.search("text number", k=20)) == 20


def _places(hits: list[Hit]) -> list[tuple[str, int]]:
    return [(hit.document_id, hit.start) for hit in hits]


def test_backup_and_restore_give_the_same_answers(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.add([NewDocument(f"{i}.txt", f"Text number {i}.", groups=("hr",) if i % 2 else ()) for i in range(30)])
    kb.delete(next(kb.documents()).id)
    made = kb.backup(tmp_path / "kb.backup")
    restore(tmp_path / "kb.backup", tmp_path / "restored")
    again = KnowledgeBase.open(tmp_path / "restored", embedder=WordHashes())
    for who in (Principal(), ANA):
        assert _places(kb.search("text number 7", as_=who)) == _places(again.search("text number 7", as_=who))
    assert made.documents == 29
    with pytest.raises(InputError, match="not empty"):
        restore(tmp_path / "kb.backup", tmp_path / "restored")
    with pytest.raises(InputError, match="exists"):
        kb.backup(tmp_path / "kb.backup")


def test_a_backup_holds_the_threshold_that_was_fitted(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.add([NewDocument("a.txt", "The canteen opens at noon.")])
    fitted = threshold.Threshold(0.21, 80, "ab")
    threshold.store(kb.path, fitted)
    kb.backup(tmp_path / "file")
    restore(tmp_path / "file", tmp_path / "restored")
    assert threshold.stored(tmp_path / "restored") == fitted


@pytest.mark.parametrize("keep", [0, 1, 100, 2000])
def test_a_truncated_backup_is_refused_and_nothing_is_made(kb: KnowledgeBase, tmp_path: Path, keep: int) -> None:
    kb.add([NewDocument("a.txt", "Text.")])
    kb.backup(tmp_path / "whole")
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:keep])
    with pytest.raises(StorageError, match="damaged"):
        restore(tmp_path / "cut", tmp_path / "restored")
    assert not (tmp_path / "restored").exists()


def test_other_folders_and_files_are_refused(tmp_path: Path, words: WordHashes) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="not a knowledge base"):
        KnowledgeBase.open(tmp_path / "photos", embedder=words)
    with pytest.raises(InputError, match="a file"):
        KnowledgeBase.open(tmp_path / "photos" / "cat.jpg", embedder=words)
    with pytest.raises(NotFound):
        KnowledgeBase.open(tmp_path / "absent", create=False, embedder=words)
    assert not (tmp_path / "absent").exists()


def test_a_foreign_or_newer_catalogue_is_refused(tmp_path: Path, words: WordHashes) -> None:
    import sqlite3

    (tmp_path / "foreign").mkdir()
    with sqlite3.connect(tmp_path / "foreign" / "catalogue.sqlite") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(InputError, match="not ragkb's"):
        KnowledgeBase.open(tmp_path / "foreign", embedder=words)
    KnowledgeBase.open(tmp_path / "newer", embedder=words).close()
    connection = sqlite3.connect(tmp_path / "newer" / "catalogue.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="format 99"):
        KnowledgeBase.open(tmp_path / "newer", embedder=words)


def test_another_embedder_is_refused(kb: KnowledgeBase) -> None:
    class Other(WordHashes):
        id = "other"

    with pytest.raises(ModelError, match="word-hashes"):
        KnowledgeBase.open(kb.status().path, embedder=Other())


def test_a_vector_that_is_not_finite_is_never_stored(tmp_path: Path) -> None:
    class Broken(WordHashes):
        def embed(self, texts, *, query=False):  # type: ignore[no-untyped-def]
            return np.full((len(texts), self.dim), np.nan, np.float32)

    kb = KnowledgeBase.open(tmp_path / "kb", embedder=Broken())
    with pytest.raises(StorageError, match="finite"):
        kb.add([NewDocument("a.txt", "Text.")])
    assert list(kb.documents()) == []


def test_remains_of_a_recovery_that_died_do_not_stop_the_next_one(tmp_path: Path) -> None:
    """As a recovery leaves it that died after it wrote which rows are deleted, before it said so in meta.json."""
    index = LexicalIndex(tmp_path / "lexical", create=True)
    index.write([LexicalRow(number, number, (), ["word"]) for number in range(5)])
    shutil.copytree(index.folder, tmp_path / "before")
    index.write((), phantoms_above=2)
    written = {path.name for path in index.folder.glob("*.del")}
    assert written
    for name in ("meta.json", ".managed.json"):
        shutil.copy(tmp_path / "before" / name, index.folder / name)
    again = LexicalIndex(index.folder)
    again.remove_remains()
    again.write((), phantoms_above=2)
    assert sorted(again.searcher().chunk_numbers()) == [0, 1, 2]
    again.remove_remains()
    assert {path.name for path in index.folder.glob("*.del")} == written

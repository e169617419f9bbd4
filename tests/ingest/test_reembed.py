"""Another model for a filled knowledge base: the old one answers until one commit changes places."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragkb.errors import Busy, ModelError
from ragkb.ingest import reembed
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import EmbeddingSettings, Settings
from ragkb.store.backup import restore
from ragkb.store.lock import writer_lock
from ragkb.types import Principal
from tests.conftest import WordHashes

ADMIN = Principal.admin()


class Wider(WordHashes):
    """Another model, with vectors of another length; counts the texts that it is given."""

    id, dim, precision = "wider-hashes", 96, "exact"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        if not query:
            self.seen += texts
        return super().embed(texts, query=query)


def documents(count: int, of: str = "pumps") -> list[NewDocument]:
    return [NewDocument(f"{of}{n}.txt", f"Number {n} of the {of} is kept in hall {n}.") for n in range(count)]


@pytest.fixture
def filled(tmp_path: Path) -> KnowledgeBase:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes())
    kb.add([*documents(20), NewDocument("copy.txt", documents(1)[0].text, title="pumps0")])
    return kb


def test_the_vectors_change_and_nothing_else(filled: KnowledgeBase) -> None:
    before = [hit.source for hit in filled.search("hall 7 pumps", as_=ADMIN, leg="lexical")]
    done = filled.reembed(embedder=Wider())
    assert (done.embedder, done.dim, done.found) == ("wider-hashes", 96, 0)
    assert done.made == 20  # the copy has the same text
    status = filled.status()
    assert (status.embedder, status.dim, status.documents) == ("wider-hashes", 96, 21)
    assert filled.verify() == []
    assert [hit.source for hit in filled.search("hall 7 pumps", as_=ADMIN, leg="lexical")] == before
    assert filled.search("Number 7 of the pumps", as_=ADMIN, leg="dense")[0].source == "pumps7.txt"
    assert filled.reembed(embedder=Wider()).made == 0


def test_the_old_model_answers_until_the_last_text_is_embedded(filled: KnowledgeBase) -> None:
    answers: list[str] = []

    class Watched(Wider):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            with KnowledgeBase.open(filled.path, embedder=WordHashes()) as other:
                answers.append(other.status().embedder)
                answers.append(other.search("pumps hall 3", as_=ADMIN, leg="dense")[0].source)
            return super().embed(texts, query=query)

    filled.reembed(embedder=Watched())
    assert answers == ["word-hashes", "pumps3.txt"]


def test_a_run_that_died_goes_on_where_it_was(filled: KnowledgeBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reembed, "BATCH", 8)

    class Dying(Wider):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            if len(self.seen) >= 16:
                raise ModelError("the model has gone")
            return super().embed(texts, query=query)

    with pytest.raises(ModelError):
        filled.reembed(embedder=Dying())
    assert filled.verify() == []
    assert filled.search("pumps hall 3", as_=ADMIN, leg="dense")[0].source == "pumps3.txt"
    again = Wider()
    done = filled.reembed(embedder=again)
    assert (done.found, done.made, len(again.seen)) == (16, 4, 4)


def test_what_others_write_meanwhile_is_embedded_too(filled: KnowledgeBase) -> None:
    class Interrupted(Wider):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            if not self.seen:
                with KnowledgeBase.open(filled.path, embedder=WordHashes()) as other:
                    other.add(documents(3, "valves"))
                    other.purge(next(one.id for one in other.documents() if one.source == "pumps4.txt"))
            return super().embed(texts, query=query)

    used = Interrupted()
    filled.reembed(embedder=used)
    assert any("valves" in text for text in used.seen)
    assert filled.verify() == []
    assert {one.source for one in filled.documents()} >= {"valves0.txt", "valves2.txt"}
    with filled._store.catalogue.read() as at:  # nothing of what was purged came back
        assert at.execute("SELECT count(*) FROM embeddings WHERE model = 'wider-hashes'").fetchone()[0] == 22


def test_it_waits_while_another_process_writes(filled: KnowledgeBase) -> None:
    told: list[str] = []
    held = threading.Event()

    class Slow(Wider):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            writer.start()
            held.wait(10)
            return super().embed(texts, query=query)

    def write() -> None:
        with writer_lock(filled.path):
            held.set()
            while not told:
                told_one.wait(10)

    told_one = threading.Event()
    writer = threading.Thread(target=write)

    def tell(step: reembed.ReembedProgress) -> None:
        if step.waiting:
            told.append(step.waiting)
            told_one.set()

    filled.reembed(embedder=Slow(), on_progress=tell)
    assert "is writing" in told[0]
    assert filled.status().embedder == "wider-hashes"


def test_two_at_once_are_refused(filled: KnowledgeBase) -> None:
    class Second(Wider):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            with pytest.raises(Busy, match="re-embeds"):
                filled.reembed(embedder=Wider())
            return super().embed(texts, query=query)

    filled.reembed(embedder=Second())


def test_going_back_needs_no_model_until_the_space_is_wanted(filled: KnowledgeBase) -> None:
    filled.reembed(embedder=Wider())
    back = filled.reembed(embedder=WordHashes())
    assert (back.made, back.found) == (0, 20)
    filled.compact()
    assert filled.reembed(embedder=Wider()).made == 20


def test_a_backup_amid_a_change_is_whole(filled: KnowledgeBase, tmp_path: Path) -> None:
    class Backing(Wider):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            if not self.seen:
                filled.backup(tmp_path / "amid")
            return super().embed(texts, query=query)

    filled.reembed(embedder=Backing())
    filled.backup(tmp_path / "after")
    for name, embedder in (("amid", WordHashes()), ("after", Wider())):
        restore(tmp_path / name, tmp_path / f"restored-{name}")
        with KnowledgeBase.open(tmp_path / f"restored-{name}", embedder=embedder) as kb:
            assert kb.verify() == []
            assert kb.search("pumps hall 3", as_=ADMIN, leg="dense")[0].source == "pumps3.txt"


def test_another_model_in_the_settings_is_told_with_the_command(filled: KnowledgeBase) -> None:
    with pytest.raises(ModelError, match="ragkb reembed"):
        KnowledgeBase.open(filled.path, embedder=Wider())


def test_a_writer_that_was_opened_before_writes_with_the_new_model(tmp_path: Path, minilm: Embedder) -> None:
    path = tmp_path / "kb"
    with KnowledgeBase.open(path) as early, KnowledgeBase.open(path) as other:
        early.add(documents(3))
        other.reembed(precision="float32")
        assert early.search("pumps hall 1", as_=ADMIN)[0].source == "pumps1.txt"
        assert early.status().precision == "float32"
        early.add(documents(2, "valves"))
        assert early.verify() == []
    with KnowledgeBase.open(path) as later:
        assert later.status().precision == "float32"
        vectors = later._embedder.embed(["x"])
    exact = KnowledgeBase.open(tmp_path / "exact", settings=Settings(embedding=EmbeddingSettings(precision="float32")))
    assert np.array_equal(exact._embedder.embed(["x"]), vectors)
    exact.close()


def test_the_command_changes_the_model_that_an_open_process_follows(tmp_path: Path) -> None:
    path = tmp_path / "kb"
    with KnowledgeBase.open(path) as kb:
        kb.add(documents(3))
        command = [sys.executable, "-m", "ragkb", "--kb", str(path), "reembed", "--precision", "float32", "--json"]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(run.stdout) | {"seconds": 0} == {
            "embedder": kb.status().embedder,
            "precision": "float32",
            "dim": 384,
            "made": 3,
            "found": 0,
            "seconds": 0,
        }
        assert kb.status().precision == "float32"
        assert kb.search("Number 2 of the pumps", as_=ADMIN)[0].source == "pumps2.txt"

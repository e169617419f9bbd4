"""The same question is searched once, until documents, reader or settings are others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import SearchSettings, Settings
from ragkb.types import Principal
from tests.conftest import WordHashes

ADMIN = Principal.admin()


class Counting:
    """An embedder that notes which questions it was asked."""

    def __init__(self, inner: Embedder) -> None:
        self._inner, self.asked = inner, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        self.asked += texts if query else []
        return self._inner.embed(texts, query=query)


@pytest.fixture
def counting(words: WordHashes) -> Counting:
    return Counting(words)


@pytest.fixture
def kb(tmp_path: Path, counting: Counting) -> KnowledgeBase:
    made = KnowledgeBase.open(tmp_path / "kb", embedder=counting)  # type: ignore[arg-type]
    made.add([NewDocument("a.txt", "The pump is blue."), NewDocument("b.txt", "The pump is red.", groups=("hr",))])
    return made


def test_a_question_is_searched_once(kb: KnowledgeBase, counting: Counting) -> None:
    first = kb.search("blue pump", as_=ADMIN)
    assert kb.search("blue pump", as_=ADMIN) == first
    assert counting.asked.count("blue pump") == 1
    assert kb.ask("blue pump", k=10, as_=ADMIN).passages == tuple(first)
    first.clear()  # a caller's list is its own
    assert len(kb.search("blue pump", as_=ADMIN)) == 2


def test_another_reader_is_never_shown_what_the_first_saw(kb: KnowledgeBase, counting: Counting) -> None:
    assert {hit.source for hit in kb.search("pump", as_=Principal("ana", groups=("hr",)))} == {"a.txt", "b.txt"}
    assert {hit.source for hit in kb.search("pump", as_=Principal("bob", groups=("it",)))} == {"a.txt"}
    assert {hit.source for hit in kb.search("pump")} == {"a.txt"}
    assert {hit.source for hit in kb.search("pump", where={"source": "b.txt"}, as_=ADMIN)} == {"b.txt"}
    assert len(kb.search("pump", k=1, as_=ADMIN)) == 1
    assert kb.search("pump", leg="lexical", as_=ADMIN)[0].explain.dense is None


def test_what_is_changed_is_seen_at_once(kb: KnowledgeBase) -> None:
    assert len(kb.search("pump", as_=ADMIN)) == 2
    kb.add([NewDocument("c.txt", "The pump is green.")])
    assert len(kb.search("pump", as_=ADMIN)) == 3
    kb.delete(next(document.id for document in kb.documents(as_=ADMIN) if document.source == "a.txt"))
    assert {hit.source for hit in kb.search("pump", as_=ADMIN)} == {"b.txt", "c.txt"}
    with KnowledgeBase.open(kb.path, embedder=kb._embedder) as other:  # as another process does
        other.add([NewDocument("d.txt", "The pump is grey.")])
    assert len(kb.search("pump", as_=ADMIN)) == 3


def test_the_last_ones_are_kept_as_many_as_the_setting_says(kb: KnowledgeBase, counting: Counting) -> None:
    kb.use(Settings(search=SearchSettings(remembered=2)))
    for text in ("one", "two", "one", "three", "one", "two"):
        kb.search(text, as_=ADMIN)
    assert counting.asked == ["one", "two", "three", "two"]
    kb.add([NewDocument(f"{number}.txt", f"Pump number {number}.") for number in range(50)])
    for text in ("many", "many"):  # more hits than two searches may have
        kb.search(text, k=50, as_=ADMIN)
    assert counting.asked.count("many") == 2
    kb.use(Settings(search=SearchSettings(remembered=0)))
    kb.search("two", as_=ADMIN)
    kb.search("two", as_=ADMIN)
    assert counting.asked.count("two") == 4

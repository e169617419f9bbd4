"""A lexical index whose terms an older ragkb made: searched as it is, made anew by the next writer."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ragkb import KnowledgeBase, NewDocument, Principal
from tests.conftest import WordHashes

OLD = Path(__file__).parent / "formats" / "terms-1.zip"  # English stems alone; documents in German and English
BOARD = Principal("bea", ("board",))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(tmp_path / "kb")
    return tmp_path / "kb"


def _best(kb: KnowledgeBase, query: str, as_: Principal | None = None) -> list[str]:
    return [hit.source for hit in kb.search(query, as_=as_ or Principal("ana"), leg="lexical")]


def test_old_terms_are_searched_as_they_were_made(old: Path) -> None:
    with KnowledgeBase.open(old, embedder=WordHashes()) as kb:
        assert _best(kb, "Kündigungen") == ["miete.md"]
        assert _best(kb, "policy of a house") == ["leave.md"]
        assert _best(kb, "Kündigung") == []
        assert kb.verify() == []


def test_the_next_writer_makes_them_anew_and_nothing_is_lost(old: Path) -> None:
    with KnowledgeBase.open(old, embedder=WordHashes()) as kb, KnowledgeBase.open(old, embedder=WordHashes()) as other:
        assert _best(other, "Kündigung") == []
        kb.add([NewDocument("new.md", "Something else.")])
        for one in (kb, other):
            assert _best(one, "Kündigung") == ["miete.md"]
            assert _best(one, "policy of a house") == ["leave.md"]
            assert _best(one, "Gehalt") == []
            assert _best(one, "Gehalt", BOARD) == ["pay.md"]
            assert one.verify() == []
        (folder,) = old.glob("lexical-*")
        kb.add([NewDocument("newer.md", "More.")])
        assert list(old.glob("lexical-*")) == [folder]


@pytest.mark.parametrize("point", ["lexical: committed:1", "catalogue: before commit:1", "catalogue: committed:1"])
def test_a_death_meanwhile_leaves_old_or_new_terms(old: Path, point: str) -> None:
    code = (
        "import sys; from ragkb import KnowledgeBase, NewDocument; from tests.conftest import WordHashes;"
        "KnowledgeBase.open(sys.argv[1], embedder=WordHashes()).add([NewDocument('new.md', 'Something else.')])"
    )
    root = str(Path(__file__).parents[2])
    died = subprocess.run([sys.executable, "-c", code, old], env={"RAGKB_CRASH_AT": point}, cwd=root, check=False)
    assert died.returncode == 9
    with KnowledgeBase.open(old, embedder=WordHashes()) as kb:
        assert _best(kb, "Kündigungen") == ["miete.md"]
        assert {problem.kind for problem in kb.verify()} <= {"phantom"}
        kb.add([NewDocument("new.md", "Something else.")])
        assert _best(kb, "Kündigung") == ["miete.md"]
        assert kb.verify() == []

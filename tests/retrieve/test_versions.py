"""Two versions of a document among the hits: the newer first, the older marked; and an explanation of each hit."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.retrieve.versions import family
from tests.conftest import WordHashes


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes) -> KnowledgeBase:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    kb.add(
        [
            NewDocument("hr/leave-2024.md", "Parental leave lasts twelve weeks, leave leave, for every parent here."),
            NewDocument("hr/leave-2025.md", "Parental leave lasts sixteen weeks for every parent of our company here."),
            NewDocument("it/laptops.md", "Parental controls of laptops are switched off."),
        ]
    )
    return kb


def test_the_older_version_stands_behind_the_newer_and_names_it(kb: KnowledgeBase) -> None:
    hits = kb.search("leave, how long is parental leave")
    assert [(hit.source, hit.superseded_by) for hit in hits[:2]] == [
        ("hr/leave-2025.md", ""),
        ("hr/leave-2024.md", "hr/leave-2025.md"),
    ]
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert hits == sorted(hits, key=lambda hit: -hit.score)
    assert hits[2].superseded_by == ""


def test_who_asks_for_a_year_gets_what_held_then(kb: KnowledgeBase) -> None:
    hits = kb.search("how long was parental leave in 2024")
    assert hits[0].source == "hr/leave-2024.md"
    assert {hit.superseded_by for hit in hits} == {""}


def test_who_may_not_read_the_newer_version_does_not_hear_of_it(tmp_path: Path, words: WordHashes) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    kb.add([NewDocument("leave-2024.md", "Parental leave lasts twelve weeks.")])
    kb.add([NewDocument("leave-2025.md", "Parental leave lasts sixteen weeks.", groups=("hr",))])
    assert [hit.superseded_by for hit in kb.search("parental leave")] == [""]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("sales/rebates-2025.md", "sales/rebates-2026.md", True),
        ("返利政策-2025版.md", "返利政策-2026版.md", True),
        ("price list v1.2.pdf", "price list v2.pdf", True),
        ("a/leave-2025.md", "b/leave-2026.md", False),
        ("leave-2025.md", "travel-2026.md", False),
    ],
)
def test_versions_differ_in_numbers_alone(left: str, right: str, same: bool) -> None:
    assert (family(left) == family(right)) is same


def test_sources_of_numbers_alone_are_no_family() -> None:
    assert family("2024.md") == family("17.txt") == ""


def test_explain_gives_ranks_and_reason(kb: KnowledgeBase) -> None:
    hits = kb.search("how long is parental leave")
    assert sorted(hit.explain.dense_rank or 0 for hit in hits) == [1, 2, 3]
    assert {hit.explain.reason for hit in hits} == {""}
    (first, *_) = kb.search("congé parental é é é")
    assert "the embedder reads" in first.explain.reason
    assert kb.search("leave", leg="dense")[0].explain.reason == "the dense leg alone was asked for"

"""Two versions of a document among the hits: the newer first, the older marked; and an explanation of each hit."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.retrieve.origin import origin, series
from ragkb.settings import AnswerSettings, Settings
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
        ("policy_20250101.pdf", "policy_20260301.docx", True),
        ("hr/2024/leave.md", "hr/2025/leave.md", True),
        ("policy (old).md", "policy.md", True),
        ("invoice-1001.pdf", "invoice-1002.pdf", False),
        ("a/leave-2025.md", "b/leave-2026.md", False),
        ("leave-2025.md", "travel-2026.md", False),
    ],
)
def test_versions_differ_in_years_dates_and_versions_alone(left: str, right: str, same: bool) -> None:
    assert (series(left) == series(right)) is same


def test_sources_of_years_alone_are_no_series() -> None:
    assert series("2024.md") == series("2024/v2.txt") == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("minutes-2026-06-18.md", "minutes-2026-09-24.docx"),
        ("q2-2026-report.pdf", "q3-2026-report.pdf"),
        ("report_20260331.pdf", "report_20260630.pdf"),
    ],
)
def test_another_issue_is_newer_and_replaces_nothing(old: str, new: str) -> None:
    first, second = origin(old, "", {}), origin(new, "", {})
    assert second.is_newer(first)
    assert not first.is_newer(second)
    assert not second.replaces(first)


def test_what_only_one_of_two_documents_says_makes_neither_newer() -> None:
    dated, plain = origin("hr/leave-2024.md", "", {}), origin("hr/leave.md", "", {})
    assert not dated.is_newer(plain)
    assert not plain.is_newer(dated)


def test_passages_of_one_source_are_no_versions_of_each_other() -> None:
    one, other = (origin("Super Bowl", "", {}, f"The season ended January {day}, 2016.") for day in (3, 7))
    assert not other.is_newer(one)


def test_an_older_issue_stands_behind_and_is_not_superseded(tmp_path: Path, words: WordHashes) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    text = "The plant board met about safety safety shoes and about"
    kb.add(
        [
            NewDocument("minutes-2026-06-18.md", f"{text} safety gloves."),
            NewDocument("minutes-2026-09-24.md", f"{text} fans and helmets."),
        ]
    )
    hits = kb.search("what did the board say on safety")
    assert [(hit.source, hit.superseded_by) for hit in hits] == [
        ("minutes-2026-09-24.md", ""),
        ("minutes-2026-06-18.md", ""),
    ]


def test_an_answer_and_a_search_agree_on_what_is_superseded(tmp_path: Path, words: WordHashes) -> None:
    settings = Settings(answer=AnswerSettings(threshold=0.0))
    kb = KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=words)
    kb.add(
        [
            NewDocument(
                "remote.md",
                "Employees may work remotely up to 2 days per week.",
                metadata={"status": "superseded", "date": "2027-01-01"},
            ),
            NewDocument(
                "remote-v2.md",
                "Employees may work remotely up to 3 days per week.",
                metadata={"date": "2026-01-01"},
            ),
        ]
    )
    question = "How many days per week may employees work remotely?"
    assert [(hit.source, hit.superseded_by) for hit in kb.search(question)] == [
        ("remote-v2.md", ""),
        ("remote.md", "remote-v2.md"),
    ]
    answer = kb.ask(question)
    assert [conflict.kind for conflict in answer.conflicts] == ["superseded"]
    assert "3 days" in answer.sentences[0].text


def test_explain_gives_ranks_and_reason(kb: KnowledgeBase) -> None:
    hits = kb.search("how long is parental leave")
    assert sorted(hit.explain.dense_rank or 0 for hit in hits) == [1, 2, 3]
    assert {hit.explain.reason for hit in hits} == {""}
    (first, *_) = kb.search("congé parental é é é")
    assert "the embedder reads" in first.explain.reason
    assert kb.search("leave", leg="dense")[0].explain.reason == "the dense leg alone was asked for"

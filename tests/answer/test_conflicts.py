"""Statements that disagree are both said and cited; superseded versions are named as such."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.retrieve.origin import Origin, origin
from ragkb.settings import AnswerSettings, Settings
from tests.conftest import WordHashes


@pytest.mark.parametrize(
    ("source", "metadata", "head", "date", "version"),
    [
        ("hr/policy-v2-2026.md", {"effective": "2026-04-01", "version": "2.0"}, "", "2026-04-01", (2, 0)),
        ("hr/policy-v2-2026.md", {}, "", "2026", (2,)),
        ("hr/policy.md", {}, "Effective from 1 April 2026. This version replaces version 1.0", "2026-04-01", (1, 0)),
        ("sales/返利政策-2026版.md", {}, "执行日期：2026年1月1日。本版取代2025版。", "2026-01-01", ()),
        ("a.md", {}, "Nothing is said.", "", ()),
    ],
)
def test_date_and_version_of_a_document(
    source: str, metadata: dict[str, str], head: str, date: str, version: tuple[int, ...]
) -> None:
    found = origin(source, "Title", metadata, head)
    assert (found.date, found.version) == (date, version)


def test_a_newer_version_of_the_same_document_replaces_the_older_one() -> None:
    old, new = (origin(f"hr/remote-policy-v{n}-{year}.md", "", {}) for n, year in ((1, 2024), (2, 2026)))
    assert new.replaces(old)
    assert not old.replaces(new)
    assert not new.replaces(new)
    assert not new.replaces(origin("hr/travel-policy-v1-2024.md", "", {}))
    assert not Origin("a").replaces(Origin("b"))
    assert origin("返利政策-2026版.md", "", {}).replaces(origin("返利政策-2025版.md", "", {}))


def test_a_document_that_says_that_it_is_superseded_is_replaced_whatever_its_date() -> None:
    gone = origin("hr/policy-v3.md", "", {"status": "superseded by v2", "date": "2027-01-01"})
    assert origin("hr/policy-v2.md", "", {"date": "2026-01-01"}).replaces(gone)


def made(folder: Path, *documents: NewDocument) -> KnowledgeBase:
    settings = Settings(answer=AnswerSettings(threshold=0.0))
    kb = KnowledgeBase.open(folder / "kb", settings=settings, embedder=WordHashes())
    kb.add(documents)
    return kb


def test_two_documents_that_disagree_are_both_cited_with_their_dates(tmp_path: Path) -> None:
    kb = made(
        tmp_path,
        NewDocument("travel.md", "Claims must be submitted within 30 days after the trip.", "Travel Policy"),
        NewDocument(
            "faq.md",
            "Please submit claims within 60 days after the trip.",
            "Expense FAQ",
            metadata={"date": "2026-02-01"},
        ),
    )
    answer = kb.ask("Within how many days after the trip must claims be submitted?")
    assert "30 days" in answer.text
    assert "60 days" in answer.text
    assert "But “" in answer.text
    (conflict,) = answer.conflicts
    assert conflict.kind == "disagree"
    assert {answer.citations[n - 1].source for n in conflict.citations} == {"travel.md", "faq.md"}
    assert "2026-02-01" in conflict.dates
    assert all(sentence.support == 1 for sentence in answer.sentences)


def test_the_version_in_force_is_said_first_and_the_older_one_named_superseded(tmp_path: Path) -> None:
    kb = made(
        tmp_path,
        NewDocument("remote-v1-2024.md", "Employees may work remotely up to 2 days per week.", "Remote Work (v1)"),
        NewDocument("remote-v2-2026.md", "Employees may work remotely up to 3 days per week.", "Remote Work (v2)"),
    )
    answer = kb.ask("How many days per week may employees work remotely?")
    assert answer.sentences[0].text.endswith("Employees may work remotely up to 3 days per week.")
    assert answer.sentences[1].text == (
        "Superseded, “Remote Work (v1)” (2024): Employees may work remotely up to 2 days per week."
    )
    assert [one.kind for one in answer.conflicts] == ["superseded"]
    assert answer.conflicts[0].dates == ("2026", "2024")


def test_a_chinese_conflict_is_led_in_in_chinese(tmp_path: Path) -> None:
    kb = made(
        tmp_path,
        NewDocument("安全规定.md", "密码长度不少于12位，每90天更换一次。", "信息安全管理规定"),
        NewDocument("账号流程.md", "密码长度不少于8位，每180天更换一次。", "账号申请流程"),
    )
    answer = kb.ask("密码长度不少于几位？")
    assert "的说法不同：" in answer.text
    assert [one.kind for one in answer.conflicts] == ["disagree"]


def test_statements_about_different_things_do_not_disagree(tmp_path: Path) -> None:
    kb = made(
        tmp_path,
        NewDocument("a.md", "The canteen in Leipzig opens at 11 every working day.", "Canteen"),
        NewDocument("b.md", "The visitor parking has 40 places behind the second hall.", "Parking"),
    )
    assert kb.ask("When does the canteen in Leipzig open?").conflicts == ()


def test_dates_of_two_documents_are_no_disagreement(tmp_path: Path) -> None:
    kb = made(tmp_path, NewDocument("甲.md", "日期：2026年2月24日。"), NewDocument("乙.md", "日期：2026年5月20日。"))
    answer = kb.ask("日期是几号？")
    assert not answer.conflicts
    assert "说法不同" not in answer.text

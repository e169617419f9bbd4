"""Questions that ask for more than one thing are answered part by part."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ragkb import KnowledgeBase, NewDocument, Turn
from ragkb.answer.parts import parts

LEAVE = "Parental leave in Brno lasts ten weeks. The head of HR approves parental leave."
TRAVEL = "The mileage allowance for a private car is 0.38 euros per kilometre."


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How long is parental leave and who approves it?", ["How long is parental leave", "who approves it?"]),
        ("How much can I carry over, and until when?", ["How much can I carry over", "until when?"]),
        ("What happened? Why did it happen?", ["What happened?", "Why did it happen?"]),
        ("年假有几天，可以结转吗？", ["年假有几天", "可以结转吗？"]),
        ("What do the TVA-08 and the TVA-12 cost?", ["What do the TVA-08 cost?", "What do the TVA-12 cost?"]),
        ("H12和H18怎么处理？", ["H12怎么处理？", "H18怎么处理？"]),
        ("产假多少天以及怎么申请？", ["产假多少天", "怎么申请？"]),
    ],
)
def test_each_thing_that_is_asked_for_is_a_part(question, asks):
    assert [part.asks for part in parts(question)] == asks


@pytest.mark.parametrize(
    "question",
    [
        "Who is responsible for fire and first aid?",
        "What is the difference between the TVA-12 and the TVA-16?",
        "What should I do if I lose my card and am abroad?",
        "My phone was stolen on the tram. How quickly do I need to tell someone?",
        "hotel limit Paris and per diem",
        "机器不干活了，断电重启有用吗？",
        "多久要换一次密码？苏州工厂的员工问。",
        "?",
    ],
)
def test_one_thing_is_one_part(question):
    assert [part.text for part in parts(question)] == [question]


def test_a_part_that_leans_is_read_with_the_one_before():
    _, approver = parts("How long is parental leave and who approves it?")
    assert approver.text.startswith("How long is parental leave")


def test_a_part_of_its_own_is_read_alone():
    _, flights = parts("What is the mileage allowance and who approves business class flights?")
    assert flights.text == flights.asks == "who approves business class flights?"


def test_at_most_three_parts_are_told_apart():
    assert len(parts("What is it? Who is it? Where is it? Why is it? When is it?")) == 3


def test_a_follow_up_is_the_only_part_of_the_question_that_it_leans_on():
    assert [part.asks for part in parts("How long is leave? Who approves it?", "Who approves it?")] == [
        "Who approves it?"
    ]


def test_both_parts_are_answered(tmp_path: Path):
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        kb.add([NewDocument("leave.md", LEAVE, "Leave"), NewDocument("travel.md", TRAVEL, "Travel")])
        answer = kb.ask("How long is parental leave in Brno and what is the mileage allowance for a private car?")
    assert "ten weeks" in answer.text
    assert "0.38 euros" in answer.text
    assert {citation.source for citation in answer.citations} == {"leave.md", "travel.md"}
    assert answer.unanswered == ()
    assert [hit.rank for hit in answer.passages] == list(range(1, len(answer.passages) + 1))


def test_a_part_that_no_document_answers_is_named(tmp_path: Path):
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        kb.add([NewDocument("leave.md", LEAVE, "Leave"), NewDocument("travel.md", TRAVEL, "Travel")])
        answer = kb.ask("What is the mileage allowance for a private car and who invented the zeppelin?")
    assert "0.38 euros" in answer.text
    assert answer.unanswered == ("who invented the zeppelin?",)
    assert answer.text.endswith("Not found in the documents: “who invented the zeppelin?”")


def test_a_part_that_the_same_row_answers_is_not_said_to_be_missing(tmp_path: Path):
    table = "| Code | Meaning | Action |\n|---|---|---|\n| TG-417 | Certificate expired | Run the renewal |\n"
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        kb.add([NewDocument("codes.md", f"# Errors\n\n{table}"), NewDocument("travel.md", TRAVEL, "Travel")])
        answer = kb.ask("What does TG-417 mean and how do I fix it?")
    assert "Run the renewal" in answer.text
    assert answer.unanswered == ()


def test_what_was_answered_before_is_not_said_again(tmp_path: Path):
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        kb.add([NewDocument("leave.md", LEAVE, "Leave")])
        answer = kb.ask("Who approves it?", history=[Turn("user", "How long is parental leave in Brno?")])
    assert answer.sentences[0].text == "The head of HR approves parental leave."


def test_no_more_passages_are_read_for_two_parts(tmp_path: Path):
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        kb.add(
            [NewDocument(f"{n}.md", f"Leave {n} lasts {n} weeks. The allowance {n} is {n} euros.") for n in range(9)]
        )
        answer = kb.ask("How long is leave 3 and how much is allowance 4?", k=4)
    assert len(answer.passages) == 4


@pytest.mark.parametrize(
    "question", ["what is it, " * 300, "？" * 900, "and who " * 400, "，谁" * 900, "H1 and H2 " * 300]
)
def test_any_text_is_taken_apart_in_no_time(question):
    began = time.process_time()
    assert 1 <= len(parts(question)) <= 3
    assert time.process_time() - began < 2

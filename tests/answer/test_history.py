"""Follow-ups read as questions that stand alone, in both languages."""

from __future__ import annotations

import pytest

from ragkb.answer.history import standalone
from ragkb.types import Turn

BEFORE = [Turn("user", "How long is parental leave in Brno?"), Turn("assistant", "Ten weeks.")]


def after(before: str, question: str) -> str:
    return standalone(question, [Turn("user", before), Turn("assistant", "An answer.")])


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        ("How long is parental leave in Brno?", "And in Suzhou?", "How long is parental leave in Suzhou?"),
        (
            "How long is parental leave in Brno?",
            "And for contractors?",
            "How long is parental leave in Brno for contractors?",
        ),
        ("What is the per diem for Spain?", "And for France?", "What is the per diem for France?"),
        ("What was the revenue in 2024?", "What about 2025?", "What was the revenue in 2025?"),
        ("How heavy is the HX-200?", "what about the HX-300", "How heavy is the HX-300?"),
        (
            "How many vacation days do employees in Leipzig get?",
            "and Brno?",
            "How many vacation days do employees in Brno get?",
        ),
        (
            "What is the torque of the suction flange on the pump?",
            "And the discharge flange?",
            "What is the torque of the discharge flange on the pump?",
        ),
        (
            "How much leave does a birthing parent get?",
            "And for the other parent?",
            "How much leave does the other parent get?",
        ),
        ("What does a dealer need to become Platinum?", "And for Gold?", "What does a dealer need to become Gold?"),
    ],
)
def test_an_ellipsis_takes_the_place_of_its_like(before: str, question: str, whole: str) -> None:
    assert after(before, question) == whole


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        ("苏州员工的育儿假一年有几天？", "那上海呢？", "上海员工的育儿假一年有几天？"),
        ("苏州工厂普通员工出差住宿标准是多少？", "那部门经理呢？", "苏州工厂部门经理出差住宿标准是多少？"),
        ("苏州工厂几点上班？", "上海办事处呢？", "上海办事处几点上班？"),
        ("2025年TVA-12的指导价是多少？", "2026年呢？", "2026年TVA-12的指导价是多少？"),
        ("TVA-12的指导价是多少？", "那TVA-20呢？", "TVA-20的指导价是多少？"),
        ("B级投诉多少天内结案？", "C级的结案时限呢？", "C级投诉多少天内结案？"),
        ("婚假有几天？", "那产假呢？", "产假有几天？"),
    ],
)
def test_a_chinese_ellipsis_takes_the_place_of_its_like(before: str, question: str, whole: str) -> None:
    assert after(before, question) == whole


@pytest.mark.parametrize(
    "question", ["Who approves it?", "What about fathers?", "Can they take it in parts?", "它怎么申请？", "Why?"]
)
def test_what_only_points_back_is_read_behind_the_question_before(question: str) -> None:
    assert standalone(question, BEFORE) == f"How long is parental leave in Brno? {question}"


@pytest.mark.parametrize("question", ["提前解约要怎么办？", "压缩机也是三年吗？", "总监住那里呢？"])
def test_a_short_or_pointing_chinese_question_is_read_behind_the_one_before(question: str) -> None:
    assert after("苏州厂房租到哪一年？", question) == f"苏州厂房租到哪一年？ {question}"


@pytest.mark.parametrize(
    "question", ["Which form do I file for a lost expense receipt?", "苏州工厂普通员工出差住宿标准是多少？"]
)
def test_a_whole_question_stands_alone(question: str) -> None:
    assert standalone(question, BEFORE) == question


def test_a_chain_of_follow_ups_keeps_what_it_is_about() -> None:
    history = [Turn("user", "How long is parental leave in Brno?"), Turn("user", "And in Suzhou?")]
    assert standalone("And in Lyon?", history) == "How long is parental leave in Lyon?"


def test_a_new_topic_ends_the_old_one() -> None:
    history = [Turn("user", "Old one about pumps?"), *BEFORE, Turn("assistant", "It is so.")]
    assert standalone("And in Suzhou?", history) == "How long is parental leave in Suzhou?"


@pytest.mark.parametrize("history", [[], [Turn("assistant", "Hello.")], [Turn("user", "  ")]])
def test_without_a_question_before_there_is_nothing_to_lean_on(history: list[Turn]) -> None:
    assert standalone("And in Suzhou?", history) == "And in Suzhou?"


@pytest.mark.parametrize(
    ("before", "question", "whole"),
    [
        ("What was the revenue in Q2 2026?", "And the EBIT?", "What was the EBIT in Q2 2026?"),
        (
            "What does the commissioning of a TVA cost?",
            "And of a TVI-90?",
            "What does the commissioning of a TVI-90 cost?",
        ),
        ("What is the mileage allowance?", "How do I restart the MES?", "How do I restart the MES?"),
        ("产假多少天？", "H18怎么处理？", "H18怎么处理？"),
    ],
)
def test_what_is_asked_changes_and_what_it_is_asked_of_stays(before, question, whole):
    assert standalone(question, [Turn("user", before)]) == whole

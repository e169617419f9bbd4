"""Answers read well: the column that is asked for, the value first, whole sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.answer.phrases import row
from ragkb.answer.question import Question, local_idf, read_question
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.settings import AnswerSettings, Settings
from tests.conftest import WordHashes

CELLS = (("Part", "HX-300"), ("Pressure", "350 bar"), ("Price", "1,900 EUR"))
CELLS_ZH = (("型号", "HX-300"), ("工作压力", "350 bar"), ("指导价格", "1900元"))


def asked(text: str) -> Question:
    return read_question(text, WordHashes(), local_idf(["x"]))


@pytest.mark.parametrize(
    ("question", "cells", "text"),
    [
        ("What is the price of the HX-300?", CELLS, "Price of HX-300: 1,900 EUR (Pressure: 350 bar)"),
        ("Which pressure does the HX-300 stand?", CELLS, "Pressure of HX-300: 350 bar (Price: 1,900 EUR)"),
        ("HX-300的指导价格是多少？", CELLS_ZH, "HX-300的指导价格：1900元（工作压力：350 bar）"),
        ("What is known of the HX-300?", CELLS, ""),
        ("Price of the HX-300", (("", "HX-300"), ("", "1,900 EUR")), ""),
    ],
)
def test_the_column_that_is_asked_for_comes_first(question: str, cells: tuple[tuple[str, str], ...], text: str) -> None:
    assert row(asked(question), cells) == text


def answers(folder: Path, text: str) -> KnowledgeBase:
    settings = Settings(answer=AnswerSettings(threshold=0.0))
    kb = KnowledgeBase.open(folder / "kb", settings=settings, embedder=WordHashes())
    kb.add([NewDocument("a.md", text)])
    return kb


def test_the_number_that_is_asked_for_comes_first_and_is_supported(tmp_path: Path) -> None:
    kb = answers(
        tmp_path, "# Trips\n\nClaims must be submitted within 30 days after the trip.\n\nLunch is free of charge."
    )
    answer = kb.ask("Within how many days after the trip must claims be submitted?")
    assert answer.sentences[0].text == "30 days: Claims must be submitted within 30 days after the trip."
    assert answer.sentences[0].support == 1
    assert answer.citations[0].quote == "Claims must be submitted within 30 days after the trip."


def test_no_number_is_put_first_where_two_could_be_meant(tmp_path: Path) -> None:
    kb = answers(tmp_path, "# Trips\n\nClaims of up to 500 euros must be submitted within 30 days after the trip.")
    text = kb.ask("Within how many days after the trip must claims be submitted?").sentences[0].text
    assert text.startswith("Claims of up to 500 euros")


@pytest.mark.parametrize(
    ("text", "question", "said"),
    [
        (
            "The new delivery date for the order from Lyon is 5 October 2026.",
            "When is the new delivery date for the order from Lyon?",
            "5 October 2026: The new delivery date for the order from Lyon is 5 October 2026.",
        ),
        (
            "The owner of the policy for remote work is Annika Brandt.",
            "Who is the owner of the policy for remote work?",
            "Annika Brandt: The owner of the policy for remote work is Annika Brandt.",
        ),
        (
            "Parking and speeding fines are never reimbursed.",
            "Are parking and speeding fines reimbursed?",
            "No: Parking and speeding fines are never reimbursed.",
        ),
        (
            "Laptops are backed up.",
            "Are laptops backed up?",
            "Yes: Laptops are backed up.",
        ),
        (
            "Laptops are backed up, phones are not.",
            "Are laptops backed up?",
            "Laptops are backed up, phones are not.",
        ),
        (
            "Alcohol is reimbursed only with a meal.",
            "Is alcohol reimbursed?",
            "Alcohol is reimbursed only with a meal.",
        ),
        (
            "The talks between Annika Brandt and Henrik Vasseur were led in Lyon.",
            "Who led the talks?",
            "The talks between Annika Brandt and Henrik Vasseur were led in Lyon.",
        ),
    ],
)
def test_a_date_a_name_a_yes_and_a_no_come_first_where_they_are_sure(
    tmp_path: Path, text: str, question: str, said: str
) -> None:
    kb = answers(tmp_path, f"# About\n\n{text}\n\nLunch costs five euros.")
    answer = kb.ask(question)
    assert answer.sentences[0].text == said
    assert answer.sentences[0].support == 1
    assert answer.citations[0].quote == text

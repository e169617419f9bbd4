"""Periods in questions and documents, in one form; and what documents are about."""

from __future__ import annotations

import pytest

from ragkb.text.about import about_terms, leads, named, period
from ragkb.text.periods import asks_for_the_latest, latest, periods, reported, without_periods


@pytest.mark.parametrize(
    ("text", "finest"),
    [
        ("in Q3 2022", "2022-q3"),
        ("the third quarter of fiscal 2022", "2022-q3"),
        ("third quarter of fiscal year 2022", "2022-q3"),
        ("3Q22 results", "2022-q3"),
        ("Q2 of FY2023", "2023-q2"),
        ("for FY19", "2019"),
        ("three months ended June 25, 2022", "2022-06-25"),
        ("as of 30 June 2023", "2023-06-30"),
        ("2022年第三季度", "2022-q3"),
        ("ACME_2018_10K.pdf", "2018"),
        ("hr/leave-2024.md", "2024"),
    ],
)
def test_a_period_is_read_with_those_around_it(text: str, finest: str) -> None:
    parts = finest.split("-")
    assert periods(text) == {"-".join(parts[:size]) for size in range(1, len(parts) + 1)}


@pytest.mark.parametrize("text", ["may the pumps run", "a 2.2022 mm gap", "the quarter", "on 3 May"])
def test_what_names_no_period(text: str) -> None:
    assert periods(text) == frozenset()


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("What was revenue in the third quarter of fiscal 2022?", "What was revenue ?"),
        ("net sales for the three months ended June 25, 2022 in Asia", "net sales in Asia"),
        ("FY2018 capital expenditure", "capital expenditure"),
        ("debt as of March 31, 2023", "debt"),
        ("2022年第三季度的收入", "的收入"),
        ("a 2.2022 mm gap", "a 2.2022 mm gap"),
    ],
)
def test_a_question_without_its_periods(question: str, rest: str) -> None:
    assert " ".join(without_periods(question).split()) == rest


def test_a_document_reports_on_what_ended_and_on_the_quarter_it_speaks_of() -> None:
    text = "For the quarterly period ended July 30, 2023. " + "In the second quarter of fiscal year 2024 we sold. " * 3
    assert {"2023-07-30", "2023-q3", "2024-q2", "2024"} <= reported(text, text)
    assert "2024-q2" not in reported(text[:60], text[:120])


def test_the_latest_of_several_documents() -> None:
    ends = [
        latest("Report 2022 Q3", ""),
        latest("Report 2022", "for the year ended December 31, 2022"),
        latest("x", "no date"),
    ]
    assert ends == ["2022-09", "2022-12-31", ""]
    assert asks_for_the_latest("the most recent report of Acme")
    assert asks_for_the_latest("最新的报告")
    assert not asks_for_the_latest("the last day of leave")


def test_names_are_what_a_text_writes_with_capitals() -> None:
    text = (
        "Acme Corporation\n\nReport of sales. Sales rose; sales of Acme fell, and sales are sales.\n" + "See Zorb. " * 6
    )
    terms = about_terms("Quarterly report", "finance/2022_Q3_ACX.pdf", " " * 0 + text)
    assert {leads("acm"), leads("acx"), leads("financ"), named("zorb"), period("2022-q3")} <= set(terms)
    assert named("sale") not in terms
    assert leads("zorb") in about_terms("", "", "Zorb. " + text)
    assert not {named("2022"), named("q3")} & set(terms)

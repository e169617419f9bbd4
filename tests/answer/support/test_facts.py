"""What a sentence must not get wrong."""

from __future__ import annotations

import pytest

from ragkb.answer.support.facts import Facts, wrongs
from ragkb.answer.support.quotes import is_quoted

PASSAGES = [
    "The mileage allowance is 0.38 euros per kilometre. Employees may not book first class on trips under two hours. "
    "Parental leave lasts 14 weeks from 12 May 2026, says Anna Keller. The pump opens at 210 bar.",
    "住宿标准为每晚四百五十元。员工不得乘坐头等舱。试用期为三个月。价格在2026年5月1日提高。",
]


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ("The mileage allowance is 0.38 euros per kilometre.", []),
        ("The mileage allowance is 0.48 euros per kilometre.", ["number"]),
        ("The mileage allowance is 0.38 dollars per kilometre.", ["unit"]),
        ("It is about 0.4 euros.", []),
        ("Employees may not book first class on trips under 2 hours.", []),
        ("Employees may book first class on trips under two hours.", ["negation"]),
        ("Parental leave lasts fourteen weeks.", []),
        ("Parental leave lasts 14 days.", ["unit"]),
        ("Parental leave lasts 14 weeks from 12 June 2026.", ["date"]),
        ("Parental leave lasts 14 weeks, says Peter Keller.", ["name"]),
        ("The pump closes at 210 bar.", ["opposite"]),
        ("住宿标准为每晚450元。", []),
        ("住宿标准为每晚四百元。", ["number"]),
        ("住宿标准为每晚450美元。", ["unit"]),
        ("员工不得乘坐头等舱。", []),
        ("员工可以乘坐头等舱。", ["negation", "opposite"]),
        ("试用期为三年。", ["unit"]),
        ("价格在2026年6月1日提高。", ["number", "date"]),
        ("价格在2026年5月1日降低。", ["opposite"]),
    ],
)
def test_wrong_facts_are_named(claim: str, wrong: list[str]) -> None:
    assert wrongs(claim, Facts.of(PASSAGES)) == wrong


def test_what_the_question_names_is_no_invention() -> None:
    facts = Facts.of(PASSAGES)
    assert wrongs("In the words of Peter, it is so.", facts) == ["name"]
    assert wrongs("In the words of Peter, it is so.", facts, "What does Peter say?") == []


def test_nothing_is_known_of_no_passages() -> None:
    assert wrongs("It takes 3 days.", Facts.of([])) == ["number"]
    assert wrongs("", Facts.of(PASSAGES)) == []


@pytest.mark.parametrize(
    ("claim", "quoted"),
    [
        ("Parental leave lasts 14 weeks", True),
        ("parental  leave\nlasts 14 weeks.", True),
        ("leave lasts 14 week", False),
        ("38 euros per kilometre", False),
        ("Part: HX-200; Pressure: 210 bar", True),
        ("Part: HX-200; Pressure: 220 bar", False),
        ("员工不得乘坐 头等舱", True),
        ("员工得乘坐头等舱", False),
        ("", False),
    ],
)
def test_a_quote_stands_in_its_text_between_word_boundaries(claim: str, quoted: bool) -> None:
    assert is_quoted(claim, ["| HX-200 | 210 bar |", "| Part | Pressure |"], PASSAGES) is quoted

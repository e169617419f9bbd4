"""How a question is read: dates, names, follow-ups, the kind of thing that is asked for."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkb.answer.kinds import counted, is_counted, kind_of
from ragkb.answer.question import About, Question, local_idf, read_question
from ragkb.text.asking import content_terms, named_terms
from ragkb.text.dates import agrees, dates
from tests.conftest import WordHashes

# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12 May 2026", {"2026-05-12"}),
        ("12th of May 2026", {"2026-05-12"}),
        ("12th of May, 2026", {"2026-05-12"}),
        ("May 12, 2026", {"2026-05-12"}),
        ("May 12th, 2026", {"2026-05-12"}),
        ("12 Sept. 2026", {"2026-09-12"}),
        ("2026-05-12", {"2026-05-12"}),
        ("2026/5/12", {"2026-05-12"}),
        ("2026年5月12日", {"2026-05-12"}),
        ("2026年5月", {"2026-05"}),
        ("May 2026", {"2026-05"}),
        ("in May, 2026", {"2026-05"}),
        ("2026-05", {"2026-05"}),
        ("Q3 2026", {"2026-q3"}),
        ("q3/2026", {"2026-q3"}),
        ("2026 Q3", {"2026-q3"}),
        ("2026-Q3", {"2026-q3"}),
        ("the third quarter of 2026", {"2026-q3"}),
        ("third quarter of fiscal year 2026", {"2026-q3"}),
        ("2026年第三季度", {"2026-q3"}),
        ("2026年三季度", {"2026-q3"}),
        ("2026年第3季度", {"2026-q3"}),
        ("5月12日", {"--05-12"}),
        ("on 12 May", {"--05-12"}),
        ("in 2026", {"2026"}),
        ("2026年", {"2026"}),
        ("from 2025 to 2026", {"2025", "2026"}),
        ("between 1 March 2025 and 2026-04-30", {"2025-03-01", "2026-04-30"}),
        ("Q1 2025 and Q2 2026", {"2025-q1", "2026-q2"}),
        ("", set()),
        ("210 bar, 1,240 EUR, HX-200", set()),
        ("12026 pieces, 2,026 euros", set()),
        ("it may be so", set()),
    ],
)
def test_dates_are_found_in_many_forms(text: str, found: set[str]) -> None:
    assert dates(text) == found
    assert dates(text.upper()) == found


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2099, 12, 31)))
def test_every_day_is_read_alike_in_every_form(day: date) -> None:
    iso = f"{day:%Y-%m-%d}"
    forms = (f"{day:%d %B %Y}", f"{day:%B %d, %Y}", iso, f"{day:%Y}年{day:%m}月{day:%d}日", f"{day:%Y/%m/%d}")
    assert [dates(form) for form in forms] == [{iso}] * len(forms)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(content_terms(text)), "no term is empty"
    assert all(named_terms(text))
    assert all(dates(text))


@pytest.mark.parametrize(
    ("asked", "held", "share"),
    [
        ("2026", {"2026"}, 1.0),
        ("2026", {"2026-05-12"}, 1.0),
        ("2026-05", {"2026-05-12"}, 1.0),
        ("2026-05-12", {"2026-05"}, 0.5),
        ("2026-05-12", {"2026"}, 0.5),
        ("2026-q3", {"2026"}, 0.5),
        ("2026", {"2026-q3"}, 1.0),
        ("2026-q3", {"2026-q2"}, 0.0),
        ("2026", {"2025"}, 0.0),
        ("2026-05", {"2026-06"}, 0.0),
        ("2026", set(), 0.0),
        ("--05-12", {"2026-05-12"}, 1.0),
        ("--05-12", {"--05-12"}, 1.0),
        ("--05-12", {"2026-05"}, 0.0),
    ],
)
def test_a_date_agrees_with_what_lies_in_it_and_half_with_what_it_lies_in(
    asked: str, held: set[str], share: float
) -> None:
    assert agrees(asked, frozenset(held)) == share


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "named", "unnamed"),
    [
        ("What does the HX-200 cost?", "hx-200", "cost"),
        ("Which holidays does Brno have?", "brno", "holidays"),
        ("what is form fin-31 for", "fin-31", "form"),
        ("How do I reach the VPN?", "vpn", "reach"),
        ("MES系统怎么登录？", "mes", "系统"),
    ],
)
def test_codes_acronyms_and_names_are_what_evidence_has_to_be_about(question: str, named: str, unnamed: str) -> None:
    assert named in named_terms(question)
    assert unnamed not in named_terms(question)


@pytest.mark.parametrize(
    "question",
    ["How long is parental leave?", "What may I spend in 30 days?", "多少天年假？", "May I work from home?", ""],
)
def test_plain_words_measures_and_the_first_capital_name_nothing(question: str) -> None:
    assert named_terms(question) == ()


def test_words_that_ask_are_no_content() -> None:
    assert content_terms("What is the fee?") == content_terms("Please tell me about any fee.") == {"fee"}
    assert content_terms("是什么？") == set()
    assert content_terms("费用多少？") == content_terms("费用")


# --- weights ----------------------------------------------------------------------------------------------------------

TEXTS = ["The pump is blue.", "The pump is red.", "The canteen opens."]


def test_rarity_is_that_of_bm25() -> None:
    idf = local_idf(TEXTS)
    assert idf("pump") == math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    assert idf("zebra") == math.log(1 + (3 - 0 + 0.5) / (0 + 0.5))


def test_weights_are_shares_and_what_stands_nowhere_is_unknown() -> None:
    question = read_question("Is the zebra pump blue?", WordHashes(), local_idf(TEXTS))
    assert sum(question.weights.values()) == pytest.approx(1.0)
    assert question.unknown == {"zebra"}
    assert question.weights["pump"] < question.weights["blue"] < question.weights["zebra"]
    assert question.covered({"pump", "blue"}) == question.weights["pump"] + question.weights["blue"]
    assert question.covered(set()) == 0


def test_a_question_that_the_embedder_cannot_read_has_no_vector() -> None:
    idf = local_idf(TEXTS)
    assert read_question("泵是蓝色的吗？", WordHashes(), idf).vector is None
    assert read_question("Is the pump blue?", WordHashes(), idf).vector is not None


def asking(text: str) -> Question:
    return read_question(text, WordHashes(), local_idf(TEXTS))


def test_what_is_named_is_met_here_fully_nearby_partly_elsewhere_not() -> None:
    question = asking("What does the HX-200 cost in 2026?")
    right, wrong, nothing = About.of("HX-200, 2026"), About.of("HX-300, 2025"), About.of("")
    half = About.of("HX-200, 2025")
    assert question.met_by(right, right) == (1.0, 1.0)
    assert question.met_by(wrong, wrong) == (0.0, 0.0)
    assert question.met_by(half, half) == (0.5, 0.0)
    mean, least = question.met_by(nothing, right)
    assert 0.0 < least <= mean < 1.0
    assert asking("what is the fee").met_by(nothing, nothing) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("question", "fits", "fails"),
    [
        ("How many weeks?", "Ten weeks.", "It is long."),
        ("How much does it cost?", "It costs 1,240 EUR.", "It is expensive."),
        ("When is it due?", "On 31 March.", "Later."),
        ("Who approves it?", "Jutta Kremer approves it.", "somebody approves it."),
        ("Why did it fail?", "It failed because of ice.", "It failed."),
        ("多少天？", "13天", "很长"),
        ("谁批准？", "由张伟批准", "ok"),
        ("为什么停机？", "由于结冰", "停机"),
        ("How long is it kept?", "It is kept for 72 hours.", "Call +49 341 5550 190."),
        ("How much does the firm charge?", "The firm charges 40 euros.", "The firm comes on 2 days."),
        ("What is the rent of the hall?", "It is 61,500 euros.", "It has 96 spaces."),
        ("What percentage is paid?", "60 % are paid.", "60 weeks are paid."),
        ("要多长时间？", "要三天", "有35元"),
        ("多少钱一班？", "每班35元", "每班12人"),
    ],
)
def test_the_kind_of_thing_that_is_asked_for(question: str, fits: str, fails: str) -> None:
    assert asking(question).expects(fits) == 1.0
    assert asking(question).expects(fails) == 0.0


def test_a_chinese_question_names_its_places() -> None:
    assert asking("广州办事处的餐补是多少？").named == ("广州",)
    here, elsewhere = About.of("上海办事处每天40元"), About.of("广州办事处每天40元")
    assert asking("广州办事处的餐补是多少？").met_by(here, here) == (0.0, 0.0)
    assert asking("广州办事处的餐补是多少？").met_by(elsewhere, elsewhere) == (1.0, 1.0)


def test_an_open_question_expects_nothing() -> None:
    assert asking("Tell me about leave.").expects("Anything.") == 0.5


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many weeks?", "number"),
        ("what is the price of the pump", "number"),
        ("When is it due?", "date"),
        ("Who approves it?", "person"),
        ("In which city is the plant?", "place"),
        ("Why did it fail?", "reason"),
        ("How do I reset my password?", "way"),
        ("Is Thursday an office day?", "polar"),
        ("What is a heat pump?", "meaning"),
        ("Tell me about leave.", "thing"),
        ("多少天？", "number"),
        ("什么时候到期？", "date"),
        ("谁批准？", "person"),
        ("工厂在哪里？", "place"),
        ("为什么停机？", "reason"),
        ("怎么重置密码？", "way"),
        ("签证费可以报销吗？", "polar"),
    ],
)
def test_the_kind_of_a_question(question: str, kind: str) -> None:
    assert kind_of(question) == kind


def test_what_the_question_says_itself_is_no_answer_to_it() -> None:
    assert asking("How many of the 12 pumps failed?").expects("There are 12 pumps.") == 0.0
    assert asking("How many of the 12 pumps failed?").expects("3 of 12 pumps failed.") == 1.0


def test_a_number_before_what_is_counted() -> None:
    assert counted("How many tackles did he make?") == "tackles"
    assert counted("他拦截了多少次？") == "次"
    assert is_counted("He made 118 tackles.", "tackles")
    assert not is_counted("In 118 games he made tackles.", "sacks")
    assert is_counted("他完成了24次拦截。", "次")
    assert not is_counted("He made tackles.", "")

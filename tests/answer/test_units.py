"""What an answer is made of: sentences, list items with their lead-in, rows with their header, answers of an FAQ."""

from __future__ import annotations

import pytest

from ragkb.answer.units import Passage, Unit, row_as_text, units
from ragkb.types import Explain, Hit


def passage(text: str, *, start: int = 0, context: str = "", heading: tuple[str, ...] = ()) -> Passage:
    """A passage that begins at `start` of its document."""
    end = start + len(text)
    hit = Hit(1, 1.0, "id", "a.txt", "A", None, heading, start, end, text, Explain(1.0, 1.0, 0.5))
    return Passage(hit, context)


def said(text: str, context: str = "") -> list[str]:
    """What the statements of a text say."""
    return [unit.said for unit in units(passage(text, context=context)) if unit.is_statement]


def quoted(unit: Unit) -> list[str]:
    """What the unit's spans hold, read from its passage."""
    hit = unit.passage.hit
    return [hit.text[start - hit.start : end - hit.start] for start, end in unit.spans]


# --- sentences --------------------------------------------------------------------------------------------------------


def test_sentences_are_units_of_their_own() -> None:
    assert said("The fee is 10 euros. It is due on Monday.") == ["The fee is 10 euros.", "It is due on Monday."]
    assert said("费用为10元。周一到期。") == ["费用为10元。", "周一到期。"]


@pytest.mark.parametrize("start", [0, 1000])
def test_spans_count_in_the_document(start: int) -> None:
    text = "费用 10 元。\n\n| Part | Price |\n| HX-1 | 5 |\n\nYou need:\n- a badge\n- a helmet\n\nQ: Why?\nA: Because."
    for unit in units(passage(text, start=start)):
        for at, until in unit.spans:
            assert start <= at < until <= start + len(text)
        assert all(quoted(unit))
        assert unit.start == unit.spans[-1][0]


def test_a_heading_is_no_statement() -> None:
    text = "# Travel expenses\n\nHotels are paid up to 140 euros.\n\nMeals\n\nMeals are not paid."
    assert said(text) == ["Hotels are paid up to 140 euros.", "Meals are not paid."]


def test_a_line_that_leads_a_list_in_says_nothing_alone() -> None:
    assert "You need:" not in said("You need:\n- a badge\n- a helmet")


def test_a_question_is_no_statement() -> None:
    assert said("How long is the leave? It lasts ten weeks.") == ["It lasts ten weeks."]
    assert said("假期多长？十周。") == ["十周。"]


def test_an_empty_passage_has_no_units() -> None:
    assert units(passage("")) == []
    assert units(passage(" \n\n ")) == []


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["-", "*", "•", "–", "1.", "1)", "a)", "(1)"])
def test_an_item_is_read_with_the_line_that_leads_it_in(mark: str) -> None:
    found = units(passage(f"The visitor needs:\n{mark} a badge"))
    assert [unit.said for unit in found if unit.is_statement] == ["The visitor needs: a badge"]
    (item,) = [unit for unit in found if unit.is_statement]
    assert quoted(item)[0] == "The visitor needs:"
    assert quoted(item)[1].endswith("a badge")


def test_every_item_of_a_list_has_its_lead_in() -> None:
    text = "来访者需要：\n- 胸牌\n- 安全帽\n- 登记"
    assert said(text) == ["来访者需要： 胸牌", "来访者需要： 安全帽", "来访者需要： 登记"]


def test_an_item_without_a_lead_in_is_said_without_its_mark() -> None:
    assert said("- Laptops are not backed up.\n- Phones are.") == ["Laptops are not backed up.", "Phones are."]


def test_a_sentence_before_a_list_is_no_lead_in() -> None:
    assert said("Bring it along.\n- a badge") == ["Bring it along.", "a badge"]


# --- tables -----------------------------------------------------------------------------------------------------------

TABLE = "| Part | Pressure | Price |\n| HX-200 | 210 bar | 1,240 EUR |\n| HX-300 | 350 bar | 1,900 EUR |"


def test_a_row_is_said_with_the_names_of_its_columns() -> None:
    assert said(TABLE) == [
        "Part: HX-200; Pressure: 210 bar; Price: 1,240 EUR",
        "Part: HX-300; Pressure: 350 bar; Price: 1,900 EUR",
    ]


def test_a_row_quotes_itself_and_rests_on_its_header() -> None:
    for unit, row in zip(units(passage(TABLE)), TABLE.split("\n")[1:], strict=True):
        assert quoted(unit) == [row]
        assert unit.evidence == "| Part | Pressure | Price |"


def test_a_table_in_the_middle_of_a_chunk_has_its_own_header() -> None:
    text = f"Prices of 2026 follow.\n\n{TABLE}\n\nThey hold until June.\n\n| Site | Phone |\n| Brno | 812 |"
    assert said(text) == [
        "Prices of 2026 follow.",
        "Part: HX-200; Pressure: 210 bar; Price: 1,240 EUR",
        "Part: HX-300; Pressure: 350 bar; Price: 1,900 EUR",
        "They hold until June.",
        "Site: Brno; Phone: 812",
    ]


def test_a_table_that_goes_on_takes_its_header_from_the_context() -> None:
    rows = "| HX-400 | 400 bar | 2,100 EUR |\n| HX-500 | 420 bar | 2,500 EUR |"
    assert said(rows, context="Price list\nPumps\n| Part | Pressure | Price |") == [
        "Part: HX-400; Pressure: 400 bar; Price: 2,100 EUR",
        "Part: HX-500; Pressure: 420 bar; Price: 2,500 EUR",
    ]


def test_a_context_without_a_table_gives_no_header() -> None:
    assert passage(TABLE, context="Price list\nPumps").table_header == ""
    assert passage(TABLE).table_header == ""


@pytest.mark.parametrize(
    ("row", "header", "text"),
    [
        ("| HX-200 | 210 bar |", "| Part | Pressure |", "Part: HX-200; Pressure: 210 bar"),
        ("| HX-200 |  |", "| Part | Pressure |", "Part: HX-200"),
        ("| HX-200 | 210 bar |", "|  | Pressure |", "HX-200; Pressure: 210 bar"),
        ("| HX-200 | 210 bar |", "", "HX-200; 210 bar"),
        ("| HX-200 | 210 bar | new |", "| Part | Pressure |", "HX-200; 210 bar; new"),
        ("| 型号 | 价格 |", "", "型号; 价格"),
        ("| 婚假 | 13天 |", "| 假别 | 天数 |", "假别: 婚假; 天数: 13天"),
    ],
)
def test_a_row_as_text(row: str, header: str, text: str) -> None:
    assert row_as_text(row, header) == text


# --- questions and answers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Q: When is the certificate due?\nA: On the first day.", "On the first day."),
        ("Question: When is it due?\nAnswer: On the first day.", "On the first day."),
        ("**When is it due?**\n\nOn the first day.", "On the first day."),
        ("问：证明什么时候交？\n答：第一天。", "第一天。"),
        ("问题：证明什么时候交？\n回答：第一天。", "第一天。"),
        ("证明什么时候交？\n\n第一天。", "第一天。"),
    ],
)
def test_an_answer_is_said_alone_and_read_with_its_question(text: str, answer: str) -> None:
    (unit,) = [unit for unit in units(passage(text)) if unit.is_statement]
    assert unit.said == answer
    assert "due" in unit.reads or "证明" in unit.reads
    assert quoted(unit)[0].endswith(answer)


def test_each_answer_goes_with_the_question_right_above_it() -> None:
    text = "Q: How long is it?\nA: Ten weeks.\n\nQ: Who pays?\nA: The company pays."
    reads = {unit.said: unit.reads for unit in units(passage(text)) if unit.is_statement}
    assert "How long" in reads["Ten weeks."]
    assert "Who pays" not in reads["Ten weeks."]
    assert "Who pays" in reads["The company pays."]
    assert "How long" not in reads["The company pays."]


def test_a_heading_ends_what_a_question_asked_for() -> None:
    text = "How long is it?\nTen weeks.\n\nParking\n\nThe gate opens at six."
    (gate,) = [unit for unit in units(passage(text)) if unit.said.startswith("The gate")]
    assert "How long" not in gate.reads


def test_cells_under_one_column_name_are_read_together() -> None:
    assert row_as_text("| M16 | 180 | Nm |", "| Thread | Torque | Torque |") == "Thread: M16; Torque: 180 Nm"
    assert row_as_text("| M16 | | Nm |", "| Thread | Torque | Torque |") == "Thread: M16; Torque: Nm"

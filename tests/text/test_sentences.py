from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkb.text.sentences import LONGEST, sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


# Each line is a text; " ¦ " marks where a sentence ends and the next begins.
ENGLISH = """
One. ¦ Two! ¦ Three? ¦ Four
Dr. Smith of Acme Inc. met J. K. Rowling at 3.5 p.m. in St. Louis.
The Acme Inc. Annual Report is out. ¦ The Acme Inc. ¦ The report is out.
He moved to the U.S. in 1999. ¦ He left the U.S. ¦ The next year he returned.
The U.S. Department of Labor agreed.
No. 5 is alive. ¦ No. ¦ The answer is no! ¦ See Fig. 3 and pp. 4-5.
Use tools, e.g. Excel, i.e. spreadsheets, etc. ¦ They help.
Use e.g. Excel. ¦ Smith et al. (2019) showed it. ¦ Smith vs. Jones was settled.
It cost $1,234.50. ¦ Growth was 3.5 percent. ¦ Version 2.3.4 is out.
The limit rose in 2019. ¦ The board agreed. ¦ There were 12. ¦ Then 13.
He said "Stop." ¦ Then he left. ¦ "Why?" she asked. ¦ (Really.) ¦ Yes.
Yahoo! is a company. ¦ What? ¦ And why?! ¦ iPhone sales rose.
Wait... what? ¦ Wait... ¦ What happened? ¦ Introduction ........ 5
Costs rose [3]. ¦ Then they fell.[4] ¦ They rose again.¹ ¦ End.
George W. Bush spoke on Jan. 5 at 9 a.m. ¦ Everybody listened.
Cal. Civ. Code § 1798.100 applies. ¦ Art. 5 Sec. 2 does not.
Plan B. ¦ The end. ¦ Send it to a.b@example.com. ¦ See https://example.com/a.b?c=d. ¦ Done.
She has a Ph.D. in physics. ¦ He lives in Washington, D.C. ¦ They met.
Item 1. Legal Proceedings are due. ¦ 2. Next is this. ¦ Step 3. Press it. ¦ See Item 4. ¦ Then go on.
Claims . . . . . 12 are here. ¦ E. I. du Pont was here. ¦ It was so.[a] ¦ It is so.[需要引证] ¦ End.
all of it is lower case. ¦ there is no capital here, e.g. none. ¦ what is it? ¦ it ends.
The rate (approx. 5 %) is fixed. ¦ **Bold.** ¦ Next.
"""

OTHERS = """
Das gilt z. B. für Nr. 5 am 3. Januar 2024. ¦ Die 2. Auflage erscheint bzw. wird d. h. gedruckt.
Im Jahr 1999. ¦ Es war so. ¦ Siehe Abs. 2 und Ziff. 4. ¦ „Ja.“ ¦ Dann ging er.
M. Dupont est arrivé. ¦ « Oui. » ¦ Il est parti. ¦ ¿Qué es? ¦ ¡Hola! ¦ Bien.
"""

CHINESE = """
公司规定：员工可以休假；¦请假须经批准（见第3条）。¦第二句话！？¦最后一句
他说：“你好！”，然后走了。¦“再见。”¦她说。
价格是3.5元。¦版本v2.3.1已发布。¦完成！¦好吗?¦好。
见附件（第一条。）。¦完了……还没有。
これは文です。¦「はい。」¦次の文。
"""


@pytest.mark.parametrize("line", ENGLISH.strip().splitlines() + OTHERS.strip().splitlines())
def test_sentences_of_a_line(line: str) -> None:
    assert cut(line.replace(" ¦ ", " ")) == line.split(" ¦ ")


@pytest.mark.parametrize("line", CHINESE.strip().splitlines())
def test_chinese_and_japanese_need_no_space(line: str) -> None:
    assert cut(line.replace("¦", "")) == line.split("¦")


def test_wrapped_lines_do_not_end_a_sentence() -> None:
    text = (
        "The Committee met in New\nYork on Monday and agreed that the\n"
        "Policy applies to all staff. It is in\nforce from\n2026."
    )
    assert cut(text) == [
        "The Committee met in New\nYork on Monday and agreed that the\nPolicy applies to all staff.",
        "It is in\nforce from\n2026.",
    ]


def test_a_number_at_the_start_of_a_wrapped_line_is_no_list_item() -> None:
    assert cut("As it is laid down in the Section\n4. of this agreement the fee is due.") == [
        "As it is laid down in the Section\n4. of this agreement the fee is due."
    ]


def test_rows_of_figures_are_units() -> None:
    text = "Operating and finance leases fall due as is\nshown here:\n2023 1,913\n2024 (327)\n2025 1,200\nTotal 2,786"
    rows = ["2023 1,913", "2024 (327)", "2025 1,200", "Total 2,786"]
    assert cut(text) == ["Operating and finance leases fall due as is\nshown here:", *rows]


def test_headings_are_units() -> None:
    text = "# Leave\nText follows. More.\n\nParental leave vs. Sick leave\n\n3.2. Fees and costs\n\nA. Scope\n\nEnd."
    assert cut(text) == [
        "# Leave",
        "Text follows.",
        "More.",
        "Parental leave vs. Sick leave",
        "3.2. Fees and costs",
        "A. Scope",
        "End.",
    ]


def test_a_short_line_before_a_wide_paragraph_is_a_heading() -> None:
    text = "Parental leave\nEmployees with a year of service are entitled to sixteen\nweeks of paid leave."
    assert cut(text) == ["Parental leave", text.partition("\n")[2]]


def test_list_items_are_units_and_keep_their_marker() -> None:
    text = (
        "Bring:\n- a passport\n- a form. It is\n  signed\n* ink\n1. First\n2. Second. Then\na) alpha\n(ii) beta\n• dot"
    )
    assert cut(text) == [
        "Bring:",
        "- a passport",
        "- a form.",
        "It is\n  signed",
        "* ink",
        "1. First",
        "2. Second.",
        "Then",
        "a) alpha",
        "(ii) beta",
        "• dot",
    ]


def test_chinese_list_items() -> None:
    assert cut("一、总则\n（二）适用范围\n1、项目一\n2.项目二") == [
        "一、总则",
        "（二）适用范围",
        "1、项目一",
        "2.项目二",
    ]


def test_a_table_row_is_one_unit() -> None:
    text = "Before.\n| No. | What. Why? |\n|---|---|\n| 1. | Yes. No. |\nAfter."
    assert cut(text) == ["Before.", "| No. | What. Why? |", "|---|---|", "| 1. | Yes. No. |", "After."]


def test_a_page_break_ends_a_unit() -> None:
    assert cut("on page one\fon page two") == ["on page one", "on page two"]


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    clause = "the tenant pays the rent on the first day of the month"
    text = ", ".join([clause] * 30) + "."
    pieces = cut(text)
    assert max(map(len, pieces)) <= LONGEST
    assert all(piece.endswith(("month,", "month.")) for piece in pieces)
    assert " ".join(pieces) == text


def test_a_long_run_without_any_space_is_cut_too() -> None:
    assert cut("x" * 1500) == ["x" * 600, "x" * 600, "x" * 300]


BRICKS = ["", "\n", "\n\n", "\f", "\r\n", " ", "\u00a0", "\u3000", "- ", "1. ", "| a | b |", "# ", "Dr. ", "U.S. "]
BRICKS += [
    "word ",
    "Word ",
    ". ",
    "?! ",
    "...",
    "。",
    "；",
    "”",
    "(",
    ")",
    "3.5",
    "。）",
    "说",
    "z. B. ",
    "---",
    "« ",
    " »",
]
BRICKS += ["x" * 250, "\x1c", "\u2029", "[1]", "“"]


@settings(max_examples=500)
@given(st.one_of(st.text(), st.lists(st.sampled_from(BRICKS), max_size=40).map("".join)))
def test_spans_are_ordered_trimmed_short_and_cover_everything(text: str) -> None:
    spans = sentences(text)
    reached = 0
    for start, end in spans:
        assert reached <= start < end <= len(text)
        assert end - start <= LONGEST
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        assert not text[reached:start].strip()
        reached = end
    assert not text[reached:].strip()


@pytest.mark.parametrize(
    "unit", ["a. ", "A.\n", "- x\n", "x", ".", "。", "| a ", '. "', "1.1.", "z. ", "Dr. A\n", "* ", '" ']
)
def test_time_grows_with_length_alone(unit: str) -> None:
    started = time.perf_counter()
    sentences(unit * 100_000)
    assert time.perf_counter() - started < 5

"""Answers that read well: steps in their order, no sentence that hangs in the air, table rows with all columns."""

from __future__ import annotations

from pathlib import Path

from ragkb import KnowledgeBase, NewDocument
from ragkb.settings import AnswerSettings, Settings
from tests.conftest import CORPUS

RUNBOOK = """# Restart of the MES

## Steps

1. Log in to the host brn-mes-01.
2. Stop the services dispatcher, label and archive.
3. Start the services in the reverse order.
4. Print a test label.
"""
LEAVE = """# Expenses

Fill in form FIN-31 for a lost receipt. It is accepted at most three times a year.
"""


def ask(folder: Path, question: str, *documents: NewDocument):
    with KnowledgeBase.open(folder / "kb") as kb:
        kb.add(documents)
        return kb.ask(question)


def test_a_procedure_is_told_from_its_first_step(tmp_path: Path):
    answer = ask(tmp_path, "How do I restart the MES?", NewDocument("mes.md", RUNBOOK))
    assert [sentence.text for sentence in answer.sentences] == [
        "Log in to the host brn-mes-01.",
        "Stop the services dispatcher, label and archive.",
        "Start the services in the reverse order.",
    ]


def test_one_step_that_is_asked_for_is_no_procedure(tmp_path: Path):
    answer = ask(tmp_path, "Which host is logged in to for the restart of the MES?", NewDocument("mes.md", RUNBOOK))
    assert answer.sentences[0].text == "Log in to the host brn-mes-01."


def test_a_sentence_that_points_back_comes_with_the_one_before(tmp_path: Path):
    answer = ask(tmp_path, "How often is it accepted in a year?", NewDocument("faq.md", LEAVE))
    assert answer.text == ("Fill in form FIN-31 for a lost receipt. It is accepted at most three times a year.")


def test_a_row_far_down_a_table_has_all_its_column_names(tmp_path: Path):
    """The index keeps the first columns of a wide header alone."""
    with KnowledgeBase.open(tmp_path / "kb", settings=Settings(answer=AnswerSettings(threshold=0.0))) as kb:
        kb.ingest(CORPUS / "quality" / "2026年质量指标.csv")
        answer = kb.ask("2026年9月的产量是多少台？")
    assert answer.text.startswith("2026年9月的产量（台）：2390")
    assert "报废金额（元）：61800" in answer.text


def test_a_file_name_that_says_the_year_is_what_a_question_may_name(tmp_path: Path):
    old = NewDocument("policy-2024.md", "# Core hours\n\nEmployees are reachable from 10:00 to 15:00.", "Remote policy")
    answer = ask(tmp_path, "What were the core hours in the remote policy of 2024?", old)
    assert "10:00 to 15:00" in answer.text


def test_a_number_in_a_range_of_a_table_finds_its_row(tmp_path: Path):
    rows = "| 满1年不满10年 | 5天 |\n| 满10年不满20年 | 10天 |\n| 满20年以上 | 15天 |\n"
    table = f"# 年休假\n\n| 累计工作年限 | 法定年假 |\n|---|---|\n{rows}"
    answer = ask(tmp_path, "工作12年的员工法定年假几天？", NewDocument("年假.md", table))
    assert answer.sentences[0].text == "满10年不满20年的法定年假：10天"

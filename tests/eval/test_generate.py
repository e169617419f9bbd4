"""Answers files made of documents and of feedback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ragkb import cli
from ragkb.errors import InputError
from ragkb.eval.feedback import rows_from
from ragkb.eval.generate import generate, suite_file
from ragkb.eval.history import History
from ragkb.eval.nightly import run_nightly
from ragkb.eval.questions import read_questions
from ragkb.eval.suites import read_plan
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.store.feedback import Feedback
from tests.conftest import WordHashes

FILES = {
    "faq.txt": "Q: How long is the notice period?\nA: The notice period is four weeks.\n",
    "terms.txt": "A service partner is a firm that repairs our pumps for 2.5 years.\n",
    "定义.txt": "旺季是指每年六月一日至八月三十一日的时间。\n",
    "prices.csv": "Article,Unit,Price in euros\nValve TV-1,piece,40\nPump TV-2,piece,900\n",
    "leave.md": "# Leave\n\n## 1. Carry-over\n\nUp to six days may be carried over into the next year.\n",
}


@pytest.fixture
def kb(tmp_path: Path, words: Embedder) -> KnowledgeBase:
    for name, text in FILES.items():
        (tmp_path / "docs" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_text(text, "utf-8")
    opened = KnowledgeBase.open(tmp_path / "kb", embedder=words, settings=Settings())
    opened.ingest(tmp_path / "docs")
    return opened


def by_question(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["question"]: (row["type"], row["answers"], row["language"]) for row in rows}


def test_each_template_reads_off_a_question_and_its_answer(kb: KnowledgeBase) -> None:
    rows, left_out = generate(kb, 100, unanswerable=0)
    assert left_out == []
    found = by_question(rows)
    assert found["How long is the notice period?"] == ("faq", ["The notice period is four weeks."], "en")
    definition = ["a firm that repairs our pumps for 2.5 years"]
    assert found["What is the service partner?"] == ("definition", definition, "en")
    assert found["旺季是指什么？"] == ("definition", ["每年六月一日至八月三十一日的时间"], "zh")
    assert found["prices: what is the Price in euros of Pump TV-2?"] == ("table", ["900"], "en")
    assert found["What is said about Carry-over?"] == ("heading", [], "en")


def test_every_quote_stands_in_its_document(kb: KnowledgeBase) -> None:
    texts = {one.source: kb.document(one.id).text for one in kb.documents()}
    for row in generate(kb, 100, unanswerable=0)[0]:
        (evidence,) = row["evidence"]
        assert evidence["quote"] in texts[evidence["source"]]


def test_the_same_documents_give_the_same_rows(kb: KnowledgeBase) -> None:
    assert generate(kb, 6) == generate(kb, 6)


def test_what_is_left_out_cannot_be_answered_in_the_suite(
    kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragkb.retrieve.current.shared_embedder", lambda *_: WordHashes())
    rows, left_out = generate(kb, 6, unanswerable=0.34)
    questions = tmp_path / "made.jsonl"
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    without = [one for one in read_questions(questions) if not one.answerable]
    assert {row["made_from"] for row in rows if not row["answerable"]} == set(left_out)
    assert without
    (tmp_path / "made.toml").write_text(suite_file(questions, left_out), "utf-8")
    plan = read_plan(tmp_path / "made.toml", Settings())
    assert plan.suites[0].leave_out == tuple(left_out)
    (result,) = run_nightly(plan, kb, Settings(), History(tmp_path / "history")).suites
    shown = {passage["source"] for row in result.run.rows for passage in row["passages"]}
    assert not shown & set(left_out)
    assert len(list(kb.documents())) == len(FILES)  # the knowledge base itself keeps them


def test_nothing_to_ask_about_is_said(tmp_path: Path, words: Embedder) -> None:
    with (
        KnowledgeBase.open(tmp_path / "kb", embedder=words) as empty,
        pytest.raises(InputError, match="to ask about"),
    ):
        generate(empty, 10)


def test_the_command_writes_a_file_and_no_file_twice(
    kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragkb.retrieve.current.shared_embedder", lambda *_: WordHashes())
    words = ["--kb", str(tmp_path / "kb"), "eval", "generate", "--out", str(tmp_path / "q.jsonl")]
    result = CliRunner().invoke(cli.app, words)
    assert result.exit_code == 0, result.exception
    assert "1 faq" in result.stdout
    assert read_questions(tmp_path / "q.jsonl")
    assert read_plan(tmp_path / "q.toml", Settings()).suites[0].name == "q"
    assert isinstance(CliRunner().invoke(cli.app, words).exception, InputError)


CITED = ({"source": "leave.md", "page": None, "quote": "Up to six days"},)


def test_feedback_becomes_rows() -> None:
    given = [
        Feedback("How many days?", "Six.", "up", groups=("hr",), citations=CITED, id="1"),
        Feedback("How long?", "Five weeks.", "down", correction="four weeks", id="2"),
        Feedback("Who?", "Nobody.", "down", id="3"),
        Feedback("Dividend?", "The documents do not say.", "up", id="4"),
        Feedback("How long?", "Six weeks.", "down", correction="4 weeks", id="5"),
    ]
    rows = {row["question"]: row for row in rows_from(given)}
    assert len(rows) == 4
    assert rows["How many days?"]["evidence"] == [dict(CITED[0])]
    assert rows["How many days?"]["groups"] == ["hr"]
    assert rows["How long?"]["answers"] == ["4 weeks"]  # what was said last
    assert rows["Who?"]["to_review"] is True
    assert rows["Dividend?"]["answerable"] is False


def test_the_feedback_command_writes_what_the_ledger_holds(
    kb: KnowledgeBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragkb.retrieve.current.shared_embedder", lambda *_: WordHashes())
    words = ["--kb", str(tmp_path / "kb"), "eval", "from-feedback", "--out", str(tmp_path / "f.jsonl"), "--json"]
    assert isinstance(CliRunner().invoke(cli.app, words).exception, InputError)
    kb.ledger.add_feedback(Feedback("How many days?", "Six.", "up", citations=CITED))
    result = CliRunner().invoke(cli.app, words)
    assert json.loads(result.stdout)["rows"] == 1
    (question,) = read_questions(tmp_path / "f.jsonl")
    assert question.evidence[0].source == "leave.md"


def test_a_row_to_review_is_passed_over(tmp_path: Path) -> None:
    rows = rows_from([Feedback("Who?", "Nobody.", "down", id="1"), Feedback("How?", "So.", "up", citations=CITED)])
    file = tmp_path / "f.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert [one.text for one in read_questions(file)] == ["How?"]
    file.write_text(json.dumps(rows[0]) + "\n", "utf-8")
    with pytest.raises(InputError, match="no questions"):
        read_questions(file)

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from ragkb.errors import InputError
from ragkb.eval.command import answers_note, answers_table, app, retrieval_note, retrieval_table, slices_table


def shown(table: Table) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_a_leg_is_a_line() -> None:
    values = {"ndcg@10": 0.71234, "recall@10": 1.0, "recall@100": 1.0, "mrr@10": None}
    summary = {
        "legs": {"lexical": values, "hybrid": values},
        "queries": 2,
        "documents": 3,
        "documents_per_second": 12.345,
        "query_ms": {"p50": 4.5, "p95": 9.0},
    }
    line = next(line for line in shown(retrieval_table(summary)).splitlines() if "hybrid" in line)
    assert line.split() == "│ hybrid │ 0.7123 │ 1.0000 │ 1.0000 │ – │".split()
    assert retrieval_note(summary) == "3 documents, 12.3 a second; 2 queries, hybrid p50 4.5 ms, p95 9.0 ms"


def test_a_measure_is_a_line_and_so_is_a_slice() -> None:
    whole = {"rows": 2, "errors": 0, "answer_hit": 0.5, "page_hit@5": None, "citation_recall": 1.0}
    whole |= {"false_answer": None, "false_refusal": 0.0}
    summary = {**whole, "latency_ms": {"p50": 1.0, "p95": None}, "by_type": {"fact": {**whole, "rows": 1}}, "k": 8}
    assert ["│", "answer_hit", "│", "0.5000", "│"] in [
        line.split() for line in shown(answers_table(summary)).splitlines()
    ]
    slices = slices_table(summary)
    assert slices is not None
    line = next(line for line in shown(slices).splitlines() if "fact" in line)
    assert line.split() == "│ fact │ 1 │ 0.5000 │ – │ 1.0000 │ – │ 0.0000 │".split()
    assert slices_table(whole) is None
    assert answers_note(summary) == "latency p50 1.0 ms, p95 – ms"


def test_a_missing_file_is_the_callers_mistake(tmp_path: Path) -> None:
    for command in ("retrieval", "answers"):
        result = CliRunner().invoke(app, [command, str(tmp_path / "absent"), "--json"])
        assert isinstance(result.exception, InputError)
        assert result.stdout == ""


@pytest.mark.parametrize("command", ["retrieval", "answers"])
def test_help_names_the_options(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"})
    assert result.exit_code == 0
    for option in ("--json", "--rows", "--kb"):
        assert option in result.stdout


@pytest.mark.parametrize("command", ["retrieval", "answers", "groundedness", "validate"])
def test_what_could_not_be_written_is_said_before_anything_is_measured(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [command, str(tmp_path / "absent"), "--rows", str(tmp_path / "no" / "rows")])
    assert isinstance(result.exception, InputError)
    assert "its folder is not there" in result.exception.message
    if command != "validate":
        (tmp_path / "mine").write_text("x", "utf-8")
        result = CliRunner().invoke(app, [command, str(tmp_path / "absent"), "--run", str(tmp_path)])
        assert isinstance(result.exception, InputError)
        assert "not a run" in result.exception.message

"""`eval generate --llm` and `eval nightly --judge` against a language model's server: another process, over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ragkb import cli
from ragkb.errors import ModelError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.settings import Settings
from tests.conftest import WordHashes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    command = [sys.executable, "-m", "tests.eval.reading_server", str(tmp_path_factory.mktemp("requests"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        process.kill()


@pytest.fixture
def kb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("ragkb.retrieve.current.shared_embedder", lambda *_: WordHashes())
    settings = Settings.load(answer={"threshold": 0})
    monkeypatch.setenv("RAGKB_ANSWER__THRESHOLD", "0")
    with KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes(), settings=settings) as kb:
        kb.add([NewDocument("a.md", "The canteen holds 40 places."), NewDocument("b.md", "The archive opens at nine.")])
    return tmp_path / "kb"


def invoke(kb: Path, *words: str) -> str:
    result = CliRunner().invoke(cli.app, ["--kb", str(kb), "eval", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_model_writes_questions_whose_answers_stand_in_the_documents(server: str, kb: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "q.jsonl")
    told = json.loads(
        invoke(kb, "generate", "--out", out, "--unanswerable", "0", "--llm", server, "--model", "reads", "--json")
    )
    assert told["types"] == {"llm": 2}
    rows = [json.loads(line) for line in (tmp_path / "q.jsonl").read_text("utf-8").splitlines()]
    assert {row["question"]: row["answers"] for row in rows} == {
        "What about The canteen?": ["40 places"],
        "What about The archive?": ["at nine"],
    }


def test_a_model_that_makes_answers_up_writes_nothing(server: str, kb: Path, tmp_path: Path) -> None:
    words = ["generate", "--out", str(tmp_path / "q.jsonl"), "--llm", server, "--model", "invents"]
    with pytest.raises(Exception, match="nothing was found to ask about"):
        invoke(kb, *words)
    assert not (tmp_path / "q.jsonl").exists()


def test_the_judge_stands_apart_and_fails_nothing(
    server: str, kb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"id": "1", "question": "How many places does the canteen hold?", "answers": ["40 places"]},
        {"id": "2", "question": "When does the archive open?", "answers": ["ten"]},
    ]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "s.toml").write_text('[[suite]]\nname = "s"\nquestions = "q.jsonl"\n', "utf-8")
    monkeypatch.setenv("RAGKB_LLM__URL", server)
    monkeypatch.setenv("RAGKB_LLM__MODEL", "reads")
    words = ("nightly", "--suite", str(tmp_path / "s.toml"), "--judge", "--json")
    (suite,) = json.loads(invoke(kb, *words))["suites"]
    assert suite["measures"]["judge_right"] == 0.5  # the second gold answer is another one
    assert suite["models"]["generator"] == "reads"
    (again,) = json.loads(invoke(kb, *words))["suites"]
    assert again["differences"]["judge_right"]["gated"] is False
    page = (kb / "nightly" / "latest.html").read_text("utf-8")
    assert "right by the judge" in page
    assert "right by the judge*" not in page


def test_a_server_that_is_not_there_is_said(kb: Path, tmp_path: Path) -> None:
    words = ["generate", "--out", str(tmp_path / "q.jsonl"), "--llm", "http://127.0.0.1:9/v1", "--model", "m"]
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9"):
        invoke(kb, *words)
    assert not (tmp_path / "q.jsonl").exists()

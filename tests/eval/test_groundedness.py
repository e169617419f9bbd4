from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ragkb.answer.grounding import Claim
from ragkb.answer.support.scorer import BuiltinScorer
from ragkb.errors import InputError, ModelError
from ragkb.eval.classification import auroc, balanced_accuracy, hallucination_f1, spearman
from ragkb.eval.command import app
from ragkb.eval.groundedness import evaluate_groundedness

CONTEXT = "Parental leave lasts 14 weeks. Notice is four weeks."
GOOD, BAD = "Parental leave lasts 14 weeks.", "The bonus is 900 euros."


def evaluated(tmp_path: Path, *rows: dict[str, Any], scorer: Any = None) -> Any:
    return evaluate_groundedness(written(tmp_path, *rows), scorer or BuiltinScorer(None))


def written(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    file = tmp_path / "given.jsonl"
    lines = [json.dumps({"id": str(n), "context": CONTEXT, **row}) + "\n" for n, row in enumerate(rows)]
    file.write_text("".join(lines), encoding="utf-8")
    return file


def test_labels_come_in_either_form_and_tasks_are_told_apart(tmp_path: Path) -> None:
    result = evaluated(
        tmp_path,
        {"response": GOOD, "grounded": True, "task": "QA"},
        {"response": BAD, "hallucination_spans": [[0, 22]], "task": "QA"},
        {"response": GOOD, "hallucination_spans": [], "task": "Summary"},
    )
    summary = result.summary
    assert (summary["rows"], summary["errors"], summary["labelled"]) == (3, 0, 3)
    assert summary["auroc"] == summary["balanced_accuracy"] == summary["f1"] == 1.0
    assert summary["by_task"]["QA"]["auroc"] == 1.0
    assert summary["by_task"]["Summary"]["auroc"] is None
    assert [row["label"] for row in result.rows] == [True, False, True]
    assert [row["grounded"] for row in result.rows] == [True, False, True]


def test_without_labels_answers_are_scored_and_nothing_is_measured(tmp_path: Path) -> None:
    result = evaluated(tmp_path, {"response": GOOD}, {"response": BAD, "grounded": None})
    assert result.summary["labelled"] == 0
    assert [result.summary[name] for name in ("auroc", "balanced_accuracy", "f1")] == [None] * 3
    assert result.rows[0]["score"] > result.rows[1]["score"]


def test_sentences_are_spans_of_the_response(tmp_path: Path) -> None:
    (row,) = evaluated(tmp_path, {"response": f"{GOOD} {BAD}"}).rows
    assert [f"{GOOD} {BAD}"[one["start"] : one["end"]] for one in row["sentences"]] == [GOOD, BAD]
    assert row["sentences"][0]["score"] > row["sentences"][1]["score"]
    (alone,) = evaluated(tmp_path, {"response": BAD}).rows
    assert alone["sentences"][0]["score"] <= 0.15  # its number is made up
    assert not alone["grounded"]


@pytest.mark.parametrize(
    "context", [["Notice is four weeks.", GOOD], [{"title": "Leave", "text": GOOD}], [{"text": GOOD}]]
)
def test_a_context_may_be_a_list_of_passages(tmp_path: Path, context: list[Any]) -> None:
    (row,) = evaluated(tmp_path, {"response": GOOD, "context": context}).rows
    assert row["score"] == 1.0


def test_no_context_supports_nothing(tmp_path: Path) -> None:
    rows = evaluated(tmp_path, *({"response": GOOD, "context": none} for none in ("", None, [], [" "]))).rows
    assert [row["score"] for row in rows] == [0.0] * 4


class Broken:
    threshold = 0.5

    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        raise ModelError("the model is gone")


def test_errors_are_counted_and_never_averaged(tmp_path: Path) -> None:
    empty = {"response": None, "grounded": True}
    result = evaluated(
        tmp_path,
        {"response": GOOD, "grounded": True},
        {"response": BAD, "grounded": False},
        empty,
        {**empty, "response": " "},
    )
    assert (result.summary["rows"], result.summary["errors"], result.summary["labelled"]) == (4, 2, 2)
    assert result.summary["auroc"] == 1.0
    assert "empty" in result.rows[2]["error"]
    assert "score" not in result.rows[2]
    broken = evaluated(tmp_path, {"response": GOOD, "grounded": True}, scorer=Broken())
    assert (broken.summary["errors"], broken.summary["auroc"]) == (1, None)
    assert broken.rows[0]["error"] == "ModelError: the model is gone"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({}, "'response' is missing"),
        ({"response": GOOD, "grounded": "yes"}, "'grounded' is 'yes'"),
        ({"response": GOOD, "hallucination_spans": "none"}, "hallucination_spans"),
        ({"response": GOOD, "context": [3]}, "a passage of 'context' is 3"),
        ({"response": [GOOD]}, "'response' is"),
    ],
)
def test_a_row_of_another_form_is_named(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match="line 2") as raised:
        evaluated(tmp_path, {"response": GOOD}, row)
    assert said in raised.value.message


def test_the_same_input_gives_the_same_bytes_in_any_process_on_any_number_of_threads(tmp_path: Path) -> None:
    long = "The pump was mended on Monday by the people of the night shift, who found a worn seal. " * 12
    rows = [{"response": f"Leave takes {n} weeks. {BAD} Staff mended the pump.", "context": long} for n in range(6)]
    file, told = written(tmp_path, *rows), []
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "ragkb", "eval", "groundedness", file, "--json", "--rows", tmp_path / threads],
            env={**os.environ, "RAGKB_THREADS": threads},
            capture_output=True,
            check=True,
        )
        told.append((done.stdout, (tmp_path / threads).read_bytes()))
    assert told[0] == told[1]


def test_the_command_prints_the_contract(tmp_path: Path) -> None:
    file = written(tmp_path, {"response": GOOD, "grounded": True}, {"response": BAD, "grounded": False})
    result = CliRunner().invoke(app, ["groundedness", str(file), "--json", "--rows", str(tmp_path / "rows")])
    assert result.exit_code == 0, result.output
    names = "rows errors auroc balanced_accuracy f1 threshold by_task".split()
    assert set(json.loads(result.stdout)) >= set(names)
    assert len((tmp_path / "rows").read_text("utf-8").splitlines()) == 2
    shown = CliRunner().invoke(app, ["groundedness", str(file)]).stdout
    assert "answers that are not grounded" in shown


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    assert auroc([True, True, False], [0.9, 0.5, 0.5]) == (1 + 0.5) / 2
    assert auroc([True, False], [0.1, 0.9]) == 0.0
    assert auroc([True, True], [0.1, 0.9]) is None
    assert auroc([], []) is None


def test_balanced_accuracy_is_the_mean_of_both_shares() -> None:
    assert balanced_accuracy([True, True, False], [0.9, 0.1, 0.1], 0.5) == (1 / 2 + 1) / 2
    assert balanced_accuracy([True], [0.9], 0.5) is None


def test_f1_is_of_the_class_that_is_not_grounded() -> None:
    labels, scores = [True, True, False, False], [0.9, 0.1, 0.1, 0.9]
    assert hallucination_f1(labels, scores, 0.5) == 2 * 1 / (2 * 1 + 1 + 1)
    assert hallucination_f1(labels, scores, 0.5, [1, 3, 1, 1]) == round(2 * 1 / (2 * 1 + 1 + 3), 6)
    assert hallucination_f1([True], [0.9], 0.5) is None


def test_spearman_shares_the_ranks_of_ties() -> None:
    assert spearman([1, 2, 3], [10, 20, 30]) == 1.0
    assert spearman([1, 2, 3], [3, 2, 1]) == -1.0
    assert spearman([1, 1, 2], [1, 1, 2]) == 1.0
    assert spearman([1, 1], [1, 2]) is None

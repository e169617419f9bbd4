"""The scorer held against people's judgements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ragkb.answer.support.scorer import BuiltinScorer
from ragkb.errors import InputError
from ragkb.eval.classification import auroc, auroc_interval
from ragkb.eval.command import app
from ragkb.eval.validation import PROPORTIONS, fitted_on, validate

CONTEXT = "Parental leave lasts 14 weeks. Notice is four weeks."
GOOD, BAD = "Parental leave lasts 14 weeks.", "The bonus is 900 euros."


def written(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    (folder / name).mkdir()
    lines = [json.dumps({"id": str(n), "context": CONTEXT, **row}) + "\n" for n, row in enumerate(rows)]
    (folder / name / "groundedness.jsonl").write_text("".join(lines), "utf-8")


def test_each_part_is_measured_apart_and_the_training_split_is_left_out(tmp_path: Path) -> None:
    good, bad = {"response": GOOD, "hallucination_spans": []}, {"response": BAD, "hallucination_spans": [[0, 9]]}
    dev = [{**row, "split": "dev", "task": task} for task in ("QA", "Summary") for row in (good, good, bad)]
    written(tmp_path, "ragtruth", {**bad, "split": "train", "task": "QA"}, *dev)
    written(tmp_path, "wice", {"response": GOOD, "grounded": True, "split": "dev"})
    found = validate(tmp_path, BuiltinScorer(None))
    assert list(found.parts) == ["ragtruth QA", "ragtruth Summary", "wice"]
    assert found.parts["ragtruth QA"]["rows"] == 3
    assert found.parts["ragtruth QA"]["auroc"] == found.parts["ragtruth QA"]["f1_official"] == 1.0
    assert found.parts["wice"]["auroc"] is found.parts["wice"]["f1"] is None
    assert len(found.rows) == 7


def test_the_official_proportion_weighs_false_alarms(tmp_path: Path) -> None:
    alarm = {"response": BAD, "hallucination_spans": []}
    bad = {"response": BAD, "hallucination_spans": [[0, 9]]}
    written(tmp_path, "ragtruth", *({**row, "split": "dev", "task": "QA"} for row in (alarm, bad)))
    clean, hallucinated = PROPORTIONS["QA"]
    part = validate(tmp_path, BuiltinScorer(None)).parts["ragtruth QA"]
    assert part["f1"] == round(2 / 3, 6)
    assert part["f1_official"] == round(2 * hallucinated / (2 * hallucinated + clean), 6)


def test_marks_of_people_are_correlated(tmp_path: Path) -> None:
    rows = [{"response": GOOD, "faithfulness": [4.0, 4.0]}, {"response": BAD, "faithfulness": [1.0, 2.0]}]
    written(tmp_path, "mtrag", *rows)
    part = validate(tmp_path, BuiltinScorer(None)).parts["mtrag"]
    assert (part["spearman"], part["auroc"]) == (1.0, None)


def test_texts_that_the_scorer_was_fitted_on_are_left_out(tmp_path: Path) -> None:
    texts = [f"Text {n} says so." for n in range(20)]
    written(tmp_path, "summedits", *({"context": text, "response": text, "grounded": True} for text in texts))
    part = validate(tmp_path, BuiltinScorer(None)).parts["summedits"]
    assert part["rows"] == sum(not fitted_on(text) for text in texts)
    assert 0 < part["rows"] < 20


def test_a_folder_without_any_set_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ragtruth"):
        validate(tmp_path, BuiltinScorer(None))
    assert isinstance(CliRunner().invoke(app, ["validate", str(tmp_path)]).exception, InputError)


def test_the_command_prints_a_line_for_each_part(tmp_path: Path) -> None:
    written(tmp_path, "begin", {"response": GOOD, "grounded": True}, {"response": BAD, "grounded": False})
    found = CliRunner().invoke(app, ["validate", str(tmp_path), "--json"])
    assert json.loads(found.stdout)["parts"]["begin"]["auroc"] == 1.0
    shown = CliRunner().invoke(app, ["validate", str(tmp_path)], env={"COLUMNS": "160"}).stdout
    assert "begin" in shown
    assert "ms a sentence" in shown


def test_the_interval_holds_the_auroc_and_draws_whole_clusters() -> None:
    labels = [n % 3 > 0 for n in range(60)]
    scores = [(n * 7 % 13) / 13 + 0.3 * label for n, label in enumerate(labels)]
    apart = auroc_interval(labels, scores, [str(n) for n in range(60)])
    together = auroc_interval(labels, scores, [str(n // 12) for n in range(60)])
    whole = auroc(labels, scores)
    assert apart is not None and together is not None and whole is not None  # noqa: PT018
    assert apart[0] < whole < apart[1]
    assert apart == auroc_interval(labels, scores, [str(n) for n in range(60)])
    assert together != apart
    assert auroc_interval([True], [0.5], ["a"]) is None

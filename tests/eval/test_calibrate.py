"""The threshold fitted to questions of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ragkb.answer.threshold import Threshold, in_force, store, stored
from ragkb.cli import app
from ragkb.errors import InputError, StorageError
from ragkb.eval.calibrate import Asked, asked, choose, crossed, curve, point
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.settings import AnswerSettings, Settings
from tests.conftest import WordHashes

FOUND = [
    Asked("a", 0.9, True, True),
    Asked("b", 0.7, True, False),
    Asked("c", 0.4, True, True),
    Asked("d", 0.6, False, None),
    Asked("e", 0.2, False, None),
    Asked("f", 0.1, False, None),
]


def test_a_point_counts_what_a_threshold_gives() -> None:
    at = point(FOUND, 0.5)
    assert (at.coverage, at.false_answer, at.false_refusal, at.risk) == (3 / 6, 1 / 3, 1 / 3, 2 / 3)
    assert point(FOUND, 1.0).risk is None


def test_the_curve_goes_from_answering_all_to_answering_nothing() -> None:
    points = curve(FOUND)
    assert (points[0].coverage, points[-1].coverage) == (1, 0)
    refusals = [one.false_refusal for one in points]
    assert refusals == sorted(refusals)


def test_the_least_mean_of_both_rates_is_chosen_or_the_fewest_refusals_under_a_limit() -> None:
    best = choose(curve(FOUND))
    assert best.false_answer + best.false_refusal == 1 / 3
    strict = choose(curve(FOUND), 0.0)
    assert (strict.false_answer, strict.false_refusal) == (0, 1 / 3)
    assert 0.6 < strict.threshold < 0.7


def test_crossed_rates_are_of_questions_that_the_threshold_was_not_fitted_on() -> None:
    clear = [Asked(str(n), 0.9, True, True) for n in range(10)] + [Asked(str(n), 0.1, False, None) for n in range(10)]
    assert crossed(clear) == (0.0, 0.0)


def test_a_setting_goes_before_what_the_knowledge_base_keeps(tmp_path: Path) -> None:
    assert in_force(AnswerSettings(), tmp_path) == AnswerSettings().threshold
    store(tmp_path, Threshold(0.25, 20, "ab"))
    assert stored(tmp_path) == Threshold(0.25, 20, "ab")
    assert in_force(AnswerSettings(), tmp_path) == 0.25
    assert in_force(AnswerSettings(threshold=0.8), tmp_path) == 0.8


@pytest.mark.parametrize("text", ["", "{}", '{"value": 2, "questions": 1, "sha256": ""}', '{"value": "x"}'])
def test_a_broken_threshold_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "threshold.json").write_text(text)
    with pytest.raises(StorageError, match=r"threshold\.json"):
        in_force(AnswerSettings(), tmp_path)


def made(folder: Path, threshold: float = 0.0) -> KnowledgeBase:
    settings = Settings(answer=AnswerSettings(threshold=threshold))
    kb = KnowledgeBase.open(folder / "kb", settings=settings, embedder=WordHashes())
    kb.add([NewDocument("a.md", "The canteen opens at noon. The gate opens at six.")])
    return kb


def questions(folder: Path, answerable: int, not_answerable: int) -> Path:
    rows = [
        {"id": str(n), "question": f"When does the canteen open {n}?", "answers": ["noon"], "answerable": True}
        for n in range(answerable)
    ]
    rows += [{"id": f"n{n}", "question": f"Who won race {n}?", "answerable": False} for n in range(not_answerable)]
    file = folder / "questions.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def test_every_question_is_asked_whatever_its_confidence(tmp_path: Path) -> None:
    found = asked(made(tmp_path), questions(tmp_path, 5, 5))
    assert [one.is_answerable for one in found] == [True] * 5 + [False] * 5
    assert [one.hit for one in found] == [True] * 5 + [None] * 5


def test_too_few_questions_of_a_kind_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="4 questions that cannot be answered"):
        asked(made(tmp_path), questions(tmp_path, 5, 4))


def test_the_command_prints_the_curve_and_keeps_the_threshold_if_told(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        kb.add([NewDocument("a.md", "The canteen opens at noon. The gate opens at six.")])
    arguments = ["eval", "calibrate", str(questions(tmp_path, 5, 5)), "--kb", str(tmp_path / "kb"), "--json"]
    summary = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert (summary["rows"], summary["written"], summary["false_answer"]) == (10, False, 0.0)
    assert stored(tmp_path / "kb") is None
    CliRunner().invoke(app, [*arguments, "--write"])
    kept = stored(tmp_path / "kb")
    assert kept is not None
    assert kept.value == summary["threshold"]

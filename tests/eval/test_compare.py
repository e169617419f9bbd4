from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ragkb.errors import GateFailed, InputError, NotFound
from ragkb.eval.command import app
from ragkb.eval.compare import Gate, compare
from ragkb.eval.runs import Data, Run, make_run, read_run, write_run
from ragkb.settings import Settings

MODELS = {"embedder": "m", "generator": "extractive"}


def row(number: int, hit: bool, **more: Any) -> dict[str, Any]:
    text = {"question": f"Question {number}?", "answer": "yes" if hit else "no"}
    return {"id": f"q{number}", **text, "status": "scored", "cluster": f"d{number}", "answer_hit": hit, **more}


def run(rows: Sequence[Mapping[str, Any]], questions: str = "one", settings: Settings | None = None) -> Run:
    data = Data(questions, "docs", False)
    return make_run("answers", "s", data, settings or Settings(), MODELS, {"rows": len(rows)}, rows, {})


def hits(*values: bool) -> Run:
    return run([row(number, hit) for number, hit in enumerate(values)])


def test_a_run_is_the_same_as_itself() -> None:
    found = compare(hits(*[True] * 50), hits(*[True] * 50))
    (one,) = found.differences
    assert (one.verdict, one.drop, one.low, one.high, one.p, found.flips) == ("same", 0, 0, 0, 1, ())


def test_many_flips_one_way_fail_and_few_do_not() -> None:
    before = hits(*[True] * 100)
    (nine,) = compare(before, hits(*[False] * 9, *[True] * 91)).differences
    assert (nine.verdict, nine.worse, nine.better, nine.test) == ("worse", 9, 0, "McNemar")
    assert nine.p == pytest.approx(2 / 2**9, abs=1e-6)
    (three,) = compare(before, hits(*[False] * 3, *[True] * 97)).differences
    assert three.verdict == "unclear"
    assert three.visible == 6 / 100  # six flips: 2 / 2**6 is under .05


def test_flips_both_ways_are_no_drop() -> None:
    before, after = [True] * 20 + [False] * 20 + [True] * 60, [False] * 20 + [True] * 20 + [True] * 60
    found = compare(hits(*before), hits(*after))
    assert found.differences[0].verdict == "same"
    assert len(found.flips) == 40
    assert found.flips[0].worse == ("answer_hit",)


def test_a_drop_within_the_margin_passes_however_sure() -> None:
    before, after = hits(*[True] * 100), hits(*[False] * 9, *[True] * 91)
    assert not compare(before, after, Gate(margin=0.1)).failed
    assert not compare(before, after, Gate(margins={"answer_hit": 0.1})).failed
    assert not compare(before, after, Gate(measures=("token_f1",))).failed
    assert compare(before, after).failed


def test_less_is_better_for_false_answers() -> None:
    def answered(count: int) -> Run:
        return run([{"id": str(n), "status": "scored", "false_answer": n < count} for n in range(40)])

    assert compare(answered(0), answered(12)).differences[0].verdict == "worse"
    assert compare(answered(12), answered(0)).differences[0].verdict == "better"


def test_shares_of_pairs_are_compared_as_shares() -> None:
    def cited(precise: int) -> Run:
        return run([{"id": str(n), "status": "scored", "citation_precision": [precise, 4]} for n in range(30)])

    (one,) = compare(cited(3), cited(1)).differences
    assert (one.before, one.after, one.test, one.verdict) == (0.75, 0.25, "bootstrap", "worse")


def test_what_only_one_run_could_score_is_no_change() -> None:
    """An answer that was refused before has no groundedness to compare with, however low it is now."""
    few = [{"id": str(n), "status": "scored", "groundedness": 0.9 if n < 20 else None} for n in range(40)]
    all_of_them = [{**row, "groundedness": 0.9 if row["groundedness"] else 0.3} for row in few]
    (one,) = compare(run(few), run(all_of_them)).differences
    assert (one.before, one.after, one.questions, one.verdict) == (0.9, 0.9, 20, "same")


def test_errors_are_left_out_on_both_sides() -> None:
    broken = [{"id": "q0", "status": "error", "error": "x"}, *(row(n, True) for n in range(1, 5))]
    (one,) = compare(hits(*[True] * 5), run(broken)).differences
    assert (one.questions, one.before, one.after) == (4, 1, 1)


def test_other_data_are_refused() -> None:
    with pytest.raises(InputError, match="on different questions"):
        compare(hits(True), run([row(0, True)], questions="two"))


def test_what_differs_besides_is_said() -> None:
    changed = Settings.load(answer={"threshold": 0.6})
    found = compare(hits(True), run([row(0, True)], settings=changed))
    assert found.notes == ("setting answer.threshold: 0.5 to 0.6",)


def test_a_run_comes_back_from_its_folder_with_and_without_texts(tmp_path: Path) -> None:
    made = hits(True, False)
    write_run(tmp_path / "run", made)
    assert read_run(tmp_path / "run").rows == made.rows
    assert read_run(tmp_path).manifest == made.manifest  # the only one beneath
    (tmp_path / "run" / "rows.jsonl").unlink()
    bare = read_run(tmp_path / "run")
    assert "answer" not in bare.rows[0]
    assert compare(made, bare).differences[0].verdict == "same"


def test_the_same_run_is_the_same_bytes(tmp_path: Path) -> None:
    for name, threads in (("one", 1), ("two", 2)):
        write_run(tmp_path / name, run([row(0, True)], settings=Settings.load(threads=threads)))
    for file in ("manifest.json", "rows.jsonl", "scores.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_folder_that_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no run here"):
        read_run(tmp_path)
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="not a run"):
        write_run(tmp_path, hits(True))


def test_the_command_shows_both_answers_and_fails_with_gate(tmp_path: Path) -> None:
    write_run(tmp_path / "a", hits(*[True] * 40))
    write_run(tmp_path / "b", hits(*[False] * 20, *[True] * 20))
    result = CliRunner().invoke(app, ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--flips", "1"])
    assert result.exit_code == 0
    assert "q0  Question 0?\n  -answer_hit\n  A: yes\n  B: no" in result.stdout
    assert "19 more" in result.stdout
    result = CliRunner().invoke(app, ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--gate", "--json"])
    assert isinstance(result.exception, GateFailed)
    told = json.loads(result.stdout)
    assert (told["passed"], told["failed"], told["flipped"]) == (False, ["answer_hit"], 20)

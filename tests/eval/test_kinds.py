"""The other kinds of a nightly suite: a retrieval folder, and a file of given answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragkb.errors import InputError
from ragkb.eval.compare import compare
from ragkb.eval.history import History
from ragkb.eval.nightly import Nightly, run_nightly
from ragkb.eval.outputs import failures, junit, markdown, prometheus
from ragkb.eval.record import groundedness_run
from ragkb.eval.report import html
from ragkb.eval.scores import total
from ragkb.eval.suites import read_plan
from ragkb.settings import Settings

SUITE = """[[suite]]
name = "scorer"
kind = "groundedness"
file = "given.jsonl"

[[suite]]
name = "beir"
kind = "retrieval"
folder = "beir"
"""
WEEKS = "Parental leave lasts {} weeks. It can be split into two periods."


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A suite of forty given answers, half of them with another number, and a retrieval folder of three documents."""
    given = [
        {
            "id": str(n),
            "question": f"How long is leave at site {n}?",
            "context": WEEKS.format(n + 10),
            "response": f"Parental leave lasts {n + 10 + n % 2} weeks.",
            "grounded": n % 2 == 0,
            "task": "QA",
        }
        for n in range(40)
    ]
    lines(tmp_path / "given.jsonl", given)
    names = ("garden", "harbour", "library")
    lines(tmp_path / "beir" / "corpus.jsonl", [{"_id": one, "text": f"The {one} opens at nine."} for one in names])
    lines(tmp_path / "beir" / "queries.jsonl", [{"_id": one, "text": f"When does the {one} open?"} for one in names])
    (tmp_path / "beir" / "qrels.tsv").write_text("".join(f"{one}\t{one}\t1\n" for one in names), "utf-8")
    (tmp_path / "suite.toml").write_text(SUITE, "utf-8")
    return tmp_path


def night(folder: Path, settings: Settings | None = None) -> Nightly:
    used = settings or Settings()
    return run_nightly(read_plan(folder / "suite.toml", used), None, used, History(folder / "history"))


class Blind:
    """A scorer that finds everything well supported."""

    threshold = 0.5

    def score(self, claims: list[object], passages: list[str], question: str = "") -> list[float]:
        return [0.9] * len(claims)


def blind(_embedder: object) -> Blind:
    return Blind()


def test_both_kinds_run_without_a_knowledge_base_and_twice_the_same(folder: Path) -> None:
    first, again = night(folder), night(folder)
    assert first.passed
    assert again.passed
    for one, other in zip(first.suites, again.suites, strict=True):
        assert (one.run.rows, one.run.manifest) == (other.run.rows, other.run.manifest)
    scorer, beir = again.suites
    assert total("auroc", scorer.run.rows) == scorer.run.summary["auroc"]
    assert total("hybrid ndcg@10", beir.run.rows) == 1


def test_a_scorer_that_sees_nothing_fails_the_gate(folder: Path) -> None:
    assert night(folder).passed
    broken = night(folder, Settings.load(answer={"support": "tests.eval.test_kinds:blind"}))
    told = " ".join(failures(broken.suites[0]))
    assert "AUROC is worse" in told
    assert "hallucination recall is worse: 100.0 to 0.0 %" in told
    assert broken.suites[1].passed
    assert {flip.worse for flip in broken.suites[0].comparison.flips} == {("hallucination_recall",)}  # type: ignore[union-attr]


def test_every_report_tells_of_them(folder: Path) -> None:
    night(folder)
    done = night(folder, Settings.load(answer={"support": "tests.eval.test_kinds:blind"}))
    page = html(done)
    assert "reliability of the score" in page
    assert "<blockquote>Parental leave lasts 11 weeks." in page  # the context of an answer that was let through
    assert "How long is leave at site 1?" in page
    assert "hallucination recall" in markdown(done)
    assert 'name="hallucination_recall"' in junit(done)
    assert 'ragkb_eval_measure{suite="scorer",measure="auroc"} 0.5' in prometheus(done)


def test_a_query_is_shown_with_the_documents_it_found(folder: Path) -> None:
    lines(folder / "beir" / "queries.jsonl", [{"_id": "garden", "text": "When does the harbour open?"}])
    (folder / "beir" / "qrels.tsv").write_text("garden\tgarden\t1\n", "utf-8")
    page = html(night(folder))
    assert "relevant, rank " in page
    assert "rank 1: harbour" in page
    assert "<blockquote>The harbour opens at nine.</blockquote>" in page


def test_the_difference_of_two_aurocs_has_an_interval_that_knows_both_classes(folder: Path) -> None:
    seeing = groundedness_run(folder / "given.jsonl", Settings(), "s")
    blinded = groundedness_run(
        folder / "given.jsonl", Settings.load(answer={"support": "tests.eval.test_kinds:blind"}), "s"
    )
    (auroc,) = [one for one in compare(seeing, blinded).differences if one.measure.name == "auroc"]
    assert (auroc.before, auroc.after, auroc.test) == (1, 0.5, "bootstrap")
    assert auroc.low <= -0.5 <= auroc.high < 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('kind = "groundedness"', "has `file`, and no other place"),
        ('kind = "groundedness"\nfile = "given.jsonl"\nquestions = "given.jsonl"', "and no other place"),
        ('kind = "retrieval"\nfolder = "beir"\nleave_out = ["a"]', "has `folder`, and no other place"),
        ('kind = "support"\nfile = "given.jsonl"', r"suite\.0\.kind"),
    ],
)
def test_a_suite_names_what_its_kind_has(folder: Path, text: str, message: str) -> None:
    (folder / "suite.toml").write_text(f'[[suite]]\nname = "a"\n{text}\n', "utf-8")
    with pytest.raises(InputError, match=message):
        read_plan(folder / "suite.toml", Settings())

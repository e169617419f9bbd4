"""The nightly run over a small knowledge base: what it catches, keeps and tells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from benchmarks.evaluation.bugs import BUGS
from ragkb import cli
from ragkb.errors import GateFailed, InputError, NotFound
from ragkb.eval.checks import LEAK, probe_of
from ragkb.eval.groundedness import read_given_answers
from ragkb.eval.history import History
from ragkb.eval.nightly import Nightly, run_nightly
from ragkb.eval.nightly_command import write_reports
from ragkb.eval.outputs import failures
from ragkb.eval.questions import read_questions
from ragkb.eval.report import html
from ragkb.eval.suites import default_plan, read_plan
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.types import Principal
from tests.conftest import WordHashes

PLACES = (
    "Aachen Bern Cork Delft Essen Faro Ghent Hamm Izmir Jena Kiel Lyon Metz Nancy Oslo Porto Quito Riga Siena Turin"
)
THINGS = ("canteen", "archive", "garage")
SUITE = '[[suite]]\nname = "office"\nquestions = "questions.jsonl"\n'


def documents() -> Iterator[NewDocument]:
    for number, place in enumerate(PLACES.split()):
        lines = [f"The {thing} holds {10 * number + i} places and opens at {i + 6}." for i, thing in enumerate(THINGS)]
        groups = ("board",) if place == "Turin" else ()
        yield NewDocument(f"{place}.md", "\n\n".join(lines), title=f"Office {place}", groups=groups)


def questions() -> Iterator[dict[str, Any]]:
    for number, place in enumerate(PLACES.split()):
        for i, thing in enumerate(THINGS):
            quote = f"The {thing} holds {10 * number + i} places"
            yield {
                "id": f"{place}-{thing}",
                "question": f"How many places does the {thing} in the office {place} hold?",
                "answers": [f"{10 * number + i} places"],
                "evidence": [{"source": f"{place}.md", "page": None, "quote": quote}],
                "groups": ["board"] if place == "Turin" else [],
                "type": "fact",
                "language": "en",
            }
        yield {
            "id": f"{place}-none",
            "question": f"Who founded the swimming club of {place}?",
            "answerable": False,
            "type": "unanswerable",
        }
    forbidden = "How many places does the archive in the office Turin hold?"
    yield {"id": "forbidden", "question": forbidden, "answerable": False, "type": "restricted"}


Night = Callable[..., Nightly]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite file with its questions."""
    folder = tmp_path_factory.mktemp("office")
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions()), "utf-8")
    (folder / "suite.toml").write_text(SUITE, "utf-8")
    return folder


@pytest.fixture(scope="module")
def office(folder: Path) -> Iterator[KnowledgeBase]:
    # subtle: everything is answered, whatever the confidence, which is fitted for another embedder than this one
    settings = Settings.load(answer={"threshold": 0})
    with KnowledgeBase.open(folder / "kb", embedder=WordHashes(), settings=settings) as kb:
        kb.add(documents())
        yield kb


@pytest.fixture(scope="module")
def night(office: KnowledgeBase, folder: Path) -> Night:
    """Runs the suite on the office. The first night has been: it is the baseline."""

    def run(settings: Settings | None = None, **options: Any) -> Nightly:
        used = settings or office.settings
        plan = read_plan(options.pop("suite", folder / "suite.toml"), used)
        with KnowledgeBase.open(folder / "kb", embedder=WordHashes(), settings=used) as kb:
            return run_nightly(plan, kb, used, History(folder / "history"), **options)

    first = run()
    assert first.passed
    assert first.suites[0].comparison is None
    return run


@pytest.fixture(scope="module")
def broken(night: Night) -> Nightly:
    """A night on which the lexical leg was off."""
    with BUGS["lexical leg off"]():
        return night()


def test_unchanged_code_passes_and_nothing_flips(night: Night, folder: Path) -> None:
    again = night()
    (result,) = again.suites
    assert again.passed
    assert result.comparison is not None
    assert (result.comparison.flips, result.comparison.failed) == ((), ())
    first, last = sorted((folder / "history" / "runs").glob("*/office"))[:: len(result.trend) - 1]
    for name in ("manifest.json", "scores.jsonl", "rows.jsonl"):
        assert (first / name).read_bytes() == (last / name).read_bytes()


@pytest.mark.parametrize("name", list(BUGS))
def test_a_seeded_bug_is_caught(name: str, night: Night) -> None:
    with BUGS[name]():
        assert not night().passed


def test_a_threshold_that_lets_nothing_through_is_caught(night: Night) -> None:
    (result,) = night(Settings.load(answer={"threshold": 1})).suites
    assert result.comparison is not None
    assert "false_refusal" in [one.measure.name for one in result.comparison.failed]


def test_a_leak_is_seen_by_an_oracle_of_its_own(office: KnowledgeBase, folder: Path) -> None:
    asked = {one.id: one for one in read_questions(folder / "questions.jsonl")}
    forbidden, allowed = asked["forbidden"], asked["Turin-archive"]
    answer = office.ask(forbidden.text, as_=Principal.admin())
    probe = probe_of(office)
    assert "Turin.md" in {hit.source for hit in answer.passages}
    assert probe(forbidden, answer)[LEAK] is True
    assert probe(allowed, answer)[LEAK] is False


def test_too_many_errors_fail(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, *arguments: object) -> list[object]:
        raise InputError("no")

    monkeypatch.setattr("ragkb.store.reader.Reader.lexical", refuse)
    (result,) = night().suites
    assert not result.passed
    assert [check.name for check in result.checks if not check.ok][:1] == ["errors"]
    assert result.run.summary["answer_hit"] is None


def test_other_questions_than_the_baselines_fail_until_there_is_a_new_one(night: Night, folder: Path) -> None:
    (folder / "fewer.jsonl").write_text("".join(json.dumps(row) + "\n" for row in list(questions())[:8]), "utf-8")
    (folder / "fewer.toml").write_text(SUITE.replace("questions.jsonl", "fewer.jsonl"), "utf-8")
    fewer = folder / "fewer.toml"
    refused = night(suite=fewer)
    assert "on different questions" in next(failures(refused.suites[0]))
    assert night(suite=fewer, baseline="fewer").suites[0].baseline == ""
    assert night(suite=fewer, baseline="fewer").passed
    again = night(suite=fewer, baseline="fewer", set_baseline=True)
    assert night(suite=fewer, baseline="fewer").suites[0].baseline == again.at


def test_a_floor_fails_without_a_baseline(night: Night, folder: Path) -> None:
    (folder / "floor.toml").write_text('[gate.floors]\n"token_f1" = 0.99\n' + SUITE, "utf-8")
    found = night(suite=folder / "floor.toml", baseline="floor")
    assert [check.name for check in found.suites[0].checks if not check.ok] == ["floor token_f1"]


def test_rows_are_pruned_and_the_trend_stays(night: Night, folder: Path) -> None:
    kept = History(folder / "history")
    before = len(kept.trend("office"))
    settings = Settings.load(eval={"keep": 2}, answer={"threshold": 0})
    assert night(settings).passed  # the baseline is among those that stay
    assert len(list((folder / "history" / "runs").glob("*"))) <= 2 + len(kept._baselines()) * 2
    assert len(kept.trend("office")) == before + 1


def test_the_reports_say_what_went_wrong(broken: Nightly, tmp_path: Path) -> None:
    write_reports(tmp_path, broken)
    told = json.loads((tmp_path / "latest.json").read_text("utf-8"))
    assert not told["passed"]
    assert any("lexical page hit@10" in line for line in told["failed"])
    assert told["suites"][0]["differences"]["lexical page_hit@10"]["verdict"] == "worse"
    assert "**office: lexical page hit@10 is worse" in (tmp_path / "latest.md").read_text("utf-8")
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert "lexical page_hit@10" in failed
    families = {one.name: one for one in text_string_to_metric_families((tmp_path / "ragkb_eval.prom").read_text())}
    assert families["ragkb_eval_passed"].samples[0].value == 0
    values = {one.labels["measure"]: one.value for one in families["ragkb_eval_measure"].samples}
    assert values["lexical page_hit@10"] == 0


def test_the_page_needs_no_network_and_shows_flips_with_passages(broken: Nightly) -> None:
    page = html(broken)
    assert not re.search(r"<script|<link|<img|url\(|@import|https?://", page)
    assert "Questions that changed" in page
    assert page.count("<svg") >= 10
    assert "<blockquote>" in page


def test_text_of_documents_is_escaped(broken: Nightly) -> None:
    evil = {**broken.suites[0].run.rows[0], "question": "<script>x</script>", "answer": "</dd><img src=x>"}
    page = html(replace(broken, suites=(replace(broken.suites[0], worst=(evil,)),)))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_purging_removes_the_texts_and_leaves_the_measures(words: Embedder, tmp_path: Path, broken: Nightly) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        kb.add([NewDocument("a.md", "The canteen holds 40 places.")])
        nightly = History(tmp_path / "kb" / "nightly")
        nightly.prepare()
        stored = nightly.keep(broken.at, broken.suites[0].run)
        write_reports(nightly.folder, broken)
        kb.purge()
        assert not kb.verify()
    left = [path for path in nightly.folder.rglob("*") if path.is_file()]
    assert not [path.name for path in left if b"canteen holds" in path.read_bytes()]
    assert (stored / "scores.jsonl").exists()


def test_the_command_fails_with_the_report_written(
    night: Night, office: KnowledgeBase, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragkb.retrieve.current.shared_embedder", lambda *_: WordHashes())
    monkeypatch.setenv("RAGKB_ANSWER__THRESHOLD", "0")
    words = ["--kb", str(folder / "kb"), "eval", "nightly", "--suite", str(folder / "suite.toml"), "--json"]
    result = CliRunner().invoke(cli.app, [*words, "--prometheus", str(folder / "out.prom")])
    assert result.exit_code == 0, result.exception
    assert json.loads(result.stdout)["suites"][0]["baseline"] == ""
    assert (folder / "out.prom").read_text("utf-8").startswith("# HELP ragkb_eval_passed")
    with BUGS["offsets shifted by one"]():
        result = CliRunner().invoke(cli.app, words)
    assert isinstance(result.exception, GateFailed)
    assert "citation_exact" in result.exception.message
    assert json.loads((folder / "kb" / "nightly" / "latest.json").read_text("utf-8"))["passed"] is False
    assert not office.verify()


def test_a_history_can_stand_in_a_folder_that_is_no_knowledge_base_yet(words: Embedder, tmp_path: Path) -> None:
    History(tmp_path / "kb" / "nightly").prepare()
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        assert not list(kb.documents())


def test_the_default_suite_is_the_sample_corpus() -> None:
    sample, scorer = default_plan(Settings()).suites
    assert sample.documents is not None
    assert (sample.documents / "hr" / "parental-leave.md").is_file()
    assert len(read_questions(sample.questions)) > 300
    assert len(read_given_answers(scorer.questions)) > 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[suite]", "not TOML"),
        ("", r"no \[\[suite\]\]"),
        ('[[suite]]\nname = "a"\n', "has `questions`"),
        ('[[suite]]\nname = "a b"\nquestions = "q"\n', r"suite\.0\.name"),
        ('[[suite]]\nname = "a"\nquestions = "absent"\n', "absent is not there"),
        ('[[suite]]\nname = "a"\nkind = "retrieval"\nfolder = "."\ndocuments = "."\n', "has `folder`"),
        ('[[suite]]\nname = "a"\nquestions = "s"\n[[suite]]\nname = "a"\nquestions = "s"\n', "stands there twice"),
        ('[gate]\nmeasures = ["hits"]\n[[suite]]\nname = "a"\nquestions = "s"\n', "no measure is called 'hits'"),
        ('[gate]\nmargins = 3\n[[suite]]\nname = "a"\nquestions = "s"\n', r"gate\.margins"),
    ],
)
def test_what_is_wrong_with_a_suite_file_is_said(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "s"
    file.write_text(text, "utf-8")
    with pytest.raises((InputError, NotFound), match=message):
        read_plan(file, Settings())

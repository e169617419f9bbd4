"""The parts of the benchmark of peers that are its own; no peer is imported."""

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from math import log2
from pathlib import Path

import pytest

from benchmarks.peers.__main__ import copied_reports, shown
from benchmarks.peers.environments import Environment
from benchmarks.peers.measure import Failed, FilesResult, SetResult, quality, worker
from benchmarks.peers.page import BEGIN, END, figures, put, ratios
from benchmarks.peers.plot import PANELS, svg
from benchmarks.peers.sample import sample, write_corpus
from ragkb.errors import InputError

OURS = SetResult(
    set="facts",
    peer="ragkb",
    documents=100,
    chunks=120,
    ingest_s=2.0,
    ingest_mb=300.0,
    query_ms=(1.0, 2.0, 3.0, 40.0),
    query_mb=250.0,
    ndcg=0.7,
    import_s=0.1,
    first_answer_s=1.0,
)
THEIRS = replace(OURS, peer="langchain", ingest_s=8.0, query_ms=(10.0,) * 4, ndcg=0.65, first_answer_s=6.0)


@pytest.fixture
def small_set(tmp_path: Path) -> Path:
    folder = tmp_path / "facts"
    folder.mkdir()
    documents = [{"_id": f"d{n}", "title": "", "text": f"Fact number {n}."} for n in range(20)]
    queries = [{"_id": f"q{n}", "text": f"fact {n}?"} for n in range(10)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in documents))
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (folder / "qrels.tsv").write_text("".join(f"q{n}\td{2 * n}\t1\n" for n in range(10)))
    return folder


def test_a_document_counts_at_its_first_chunk():
    found = {"q": ["other", "right", "right", "other"], "r": ["right"]}
    grades = {"q": {"right": 1}, "r": {"right": 1}}
    assert quality(found, grades) == pytest.approx((1 / log2(3) + 1) / 2, abs=1e-6)


def test_a_sample_holds_what_its_queries_need(small_set: Path, tmp_path: Path):
    suite = sample(small_set, documents=8, queries=5)
    assert list(suite.queries) == ["q0", "q2", "q4", "q6", "q8"]
    assert {"d0", "d4", "d8", "d12", "d16"} < set(suite.documents)
    assert len(suite.documents) == 8
    assert len(sample(small_set, documents=2, queries=5).documents) == 5  # all that are relevant, though two were asked
    assert len(sample(small_set, documents=0, queries=0).documents) == 20
    write_corpus(suite, tmp_path / "corpus.jsonl")
    assert (tmp_path / "corpus.jsonl").read_text().count("\n") == 8


def test_ratios_say_how_many_times_as_fast():
    (line,) = ratios([OURS, THEIRS], [])
    assert "ingest 4.0 times as fast, query p50 5.0 times, start to first answer 6.0 times" in line
    assert "+0.050 on facts" in line
    twice = [OURS, THEIRS, replace(OURS, set="news"), replace(THEIRS, set="news", ingest_s=4.0)]
    assert "ingest 2.0 to 4.0 times" in next(ratios(twice, []))
    reports = [FilesResult("ragkb", 20, 900, 10.0, 500.0), FilesResult("langchain", 20, 800, 35.0, 900.0)]
    assert "3.5 times as fast" in list(ratios([], reports))[-1]


def test_figures_go_between_the_marks(tmp_path: Path):
    made = Environment("langchain", Path("python"), "1.0", 1234.5, 80)
    body = figures([OURS, THEIRS], [], [made], ["txtai: no such version"], ["When and where."])
    assert "| langchain | 0.6500 | 12.5 | 120 | 10.0 | 10.0 |" in body
    assert "Not measured: txtai: no such version" in body
    page = tmp_path / "peers.md"
    page.write_text(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n")
    put(page, body)
    assert page.read_text() == f"Before.\n{BEGIN}\n\n{body}\n{END}\nAfter.\n"
    page.write_text("No marks.")
    with pytest.raises(InputError, match="has no lines"):
        put(page, body)


def test_the_plot_has_a_bar_for_each_figure():
    drawn = ET.fromstring(svg([OURS, THEIRS]))
    bars = [one for one in drawn.iter("{http://www.w3.org/2000/svg}rect") if one.get("height") == "18"]
    assert len(bars) == 2 * len(PANELS)
    longest, shorter = (float(bar.get("width", 0)) for bar in bars[2:4])
    assert shorter == pytest.approx(longest / 4, abs=0.1)  # a quarter of the documents a second


def test_the_command_is_told_without_places():
    argv = ["--data", "/somewhere", "--documents=300", "--cache", "/else", "--peers", "txtai"]
    assert shown(argv) == ["--data", "DIR", "--documents", "300", "--peers", "txtai"]


def test_reports_come_from_the_folder_with_most_pdfs(tmp_path: Path):
    for name in ("few/a.pdf", "many/a.pdf", "many/b.pdf", "many/c.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    for without, wanted in (((), ["many/a.pdf", "many/b.pdf"]), (("b.pdf",), ["many/a.pdf", "many/c.pdf"])):
        taken = copied_reports(tmp_path, 2, without, tmp_path / f"out{len(without)}")
        assert taken is not None
        assert [path.read_text() for path in sorted(taken.iterdir())] == wanted


def test_a_library_speaks_json_lines(small_set: Path, tmp_path: Path):
    here = Environment("ragkb", Path(sys.executable), "", 0.0, 0)
    with worker(here, tmp_path / "kb") as process:
        process.ask(op="create")
        ingested = process.ask(op="ingest", corpus=str(small_set / "corpus.jsonl"))
        found = process.ask(op="query", queries=["Fact number 7."], k=3)
        with pytest.raises(Failed, match="KeyError"):
            process.ask(op="ingest")
    assert ingested["chunks"] == 20
    assert ingested["seconds"] > 0
    assert found["ranked"][0][0] == "d7"
    assert found["peak_mb"] > 50

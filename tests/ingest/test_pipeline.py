"""An ingest as a whole: its order, its report, what it survives."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import ingest_files as make
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.ingest import hostile
from benchmarks.ingest.hostile_files import pdf
from ragkb import console
from ragkb.errors import InputError
from ragkb.ingest import batches
from ragkb.ingest.report import FileReport, IngestReport, NewDocument, Progress
from ragkb.kb import KnowledgeBase
from ragkb.settings import Settings
from ragkb.types import Principal
from tests.conftest import WordHashes

SLOW = {"commas.csv", "tags.html", "lists.json", "many-parts.docx", "many-parts.pptx", "many-parts.xlsx", "forms.pdf"}


def opened(path: Path, workers: int = 1, embedder: object = None, **limits: int) -> KnowledgeBase:
    settings = Settings.load(ingest={"workers": workers}, limits=limits)
    return KnowledgeBase.open(path, settings=settings, embedder=embedder or WordHashes())  # type: ignore[arg-type]


def content(kb: KnowledgeBase) -> list[tuple[object, ...]]:
    """All that is stored but ids and times, in the order in which it was committed."""
    with kb._store.reading() as reader:
        rows = reader.at.execute("select source, text from documents order by number").fetchall()
    return [tuple(row) for row in rows]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Twelve files of several formats; each third is refused, and the first takes longest."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "00.html").write_bytes(b"<html><body>" + b"<p>A long page.</p>" * 3000)
    for number in range(1, 12):
        good = (f"{number:02}.pdf", pdf(b"BT /F 9 Tf 9 9 Td (Page %d.) Tj ET" % number))
        name, data = (f"{number:02}.txt", b"") if number % 3 == 0 else good
        (folder / name).write_bytes(data)
    return folder


def test_the_report_has_the_order_of_the_files_and_the_same_content_for_any_number_of_parsers(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_DOCUMENTS", 3)
    stored = []
    for workers in (0, 1, 2):
        with opened(tmp_path / f"kb{workers}", workers) as kb:
            report = kb.ingest(docs)
            assert [file.source for file in report.files] == sorted(path.name for path in docs.iterdir())
            assert [file.status for file in report.files] == ["ingested", *["ingested", "ingested", "refused"] * 4][:12]
            assert kb.verify() == []
            stored.append(content(kb))
    assert len(stored[0]) == 9
    assert stored[0] == sorted(stored[0]), "committed in another order than that of the files"
    assert stored[0] == stored[1] == stored[2]


def test_files_are_parsed_while_the_batch_before_is_embedded(docs: Path, tmp_path: Path) -> None:
    class Waits(WordHashes):
        """Embeds the first batch only when the ingest has come to the last file."""

        came = threading.Event()

        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            assert self.came.wait(60), "the ingest waited for the embedder"
            return super().embed(texts)

    def see(step: Progress) -> None:
        if step.source == "11.pdf":
            Waits.came.set()

    with pytest.MonkeyPatch.context() as patch, opened(tmp_path / "kb", 1, Waits()) as kb:
        patch.setattr(batches, "BATCH_DOCUMENTS", 5)
        assert kb.ingest(docs, on_progress=see).count("ingested") == 9


def test_an_error_of_the_embedder_ends_the_ingest_and_keeps_what_was_committed(docs: Path, tmp_path: Path) -> None:
    class Breaks(WordHashes):
        calls = 0

        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            self.calls += 1
            if self.calls == 2:
                raise OSError("no more")
            return super().embed(texts)

    with pytest.MonkeyPatch.context() as patch, opened(tmp_path / "kb", 1, Breaks()) as kb:
        patch.setattr(batches, "BATCH_DOCUMENTS", 4)
        with pytest.raises(OSError, match="no more"):
            kb.ingest(docs)
        assert len(list(kb.documents())) == 4
        assert kb.verify() == []
        assert kb.ingest(docs).count("unchanged") == 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ragkb-parse")]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_files_that_were_kept_for_a_batch_that_failed_do_not_stay(
    docs: Path, tmp_path: Path, error: type[BaseException]
) -> None:
    class Breaks(WordHashes):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            raise error("no more")

    with opened(tmp_path / "kb", 1, Breaks()) as kb:
        with pytest.raises(error, match="no more"):
            kb.ingest(docs)
        assert kb.verify() == []
        assert list((tmp_path / "kb" / "originals").iterdir()) == []


def test_the_same_text_twice_is_embedded_once(tmp_path: Path) -> None:
    class Counts(WordHashes):
        texts = 0

        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            self.texts += len(texts)
            return super().embed(texts)

    embedder = Counts()
    with pytest.MonkeyPatch.context() as patch, opened(tmp_path / "kb", 1, embedder) as kb:
        patch.setattr(batches, "BATCH_DOCUMENTS", 2)
        kb.add(NewDocument(f"{number}", "The same text.", title="T") for number in range(7))
    assert embedder.texts == 1


def test_progress_counts_to_the_end(docs: Path, tmp_path: Path) -> None:
    steps: list[Progress] = []
    with opened(tmp_path / "kb") as kb:
        report = kb.ingest(docs, docs / "missing.txt", on_progress=steps.append)
    last = steps[-1]
    assert (last.done, last.total) == (13, 13) == (len(report.files), len(report.files))
    assert last.bytes_done == last.bytes_total == sum(path.stat().st_size for path in docs.iterdir())
    assert (last.pages, last.chunks) == (report.pages, report.chunks)
    assert all(a.done <= b.done and a.bytes_done <= b.bytes_done for a, b in pairwise(steps))


def test_marks_alone_are_no_text(tmp_path: Path) -> None:
    with opened(tmp_path / "kb") as kb:
        report = kb.ingest_bytes("a.txt", b"--- *** ...\n\n === !!! ===")
    assert [(file.status, file.reason) for file in report.files] == [("refused", "no text found")]


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no such limits")
def test_a_hostile_batch_leaves_the_good_files_in(tmp_path: Path) -> None:
    names = [name for name in hostile.REFUSED if name not in SLOW]
    bad = hostile.write(tmp_path / "docs", 40, names)
    with opened(tmp_path / "kb", 2, memory_bytes=200_000_000, seconds=10) as kb:
        outcome = hostile.run(tmp_path / "docs", bad, kb)
        assert outcome.faults == []
        assert outcome.report.count("ingested") + outcome.report.count("partial") == 40
        assert len(outcome.refused) == len(bad) >= 60
        for info in kb.documents(as_=Principal.admin()):
            document = kb.document(info.id, as_=Principal.admin())
            assert document.text.strip()


def shown(found: IngestReport, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(console.report(found))
    return out.getvalue()


def test_the_summary_names_what_is_not_in_and_why() -> None:
    files = (
        FileReport("a.pdf", "ingested", "", "1", 3, 10),
        FileReport("b.pdf", "partial", "pages 3, 7-9 gave no text", "2", 12, 40, 4),
        FileReport("old/\x1b[31m\u202eletter.doc", "refused", "format .doc is not supported"),
    )
    text = shown(IngestReport(files, 12.34), 120)
    assert "refused  old/[31mletter.doc  format .doc is not supported" in text
    assert "partial  b.pdf  pages 3, 7-9 gave no text" in text
    assert "1 ingested, 1 partial, 1 refused: 15 pages (4 of them read from pictures), 50 chunks in 12.3 s" in text
    assert "a.pdf" not in text
    assert max(map(len, shown(IngestReport(files, 12.34), 50).splitlines())) <= 50


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (Progress(10, 60, 5, "x", 200), "10/60 files · 200 pages · 20.0 pages/s"),
        (Progress(1200, 6000, 5, "x"), "1,200/6,000 files · 120.0 files/s"),
        (Progress(5, 0, 5, "x"), "5 files · 0.5 files/s"),
    ],
)
def test_progress_says_how_far_and_how_fast(step: Progress, line: str) -> None:
    assert console.progress_line(step, 10.0) == line


def test_a_log_gets_a_line_of_progress_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now: Callable[[], float] = iter([0.0, 3.0, 11.0, 12.0, 22.0]).__next__
    monkeypatch.setattr(console.time, "monotonic", now)
    with console.ingest_progress() as show:
        for done in (1, 2, 3, 4):
            show(Progress(done, 9, 0, "x"))
    assert capsys.readouterr().err.splitlines() == [
        "ingest: 2/9 files · 0.2 files/s",
        "ingest: 4/9 files · 0.2 files/s",
    ]


def test_progress_goes_on_while_a_large_document_is_embedded(tmp_path: Path) -> None:
    class Slow(WordHashes):
        def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
            time.sleep(0.25)
            return super().embed(texts, query=query)

    pages = [[f"Page {number} of the manual names valve {number}."] for number in range(300)]
    (tmp_path / "a.pdf").write_bytes(make.pdf(*pages))
    steps: list[Progress] = []
    with opened(tmp_path / "kb", embedder=Slow()) as kb:
        kb.ingest(tmp_path / "a.pdf", on_progress=steps.append)
    sizes = [step.bytes_done for step in steps]
    assert sizes == sorted(sizes)
    assert len({size for size in sizes if 0 < size < steps[-1].bytes_total}) >= 2
    assert (steps[-1].done, steps[-1].pages, steps[-1].bytes_done) == (1, 300, steps[-1].bytes_total)


def test_documents_and_files_handed_in_need_a_name_in_unicode(tmp_path: Path) -> None:
    with opened(tmp_path / "kb") as kb:
        report = kb.add([NewDocument("\udcff.txt", "alpha"), NewDocument("b", "beta")], as_=Principal("ana"))
        assert [(file.source, file.status) for file in report.files] == [("\\udcff.txt", "refused"), ("b", "ingested")]
        with pytest.raises(InputError, match="name"):
            kb.ingest_bytes("\udcff.txt", b"alpha")

"""The nightly report in a real browser. Skipped, saying so, where there is no Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from ragkb.eval.compare import compare
from ragkb.eval.nightly import Excerpt, Nightly, SuiteResult
from ragkb.eval.report import html
from ragkb.eval.runs import Data, Run, make_run
from ragkb.settings import Settings

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONG = "出差报销单" * 40


def run(right: int) -> Run:
    rows: list[dict[str, Any]] = [
        {
            "id": f"q{n}",
            "question": LONG if n == 0 else f"Question {n}?",
            "status": "scored",
            "answer": "a" * 200,
            "abstained": False,
            "answerable": True,
            "language": "zh" if n % 2 else "en",
            "confidence": n / 60,
            "groundedness": 1 - n / 100,
            "answer_hit": n < right,
            "page_hit@5": 1.0,
            "citation_precision": [1, 2],
        }
        for n in range(60)
    ]
    return make_run("answers", "office", Data("q", "d", True), Settings(), MODELS, {}, rows, {"latency_ms": TIMES})


MODELS = {"embedder": "minilm", "precision": "int8", "generator": "extractive"}
TIMES = {"p50": 20.0, "p95": 40.0}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The report of a night on which thirty answers got worse."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    before, after = run(55), run(25)
    entry = {"suite": "office", "measures": {"answer_hit": 0.9, "page_hit@5": 1.0}, "latency_ms": TIMES}
    trend = tuple({**entry, "at": f"2026-11-{day:02}T02-00-00-000Z"} for day in range(1, 26))
    excerpts = {"q30": (Excerpt("hr/leave.pdf", 3, f"Passage {LONG}"),)}
    result = SuiteResult(after, (), compare(before, after), "2026-11-01", after.rows[-3:], excerpts, trend)
    file = tmp_path_factory.mktemp("report") / "latest.html"
    file.write_text(html(Nightly("2026-11-25T02-00-00-000Z", (result,))), "utf-8")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page()
        asked: list[str] = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(file.as_uri())
        opened.asked = asked
        yield opened
        browser.close()


def test_it_opens_without_a_request_beyond_its_file(page: Any) -> None:
    assert page.title().startswith("ragkb nightly: failed")
    assert len(page.asked) == 1
    assert page.locator("svg").count() >= 5
    assert all(box["height"] > 50 for box in (one.bounding_box() for one in page.locator("svg").all()))


def test_a_flipped_question_opens_with_both_answers_and_its_passages(page: Any) -> None:
    flip = page.locator("details", has_text="Question 30?").first
    flip.locator("summary").click()
    assert flip.locator("dd").first.is_visible()
    assert flip.locator("blockquote").inner_text().startswith("Passage")


@pytest.mark.parametrize("width", [375, 1200])
def test_nothing_stands_out_of_the_window(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_shows_what_is_folded(page: Any) -> None:
    page.emulate_media(media="print")
    closed = page.locator("details", has_text="Question 31?").first
    assert closed.locator("dd").first.is_visible()
    page.emulate_media(media="screen")

"""The page on a server with keys: it asks for one, keeps it in the tab, and shows what its role may do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.types import Principal

NIGHTLY = {
    "at": "2026-11-25T20-57-54-369Z",
    "passed": False,
    "failed": ["handbook: citation recall is worse: 100.0 to 33.3 %"],
    "suites": [
        {
            "suite": "handbook",
            "measures": {"answer_hit": 0.333333},
            "differences": {"answer_hit": {"before": 1.0, "after": 0.333333, "verdict": "worse"}},
            "flips": [{"id": "1", "question": "<b>When</b>?", "worse": ["answer_hit"], "better": []}],
        }
    ],
}


@pytest.fixture
def keyed(tmp_path: Path, minilm: Embedder) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(tmp_path / "kb", settings=Settings(), embedder=minilm) as kb:
        kb.add([NewDocument("leave.md", "Parental leave is 14 weeks.", "Leave policy")])
        yield kb


def test_an_administrator_makes_lists_and_revokes_keys(
    opened: Any, axe: Any, keyed: KnowledgeBase, serve: Callable[..., Any]
) -> None:
    with serve(keyed, Principal.admin()) as address:
        page = opened("/#/admin", at=address)
        page.get_by_text("Documents", exact=True).last.wait_for()
        expect(page.get_by_label("Role").locator("option")).to_have_text(["Administrator"])  # the first key
        page.get_by_label("Name").fill("root")
        page.get_by_role("button", name="Create a key").click()
        assert page.locator(".key-line code").inner_text().startswith("ragkb_")
        page.get_by_label("Name").fill("ana")
        page.get_by_label("Role").select_option("reader")
        page.get_by_label("Groups").fill("hr, board")
        page.get_by_role("button", name="Create a key").click()
        page.locator(".rows tr", has_text="ana").wait_for()
        key = page.locator(".key-line code").inner_text()
        assert keyed.ledger.keys.check(key).groups == ("hr", "board")
        assert axe(page) == []
        page.get_by_role("button", name="Revoke: ana").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        page.locator(".rows tr", has_text="ana").get_by_text("revoked").wait_for()
        assert keyed.ledger.keys.check(key) is None
        page.reload()
        page.locator(".rows tr", has_text="root").wait_for()  # signed in with the key that it made
        assert page.locator(".key-line").count() == 0  # shown once


def test_an_administrator_reads_the_last_nightly_run(
    opened: Any, axe: Any, keyed: KnowledgeBase, serve: Callable[..., Any]
) -> None:
    folder = keyed.path / "nightly"
    folder.mkdir()
    (folder / "latest.json").write_text(json.dumps(NIGHTLY), "utf-8")
    (folder / "latest.html").write_text("<h1>report</h1>", "utf-8")
    with serve(keyed, Principal.admin()) as address:
        page = opened("/#/admin", at=address)
        card = page.locator(".nightly", has_text="Failed")
        card.wait_for()
        assert "Nov 25, 2026" in card.inner_text()
        assert "citation recall is worse" in card.inner_text()
        assert card.locator("tbody tr").inner_text().split() == ["answer_hit", "100.0%", "33.3%", "worse"]
        card.get_by_text("1 question got worse").click()
        card.get_by_text("<b>When</b>?").wait_for()
        assert axe(page) == []
        with page.expect_download() as saved:
            card.get_by_role("button", name="Save the whole report").click()
        assert saved.value.suggested_filename == "nightly-2026-11-25.html"


def sign_in(page: Any, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_a_key_is_asked_for_and_kept_in_the_tab(
    opened: Any, ask: Any, keyed: KnowledgeBase, serve: Callable[..., Any]
) -> None:
    made, key = keyed.ledger.keys.create("ana", "reader")
    with serve(keyed) as address:
        page = opened(at=address)
        sign_in(page, "ragkb_wrong")
        page.get_by_text("This key is not valid").wait_for()
        sign_in(page, key)
        assert "14 weeks" in ask(page, "How long is parental leave?").inner_text()
        page.get_by_role("link", name="Documents").click()
        page.locator(".rows").wait_for()
        assert page.get_by_role("button", name="Add files").count() == 0  # a reader
        assert page.get_by_role("link", name="Admin").count() == 0
        assert page.evaluate("localStorage.getItem('ragkb.key')") is None
        page.reload()
        page.locator(".rows").wait_for()
        keyed.ledger.keys.revoke(made.id)
        page.reload()
        page.get_by_text("The key is no longer valid").wait_for()


def test_each_knowledge_base_has_its_page(
    opened: Any, ask: Any, filled: KnowledgeBase, keyed: KnowledgeBase, serve: Callable[..., Any]
) -> None:
    with serve(filled, second=keyed) as address:
        page = opened(at=address)
        page.get_by_label("Knowledge base").select_option("second")
        page.wait_for_url("**/kb/second/")
        page.get_by_text("Answers come from 1 document").wait_for()
        assert "14 weeks" in ask(page, "How long is parental leave?").inner_text()
        page.get_by_label("Knowledge base").select_option("default")
        page.get_by_text("Answers come from 6 documents").wait_for()
        assert page.locator(".turn").count() == 0

"""The page on a server with keys: it asks for one, keeps it in the tab, and shows what its role may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.types import Principal


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
        assert page.get_by_label("Role").locator("option").all_inner_texts() == ["Administrator"]  # the first key
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

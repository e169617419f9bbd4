"""The list of documents: find, open, add, delete."""

from __future__ import annotations

from typing import Any


def test_documents_are_found_sorted_and_opened(opened: Any) -> None:
    page = opened("/#/documents")
    page.locator(".rows tbody tr").nth(5).wait_for()
    assert "6 documents" in page.locator(".view-head").inner_text()
    page.get_by_role("searchbox").fill("travel")
    page.get_by_text("1 of 6 documents").wait_for()
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Sort by").select_option("pages")
    first = page.locator(".row-open").first
    assert "finance/" in first.inner_text()
    first.click()
    page.locator("#panel h2").wait_for()


def test_a_file_is_added_asked_about_and_deleted(opened: Any, ask: Any) -> None:
    page = opened("/#/documents")
    note = {
        "name": "badges.md",
        "mimeType": "text/markdown",
        "buffer": b"# Badges\n\nVisitor badges come from Leipzig.",
    }
    page.locator("input[type=file]").set_input_files([note])
    page.locator(".uploads li", has_text="Added").wait_for()
    page.locator(".row-open", has_text="badges.md").wait_for()
    page.get_by_role("link", name="Ask").click()
    assert "Leipzig" in ask(page, "Where do visitor badges come from?").locator(".answer").inner_text()
    page.get_by_role("link", name="Documents").click()
    page.get_by_role("button", name="Delete Badges").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.locator(".row-open", has_text="badges.md").wait_for(state="detached")


def test_a_file_that_cannot_be_read_says_why(opened: Any) -> None:
    page = opened("/#/documents")
    broken = {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"no PDF"}
    page.locator("input[type=file]").set_input_files([broken])
    page.locator(".uploads .bad").wait_for()
    assert "the content is not PDF" in page.locator(".uploads .bad").inner_text()

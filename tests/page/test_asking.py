"""Asking in the page: answers, citations, the document behind them, and what a hostile document cannot do."""

from __future__ import annotations

from typing import Any

import httpx

from ragkb.kb import KnowledgeBase

TRAIN = "When may I book first class on the train?"
QUOTE = "First class rail is allowed for journeys of more than two hours."


def test_an_answer_has_citations_and_its_support(opened: Any, ask: Any) -> None:
    page = opened()
    turn = ask(page, TRAIN)
    assert QUOTE in turn.locator(".answer").inner_text()
    assert turn.locator(".sentence").first.get_attribute("data-support") == "full"
    assert "Confidence" in turn.locator(".trust").inner_text()
    page.locator("#live", has_text="Answer:").wait_for(state="attached")
    turn.locator(".cite").first.hover()
    card = page.locator("#pop")
    card.wait_for()
    assert "Travel and Expense Policy" in card.inner_text()
    assert QUOTE in card.inner_text()
    assert "Supported by the quoted text" in card.inner_text()


def test_a_citation_opens_the_document_at_the_quote_by_keyboard(opened: Any, ask: Any) -> None:
    page = opened()
    cite = ask(page, TRAIN).locator(".cite").first
    cite.focus()
    page.keyboard.press("Enter")
    page.locator("#panel h2").wait_for()
    show_text(page)
    assert page.locator("#panel mark").inner_text() == f"• {QUOTE}"
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()
    assert cite.evaluate("element => element === document.activeElement")


def test_what_is_badly_supported_or_disputed_is_flagged(opened: Any, ask: Any, axe: Any) -> None:
    """Extractive answers quote, so that a doubtful one is made of a real one here."""
    page = opened()

    def doubtful(route: Any) -> None:
        real = httpx.post(route.request.url, json={"question": TRAIN}, timeout=60, trust_env=False).json()
        first, second = real["sentences"][:2]
        first |= {"support": 0.6}
        second |= {"support": 0.2, "supported": False}
        disagreement = {"kind": "disagree", "citations": [1, 2], "dates": ["", ""]}
        route.fulfill(json=real | {"groundedness": 0.2, "dropped": 1, "conflicts": [disagreement]})

    page.route("**/v1/query", doubtful)
    turn = ask(page, TRAIN)
    assert [one.inner_text() for one in turn.locator(".support").all()[:2]] == ["partly supported", "not supported"]
    assert "1 sentence is not supported by the documents" in turn.inner_text()
    assert "1 sentence was left out" in turn.inner_text()
    assert "The documents disagree" in turn.locator(".conflicts").inner_text()
    assert "say different things" in turn.locator(".conflicts").inner_text()
    turn.get_by_role("button", name="Not supported by the documents (20%)").click()
    assert "No quote says this" in page.locator("#pop").inner_text()
    assert axe(page) == []


def test_a_citation_of_a_pdf_shows_its_page(opened: Any, ask: Any) -> None:
    page = opened()
    ask(page, TRAIN).locator(".cite").first.click()
    picture = page.get_by_role("img", name="Page 1 of Travel and Expense Policy")
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("img", name="Page 2 of Travel and Expense Policy").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the original file").click()
    assert saved.value.suggested_filename == "travel-expense-policy.pdf"


def test_what_is_wrong_reaches_those_who_look_after_the_documents(opened: Any, ask: Any, filled: KnowledgeBase) -> None:
    page = opened()
    turn = ask(page, TRAIN)
    turn.get_by_role("button", name="Something is wrong").click()
    turn.get_by_label("What is wrong?").fill("too short")
    turn.get_by_label("What would be right?").fill("two hours")
    turn.get_by_role("button", name="Send").click()
    turn.locator("[data-rating=down][aria-pressed=true]").wait_for()
    kept = filled.ledger.feedback()[-1]
    assert (kept.question, kept.rating, kept.comment, kept.correction) == (TRAIN, "down", "too short", "two hours")
    assert kept.citations[0]["source"] == "finance/travel-expense-policy.pdf"


def show_text(page: Any) -> None:
    """Switches to the text, where the picture of the page is what is shown first."""
    text = page.locator("#panel [data-view=text]")
    if text.count():
        text.click()


def test_a_mark_is_right_behind_astral_characters(opened: Any, ask: Any) -> None:
    page = opened()
    ask(page, "When does the summer party of the Brno office take place?").locator(".cite").first.click()
    mark = page.locator("#panel mark")
    assert mark.inner_text() == "The 🎉 summer party of the Brno office takes place on 14 August 🚀."


def test_a_table_row_is_shown_as_a_table_and_marked_as_a_row(opened: Any, ask: Any) -> None:
    page = opened()
    question = "Which TVA models does the axial fan 630 mm EC fit?"
    turn = ask(page, question)
    assert "TVA-16" in turn.locator(".answer").inner_text()
    turn.locator(".cite").first.click()
    assert "TV-4410-022" in page.locator("#panel tr:has(mark)").inner_text()

    def whole_row(route: Any) -> None:
        real = httpx.post(route.request.url, json={"question": question}, timeout=60, trust_env=False).json()
        names = ["Part number", "Description", "Fits", "Pack quantity", "Recommended stock", "Lead time days"]
        cells = real["citations"][0]["quote"].strip("| ").split(" | ")
        text = "; ".join(f"{name}: {cell}" for name, cell in zip(names, cells, strict=True))
        route.fulfill(json=real | {"sentences": [real["sentences"][0] | {"text": text}]})

    page.route("**/v1/query", whole_row)
    turn = ask(page, question)
    assert turn.locator(".answer th").first.inner_text() == "Part number"
    assert turn.locator(".answer td").first.inner_text() == "TV-4410-022"


def test_what_a_document_holds_is_never_run(opened: Any, ask: Any) -> None:
    page = opened()
    turn = ask(page, "What is the gate code of the Zwickau yard?")
    turn.locator("summary").click()
    turn.locator(".cite").first.click()
    page.locator("#panel mark").first.wait_for()
    assert "<img src=x" in page.locator("#panel").inner_text()
    page.goto(page.url.partition("#")[0] + "#/documents")
    page.locator(".row-open", has_text="Gate <img").wait_for()
    assert page.locator("img, main script, aside script").count() == 0
    assert "pwned" not in page.title()


def test_what_is_not_in_the_documents_is_said_with_what_came_closest(opened: Any, ask: Any) -> None:
    page = opened()
    turn = ask(page, "Who won the football world cup in 1954?")
    assert "The documents do not answer this" in turn.locator(".abstained").inner_text()
    assert turn.locator(".closest li").count() >= 1
    turn.locator(".closest button").first.click()
    page.locator("#panel h2").wait_for()


def test_a_follow_up_is_read_with_what_was_said(opened: Any, ask: Any) -> None:
    page = opened()
    ask(page, TRAIN)
    turn = ask(page, "And what about flights?")
    assert "Understood as" in turn.inner_text()
    assert "first class" in turn.locator(".understood").inner_text()
    page.reload()
    page.locator(".turn").nth(1).wait_for()  # a reload keeps the conversation
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("heading", name="What would you like to know?").wait_for()
    assert page.locator(".turn").count() == 0


def test_a_filter_narrows_what_is_asked(opened: Any, ask: Any) -> None:
    page = opened()
    page.get_by_role("button", name="Filters").click()
    dialog = page.get_by_role("dialog", name="Filters")
    dialog.get_by_role("button", name="Chinese").click()
    dialog.get_by_role("button", name="Done").click()
    turn = ask(page, TRAIN)
    assert "Chinese" in turn.locator(".turn-filters").inner_text()
    assert "Travel and Expense Policy" not in turn.inner_text()
    page.get_by_role("button", name="Remove the filter Chinese").click()
    assert "Travel and Expense Policy" in ask(page, TRAIN).inner_text()


def test_a_link_asks_its_question(opened: Any) -> None:
    page = opened("/#q=How%20long%20is%20parental%20leave%3F&where=%7B%22department%22%3A%5B%22hr%22%5D%7D")
    page.locator(".turn[data-status=done]").wait_for()
    assert page.locator(".question").inner_text() == "How long is parental leave?"
    assert "hr" in page.locator(".turn-filters").inner_text()


def test_enter_sends_shift_enter_breaks_and_slash_comes_back(opened: Any) -> None:
    page = opened()
    box = page.locator("#question")
    box.fill("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    assert box.input_value() == "one\ntwo"
    page.get_by_role("link", name="Documents").click()
    page.get_by_role("heading", name="Documents").wait_for()
    page.keyboard.press("/")
    page.locator("#question:focus").wait_for()

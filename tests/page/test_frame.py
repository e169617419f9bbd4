"""What holds for the whole page: accessibility, languages, themes, phones, errors in words, and its own weight."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

import ragkb.server

STATIC = Path(ragkb.server.__file__).parent / "static"
TRAIN = "When may I book first class on the train?"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Any, ask: Any, axe: Any, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    page.locator(".recent-card").first.wait_for()
    assert axe(page) == []
    turn = ask(page, TRAIN)
    turn.locator("summary").click()
    turn.locator(".cite").first.click()
    page.locator("#panel h2").wait_for()
    assert axe(page) == []
    page.keyboard.press("Escape")
    ask(page, "Who won the football world cup in 1954?")
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("dialog", name="Filters").wait_for()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Documents").click()
    page.locator(".rows").wait_for()
    assert axe(page) == []


def test_axe_finds_nothing_on_a_phone(opened: Any, ask: Any, axe: Any) -> None:
    page = opened(width=375, height=720, has_touch=True, is_mobile=True)
    turn = ask(page, TRAIN)
    turn.locator(".cite").first.tap()
    page.get_by_role("button", name="Open the document").wait_for()
    assert axe(page) == []


def test_it_speaks_chinese_where_the_browser_does(opened: Any, ask: Any) -> None:
    page = opened(locale="zh-CN")
    page.get_by_role("heading", name="想了解什么？").wait_for()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    turn = ask(page, "出差报销单要在几天内交？")
    assert "15天" in turn.locator(".answer").inner_text()
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="New conversation").wait_for()
    assert "15天" in page.locator(".answer").inner_text()  # what was asked stays
    page.reload()
    page.get_by_role("button", name="New conversation").wait_for()
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_theme_follows_the_system_until_one_is_chosen(opened: Any) -> None:
    page = opened(color_scheme="dark")
    page.locator("#question").wait_for()
    back = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(back)
    page.get_by_role("button", name="Colours: as the system").click()
    assert page.evaluate(back) != dark
    page.reload()
    page.get_by_role("button", name="Colours: light").wait_for()
    assert page.evaluate(back) != dark


def test_it_fits_a_phone(opened: Any, ask: Any) -> None:
    page = opened(width=375, height=740, has_touch=True, is_mobile=True)
    ask(page, TRAIN)
    page.locator(".cite").first.tap()
    page.locator("#pop").get_by_role("button", name="Open the document").tap()
    page.locator("#panel h2").wait_for()
    assert page.locator("#panel").bounding_box()["width"] == 375
    assert page.locator("#panel").get_attribute("aria-modal") == "true"
    page.get_by_role("button", name="Close").tap()
    page.get_by_role("link", name="Documents").tap()
    page.locator(".rows").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 375


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "Too many questions in a short time. Try again in 7 s."), (503, "The server is busy or not ready.")],
)
def test_errors_are_said_in_words(opened: Any, status: int, words: str) -> None:
    page = opened()
    error = {"error": {"type": "busy", "message": "full", "hint": "come back"}}
    page.route("**/v1/query", lambda route: route.fulfill(status=status, json=error, headers={"retry-after": "7"}))
    page.locator("#question").fill(TRAIN)
    page.keyboard.press("Enter")
    card = page.locator(".card-error")
    card.wait_for()
    assert words in card.inner_text()
    page.unroute("**/v1/query")
    card.get_by_role("button", name="Try again").click()
    page.locator(".turn[data-status=done]").wait_for()


def test_offline_is_said_and_the_question_kept(opened: Any) -> None:
    page = opened()
    page.locator("#question").wait_for()
    page.context.set_offline(True)
    page.locator("#question").fill(TRAIN)
    page.keyboard.press("Enter")
    assert "The server cannot be reached" in page.locator(".card-error").inner_text()
    assert page.locator(".question").inner_text() == TRAIN


def test_the_files_are_small_cached_and_under_a_strict_policy(address: str) -> None:
    packed = [gzip.compress(path.read_bytes(), 9) for path in STATIC.iterdir()]
    assert sum(map(len, packed)) < 60_000
    with httpx.Client(base_url=address, trust_env=False) as client:
        page = client.get("/")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
        assert "unsafe" not in policy
        again = client.get("/", headers={"if-none-match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        script = page.text.partition('type="module" src="')[2].partition('"')[0]
        assert "immutable" in client.get(script).headers["cache-control"]
        assert client.get("/static/0000000000000000/app.js").status_code == 404
        assert client.get("/static/0000000000000000/..%2fapp.py").status_code == 404


def test_no_source_parses_html_or_names_another_origin() -> None:
    for path in STATIC.glob("*.js"):
        text = path.read_text("utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
            assert word not in text, f"{path.name}: {word}"
    page = (STATIC / "index.html").read_text("utf-8")
    assert "://" not in page
    assert " style=" not in page


def test_every_word_is_there_in_both_languages() -> None:
    """Each key that a source names has two texts with the same values in them."""
    words = dict(re.findall(r'^  "?([\w.]+)"?: (\[.*\]),$', (STATIC / "i18n.js").read_text("utf-8"), re.M))
    assert len(words) > 150
    for key, texts in words.items():
        english, chinese = json.loads(texts)
        assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", chinese)), key
    sources = "\n".join(path.read_text("utf-8") for path in STATIC.glob("*.js"))
    named = set(re.findall(r'\b(?:t|count|section)\("([\w.]+)"', sources))
    assert named - set(words) == set()

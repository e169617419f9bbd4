"""Makes the pictures of docs/images from the running page.

    python -m benchmarks.page.pictures --kb .demo/kb

Needs Chromium, the extra `dev`, and a knowledge base of sample_corpus.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.page.served import serving
from ragkb.kb import KnowledgeBase

IMAGES = Path(__file__).parents[2] / "docs" / "images"
TRAIN = "When may I book first class on the train?"
CLAIMS = "出差报销单要在几天内交？"
DIVIDEND = "What is the company's dividend for 2026?"


def ask(page: Any, question: str) -> None:
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    page.locator(".turn[data-status=done]").wait_for()


def keep(page: Any, name: str) -> None:
    """Writes what is seen, with a palette: a third of the bytes, and no colour visibly off."""
    page.wait_for_timeout(600)  # pictures and colours have to settle
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(IMAGES / name, optimize=True)
    print(f"{name}: {(IMAGES / name).stat().st_size // 1000} kB")


def answer(page: Any) -> None:
    ask(page, TRAIN)
    page.locator(".cite").first.click()
    page.locator(".page-picture").wait_for()
    page.mouse.move(5, 5)
    keep(page, "page-answer.png")


def abstention(page: Any) -> None:
    ask(page, DIVIDEND)
    keep(page, "page-abstention.png")


def phone(page: Any) -> None:
    ask(page, CLAIMS)
    page.locator(".cite").first.tap()
    keep(page, "page-phone.png")


SHOTS: dict[Any, dict[str, Any]] = {
    answer: {"viewport": {"width": 1280, "height": 760}},
    abstention: {"viewport": {"width": 1000, "height": 860}, "color_scheme": "dark"},
    phone: {"viewport": {"width": 375, "height": 700}, "locale": "zh-CN", "has_touch": True, "is_mobile": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kb", default=".demo/kb")
    folder = parser.parse_args().kb
    IMAGES.mkdir(exist_ok=True)
    with KnowledgeBase.open(folder) as kb, serving(kb) as address, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for shot, options in SHOTS.items():
            page = browser.new_context(**{"locale": "en-US", "reduced_motion": "reduce", **options}).new_page()
            page.goto(address)
            shot(page)
        browser.close()


if __name__ == "__main__":
    main()

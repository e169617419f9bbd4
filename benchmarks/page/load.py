"""How fast the page comes and what it weighs, in headless Chromium over a server in this process.

python -m benchmarks.page.load --kb .demo/kb --visits 5
"""

from __future__ import annotations

import argparse
import gzip
import shutil
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import sync_playwright

import ragkb.server
from benchmarks.page.served import serving
from ragkb.kb import KnowledgeBase

STATIC = Path(ragkb.server.__file__).parent / "static"
MEASURE = """() => ({
  paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
  ready: performance.now(),
  bytes: performance.getEntriesByType("resource").reduce((sum, one) => sum + one.transferSize, 0),
})"""


def visit(context: Any, address: str) -> dict[str, float]:
    """Milliseconds to the first paint and to the box that can be typed into; bytes that came."""
    page = context.new_page()
    page.goto(address)
    page.locator("#question").wait_for()
    found: dict[str, float] = page.evaluate(MEASURE)
    page.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kb", default=".demo/kb")
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    files = [path.read_bytes() for path in STATIC.iterdir()]
    print(f"files: {len(files)}, {sum(map(len, files)):,} bytes, {sum(len(gzip.compress(f)) for f in files):,} packed")
    with KnowledgeBase.open(options.kb) as kb, serving(kb) as address, sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        first = [visit(browser.new_context(), address) for _ in range(options.visits)]
        known = browser.new_context()
        again = [visit(known, address) for _ in range(options.visits + 1)][1:]
        for name, visits in (("first visit", first), ("next visit", again)):
            paint, ready, size = (median(one[key] for one in visits) for key in ("paint", "ready", "bytes"))
            print(f"{name}: first paint {paint:.0f} ms, ready {ready:.0f} ms, {size:,.0f} bytes (median)")
        browser.close()


if __name__ == "__main__":
    main()

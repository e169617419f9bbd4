"""Builds the binary documents of the sample corpus beside the text ones: `python sample_corpus/make/make.py`.

Needs python-docx, python-pptx, openpyxl, reportlab and Pillow, and a TrueType font for Chinese (Debian:
fonts-droid-fallback). With the same versions of these the same bytes come out on every run.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import content_board
import content_finance
import content_hr
import content_legal
import content_products
import content_quality
import content_sales
import content_security
import manual_tvi90
from blocks import Deck, Document, Workbook
from render_office import write_docx, write_pptx, write_xlsx
from render_pdf import find_cjk_font, register_cjk, write_pdf
from scan import write_scan

CORPUS = Path(__file__).resolve().parent.parent
MODULES: tuple[Sequence[Document | Deck | Workbook], ...] = (
    content_board.ALL,
    content_finance.ALL,
    content_hr.ALL,
    content_legal.ALL,
    content_products.ALL,
    content_quality.ALL,
    content_sales.ALL,
    content_security.ALL,
    manual_tvi90.ALL,
)


def specs() -> list[Document | Deck | Workbook]:
    """Everything that is built, apart from the scan."""
    return [spec for module in MODULES for spec in module]


def build(spec: Document | Deck | Workbook, out: Path) -> Path:
    """Writes one file below `out` and returns its path."""
    target = out / spec.path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(spec, Deck):
        write_pptx(spec, target)
    elif isinstance(spec, Workbook):
        write_xlsx(spec, target)
    elif target.suffix == ".docx":
        write_docx(spec, target)
    else:
        write_pdf(spec, target)
    return target


def main() -> None:
    """Builds all files."""
    parser = argparse.ArgumentParser(description="Build the binary documents of the sample corpus.")
    parser.add_argument("--out", type=Path, default=CORPUS, help="where to write (default: the corpus itself)")
    parser.add_argument("--font", help="TrueType font with Chinese glyphs (default: Droid Sans Fallback of Debian)")
    args = parser.parse_args()
    register_cjk(find_cjk_font(args.font))
    for spec in specs():
        target = build(spec, args.out)
        print(f"{target.stat().st_size:>9,}  {spec.path}")
    scan = args.out / content_quality.SCAN_PATH
    scan.parent.mkdir(parents=True, exist_ok=True)
    write_scan(content_quality.SCAN_TITLE, content_quality.SCAN_LINES, scan)
    print(f"{scan.stat().st_size:>9,}  {content_quality.SCAN_PATH}")


if __name__ == "__main__":
    main()

"""PDFs of a few lines, made by reportlab."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

WORDS = "the council approved the annual report after a long debate about roads schools and the water supply of towns"


def drawn(*pages: Callable[[Any], object]) -> bytes:
    """A PDF (A4) with one page for each function, which draws it on a canvas."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen import canvas

    stream = io.BytesIO()
    sheet = canvas.Canvas(stream, pagesize=A4, invariant=1)
    for draw in pages:
        sheet.setFont("Helvetica", 10)
        draw(sheet)
        sheet.showPage()
    sheet.save()
    return stream.getvalue()


def prose(count: int, mark: str) -> list[str]:
    """Lines of about forty letters, each with its own mark."""
    return [f"{mark}{number} {WORDS[number : number + 38].strip()}" for number in range(count)]


def row(sheet: Any, y: float, *cells: tuple[float, str]) -> None:
    """Cells at one height: the first from its left edge, numbers up to their right edge."""
    for number, (x, text) in enumerate(cells):
        (sheet.drawString if not number else sheet.drawRightString)(x, y, text)


def scanned(text: list[str], size: int = 32) -> Any:
    """A picture of lines of text."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (740, 740), "white")
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(text):
        pen.text((80, 80 + 70 * number), line, fill="black", font=ImageFont.load_default(size))
    return image


def encoded(image: Any, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()

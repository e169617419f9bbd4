"""Small real files, made by the libraries that people make them with."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any


def pdf(*pages: list[str], size: float = 12) -> bytes:
    """A PDF with one line of text for each string, 20 points apart."""
    from reportlab.pdfgen import canvas

    stream = io.BytesIO()
    sheet = canvas.Canvas(stream, invariant=1)
    for lines in pages:
        sheet.setFont("Helvetica", size)
        for number, line in enumerate(lines):
            sheet.drawString(72, 780 - 20 * number, line)
        sheet.showPage()
    sheet.save()
    return stream.getvalue()


def docx(write: Callable[[Any], object]) -> bytes:
    from docx import Document

    document = Document()
    write(document)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def pptx(write: Callable[[Any], object]) -> bytes:
    from pptx import Presentation

    presentation = Presentation()
    write(presentation)
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def xlsx(write: Callable[[Any], object]) -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    write(workbook)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one part changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            content = old.read(entry)
            new.writestr(entry, change(content) if entry == name else content)
    return stream.getvalue()

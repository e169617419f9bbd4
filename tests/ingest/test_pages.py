"""Where a quote stands on its page, told by the picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from pdf_files import drawn, row

from ragkb.errors import DocumentRefused, InputError, NotFound
from ragkb.ingest.loaders import load
from ragkb.ingest.pages import boxes, render
from ragkb.settings import LimitSettings


def page(sheet: Any) -> None:
    sheet.setFont("Helvetica", 12)
    sheet.drawString(72, 700, "The notice period is three months")
    sheet.drawString(72, 680, "for every em-")
    sheet.drawString(72, 660, "ployee of the ﬁrm.".replace("ﬁ", "fi"))
    for number, name in enumerate(("Rent", "Heat", "Water")):
        row(sheet, 600 - 14 * number, (72, name), (300, f"{number + 1},100"), (400, f"{number + 1},200"))


def marked(data: bytes, found: Any) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of what the marker coloured, in points."""
    from PIL import Image

    plain, coloured = (
        np.asarray(Image.open(io.BytesIO(render(data, 1, 2.0, some))).convert("RGB")).astype(int)
        for some in ((), found.boxes)
    )
    rows, columns = np.nonzero(np.abs(plain - coloured).sum(axis=2))
    return columns.min() // 2, rows.min() // 2, columns.max() // 2, rows.max() // 2


def test_the_marker_lies_over_the_quoted_words() -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    data = drawn(page)
    found = boxes(data, 1, "notice period")
    left, top, right, bottom = marked(data, found)
    assert (round(found.width), round(found.height), len(found.boxes)) == (595, 842, 1)
    assert abs(left - 72 - stringWidth("The ", "Helvetica", 12)) <= 2
    assert abs(right - 72 - stringWidth("The notice period", "Helvetica", 12)) <= 2
    assert top <= 842 - 709 + 2
    assert bottom >= 842 - 700


def test_every_span_of_the_document_is_found_on_its_page() -> None:
    data = drawn(page)
    text = load(data, "a.pdf", LimitSettings()).text
    for quote in (text, "every employee of the firm", "Heat 2,100 2,200", "Rent 1,100"):
        assert "".join(quote.split()) in "".join(text.split())
        assert boxes(data, 1, quote).boxes
    assert boxes(data, 1, "| Heat | 2,100 | 2,200 |").boxes  # as a table that has column names is written
    assert len(boxes(data, 1, "every employee of the firm").boxes) == 2  # over a line end
    assert boxes(data, 1, "not on this page").boxes == ()


def test_a_turned_page_is_marked_as_it_is_shown() -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(drawn(page)))
    writer.pages[0].rotate(90)
    stream = io.BytesIO()
    writer.write(stream)
    found = boxes(stream.getvalue(), 1, "notice period")
    assert (round(found.width), round(found.height)) == (842, 595)
    left, top, right, bottom = marked(stream.getvalue(), found)
    assert (right - left) * 3 < bottom - top
    assert all(0 <= box.left < box.right <= found.width for box in found.boxes)


def test_what_cannot_be_shown_is_told() -> None:
    data = drawn(page)
    with pytest.raises(NotFound, match="page 2"):
        boxes(data, 2, "notice")
    with pytest.raises(DocumentRefused):
        render(b"%PDF-nothing", 1)
    with pytest.raises(InputError):
        render(data, 1, scale=0)

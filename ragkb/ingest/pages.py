"""Where a quote stands on a page of a PDF, and a picture of the page with it marked."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as raw

from ragkb.errors import DocumentRefused, InputError, NotFound
from ragkb.ingest.loaders.pdf import PDFIUM_LOCK
from ragkb.ingest.loaders.pdf_words import page_text
from ragkb.ingest.normalise import characters

_MARK = (255, 225, 70)
_MOST_PIXELS = 25_000_000


class Box(NamedTuple):
    """A rectangle in points of the page as it is shown, origin at its upper left."""

    left: float
    top: float
    right: float
    bottom: float


class PageBoxes(NamedTuple):
    """The page's size in points, and the boxes of a quote, one a line; none where it was not found."""

    width: float
    height: float
    boxes: tuple[Box, ...]


def boxes(data: bytes, page: int, quote: str) -> PageBoxes:
    """Where `quote` stands on the page. data: the PDF's bytes; page: from 1.

    Compared are letters and digits alone, so that hyphens at line ends, ligatures, spaces and the bars of a table do
    not matter. Where the quote stands nowhere in one piece, as a table's row can, its parts are looked for in their
    order. Raises NotFound where there is no such page, DocumentRefused if the file cannot be read.
    """
    with PDFIUM_LOCK, _Opened(data, page) as sheet:
        text_page = sheet.get_textpage()
        try:
            width, height = sheet.get_size()
            return PageBoxes(width, height, tuple(_merged(_found(sheet, text_page, quote))))
        finally:
            text_page.close()


def render(data: bytes, page: int, scale: float = 2.0, boxes: Sequence[Box] = ()) -> bytes:
    """The page as PNG, `scale` pixels a point, with the boxes marked.

    Raises as `boxes` does, and InputError for a scale that cannot be used.
    """
    if not 0.1 <= scale <= 10:
        raise InputError(f"scale {scale} cannot be used", "take one from 0.1 to 10")
    with PDFIUM_LOCK, _Opened(data, page) as sheet:
        width, height = sheet.get_size()
        scale = min(scale, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
        bitmap = sheet.render(scale=scale, rev_byteorder=True)
        image = bitmap.to_pil().convert("RGB")
        bitmap.close()
    return _png(_marked(image, boxes, scale))


class _Opened:
    """A page of a PDF, closed with its document at the end."""

    def __init__(self, data: bytes, page: int) -> None:
        try:
            self._document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise DocumentRefused(f"the PDF cannot be read: {error}") from None
        self._number = page

    def __enter__(self) -> Any:
        count = len(self._document)
        if not 1 <= self._number <= count:
            self._document.close()
            raise NotFound(f"page {self._number} was not found", f"the document has {count} pages")
        self._page = self._document[self._number - 1]
        return self._page

    def __exit__(self, *_: object) -> None:
        self._page.close()
        self._document.close()


# --- finding ----------------------------------------------------------------------------------------------------------


def _found(sheet: Any, text_page: Any, quote: str) -> Iterator[Box]:
    """The box of each of the quote's characters on the page, in their order."""
    key, places = _key(page_text(text_page))
    for start, end in _spans(key, quote):
        for place in places[start:end]:
            index = raw.FPDFText_GetCharIndexFromTextIndex(text_page.raw, place)
            box = _box(sheet, text_page, index) if index >= 0 else None
            if box:
                yield box


def _key(text: str) -> tuple[str, list[int]]:
    """The letters and digits of `text` in one form, and for each the place that it comes from."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in characters(character).casefold():
            if letter.isalnum():
                letters.append(letter)
                places.append(place)
    return "".join(letters), places


def _spans(key: str, quote: str) -> Iterator[tuple[int, int]]:
    """(start, end) in `key` of the quote: whole, else line by line, else cell by cell and word by word, in order."""
    whole = _key(quote)[0]
    start = key.find(whole) if whole else -1
    if start >= 0:
        yield start, start + len(whole)
        return
    after = 0
    for part in _parts(quote):
        wanted = _key(part)[0]
        start = key.find(wanted, after) if wanted else -1
        if start >= 0:
            after = start + len(wanted)
            yield start, after


def _parts(quote: str) -> Iterator[str]:
    for line in quote.split("\n"):
        for cell in line.split("|"):
            if cell.strip():
                yield cell


def _box(sheet: Any, text_page: Any, index: int) -> Box | None:
    rect = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(text_page.raw, index, rect):
        return None
    x, y, far, high = sheet.get_bbox()
    turn = sheet.get_rotation()
    if turn == 90:
        return Box(rect.bottom - y, rect.left - x, rect.top - y, rect.right - x)
    if turn == 180:
        return Box(far - rect.right, rect.bottom - y, far - rect.left, rect.top - y)
    if turn == 270:
        return Box(high - rect.top, far - rect.right, high - rect.bottom, far - rect.left)
    return Box(rect.left - x, high - rect.top, rect.right - x, high - rect.bottom)


def _merged(found: Iterator[Box]) -> Iterator[Box]:
    """The boxes with neighbours on one line joined."""
    current: Box | None = None
    for box in found:
        if current and _joins(current, box):
            current = Box(
                min(current.left, box.left),
                min(current.top, box.top),
                max(current.right, box.right),
                max(current.bottom, box.bottom),
            )
            continue
        if current:
            yield current
        current = box
    if current:
        yield current


def _joins(left: Box, right: Box) -> bool:
    height = right.bottom - right.top
    middle = (right.top + right.bottom) / 2
    return left.top <= middle <= left.bottom and -height <= right.left - left.right <= height


# --- drawing ----------------------------------------------------------------------------------------------------------


def _marked(image: Any, boxes: Sequence[Box], scale: float) -> Any:
    """The image with the boxes coloured as a marker does: what is dark stays dark."""
    from PIL import Image, ImageChops

    layer = Image.new("RGB", image.size, "white")
    for box in boxes:
        left, top, right, bottom = (round(edge * scale) for edge in box)
        layer.paste(_MARK, (left, top, right, bottom))
    return ImageChops.multiply(image, layer)


def _png(image: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()

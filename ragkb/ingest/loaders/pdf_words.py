"""The words of a PDF page with their places, as PDFium orders them, without those that nobody can see."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pypdfium2.raw as raw

from ragkb.ingest.loaders.hyphens import HYPHEN

_TOKEN = re.compile(f"\r\n|[^\\s{HYPHEN}]*{HYPHEN}|[^\\s{HYPHEN}]+")
_BOLD = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_NAME_LENGTH = 100
_SMALLEST = 1.0  # points; smaller type is for machines
_TRANSPARENT = 26  # of 255
_PALE = 240  # of 255, in each colour
_CONTRAST = 24  # of 255, between the darkest and the lightest point of what can be read
_PIXELS = 4_000_000
_INVISIBLE_MODES = frozenset((raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP))


class Word(NamedTuple):
    """A word and its box in points of the page as it is shown, origin at its lower left. A tuple, for speed."""

    text: str
    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True, slots=True)
class Line:
    """Words of one line, left to right. text: ends in HYPHEN where the line's last word goes on in the next one.

    height: of its first character's type, in points, rounded; 0 where unknown.
    """

    text: str
    words: tuple[Word, ...] = ()
    height: float = 0.0
    is_bold: bool = False

    @property
    def left(self) -> float:
        return self.words[0].left if self.words else 0.0

    @property
    def right(self) -> float:
        return self.words[-1].right if self.words else 0.0

    @property
    def top(self) -> float:
        return self.words[0].top if self.words else 0.0

    @property
    def bottom(self) -> float:
        return self.words[0].bottom if self.words else 0.0


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a page. hidden: words that were left out since nobody sees them. width, height: in points."""

    lines: tuple[Line, ...] = ()
    hidden: int = 0
    width: float = 0.0
    height: float = 0.0


def read(page: Any, text_page: Any) -> Page:
    """The page's lines in PDFium's order. Text that is off the page, tiny, invisible or without contrast is left out.

    Invisible text over a picture of most of the page is what a scanner's OCR wrote: it stays.
    """
    reader = _Reader(page, text_page)
    lines = tuple(reader.lines())
    return Page(lines, reader.hidden, *page.get_size())


def page_text(text_page: Any) -> str:
    """The text of the page as PDFium gives it; HYPHEN where a word is broken at a line end."""
    try:
        text = text_page.get_text_range()
    except AssertionError:  # characters beyond the 16 bits that this call knows
        text = text_page.get_text_bounded()
    return str(text).replace("\ufffe", HYPHEN).replace("\x02", HYPHEN)


def picture_share(page: Any) -> float:
    """The share of the page that its largest picture covers, 0 to 1."""
    left, bottom, right, top = page.get_bbox()
    whole = max((right - left) * (top - bottom), 1.0)
    largest = 0.0
    for item in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
        west, south, east, north = item.get_bounds()
        width, height = min(east, right) - max(west, left), min(north, top) - max(south, bottom)
        largest = max(largest, max(width, 0.0) * max(height, 0.0))
    return min(1.0, float(largest / whole))


def _prototype(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    """The function with addresses as plain integers, which costs a third less a call than typed pointers."""
    return ctypes.CFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


_text_object = _prototype(raw.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_render_mode = _prototype(raw.FPDFTextObj_GetTextRenderMode, ctypes.c_int, ctypes.c_void_p)


class _Reader:
    def __init__(self, page: Any, text_page: Any) -> None:
        self._page = page
        self._handle = text_page.raw
        self._address = ctypes.cast(text_page.raw, ctypes.c_void_p).value
        self._text = page_text(text_page)
        self._is_plain = text_page.count_chars() == len(self._text)
        self._box = page.get_bbox()
        self._rotation = page.get_rotation()
        self._width, self._height = page.get_size()
        self._seen: dict[int | None, bool] = {}
        self._pixels: Any = None
        self._scale = 1.0
        self._is_scan: bool | None = None
        self._rect = raw.FS_RECTF()
        self._colour = tuple(ctypes.c_uint() for _ in range(4))
        self.hidden = 0

    def lines(self) -> Iterator[Line]:
        words: list[Word] = []
        first = -1
        for match in _TOKEN.finditer(self._text):
            token = match[0]
            if token != "\r\n":
                index = self._index(match.start())
                word = self._word(token, index, self._index(match.end() - 1))
                if word:
                    first = index if not words else first
                    words.append(word)
            if words and (token == "\r\n" or token.endswith(HYPHEN)):
                yield self._line(words, first)
                words = []
        if words:
            yield self._line(words, first)

    def _index(self, position: int) -> int:
        """The number of the character at a place of the text; they differ where PDFium leaves characters out."""
        if self._is_plain:
            return position
        return int(raw.FPDFText_GetCharIndexFromTextIndex(self._handle, position))

    def _word(self, token: str, first: int, last: int) -> Word | None:
        """The word, None if nobody sees it."""
        rect = self._rect
        if first < 0 or not raw.FPDFText_GetLooseCharBox(self._handle, first, rect):
            return Word(token, 0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        if last > first and raw.FPDFText_GetLooseCharBox(self._handle, last, rect):
            left, right = min(left, rect.left), max(right, rect.right)
            bottom, top = min(bottom, rect.bottom), max(top, rect.top)
        word = Word(token, *self._upright(left, right, bottom, top))
        if not self._is_seen(word, first):
            self.hidden += 1
            return None
        return word

    def _upright(self, left: float, right: float, bottom: float, top: float) -> tuple[float, float, float, float]:
        """(left, right, bottom, top) on the page as it is shown."""
        x, y, far, high = self._box
        if not self._rotation:
            return left - x, right - x, bottom - y, top - y
        if self._rotation == 90:
            return bottom - y, top - y, far - right, far - left
        if self._rotation == 180:
            return far - right, far - left, high - top, high - bottom
        return high - top, high - bottom, left - x, right - x

    def _line(self, words: list[Word], first: int) -> Line:
        font, flags = ctypes.create_string_buffer(_NAME_LENGTH), ctypes.c_int()
        if first >= 0:
            raw.FPDFText_GetFontInfo(self._handle, first, font, _NAME_LENGTH, flags)
        is_bold = _BOLD.search(font.value) is not None
        text = " ".join([word.text for word in words])
        return Line(text, tuple(words), round(words[0].top - words[0].bottom, 1), is_bold)

    # --- what nobody sees ---------------------------------------------------------------------------------------------

    def _is_seen(self, word: Word, index: int) -> bool:
        if word.left > self._width or word.right < 0 or word.bottom > self._height or word.top < 0:
            return False
        if word.top - word.bottom < _SMALLEST and word.right - word.left < _SMALLEST * len(word.text):
            return False
        item = _text_object(self._address, index)
        state = self._seen.get(item)
        if state is None:
            state = self._seen[item] = item is None or self._is_painted(item, index)
        return state or self._has_contrast(item, word)

    def _is_painted(self, item: int, index: int) -> bool:
        """True if a text object surely shows: neither invisible, nor nearly white, nor nearly transparent."""
        if _render_mode(item) in _INVISIBLE_MODES:
            if self._is_scan is None:
                self._is_scan = picture_share(self._page) > 0.5
            return self._is_scan
        red, green, blue, alpha = self._colour
        if not raw.FPDFText_GetFillColor(self._handle, index, red, green, blue, alpha):
            return True
        pale = min(red.value, green.value, blue.value) >= _PALE
        return not pale and alpha.value >= _TRANSPARENT

    def _has_contrast(self, item: int | None, word: Word) -> bool:
        """True if the page's picture shows something at the place: white letters on a dark ground do."""
        if _render_mode(item) in _INVISIBLE_MODES:
            return False
        if self._pixels is None:
            self._scale = min(2.0, (_PIXELS / max(self._width * self._height, 1.0)) ** 0.5)
            self._pixels = self._page.render(scale=self._scale, grayscale=True).to_numpy()
        rows, scale = self._pixels.shape[0], self._scale
        top, bottom = rows - int(word.top * scale) - 1, rows - int(word.bottom * scale)
        part = self._pixels[max(0, top) : max(0, bottom), max(0, int(word.left * scale)) : int(word.right * scale) + 1]
        return bool(part.size) and int(part.max()) - int(part.min()) >= _CONTRAST

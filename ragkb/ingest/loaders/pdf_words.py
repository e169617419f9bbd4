"""The words of a PDF page with their places, as PDFium orders them, without those that nobody can see."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import pypdfium2.raw as raw

from ragkb.ingest.loaders import pdf_rules
from ragkb.ingest.loaders.hyphens import HYPHEN
from ragkb.ingest.loaders.pdf_lattice import Lattice, lattices
from ragkb.ingest.loaders.pdf_rules import Upright, prototype

_LINE = re.compile(f"[^\\s{HYPHEN}][^\r\n{HYPHEN}]*{HYPHEN}?|{HYPHEN}")
_WORD = re.compile(f"[^\\s{HYPHEN}]*{HYPHEN}|[^\\s{HYPHEN}]+")
_FIGURES = frozenset("0123456789)%—–-")  # a line that ends in one may be a row of a table
_LONGEST_HEADER = 60  # characters of a line that names columns of numbers under it
_DENSE = 0.58  # of the type's height: lines with less a character have no wide space that matters
_SAMPLE = 4
_DRAWN = 100  # shapes; a page with more and no text may have its letters drawn
_FEW = 50  # characters, a stamp or a page number on a scan
_BOLD = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_NAME_LENGTH = 100
_SMALLEST = 1.0  # points; smaller type is for machines
_TRANSPARENT = 26  # of 255
_PALE = 240  # of 255, in each colour
_CONTRAST = 24  # of 255, between the darkest and the lightest point of what can be read
_PIXELS = 4_000_000
_INVISIBLE_MODES = frozenset((raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP))


GAP = 0.9
"""Times the type's height: a wider space parts cells and columns."""


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
    """The lines of a page. hidden: the words that are none of them since nobody sees them. width, height: in points.

    is_picture: it has no text worth the name, but something to see. lattices: what may be ruled tables. values: of form
    fields; remarks: what people wrote on it that nobody sees without asking. Both stand beside the lines.
    """

    lines: tuple[Line, ...] = ()
    hidden: str = ""
    is_picture: bool = False
    width: float = 0.0
    height: float = 0.0
    lattices: tuple[Lattice, ...] = ()
    values: tuple[Word, ...] = ()
    remarks: tuple[str, ...] = ()


def read(page: Any, text_page: Any) -> Page:
    """The page's lines in PDFium's order. Text that is off the page, tiny, invisible or without contrast is left out.

    Invisible text over a picture of most of the page is what a scanner's OCR wrote: it stays.
    """
    reader = _Reader(page, text_page)
    lines = tuple(reader.lines())
    count = sum(len(line.text) for line in lines)
    width, height = page.get_size()
    return Page(lines, reader.hidden_text(), _is_picture(page, lines, count), width, height, reader.lattices)


def _is_picture(page: Any, lines: Sequence[Line], count: int) -> bool:
    if not count:
        return bool(raw.FPDFPage_CountObjects(page.raw) > _DRAWN) or picture_share(page) > 0.1
    return (count < _FEW and picture_share(page) > 0.5) or _is_garbage(lines, count)


def _is_garbage(lines: Sequence[Line], count: int) -> bool:
    """True if a third of the characters are no characters: private use, replacement, control."""
    text = "".join([line.text for line in lines])
    if text.isascii() and text.isprintable():
        return False
    odd = sum(text.count(one) for one in set(text) if unicodedata.category(one)[0] == "C" or one == "\ufffd")
    return odd * 3 > count


def page_text(text_page: Any) -> str:
    """The text of the page as PDFium gives it; HYPHEN where a word is broken at a line end."""
    try:
        text = text_page.get_text_range()
    except AssertionError:  # characters beyond the 16 bits that this call knows
        text = text_page.get_text_bounded()
    return str(text).replace("\ufffe", HYPHEN).replace("\x02", HYPHEN)


def upright(page: Any) -> Upright:
    """What gives (left, right, bottom, top) on the page as it is shown."""
    x, y, far, high = page.get_bbox()
    rotation = page.get_rotation()
    if not rotation:
        return lambda left, right, bottom, top: (left - x, right - x, bottom - y, top - y)
    if rotation == 90:
        return lambda left, right, bottom, top: (bottom - y, top - y, far - right, far - left)
    if rotation == 180:
        return lambda left, right, bottom, top: (far - right, far - left, high - top, high - bottom)
    return lambda left, right, bottom, top: (high - top, high - bottom, left - x, right - x)


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


def _is_wide(words: Sequence[Word]) -> bool:
    """True if a space between two of the words is too wide to be one."""
    return any(b.left - a.right > GAP * (a.top - a.bottom) for a, b in pairwise(words))


_loose_box = prototype(raw.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_text_object = prototype(raw.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_render_mode = prototype(raw.FPDFTextObj_GetTextRenderMode, ctypes.c_int, ctypes.c_void_p)
_fill_colour = prototype(raw.FPDFPageObj_GetFillColor, ctypes.c_int, *[ctypes.c_void_p] * 5)
_font_of = prototype(raw.FPDFTextObj_GetFont, ctypes.c_void_p, ctypes.c_void_p)
_font_name = prototype(raw.FPDFFont_GetBaseFontName, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class _Reader:
    def __init__(self, page: Any, text_page: Any) -> None:
        self._page = page
        self._handle = text_page.raw
        self._address = ctypes.cast(text_page.raw, ctypes.c_void_p).value
        self._text = page_text(text_page)
        self._is_plain = text_page.count_chars() == len(self._text)
        self._upright = upright(page)
        self._width, self._height = page.get_size()
        self._seen: dict[int | None, bool] = {}
        self._is_scan: bool | None = None
        self._is_parted = False
        self._looked_at: dict[int, list[Word]] = {}
        self._moves = bool(page.get_rotation()) or page.get_bbox()[:2] != (0.0, 0.0)
        self._rect = raw.FS_RECTF()
        self._rect_address = ctypes.addressof(self._rect)
        self._bold: dict[int | None, bool] = {}
        self._colour = (ctypes.c_uint * 4)()
        first = ctypes.addressof(self._colour)
        self._colour_places = first, first + 4, first + 8, first + 12
        self._hidden: dict[int, str] = {}  # by the number of the first character
        self.lattices = lattices(pdf_rules.read(page, self._upright))

    def lines(self) -> Iterator[Line]:
        found = [(match.start(), match[0].rstrip(" ")) for match in _LINE.finditer(self._text)]
        self._is_parted = bool(self.lattices) or self._has_gaps(found)
        for number, (position, text) in enumerate(found):
            following = found[number + 1][1] if number + 1 < len(found) else text
            words = self._words(position, text, following[-1] in _FIGURES)
            if words:
                yield self._line(words, self._index(position))

    def hidden_text(self) -> str:
        """The words that nobody sees, in their order."""
        words = " ".join(self._hidden[first] for first in sorted(self._hidden))
        return words.replace(f"{HYPHEN} ", "").replace(HYPHEN, "")

    def _has_gaps(self, lines: Sequence[tuple[int, str]]) -> bool:
        """True if a third of a few long, full lines have a wide space within, as those that run across columns do."""
        long = [line for line in lines if len(line[1]) >= 40 and line[1][-1] not in _FIGURES]
        sample = [line for line in long[:: max(1, len(long) // _SAMPLE)] if self._whole(*line)]
        self._looked_at = {position: self._each_word(position, text) for position, text in sample}
        parted = sum(_is_wide(words) for words in self._looked_at.values())
        return parted * 3 > len(sample)

    def _words(self, position: int, text: str, is_over_figures: bool) -> list[Word]:
        """The line's words; all as one where they surely stand close together, which saves most of the time."""
        if position in self._looked_at:
            return self._looked_at[position]
        is_of_table = text[-1] in _FIGURES or (is_over_figures and len(text) < _LONGEST_HEADER)
        if self._is_parted or not self._is_plain or is_of_table:
            return self._each_word(position, text)
        if not all(self._is_shown(position + match.start()) for match in _WORD.finditer(text)):
            return self._each_word(position, text)
        whole = self._whole(position, text)
        return [whole] if whole else self._each_word(position, text)

    def _whole(self, position: int, text: str) -> Word | None:
        """The line as one word, None where it is so wide that its words may stand apart."""
        whole = self._word(text, self._index(position), self._index(position + len(text) - 1))
        if whole and whole.right - whole.left <= _DENSE * (whole.top - whole.bottom) * len(text):
            return whole
        return None

    def _each_word(self, position: int, text: str) -> list[Word]:
        words = []
        for match in _WORD.finditer(text):
            first, last = position + match.start(), position + match.end() - 1
            word = self._word(match[0], self._index(first), self._index(last))
            if word:
                words.append(word)
        return words

    def _index(self, position: int) -> int:
        """The number of the character at a place of the text; they differ where PDFium leaves characters out."""
        if self._is_plain:
            return position
        return int(raw.FPDFText_GetCharIndexFromTextIndex(self._handle, position))

    def _word(self, token: str, first: int, last: int) -> Word | None:
        """The word, None if nobody sees it. This runs for nearly every word."""
        rect = self._rect
        if first < 0 or not _loose_box(self._address, first, self._rect_address):
            return Word(token, 0.0, 0.0, 0.0, 0.0)
        left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
        if last > first and _loose_box(self._address, last, self._rect_address):
            if rect.right > right:
                right = rect.right
            if rect.bottom != bottom or rect.left < left:
                left, bottom, top = min(left, rect.left), min(bottom, rect.bottom), max(top, rect.top)
        if self._moves:
            left, right, bottom, top = self._upright(left, right, bottom, top)
        word = Word(token, left, right, bottom, top)
        if self._is_on_page(word) and (self._is_shown(first) or self._has_contrast(first, word)):
            return word
        self._hidden[first] = token
        return None

    def _line(self, words: list[Word], first: int) -> Line:
        text = " ".join([word.text for word in words])
        return Line(text, tuple(words), round(words[0].top - words[0].bottom, 1), self._is_bold(first))

    def _is_bold(self, index: int) -> bool:
        """True if the name of a character's font says so."""
        item = _text_object(self._address, index) if index >= 0 else None
        font = _font_of(item) if item else None
        if font not in self._bold:
            name = ctypes.create_string_buffer(_NAME_LENGTH)
            if font:
                _font_name(font, ctypes.addressof(name), _NAME_LENGTH)
            self._bold[font] = _BOLD.search(name.value) is not None
        return self._bold[font]

    # --- what nobody sees ---------------------------------------------------------------------------------------------

    def _is_on_page(self, word: Word) -> bool:
        return word.left <= self._width and word.right >= 0 and word.bottom <= self._height and word.top >= 0

    def _is_shown(self, index: int) -> bool:
        """True if the text object that a character is part of surely shows."""
        item = _text_object(self._address, index)
        state = self._seen.get(item)
        if state is None:
            state = self._seen[item] = item is None or self._is_painted(item, index)
        return state

    def _is_painted(self, item: int, index: int) -> bool:
        """True if a text object is neither tiny, nor invisible, nor nearly white, nor nearly transparent."""
        rect = self._rect
        has_box = _loose_box(self._address, index, self._rect_address)
        if has_box and rect.top - rect.bottom < _SMALLEST and rect.right - rect.left < _SMALLEST:
            return False
        if _render_mode(item) in _INVISIBLE_MODES:
            if self._is_scan is None:
                self._is_scan = picture_share(self._page) > 0.5
            return self._is_scan
        if not _fill_colour(item, *self._colour_places):
            return True
        red, green, blue, alpha = self._colour
        return alpha >= _TRANSPARENT and (red < _PALE or green < _PALE or blue < _PALE)

    def _has_contrast(self, index: int, word: Word) -> bool:
        """True if the page's picture shows something at the place: white letters on a dark ground do."""
        if word.top - word.bottom < _SMALLEST or _render_mode(_text_object(self._address, index)) in _INVISIBLE_MODES:
            return False
        left, right = max(0.0, word.left), min(self._width, word.right)
        bottom, top = max(0.0, word.bottom), min(self._height, word.top)
        if left >= right or bottom >= top:
            return False
        scale = min(1.0, (_PIXELS / ((right - left) * (top - bottom))) ** 0.5)
        edges = (left, bottom, self._width - right, self._height - top)
        pixels = self._page.render(scale=scale, crop=edges, grayscale=True).to_numpy()
        return bool(pixels.size) and int(pixels.max()) - int(pixels.min()) >= _CONTRAST

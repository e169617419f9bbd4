"""PDF: the text of each page by PDFium, headings from the outline or from the type; pypdf for what PDFium refuses."""

from __future__ import annotations

import ctypes
import io
import logging
import re
import statistics
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw as raw

from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.dates import iso_date
from ragkb.ingest.loaders.hyphens import HYPHEN, Hyphens
from ragkb.ingest.normalise import normalise, one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

PDFIUM_LOCK = threading.RLock()
"""PDFium is not thread-safe: whoever calls it holds this lock."""

_WORD_CHARACTER = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(
    r"(?:(?P<one>part|chapter|appendix|annex|schedule)|(?P<two>item|article|section)|(?P<three>note|exhibit))"
    r"\s+(?:\d+[a-z]?|[ivxlc]+)\b.{0,100}|(?P<dots>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+[^\W\d_].{2,80}"
    r"|第[一二三四五六七八九十百\d]{1,4}[章节编条].{0,40}",
    re.IGNORECASE,
)
_ROW = re.compile(r".*(?:[.…]{3,}|\s)[$€£¥]?\s?\(?\d[\d,.]*\)?\s?%?", re.DOTALL)
_SENTENCE_END = re.compile(r"[.,:;!?。，：；！？、]$")
_BOLD = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)
_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page. height, top: of its first character, in points; 0 where unknown."""

    text: str
    height: float = 0.0
    top: float = 0.0
    is_bold: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the outline. page counts from 0, level from 1."""

    page: int
    level: int
    title: str


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft with one page start for every page, also for those without text, which a warning lists."""
    try:
        with PDFIUM_LOCK:
            pages, outline, metadata = _read(data, limits)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise DocumentRefused("encrypted PDF: it needs a password", "save it without a password") from None
        pages, outline, metadata = _read_with_pypdf(data, limits)
    return _build(pages, outline, metadata, limits)


def _build(
    pages: Sequence[list[_Line]], outline: Sequence[_Entry], metadata: dict[str, str], limits: LimitSettings
) -> Draft:
    builder = TextBuilder(limits)
    hyphens = Hyphens(line.text for page in pages for line in page)
    levels = {} if outline else _levels(pages)
    for number, page in enumerate(pages):
        builder.page()
        text, starts = _page_text(page, hyphens)
        entries = [entry for entry in outline if entry.page == number]
        found = _matched(text, entries) if outline else _guessed(text, page, starts, levels)
        builder.lines(text, found)
    empty = [number for number, page in enumerate(pages, 1) if not any(line.text.strip() for line in page)]
    warnings = [f"{_ranges(empty)} gave no text"] if empty else []
    kept: dict[str, Scalar] = {"author": metadata["Author"]} if metadata.get("Author") else {}
    if day := iso_date(metadata.get("ModDate", "")) or iso_date(metadata.get("CreationDate", "")):
        kept["date"] = day
    return builder.build(metadata.get("Title", ""), kept, warnings)


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(data: bytes, limits: LimitSettings) -> tuple[list[list[_Line]], list[_Entry], dict[str, str]]:
    document = pypdfium2.PdfDocument(data)
    try:
        _check_pages(len(document), limits)
        pages, left = [], limits.text_characters
        for index in range(len(document)):
            pages.append(_page(document, index))
            left -= sum(len(line.text) for line in pages[-1])
            if left < 0:
                raise LimitExceeded(f"more than {limits.text_characters} characters", "raise limits.text_characters")
        metadata = {key: one_line(value) for key, value in document.get_metadata_dict().items()}
        return pages, list(_outline(document)), metadata
    finally:
        document.close()


def _check_pages(count: int, limits: LimitSettings) -> None:
    if count > limits.pages:
        raise LimitExceeded(f"{count} pages, the limit is {limits.pages}", "raise limits.pages")


def _page(document: Any, index: int) -> list[_Line]:
    """The lines of a page; none if PDFium cannot load it."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return []
    try:
        text_page = page.get_textpage()
        try:
            return list(_lines(text_page, page.get_bbox()))
        finally:
            text_page.close()
    finally:
        page.close()


def _lines(text_page: Any, box: tuple[float, float, float, float]) -> Iterator[_Line]:
    """The lines that stand on the page, top and height of each by its first character."""
    offset = 0
    left, bottom, right, top = box
    rect, font, flags = raw.FS_RECTF(), ctypes.create_string_buffer(_NAME_LENGTH), ctypes.c_int()
    for text in _text(text_page).split("\r\n"):
        index = raw.FPDFText_GetCharIndexFromTextIndex(text_page.raw, offset + len(text) - len(text.lstrip()))
        offset += len(text) + 2
        if not text.strip():
            continue
        if index < 0 or not raw.FPDFText_GetLooseCharBox(text_page.raw, index, rect):
            yield _Line(text)
        elif rect.left <= right and rect.right >= left and rect.bottom <= top and rect.top >= bottom:
            raw.FPDFText_GetFontInfo(text_page.raw, index, font, _NAME_LENGTH, flags)
            is_bold = _BOLD.search(font.value) is not None
            yield _Line(text, round(abs(rect.top - rect.bottom), 1), rect.top, is_bold)


def _text(text_page: Any) -> str:
    try:
        text = text_page.get_text_range()
    except AssertionError:  # characters beyond the 16 bits that this call knows
        text = text_page.get_text_bounded()
    return str(text).replace("\ufffe", HYPHEN).replace("\x02", HYPHEN)


def _outline(document: Any) -> Iterator[_Entry]:
    for bookmark, _ in zip(document.get_toc(max_depth=10), range(20_000), strict=False):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        title = one_line(bookmark.get_title())
        if index is not None and title:
            yield _Entry(index, bookmark.level + 1, title)


def _read_with_pypdf(data: bytes, limits: LimitSettings) -> tuple[list[list[_Line]], list[_Entry], dict[str, str]]:
    import pypdf

    logging.getLogger("pypdf").addHandler(logging.NullHandler())  # it tells each repair on stderr otherwise
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentRefused("encrypted PDF: it needs a password", "save it without a password")
    _check_pages(len(reader.pages), limits)
    pages = [[_Line(line) for line in page.extract_text().splitlines()] for page in reader.pages]
    if not pages:
        raise DocumentRefused("broken PDF: it has no pages")
    return pages, [], {"Title": one_line((reader.metadata and reader.metadata.title) or "")}


# --- text and headings ------------------------------------------------------------------------------------------------


def _page_text(page: Sequence[_Line], hyphens: Hyphens) -> tuple[str, list[int]]:
    """The page's text in normal form, a blank line where a wide gap is, and the offset of each line."""
    gaps = [page[number - 1].top - page[number].top for number in range(1, len(page))]
    usual = statistics.median([gap for gap in gaps if gap > 1] or [0.0])
    parts: list[str] = []
    starts = []
    length = 0
    for number, line in enumerate(page):
        text = normalise(hyphens.joined(line.text))
        if parts and text:
            gap = gaps[number - 1]
            is_wide = usual > 0 and (gap > max(1.4 * usual, 1.3 * line.height) or gap < -2 * usual)
            parts.append("\n\n" if is_wide else "\n")
            length += len(parts[-1])
        starts.append(length)
        if text:
            parts.append(text)
            length += len(text)
    return "".join(parts), starts


def _matched(text: str, entries: Iterable[_Entry]) -> list[tuple[int, int, str]]:
    """The outline's entries for a page as headings at the lines that hold them; entries without a line are dropped."""
    lines = [(match.start(), _key(match[0])) for match in re.finditer(r"[^\n]+", text)]
    found: dict[int, tuple[int, int, str]] = {}
    for entry in entries:
        key = _key(entry.title)
        for number, (start, line) in enumerate(lines):
            following = lines[number + 1][1] if number + 1 < len(lines) else ""
            if start not in found and key and _is_heading(key, line, following):
                found[start] = (start, entry.level, entry.title)
                break
    return sorted(found.values())


def _is_heading(key: str, line: str, following: str) -> bool:
    """True if a line is a title: it alone, with a number before it, or run over to the next line."""
    if not line:
        return False
    if line == key or (line.endswith(key) and len(line) - len(key) <= 8):
        return True
    return len(line) * 2 > len(key) and key.startswith(line) and (line + following).startswith(key)


def _key(text: str) -> str:
    return "".join(_WORD_CHARACTER.findall(text)).casefold()


def _levels(pages: Sequence[Sequence[_Line]]) -> dict[float, int]:
    """Heading level of each type size that is clearly larger than the body's; the body's own size is level 0.

    A size that only the cover has names no section, unless the document is short.
    """
    characters: Counter[float] = Counter()
    spread: Counter[float] = Counter()
    for page in pages:
        spread.update({line.height for line in page})
        for line in page:
            characters[line.height] += len(line.text)
    del characters[0.0]
    if not characters:
        return {}
    body = characters.most_common(1)[0][0]
    least = 1 if len(pages) <= 3 else max(2, len(pages) // 12)
    most = characters.total() / 5
    sizes = [size for size in characters if size > 1.15 * body and characters[size] < most and spread[size] >= least]
    return {body: 0, **_ranks(sorted(sizes, reverse=True))}


def _ranks(sizes: Iterable[float]) -> dict[float, int]:
    """Level from 1 to 4 of sizes that come largest first; sizes that hardly differ share one."""
    levels: dict[float, int] = {}
    level, last = 0, 0.0
    for size in sizes:
        if not level or size < 0.94 * last:
            level, last = level + 1, size
        levels[size] = min(level, 4)
    return levels


def _guessed(
    text: str, page: Sequence[_Line], starts: Sequence[int], levels: dict[float, int]
) -> list[tuple[int, int, str]]:
    """Lines in large type, and lines in bold type that are numbered or stand apart, as headings."""
    deepest = max(levels.values(), default=0)
    found = []
    for number, (line, start) in enumerate(zip(page, starts, strict=True)):
        end = text.find("\n", start)
        title = text[start : end if end >= 0 else len(text)]
        if not 3 <= len(title) <= 120 or _SENTENCE_END.search(title) or not _key(title).strip("0123456789"):
            continue
        level = levels.get(line.height, 0)
        if not level and line.is_bold and not _ROW.fullmatch(title):
            is_apart = start > 1 and text[start - 2 : start] == "\n\n"
            is_last_bold = number + 1 < len(page) and not page[number + 1].is_bold
            level = _bold_level(title, deepest, is_apart and is_last_bold)
        if level:
            found.append((start, level, title))
    return found


def _bold_level(title: str, deepest: int, stands_apart: bool) -> int:
    """The level of a bold line under headings down to `deepest`; 0 if it is none."""
    match = _NUMBERED.fullmatch(title)
    if match and match["dots"]:
        return deepest + 1 + match["dots"].count(".")
    if match:
        return deepest + (3 if match["three"] else 2 if match["two"] else 1)
    return deepest + 4 if stands_apart and len(title) <= 80 and title[0].isupper() else 0


def _ranges(numbers: Sequence[int]) -> str:
    """'page 3', 'pages 3, 7-9'."""
    parts: list[str] = []
    first = last = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == last + 1:
            last = number
            continue
        parts.append(str(first) if first == last else f"{first}-{last}")
        first = last = number
    return f"page{'s' if len(numbers) > 1 else ''} {', '.join(parts)}"

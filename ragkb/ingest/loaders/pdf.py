"""PDF: text and tables of each page by PDFium, headings from outline or type; pypdf for what PDFium refuses."""

from __future__ import annotations

import io
import logging
import statistics
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pypdfium2
import pypdfium2.raw as raw

from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest import ocr
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.dates import iso_date
from ragkb.ingest.loaders import (
    mail,
    pdf_annotations,
    pdf_columns,
    pdf_contents,
    pdf_furniture,
    pdf_headings,
    pdf_ruled,
    pdf_tables,
    pdf_words,
    pdf_wordy,
)
from ragkb.ingest.loaders.hyphens import HYPHEN, Hyphens
from ragkb.ingest.loaders.mail import Attachment
from ragkb.ingest.loaders.pdf_grid import Grid, continued
from ragkb.ingest.loaders.pdf_headings import Entry
from ragkb.ingest.loaders.pdf_lattice import Lattice
from ragkb.ingest.loaders.pdf_words import Line, Page
from ragkb.ingest.normalise import normalise, one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

PDFIUM_LOCK = threading.RLock()
"""PDFium is not thread-safe: whoever calls it holds this lock."""

_NOTHING_OVER = pdf_annotations.Over()
_OPEN_ENDS = frozenset(",;-–—’)”，、；" + HYPHEN)  # what a line may end in before a sentence goes on
_LONGEST = 4000  # pixels of a page that is drawn to be read


def load(data: bytes, limits: LimitSettings, mode: str, keeps_hidden: bool = False) -> Draft:
    """A Draft with one page start for every page, also for those without text, which a warning lists.

    mode: 'auto', 'on' or 'off': whether pages that are pictures are read by OCR; 'later': they are counted.
    """
    reads = mode != "later" and ocr.enabled(mode)
    scanned = 0
    try:
        with PDFIUM_LOCK:
            pages, outline, metadata, unread = _read(data, limits)
        if reads:
            scanned = _read_pictures(data, pages)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise DocumentRefused("encrypted PDF: it needs a password", "save it without a password") from None
        pages, outline, metadata = _read_with_pypdf(data, limits)
        unread = []
    draft = build(pages, TextBuilder(limits, keeps_hidden), outline, metadata, scanned)
    if unread:
        draft = replace(draft, warnings=(*draft.warnings, f"attachments not read: {', '.join(unread)}"))
    if mode == "later":
        return replace(draft, pictures=sum(page.is_picture for page in pages))
    if not reads and any(page.is_picture and not page.lines for page in pages):
        return replace(draft, warnings=(*draft.warnings, f"pictures of pages were not read: {ocr.why_not(mode)[0]}"))
    return draft


def build(
    pages: Sequence[Page],
    builder: TextBuilder,
    outline: Sequence[Entry] = (),
    metadata: Mapping[str, str] = MappingProxyType({}),
    ocr_pages: int = 0,
) -> Draft:
    """The Draft of pages whose words have places. ocr_pages: how many of them were read from their picture."""
    pages = [replace(page, lines=pdf_annotations.placed(page.lines, page.values)) for page in pages]
    writer = _Writer(builder, pages, outline)
    for number in range(len(pages)):
        writer.page(number)
    kept: dict[str, Scalar] = {"author": metadata["Author"]} if metadata.get("Author") else {}
    if day := iso_date(metadata.get("ModDate", "")) or iso_date(metadata.get("CreationDate", "")):
        kept["date"] = day
    draft = builder.build(metadata.get("Title", ""), kept, _warnings(pages, builder.keeps_hidden))
    return replace(draft, ocr_pages=ocr_pages)


def _warnings(pages: Sequence[Page], keeps_hidden: bool) -> list[str]:
    empty = [number for number, page in enumerate(pages, 1) if not any(line.text.strip() for line in page.lines)]
    hidden = [number for number, page in enumerate(pages, 1) if page.hidden and not keeps_hidden]
    warnings = [f"{_ranges(empty)} gave no text"] if empty else []
    return warnings + ([f"hidden text left out on {_ranges(hidden)}"] if hidden else [])


# --- reading ----------------------------------------------------------------------------------------------------------


def attachments(data: bytes) -> Iterator[Attachment]:
    """The files inside the PDF; none of one that PDFium refuses, as `load` will tell."""
    with PDFIUM_LOCK:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError:
            return
        try:
            yield from pdf_annotations.attachments(document)
        finally:
            document.close()


def _read(data: bytes, limits: LimitSettings) -> tuple[list[Page], list[Entry], dict[str, str], list[str]]:
    """(pages, outline, metadata, names of the attachments whose format is not read)."""
    document = pypdfium2.PdfDocument(data)
    try:
        _check_pages(len(document), limits)
        document.init_forms()
        pages, left = [], limits.text_characters
        for index in range(len(document)):
            pages.append(_page(document, index))
            left -= sum(len(line.text) for line in pages[-1].lines)
            if left < 0:
                raise LimitExceeded(f"more than {limits.text_characters} characters", "raise limits.text_characters")
        metadata = {key: one_line(value) for key, value in document.get_metadata_dict().items()}
        hanging = pdf_annotations.attachments(document) if mail.FILE_IN_PDF in data else ()
        unread = [one.name or "without a name" for one in hanging if not mail.is_read(one)]
        return pages, list(_outline(document)), metadata, unread
    finally:
        document.close()


def _check_pages(count: int, limits: LimitSettings) -> None:
    if count > limits.pages:
        raise LimitExceeded(f"{count} pages, the limit is {limits.pages}", "raise limits.pages")


def _page(document: Any, index: int) -> Page:
    """The lines of a page; none if PDFium cannot load it."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return Page()
    try:
        text_page = page.get_textpage()
        try:
            found = pdf_words.read(page, text_page)
            over = pdf_annotations.read(page, document.formenv, pdf_words.upright(page))
            return replace(found, values=over.values, remarks=over.remarks) if over != _NOTHING_OVER else found
        finally:
            text_page.close()
    finally:
        page.close()


def _read_pictures(data: bytes, pages: list[Page]) -> int:
    """Reads the pages that are pictures, in place; gives how many had text. The lock is held to draw, not to read."""
    wanted = [index for index, page in enumerate(pages) if page.is_picture]
    if not wanted:
        return 0
    read = 0
    with PDFIUM_LOCK:
        document = pypdfium2.PdfDocument(data)
    try:
        for index in wanted:
            page = pages[index]
            with PDFIUM_LOCK:
                pixels = _drawn(document, index)
            lines = ocr.read(pixels, page.height)
            if sum(len(line.text) for line in lines) > sum(len(line.text) for line in page.lines):
                pages[index] = replace(page, lines=lines)
                read += 1
    finally:
        with PDFIUM_LOCK:
            document.close()
    return read


def _drawn(document: Any, index: int) -> Any:
    """The page's picture: uint8, shape (rows, columns, 3), red first."""
    page = document[index]
    try:
        width, height = page.get_size()
        scale = min(ocr.DPI / 72, _LONGEST / max(width, height, 1.0))
        bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
        pixels = bitmap.to_numpy()[:, :, :3].copy()
        bitmap.close()
        return pixels
    finally:
        page.close()


def _outline(document: Any) -> Iterator[Entry]:
    for bookmark, _ in zip(document.get_toc(max_depth=10), range(20_000), strict=False):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination else None
        title = one_line(bookmark.get_title())
        if index is not None and title:
            yield Entry(index, bookmark.level + 1, title)


def _read_with_pypdf(data: bytes, limits: LimitSettings) -> tuple[list[Page], list[Entry], dict[str, str]]:
    import pypdf

    logging.getLogger("pypdf").addHandler(logging.NullHandler())  # it tells each repair on stderr otherwise
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentRefused("encrypted PDF: it needs a password", "save it without a password")
    _check_pages(len(reader.pages), limits)
    pages = [Page(tuple(Line(line) for line in page.extract_text().splitlines())) for page in reader.pages]
    if not pages:
        raise DocumentRefused("broken PDF: it has no pages")
    return pages, [], {"Title": one_line((reader.metadata and reader.metadata.title) or "")}


# --- writing ----------------------------------------------------------------------------------------------------------


class _Writer:
    """Writes page after page into a TextBuilder, with what only the whole document tells."""

    def __init__(self, builder: TextBuilder, pages: Sequence[Page], outline: Sequence[Entry]) -> None:
        self.builder = builder
        self._hidden = [(page.hidden, *page.remarks) if builder.keeps_hidden else () for page in pages]
        kept = pdf_furniture.without(pages)
        self._pages: list[list[list[Line] | Grid]] = []
        for page, lines in zip(pages, kept, strict=True):
            last = self._pages[-1][-1:] if self._pages else []
            self._pages.append(_blocks(lines, page.lattices, last[0] if last and isinstance(last[0], Grid) else None))
        self._goes_on = [_goes_on(*pair) for pair in zip([[], *self._pages], self._pages, strict=False)]
        for number in (number for number, goes_on in enumerate(self._goes_on) if goes_on):
            _carry(self._pages[number - 1], self._pages[number])
        text = [[line for block in page if isinstance(block, list) for line in block] for page in self._pages]
        self._hyphens = Hyphens(line.text for lines in text for line in lines)
        self._outline = outline
        self._levels = {} if outline else pdf_headings.levels(text)

    def page(self, number: int) -> None:
        self.builder.page(self._goes_on[number] and not any(self._hidden[number - 1]))
        entries = [entry for entry in self._outline if entry.page == number]
        for block in self._pages[number]:
            if isinstance(block, Grid):
                self._table(block)
            else:
                entries = self._text(block, entries)
        for text in self._hidden[number]:
            self.builder.hidden(text)

    def _table(self, grid: Grid) -> None:
        """A table, or lines where nothing names its columns: whoever reads a row would take the first one for names."""
        rows = [[self._hyphens.joined(cell) for cell in row] for row in grid.rows]
        if grid.columns:
            self.builder.table(rows, grid.has_header, [self._hyphens.joined(name) for name in grid.names])
            return
        for row in rows:
            self.builder.line(" ".join(filter(None, row)))

    def _text(self, lines: Sequence[Line], entries: list[Entry]) -> list[Entry]:
        """Writes lines and gives the entries of the outline that were not among them."""
        text, starts = _block_text(lines, self._hyphens)
        if self._outline:
            headings = pdf_headings.matched(text, entries)
        else:
            headings = pdf_headings.guessed(text, lines, starts, self._levels)
        contents = pdf_contents.find(text)
        headings = [found for found in headings if not any(start <= found[0] < end for start, end in contents)]
        self.builder.lines(text, headings, contents)
        found = {title for _, _, title in headings}
        return [entry for entry in entries if entry.title not in found]


def _blocks(lines: Sequence[Line], lattices: Sequence[Lattice], before: Grid | None) -> list[list[Line] | Grid]:
    """The page in reading order: stretches of text, and tables. before: the table that ends the page before."""
    tables, rest = pdf_ruled.take(lines, lattices)
    found: list[list[Line] | Grid] = []
    for part in pdf_ruled.placed(pdf_columns.zones(rest), tables):
        found += [part] if isinstance(part, Grid) else _set_by_place(part, None if found else before)
    if before and found and isinstance(found[0], Grid):
        found[0] = continued(before, found[0])
    return found


def _set_by_place(lines: Sequence[Line], before: Grid | None) -> Iterator[list[Line] | Grid]:
    """Stretches of text, tables of numbers, and tables of words. before: the table that these lines may go on."""
    for block in pdf_tables.blocks(pdf_contents.entries(lines)):
        for part in [block] if isinstance(block, Grid) else pdf_wordy.blocks(block, before):
            yield part if isinstance(part, Grid) else list(_whole(part))
        before = None


def _goes_on(before: Sequence[list[Line] | Grid], after: Sequence[list[Line] | Grid]) -> bool:
    """True if a sentence runs from the last line of a page to the first line of the next."""
    last, first = (before[-1] if before else []), (after[0] if after else [])
    if isinstance(last, Grid) or isinstance(first, Grid) or not last or not first:
        return False
    end, start = last[-1].text.strip(), first[0].text.strip()
    if not end or not start or last[-1].height != first[0].height or last[-1].is_bold != first[0].is_bold:
        return False
    is_open = end[-1].isalpha() or end[-1] in _OPEN_ENDS
    return is_open and (start[0].islower() or (start[0] > "\u2e80" and end[-1] > "\u2e80"))


def _carry(before: list[list[Line] | Grid], after: list[list[Line] | Grid]) -> None:
    """Moves the rest of a word that is broken between two pages to the page on which it begins."""
    last, first = before[-1], after[0]
    if isinstance(last, Grid) or isinstance(first, Grid) or not last[-1].text.endswith(("-", HYPHEN)):
        return
    rest, _, text = first[0].text.partition(" ")
    last[-1] = replace(last[-1], text=last[-1].text[:-1] + HYPHEN + rest)
    first[:1] = [replace(first[0], text=text)] if text else []


def _whole(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, one whose last word goes on joined to the line in which it does."""
    held: Line | None = None
    for line in lines:
        line = replace(held, text=held.text + line.text) if held else line
        held = line if line.text.endswith(HYPHEN) else None
        if not held:
            yield line
    if held:
        yield held


def _block_text(lines: Sequence[Line], hyphens: Hyphens) -> tuple[str, list[int]]:
    """The text in normal form, a blank line where a wide gap is, and the offset of each line."""
    gaps = [lines[number - 1].top - lines[number].top for number in range(1, len(lines))]
    usual = statistics.median([gap for gap in gaps if gap > 1] or [0.0])
    parts: list[str] = []
    starts = []
    length = 0
    for number, line in enumerate(lines):
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

"""What stands at one height of a PDF page as a row of cells, a number with its sign and its footnote as one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragkb.ingest.loaders.pdf_columns import cells
from ragkb.ingest.loaders.pdf_words import Line

_CURRENCY = r"(?:[A-Z]{0,3}[$€£¥₹]|USD|EUR|GBP|CNY|RMB|CHF|JPY)"
_OPENS = re.compile(rf"(?:{_CURRENCY}\s?)?\(?(?:{_CURRENCY})?|\(")
_CLOSES = re.compile(r"[)%*†‡]+|bps|pts|x")
_MARK = re.compile(r"(?:\(\d\))+|[®™*†‡]+|\d")  # of a footnote
_NUMBER = re.compile(
    rf"(?:{_CURRENCY}\s?)?[(\[]?(?:{_CURRENCY}\s?)?[-–—−+]?\d[\d,.' ]*(?:%|x|bps|pts)?[)\]]?\s?(?:%|\(\d\)|[*†‡])*"
    rf"|(?:{_CURRENCY}\s?)?[(]?[-–—−]+[)]?\s?%?|n/?[am]|nm|\*",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\d[\d,.]*%\s?–\s?\d[\d,.]*%|(?:19|20)\d\d\s?–\s?(?:19|20)\d\d")
YEAR = re.compile(r"(?:FY\s?)?(?:19|20)\d\d[AE*]?")
_PERIODS = re.compile(r"((?:Three|Six) Months Ended .{3,20}) ((?:Six|Nine|Twelve) Months Ended .{3,20})")


@dataclass(frozen=True, slots=True)
class Cell:
    """Text in one row. line: the number of the line it comes from."""

    text: str
    left: float
    right: float
    line: int
    is_number: bool

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Row:
    """Cells at one height, left to right."""

    cells: tuple[Cell, ...]
    middle: float
    height: float

    @property
    def numbers(self) -> tuple[Cell, ...]:
        """The numbers right of the row's label."""
        return tuple(cell for cell in self.cells[1:] if cell.is_number)

    @property
    def is_years(self) -> bool:
        """True if all numbers are years: a header, not data."""
        numbers = self.numbers
        return bool(numbers) and all(YEAR.fullmatch(cell.text) for cell in numbers)


def rows_of(lines: Sequence[Line]) -> list[Row]:
    """The rows from top to bottom: what stands at one height, from whatever lines it comes."""
    placed = sorted(
        ((line.top + line.bottom) / 2, line.top - line.bottom, number)
        for number, line in enumerate(lines)
        if line.words
    )
    groups: list[list[tuple[float, float, int]]] = []
    for item in reversed(placed):
        if groups and groups[-1][0][0] - item[0] <= 0.35 * max(item[1], groups[-1][0][1]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [_row(group, lines) for group in groups]


def _row(group: Sequence[tuple[float, float, int]], lines: Sequence[Line]) -> Row:
    parts = [part for _, _, number in group for part in _cells(lines[number], number)]
    parts.sort(key=lambda cell: cell.left)
    return Row(tuple(_joined(parts, group[0][1])), group[0][0], group[0][1])


def _cells(line: Line, number: int) -> Iterator[Cell]:
    """The line's cells; a number that ends a cell of words stays in it, numbers beside each other are parted."""
    for words in cells(line):
        text = " ".join([word.text for word in words])
        parts = [words]
        if " " in text and not _RANGE.fullmatch(text):
            parts = [[word] for word in words] if all(_is_figure(word.text) for word in words) else [words]
        for part in parts:
            text = " ".join([word.text for word in part])
            is_number = (_NUMBER.fullmatch(text) or _RANGE.fullmatch(text)) is not None
            yield from _periods(Cell(text, part[0].left, part[-1].right, number, is_number))


def _periods(cell: Cell) -> Iterator[Cell]:
    """The cell; two where it names two periods with no gap between them, by their share of its letters."""
    found = _PERIODS.fullmatch(cell.text)
    if not found:
        yield cell
        return
    middle = cell.left + (cell.right - cell.left) * len(found[1]) / len(cell.text)
    yield replace(cell, text=found[1], right=middle)
    yield replace(cell, text=found[2], left=middle)


def _is_figure(text: str) -> bool:
    """True for a number and for what belongs to one; not for the day of a date, which the year follows."""
    is_number = _NUMBER.fullmatch(text) is not None and not text.endswith(",")
    return is_number or _OPENS.fullmatch(text) is not None or _CLOSES.fullmatch(text) is not None


def _joined(parts: Sequence[Cell], height: float) -> Iterator[Cell]:
    """The cells with a currency sign joined to its number, and footnote marks and what closes a number to theirs."""
    held: Cell | None = None
    for cell in parts:
        if held is not None and _belong(held, cell, height):
            glue = "" if held.is_number or (cell.is_number and _OPENS.fullmatch(held.text)) else " "
            is_number = glue == "" or held.is_number
            held = Cell(held.text + glue + cell.text, held.left, cell.right, held.line, is_number)
            continue
        if held is not None:
            yield held
        held = cell
    if held is not None:
        yield held


def _belong(held: Cell, cell: Cell, height: float) -> bool:
    """True if two neighbouring cells are one."""
    gap = cell.left - held.right
    if cell.text == ":" and not held.is_number:
        return gap < 1.2 * height
    if cell.is_number and _OPENS.fullmatch(held.text):
        return True
    if _MARK.fullmatch(cell.text) and gap < (0.2 if held.is_number else 1.2) * height:
        return True
    return held.is_number and gap < 2.5 * height and _CLOSES.fullmatch(cell.text) is not None

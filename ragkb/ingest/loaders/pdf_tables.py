"""Tables that a PDF page sets by place alone: a label and numbers under each other, as financial statements have them.

A table is taken as one only where its numbers stand in columns over several rows; everything else stays lines of text.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ragkb.ingest.loaders.hyphens import HYPHEN
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
_YEAR = re.compile(r"(?:FY\s?)?(?:19|20)\d\d[AE*]?")
_PERIODS = re.compile(r"((?:Three|Six) Months Ended .{3,20}) ((?:Six|Nine|Twelve) Months Ended .{3,20})")
_REMARK = re.compile(r"\(.*\)")  # (In millions)
_LEAST_ROWS = 3
_MOST_HEADER_ROWS = 6


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its rows, the first of them the header if has_header."""

    rows: tuple[tuple[str, ...], ...]
    has_header: bool


@dataclass(frozen=True, slots=True)
class _Cell:
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
class _Row:
    """Cells at one height, left to right."""

    cells: tuple[_Cell, ...]
    middle: float
    height: float

    @property
    def numbers(self) -> tuple[_Cell, ...]:
        """The numbers right of the row's label."""
        return tuple(cell for cell in self.cells[1:] if cell.is_number)

    @property
    def is_years(self) -> bool:
        """True if all numbers are years: a header, not data."""
        numbers = self.numbers
        return bool(numbers) and all(_YEAR.fullmatch(cell.text) for cell in numbers)


@dataclass(slots=True)
class _Region:
    """Rows first to last of a page that belong to one table, and (left, right) of its columns of numbers."""

    first: int
    last: int
    columns: list[tuple[float, float]] = field(default_factory=list)
    numbers: int = 0
    rows: int = 0


def blocks(lines: Sequence[Line]) -> list[list[Line] | Grid]:
    """The lines in their order, with a Grid in the place of those that are a table."""
    if sum(len(line.words) > 1 for line in lines) < 2:
        return [list(lines)]
    rows = _rows(lines)
    grids: dict[int, Grid] = {}
    taken: set[int] = set()
    floor = 0
    for region in _regions(rows):
        labels = _labels_start(rows, region, floor)
        start = _header_start(rows, labels, region, floor)
        region.first = labels if start < labels else region.first
        start = min(start, region.first)
        floor = region.last + 1
        used = {cell.line for row in rows[start : region.last + 1] for cell in row.cells}
        grids[min(used)] = _grid(rows, start, region)
        taken |= used
    return list(_placed(lines, grids, taken))


def _placed(lines: Sequence[Line], grids: dict[int, Grid], taken: set[int]) -> Iterator[list[Line] | Grid]:
    text: list[Line] = []
    for number, line in enumerate(lines):
        if number in grids:
            if text:
                yield text
                text = []
            yield grids[number]
        elif number not in taken:
            text.append(line)
    if text:
        yield text


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(lines: Sequence[Line]) -> list[_Row]:
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


def _row(group: Sequence[tuple[float, float, int]], lines: Sequence[Line]) -> _Row:
    parts = [part for _, _, number in group for part in _cells(lines[number], number)]
    parts.sort(key=lambda cell: cell.left)
    return _Row(tuple(_joined(parts, group[0][1])), group[0][0], group[0][1])


def _cells(line: Line, number: int) -> Iterator[_Cell]:
    """The line's cells; a number that ends a cell of words stays in it, numbers beside each other are parted."""
    for words in cells(line):
        text = " ".join([word.text for word in words])
        parts = [words]
        if " " in text and not _RANGE.fullmatch(text):
            parts = [[word] for word in words] if all(_is_figure(word.text) for word in words) else [words]
        for part in parts:
            text = " ".join([word.text for word in part])
            is_number = (_NUMBER.fullmatch(text) or _RANGE.fullmatch(text)) is not None
            yield from _periods(_Cell(text, part[0].left, part[-1].right, number, is_number))


def _periods(cell: _Cell) -> Iterator[_Cell]:
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


def _joined(parts: Sequence[_Cell], height: float) -> Iterator[_Cell]:
    """The cells with a currency sign joined to its number, and footnote marks and what closes a number to theirs."""
    held: _Cell | None = None
    for cell in parts:
        if held is not None and _belong(held, cell, height):
            glue = "" if held.is_number or (cell.is_number and _OPENS.fullmatch(held.text)) else " "
            is_number = glue == "" or held.is_number
            held = _Cell(held.text + glue + cell.text, held.left, cell.right, held.line, is_number)
            continue
        if held is not None:
            yield held
        held = cell
    if held is not None:
        yield held


def _belong(held: _Cell, cell: _Cell, height: float) -> bool:
    """True if two neighbouring cells are one."""
    gap = cell.left - held.right
    if cell.is_number and _OPENS.fullmatch(held.text):
        return True
    if _MARK.fullmatch(cell.text) and gap < (0.2 if held.is_number else 1.2) * height:
        return True
    return held.is_number and gap < 2.5 * height and _CLOSES.fullmatch(cell.text) is not None


# --- regions ----------------------------------------------------------------------------------------------------------


def _regions(rows: Sequence[_Row]) -> Iterator[_Region]:
    """The stretches of rows that surely are a table."""
    region: _Region | None = None
    for number, row in enumerate(rows):
        if region and not _goes_on(rows, region, number):
            if _is_table(region, rows):
                yield region
            region = None
        if _is_data(row, region):
            columns = _widened(region.columns if region else [], row)
            if columns is None:
                if region and _is_table(region, rows):
                    yield region
                region, columns = None, _widened([], row)
            if columns is not None:
                region = region or _Region(number, number)
                region.last, region.columns = number, columns
                region.rows += 1
                region.numbers += len(_figures(row, columns))
    if region and _is_table(region, rows):
        yield region


def _goes_on(rows: Sequence[_Row], region: _Region, number: int) -> bool:
    """True if the row can be one of the region: data, or a label that keeps left of the numbers."""
    row, above = rows[number], rows[number - 1]
    if above.middle - row.middle > 3.2 * max(row.height, above.height) or row.is_years:
        return False
    if number - region.last > 4:
        return False
    if _is_data(row, region):
        return True
    first = region.columns[0][0]
    is_one = len(row.cells) == 1 or len(region.columns) > 1
    return is_one and all(cell.right <= first + 2 and not cell.is_number for cell in row.cells)


def _is_data(row: _Row, region: _Region | None) -> bool:
    """True if the row has numbers right of its label, or numbers alone under those of the region."""
    if row.is_years:
        return False
    return bool(row.numbers or (region and row.cells[0].is_number and _figures(row, region.columns)))


def _figures(row: _Row, columns: Sequence[tuple[float, float]]) -> tuple[_Cell, ...]:
    """The row's numbers; its first cell is one only if it stands in a column of numbers, else it is a label."""
    first = row.cells[0]
    is_figure = first.is_number and bool(columns) and first.right > columns[0][0]
    return (first, *row.numbers) if is_figure else row.numbers


def _widened(columns: Sequence[tuple[float, float]], row: _Row) -> list[tuple[float, float]] | None:
    """The columns with the row's numbers in them; None if a number lies in two or two numbers in one."""
    result = list(columns)
    filled: set[int] = set()
    for cell in _figures(row, columns):
        hits = [n for n, (left, right) in enumerate(result) if cell.left < right and cell.right > left]
        if len(hits) > 1 or (hits and hits[0] in filled):
            return None
        if hits:
            left, right = result[hits[0]]
            result[hits[0]] = (min(left, cell.left), max(right, cell.right))
            filled.add(hits[0])
        else:
            place = sum(left < cell.left for left, _ in result)
            result.insert(place, (cell.left, cell.right))
            filled = {n + (n >= place) for n in filled} | {place}
    label = row.cells[0]
    if result and label.left < result[0][0] and label.right > result[0][1]:
        return None
    return result


def _is_table(region: _Region, rows: Sequence[_Row]) -> bool:
    """True if enough numbers stand under each other: a list of pages or a few lines with a number do not count."""
    if region.rows < 2 or (region.rows < _LEAST_ROWS and len(region.columns) < 2):
        return False
    if region.numbers < 0.4 * region.rows * len(region.columns):
        return False
    return not _is_contents(
        [row.numbers[-1].text for row in rows[region.first : region.last + 1] if row.numbers], region
    )


def _is_contents(last: Sequence[str], region: _Region) -> bool:
    """True for one column of whole numbers that never fall: pages of a table of contents."""
    if len(region.columns) > 1 or not all(text.isdecimal() and len(text) <= 4 for text in last):
        return False
    numbers = [int(text) for text in last]
    return len(numbers) >= _LEAST_ROWS and numbers == sorted(numbers)


# --- header and text --------------------------------------------------------------------------------------------------


def _labels_start(rows: Sequence[_Row], region: _Region, floor: int) -> int:
    """The first of the rows right above the region that are labels alone, such as `Net sales:`."""
    start = region.first
    while start > floor and region.first - start < 4 and _is_near(rows, start):
        cells_ = rows[start - 1].cells
        if len(cells_) > 1 or cells_[0].right > region.columns[0][0] + 2 or len(cells_[0].text) > 90:
            break
        start -= 1
    return start


def _header_start(rows: Sequence[_Row], start: int, region: _Region, floor: int) -> int:
    """The first row of the region's header: rows above it that stand over its columns, and those between."""
    first = region.columns[0][0] - 0.5 * _pitch(region.columns)
    labels = max(_labels(row, region) for row in rows[region.first : region.last + 1])
    lowest = row = start
    while row > floor and lowest - row < _MOST_HEADER_ROWS and _is_near(rows, row):
        over = [cell for cell in rows[row - 1].cells if cell.left >= first and cell.right > region.columns[0][0]]
        beside = [cell for cell in rows[row - 1].cells if cell not in over]
        is_between = not over and len(beside) < labels and start < lowest and _is_near(rows, row, 1.6)
        if not (over or is_between) or len(beside) > labels or _is_sentence(over):
            break
        if over and beside and beside[-1].right > over[0].left:
            break
        row -= 1
        start = row if over else start
    return start


def _labels(row: _Row, region: _Region) -> int:
    """How many cells of words stand left of the row's numbers, at least one; one for a single column of numbers."""
    if len(region.columns) == 1:
        return 1
    return max(1, sum(cell.right <= region.columns[0][0] + 2 for cell in row.cells))


def _is_near(rows: Sequence[_Row], number: int, most: float = 2.8) -> bool:
    """True if the row above stands close to this one, `most` heights at most."""
    row, below = rows[number - 1], rows[number]
    return row.middle - below.middle <= most * max(row.height, below.height)


def _is_sentence(over: Sequence[_Cell]) -> bool:
    return any(len(cell.text) > 100 or (cell.text.endswith((".", ":", ";")) and len(cell.text) > 30) for cell in over)


def _pitch(columns: Sequence[tuple[float, float]]) -> float:
    """The usual distance between the middles of neighbouring columns."""
    middles = [(left + right) / 2 for left, right in columns]
    gaps = [middles[n] - middles[n - 1] for n in range(1, len(middles))]
    return statistics.median(gaps) if gaps else 60.0


def _grid(rows: Sequence[_Row], start: int, region: _Region) -> Grid:
    lines = _texts(rows[region.first : region.last + 1], region.columns)
    width = max(map(len, lines))
    header = _header(rows[start : region.first], region.columns)
    if any(header):
        lines.insert(0, header)
    return Grid(tuple(tuple(line + [""] * (width - len(line))) for line in lines), any(header))


def _header(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> list[str]:
    """One name for each column: what stands over it, from top to bottom; a cell over several columns names each."""
    names: list[list[str]] = [[] for _ in range(len(columns) + 1)]
    edge = columns[0][0]
    wide = [cell for row in rows for cell in row.cells if cell.left <= edge < cell.right]
    for row in rows:
        if len(row.cells) == 1 and _REMARK.fullmatch(row.cells[0].text):
            names[0].append(row.cells[0].text)
            continue
        cells_ = [_under(cell, wide) for cell in row.cells]
        over = [cell for cell in cells_ if cell.right > edge]
        names[0] += [cell.text for cell in cells_ if cell.right <= edge]
        for name, cell in zip(names[1:], _spread(over, columns), strict=True):
            name += [cell.text] if cell else []
    _share_periods(names[1:])
    return [" ".join(name).replace(HYPHEN, "-") for name in names]


def _share_periods(names: Sequence[list[str]]) -> None:
    """Gives what stands over the last of some years to all: `Three Months Ended` set flush right over 2023 and 2022."""
    is_year = [bool(name) and _YEAR.fullmatch(name[-1]) is not None for name in names]
    if not any(is_year) or not all(len(name) > 1 for name, year, after in _with_next(names, is_year) if year > after):
        return
    for number in reversed(range(len(names) - 1)):
        own, right = names[number][:-1], names[number + 1][:-1]
        if is_year[number] and is_year[number + 1] and own == right[: len(own)]:
            names[number][:-1] = right


def _with_next(names: Sequence[list[str]], is_year: Sequence[bool]) -> Iterator[tuple[list[str], bool, bool]]:
    """Each name, whether it ends in a year, and whether the next does."""
    yield from zip(names, is_year, [*is_year[1:], False], strict=True)


def _under(cell: _Cell, wide: Sequence[_Cell]) -> _Cell:
    """The cell; as wide as another part of the first column's name if it stands in the middle under or over that."""
    for other in wide:
        if abs(cell.middle - other.middle) < 4:
            return replace(cell, left=min(cell.left, other.left), right=max(cell.right, other.right))
    return cell


def _spread(over: Sequence[_Cell], columns: Sequence[tuple[float, float]]) -> list[_Cell | None]:
    """The cell of a header row that stands over each column, None where none does.

    Cells that divide the columns evenly, each in the middle of its share, name all of it; so does one that stands
    between two columns.
    """
    middles = [(left + right) / 2 for left, right in columns]
    reach = 0.35 * _pitch(columns)
    share, rest = divmod(len(columns), max(len(over), 1))
    if over and share > 1 and not rest:
        groups = [middles[n * share : (n + 1) * share] for n in range(len(over))]
        if all(abs(cell.middle - statistics.mean(group)) <= reach for cell, group in zip(over, groups, strict=True)):
            return [over[n // share] for n in range(len(columns))]
    result: list[_Cell | None] = []
    for number, (left, right) in enumerate(columns):
        near = [
            cell
            for cell in over
            if any(
                abs(cell.middle - (middles[number] + middles[other]) / 2) <= reach
                for other in (number - 1, number + 1)
                if 0 <= other < len(columns)
            )
            and not any(left - 2 <= cell.left and cell.right <= right + 2 for left, right in columns)
        ]
        standing = [cell for cell in over if cell.left < right and cell.right > left]
        result.append(max(standing, key=lambda cell: -_distance(cell, left, right), default=near[0] if near else None))
    return result


def _distance(cell: _Cell, left: float, right: float) -> float:
    """How far a cell is from standing over a column: below 0 where it does, the more the better."""
    overlap = min(cell.right, right) - max(cell.left, left)
    if overlap > 0:
        return -overlap
    middle = (left + right) / 2
    return max(cell.left - middle, middle - cell.right, 0.0)


def _texts(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> list[list[str]]:
    """The rows as text, a label that runs over two rows joined."""
    lines: list[list[str]] = []
    for number, row in enumerate(rows):
        line = [""] * (len(columns) + 1)
        for cell in row.cells:
            place = _place(cell, columns)
            line[place] = f"{line[place]} {cell.text}".strip()
        is_tail = lines and not any(lines[-1][1:]) and line[0][:1].islower()
        if is_tail and rows[number - 1].middle - row.middle <= 1.6 * row.height:
            line[0] = f"{lines[-1][0]} {line[0]}"
            lines[-1] = line
        else:
            lines.append(line)
    return [[text.replace(f"{HYPHEN} ", HYPHEN) for text in line] for line in lines]


def _place(cell: _Cell, columns: Sequence[tuple[float, float]]) -> int:
    """The column of a cell, from 1; 0 for a label."""
    if cell.right <= columns[0][0] or (not cell.is_number and cell.left < columns[0][0] - 1):
        return 0
    distances = [_distance(cell, left, right) for left, right in columns]
    return 1 + distances.index(min(distances))

"""What names the columns of a table of numbers on a PDF page: the rows over them."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ragkb.ingest.loaders.hyphens import HYPHEN
from ragkb.ingest.loaders.pdf_regions import Region
from ragkb.ingest.loaders.pdf_rows import YEAR, Cell, Row

_REMARK = re.compile(r"\(.*\)")  # (In millions)
_MOST_HEADER_ROWS = 6


def labels_start(rows: Sequence[Row], region: Region, floor: int) -> int:
    """The first of the rows right above the region that are labels alone, such as `Net sales:`."""
    start = region.first
    while start > floor and region.first - start < 4 and _is_near(rows, start):
        cells_ = rows[start - 1].cells
        if len(cells_) > 1 or cells_[0].right > region.columns[0][0] + 2 or len(cells_[0].text) > 90:
            break
        start -= 1
    return start


def header_start(rows: Sequence[Row], start: int, region: Region, floor: int) -> int:
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


def _labels(row: Row, region: Region) -> int:
    """How many cells of words stand left of the row's numbers, at least one; one for a single column of numbers."""
    if len(region.columns) == 1:
        return 1
    return max(1, sum(cell.right <= region.columns[0][0] + 2 for cell in row.cells))


def _is_near(rows: Sequence[Row], number: int, most: float = 2.8) -> bool:
    """True if the row above stands close to this one, `most` heights at most."""
    row, below = rows[number - 1], rows[number]
    return row.middle - below.middle <= most * max(row.height, below.height)


def _is_sentence(over: Sequence[Cell]) -> bool:
    return any(len(cell.text) > 100 or (cell.text.endswith((".", ":", ";")) and len(cell.text) > 30) for cell in over)


def _pitch(columns: Sequence[tuple[float, float]]) -> float:
    """The usual distance between the middles of neighbouring columns."""
    middles = [(left + right) / 2 for left, right in columns]
    gaps = [middles[n] - middles[n - 1] for n in range(1, len(middles))]
    return statistics.median(gaps) if gaps else 60.0


def header(rows: Sequence[Row], columns: Sequence[tuple[float, float]]) -> list[str]:
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
    is_year = [bool(name) and YEAR.fullmatch(name[-1]) is not None for name in names]
    if not any(is_year) or not all(len(name) > 1 for name, year, after in _with_next(names, is_year) if year > after):
        return
    for number in reversed(range(len(names) - 1)):
        own, right = names[number][:-1], names[number + 1][:-1]
        if is_year[number] and is_year[number + 1] and own == right[: len(own)]:
            names[number][:-1] = right


def _with_next(names: Sequence[list[str]], is_year: Sequence[bool]) -> Iterator[tuple[list[str], bool, bool]]:
    """Each name, whether it ends in a year, and whether the next does."""
    yield from zip(names, is_year, [*is_year[1:], False], strict=True)


def _under(cell: Cell, wide: Sequence[Cell]) -> Cell:
    """The cell; as wide as another part of the first column's name if it stands in the middle under or over that."""
    for other in wide:
        if abs(cell.middle - other.middle) < 4:
            return replace(cell, left=min(cell.left, other.left), right=max(cell.right, other.right))
    return cell


def _spread(over: Sequence[Cell], columns: Sequence[tuple[float, float]]) -> list[Cell | None]:
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
    result: list[Cell | None] = []
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
        result.append(max(standing, key=lambda cell: -distance(cell, left, right), default=near[0] if near else None))
    return result


def distance(cell: Cell, left: float, right: float) -> float:
    """How far a cell is from standing over a column: below 0 where it does, the more the better."""
    overlap = min(cell.right, right) - max(cell.left, left)
    if overlap > 0:
        return -overlap
    middle = (left + right) / 2
    return max(cell.left - middle, middle - cell.right, 0.0)

"""Which rows of a PDF page are a table of numbers: numbers that stand in columns over several rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ragkb.ingest.loaders.pdf_rows import Cell, Row

_LEAST_ROWS = 3


@dataclass(slots=True)
class Region:
    """Rows first to last of a page that belong to one table, and (left, right) of its columns of numbers."""

    first: int
    last: int
    columns: list[tuple[float, float]] = field(default_factory=list)
    numbers: int = 0
    rows: int = 0


def regions(rows: Sequence[Row]) -> Iterator[Region]:
    """The stretches of rows that surely are a table."""
    region: Region | None = None
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
                region = region or Region(number, number)
                region.last, region.columns = number, columns
                region.rows += 1
                region.numbers += len(_figures(row, columns))
    if region and _is_table(region, rows):
        yield region


def _goes_on(rows: Sequence[Row], region: Region, number: int) -> bool:
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


def _is_data(row: Row, region: Region | None) -> bool:
    """True if the row has numbers right of its label, or numbers alone under those of the region."""
    if row.is_years:
        return False
    return bool(row.numbers or (region and row.cells[0].is_number and _figures(row, region.columns)))


def _figures(row: Row, columns: Sequence[tuple[float, float]]) -> tuple[Cell, ...]:
    """The row's numbers; its first cell is one only if it stands in a column of numbers, else it is a label."""
    first = row.cells[0]
    is_figure = first.is_number and bool(columns) and first.right > columns[0][0]
    return (first, *row.numbers) if is_figure else row.numbers


def _widened(columns: Sequence[tuple[float, float]], row: Row) -> list[tuple[float, float]] | None:
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


def _is_table(region: Region, rows: Sequence[Row]) -> bool:
    """True if enough numbers stand under each other: a list of pages or a few lines with a number do not count."""
    if region.rows < 2 or (region.rows < _LEAST_ROWS and len(region.columns) < 2):
        return False
    if region.numbers < 0.4 * region.rows * len(region.columns):
        return False
    return not _is_contents(rows[region.first : region.last + 1], region)


def _is_contents(rows: Sequence[Row], region: Region) -> bool:
    """True if each column holds whole numbers that never fall, behind words: pages of a table of contents."""
    for left, right in region.columns:
        cells = [cell for row in rows for cell in row.numbers if cell.left < right and cell.right > left]
        if not all(cell.text.isdecimal() and len(cell.text) <= 4 for cell in cells):
            return False
        numbers = [int(cell.text) for cell in cells]
        if len(numbers) < _LEAST_ROWS or numbers != sorted(numbers):
            return False
    is_named = [_words_before(row, region) for row in rows if row.numbers]
    return sum(is_named) * 4 >= 3 * len(is_named)


def _words_before(row: Row, region: Region) -> bool:
    """True if words stand before each of the row's numbers: in two columns a title before each page."""
    if len(region.columns) == 1:
        return True
    kinds = [cell.is_number for cell in row.cells]
    return not any(number and after for number, after in pairwise(kinds))

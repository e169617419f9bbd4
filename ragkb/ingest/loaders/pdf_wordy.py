"""Tables of words without lines around their cells: three columns or more, row after row, under their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ragkb.ingest.loaders.pdf_grid import Grid, continued
from ragkb.ingest.loaders.pdf_rows import Cell, Row, rows_of
from ragkb.ingest.loaders.pdf_tables import placed
from ragkb.ingest.loaders.pdf_words import Line

_LEAST_COLUMNS = 3
_LONGEST_TERM = 40  # characters of the first cell where there are two; columns of prose are wider
_LEAST_ROWS = 3
_NEAR = 4.0  # points by which the left edges of a column's cells may differ
_LONGEST_CELL = 80  # characters of a line of a cell; more is prose
_FURTHEST = 2.6  # heights between two rows of a table


@dataclass(slots=True)
class _Region:
    """Rows first to last of a page. spans: (left, right) of its columns; cells: the parts of each cell, by row."""

    first: int
    spans: list[tuple[float, float]]
    cells: list[list[list[str]]] = field(default_factory=list)
    last: int = 0

    def texts(self) -> list[tuple[str, ...]]:
        return [tuple(" ".join(cell) for cell in row) for row in self.cells]


def blocks(lines: Sequence[Line], before: Grid | None = None) -> list[list[Line] | Grid]:
    """The lines in their order, with a Grid in the place of those that surely are a table of words under its header.

    before: a table of the page before, whose rows the first of these may be; its header is theirs.
    """
    if sum(len(line.words) > 1 for line in lines) < _LEAST_ROWS:
        return [list(lines)]
    rows = rows_of(lines)
    grids: dict[int, Grid] = {}
    taken: set[int] = set()
    number = 0
    while number < len(rows):
        region = _region(rows, number, 2 if _is_bold_pair(rows[number], lines) else _LEAST_COLUMNS)
        grid = _grid(rows, region, lines, None if number else before) if region else None
        if region and grid:
            first = region.first - (len(grid.rows) > len(region.cells))
            used = {cell.line for row in rows[first : region.last + 1] for cell in row.cells}
            grids[min(used)] = grid
            taken |= used
            number = region.last
        number += 1
    return list(placed(lines, grids, taken))


def _grid(rows: Sequence[Row], region: _Region, lines: Sequence[Line], before: Grid | None) -> Grid | None:
    """The table with its header, which may be the row above; None if it has none, or is something else."""
    texts, spans = tuple(region.texts()), tuple(region.spans)
    if _is_contents(texts) or _is_prose(texts) or (len(spans) == 2 and not _are_terms(texts)):
        return None
    is_bold = all(lines[cell.line].is_bold for cell in rows[region.first].cells)
    found = Grid(texts, _is_header(texts[0]), "words", spans, is_bold)
    if before and continued(before, found).names:
        return continued(before, found)
    above = None if found.has_header else _names_above(rows, region)
    if above:
        return Grid((above, *texts), True, "words", spans)
    return found if found.has_header else None


def _names_above(rows: Sequence[Row], region: _Region) -> tuple[str, ...] | None:
    """The names of the columns where they stand in the middle over them, in the row before."""
    cells = rows[region.first - 1].cells if region.first else ()
    if len(cells) != len(region.spans) or not _is_next(rows, region.first):
        return None
    names = tuple(cell.text for cell in cells)
    is_over = [cell.left < right and cell.right > left for cell, (left, right) in zip(cells, region.spans, strict=True)]
    return names if all(is_over) and _is_header(names) else None


def _is_header(names: Sequence[str]) -> bool:
    """True for a name for each column, none with a digit in it."""
    return all(names) and not any(character.isdigit() for name in names for character in name)


def _is_contents(texts: Sequence[Sequence[str]]) -> bool:
    """True if the last column has pages: whole numbers that hardly ever fall."""
    pages = [int(row[-1]) for row in texts if row[-1].isdecimal() and len(row[-1]) <= 4]
    falls = sum(after < before for before, after in pairwise(pages))
    return len(pages) * 2 > len(texts) and falls * 10 <= len(pages)


def _is_prose(texts: Sequence[Sequence[str]]) -> bool:
    """True if many cells go on with a sentence: columns of prose beside each other."""
    cells = [cell for row in texts[1:] for cell in row if cell]
    return sum(cell[0].islower() for cell in cells) * 4 > len(cells)


def _is_bold_pair(row: Row, lines: Sequence[Line]) -> bool:
    """True for two names in bold type, as they stand over terms and what is said of them."""
    is_pair = len(row.cells) == 2 and all(lines[cell.line].is_bold for cell in row.cells)
    return is_pair and _is_header([cell.text for cell in row.cells]) and len(row.cells[0].text) <= _LONGEST_TERM


def _are_terms(texts: Sequence[Sequence[str]]) -> bool:
    """True if each first cell is short and begins anew: in columns of prose lines are full and go on."""
    terms = [row[0] for row in texts[1:]]
    return all(term and len(term) <= _LONGEST_TERM and not term[0].islower() and term[-1] not in ",-" for term in terms)


def _region(rows: Sequence[Row], first: int, least: int) -> _Region | None:
    """The rows that go on from one with `least` cells or more, None if there are too few."""
    if len(rows[first].cells) < least:
        return None
    region = _Region(first, [(cell.left, cell.right) for cell in rows[first].cells])
    whole = 0
    for number in range(first, len(rows)):
        cells = rows[number].cells
        places = [_column(cell, region.spans) for cell in cells]
        if (number > first and not _is_next(rows, number)) or not _fits(cells, places):
            break
        is_row = places[0] == 0 and len(cells) >= least
        whole += is_row
        _add(region, cells, places, is_row)
        region.last = number
    return region if whole >= _LEAST_ROWS and whole * 2 > region.last - first else None


def _fits(cells: Sequence[Cell], places: Sequence[int]) -> bool:
    """True if each part begins in a column of its own, and none is prose."""
    is_apart = bool(cells) and -1 not in places and len(set(places)) == len(places)
    return is_apart and all(len(cell.text) <= _LONGEST_CELL for cell in cells)


def _add(region: _Region, cells: Sequence[Cell], places: Sequence[int], is_row: bool) -> None:
    """A row, or what goes on in the cells of the row before."""
    if is_row:
        region.cells.append([[] for _ in region.spans])
    for cell, place in zip(cells, places, strict=True):
        region.cells[-1][place].append(cell.text)
        left, right = region.spans[place]
        region.spans[place] = left, max(right, cell.right)


def _column(cell: Cell, spans: Sequence[tuple[float, float]]) -> int:
    """The number of the column that the cell begins in, -1 for none, or if it runs into the next one."""
    for number, (left, _) in enumerate(spans):
        if abs(cell.left - left) <= _NEAR:
            is_last = number == len(spans) - 1
            return number if is_last or cell.right < spans[number + 1][0] - 1 else -1
    return -1


def _is_next(rows: Sequence[Row], number: int) -> bool:
    """True if the row stands right under the one before."""
    above, row = rows[number - 1], rows[number]
    return above.middle - row.middle <= _FURTHEST * max(row.height, above.height, 1.0)

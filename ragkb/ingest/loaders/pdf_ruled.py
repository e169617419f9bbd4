"""Tables of a PDF page that are ruled: cells between lines across and lines down, whatever stands in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragkb.ingest.loaders.pdf_grid import Grid
from ragkb.ingest.loaders.pdf_lattice import NEAR, Lattice
from ragkb.ingest.loaders.pdf_words import Line, Word

_LEAST_FILLED = 0.4  # of the cells; the grid of a chart has fewer
_SIGN_APART = re.compile(r"(?<=\d) (?=%)|(?<=[$€£¥]) (?=[\d(])")
_PAGE = re.compile(r"page|seite|页码?|頁碼?", re.IGNORECASE)
_FIGURE = re.compile(r"(?!(?:19|20)\d\d$)[\s$€£¥%()+\-−–—.,:/\d]*\d[\s$€£¥%()+\-−–—.,:/\d]*")  # years are names


@dataclass(frozen=True, slots=True)
class Ruled:
    """A table, and the edges of its place on the page."""

    grid: Grid
    left: float
    right: float
    top: float


def take(lines: Sequence[Line], found: Sequence[Lattice]) -> tuple[list[Ruled], list[Line]]:
    """(tables, the lines outside of them). A lattice without much text in its cells is none."""
    tables, rest = [], list(lines)
    for lattice in found:
        inside = [line for line in rest if line.words and all(_is_in(lattice, word) for word in line.words)]
        grid = _grid(lattice, inside)
        if grid:
            tables.append(Ruled(grid, lattice.xs[0], lattice.xs[-1], lattice.ys[-1]))
            kept = set(map(id, inside))
            rest = [line for line in rest if id(line) not in kept]
    return tables, rest


def placed(zones: Sequence[Sequence[Line]], tables: Sequence[Ruled]) -> Iterator[list[Line] | Grid]:
    """The zones of a page with each table after the lowest line above, best one right over it."""
    after: dict[tuple[int, int], list[Grid]] = defaultdict(list)
    places = [(number, place, line) for number, zone in enumerate(zones) for place, line in enumerate(zone)]
    for table in tables:
        above = [
            (not (line.left < table.right and line.right > table.left), line.bottom, number, place)
            for number, place, line in places
            if line.bottom >= table.top - NEAR
        ]
        *_, number, place = min(above, default=(False, 0.0, 0, -1))
        after[number, place].append(table.grid)
    for number, zone in enumerate(zones):
        yield from after.get((number, -1), ())
        part: list[Line] = []
        for place, line in enumerate(zone):
            part.append(line)
            if (number, place) in after:
                yield part
                yield from after[number, place]
                part = []
        if part:
            yield part


# --- lattice to table -------------------------------------------------------------------------------------------------


def _grid(lattice: Lattice, lines: Sequence[Line]) -> Grid | None:
    """The table, None if there is not enough in it."""
    columns = len(lattice.xs) - 1
    cells: dict[tuple[int, int], list[Word]] = defaultdict(list)
    bold: set[int] = set()
    plain: set[int] = set()
    for line in lines:
        for word in line.words:
            place = _place(lattice, word)
            cells[place].append(word)
            (bold if line.is_bold else plain).add(place[0])
    rows = len(lattice.ys) - 1
    filled = [{column for row, column in cells if row == number} for number in range(rows)]
    if sum(len(row) > 1 for row in filled) < 2 or len(cells) < _LEAST_FILLED * _count(lattice):
        return None
    table = _table(lattice, cells)
    while table and not any(table[0]):
        del table[0]
    if _is_contents(table):
        return None
    first = next(number for number, row in enumerate(filled) if row)
    is_bold = first in bold and first not in plain
    spans = tuple(pairwise(lattice.xs))
    return Grid(tuple(map(tuple, table)), _has_header(table, columns, is_bold), "ruled", spans, is_bold)


def _is_in(lattice: Lattice, word: Word) -> bool:
    """True if the middle of the word lies within."""
    x, y = (word.left + word.right) / 2, (word.bottom + word.top) / 2
    return lattice.xs[0] <= x <= lattice.xs[-1] and lattice.ys[0] <= y <= lattice.ys[-1]


def _place(lattice: Lattice, word: Word) -> tuple[int, int]:
    """(row from the top, column) of a word."""
    row = bisect_right(lattice.ys, (word.bottom + word.top) / 2) - 1
    column = bisect_right(lattice.xs, (word.left + word.right) / 2) - 1
    return len(lattice.ys) - 2 - min(row, len(lattice.ys) - 2), min(column, len(lattice.xs) - 2)


def _table(lattice: Lattice, cells: dict[tuple[int, int], list[Word]]) -> list[list[str]]:
    """The rows. A cell over several rows is in each of them. Names over several columns go with what is under them."""
    middles = [(low + high) / 2 for low, high in pairwise(lattice.ys)][::-1]
    tops = _tops(lattice)
    whole: dict[tuple[int, int], list[Word]] = defaultdict(list)
    for (row, column), words in cells.items():
        whole[tops[row][column], column] += words
    table: list[list[str]] = []
    for row, middle in enumerate(middles):
        line: list[str] = []
        for first, last in _spans(lattice, middle):
            text = _text([word for n in range(first, last + 1) for word in whole.get((tops[row][first], n), ())])
            line += [text] + [text if row == 0 else ""] * (last - first)
        table.append(line)
    if len(table) > 2 and sum(1 for _ in _spans(lattice, middles[0])) < len(lattice.xs) - 1:
        table[:2] = [[_under(over, name) for over, name in zip(table[0], table[1], strict=True)]]
    return table


def _under(over: str, name: str) -> str:
    """The name of a column with what stands over it."""
    return over if over == name else f"{over} {name}".strip()


def _tops(lattice: Lattice) -> list[list[int]]:
    """For each row and column the row in which its cell begins: the one above where no line is between them."""
    middles = [(left + right) / 2 for left, right in pairwise(lattice.xs)]
    tops = [[0] * len(middles)]
    for row in range(1, len(lattice.ys) - 1):
        y = lattice.ys[len(lattice.ys) - 1 - row]
        borders = [(left, right) for at, left, right in lattice.rules.across if abs(at - y) <= 2 * NEAR]
        is_parted = [any(left <= middle <= right for left, right in borders) for middle in middles]
        tops.append([row if parted else above for parted, above in zip(is_parted, tops[-1], strict=True)])
    return tops


def _spans(lattice: Lattice, middle: float) -> Iterator[tuple[int, int]]:
    """(first, last) column of each cell at a height: where no line stands between two columns they are one cell."""
    first = 0
    for column in range(1, len(lattice.xs)):
        x = lattice.xs[column]
        is_end = column == len(lattice.xs) - 1
        if is_end or any(abs(at - x) <= 2 * NEAR and low <= middle <= high for at, low, high in lattice.rules.down):
            yield first, column - 1
            first = column


def _count(lattice: Lattice) -> int:
    """How many cells there are."""
    return sum(1 for low, high in pairwise(lattice.ys) for _ in _spans(lattice, (low + high) / 2))


def _text(words: Sequence[Word]) -> str:
    """The words of a cell, line by line."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: -(word.top + word.bottom)):
        middle = (word.top + word.bottom) / 2
        if rows and (rows[-1][0].top + rows[-1][0].bottom) / 2 - middle <= 0.4 * (word.top - word.bottom):
            rows[-1].append(word)
        else:
            rows.append([word])
    text = " ".join(word.text for row in rows for word in sorted(row, key=lambda word: word.left))
    return _SIGN_APART.sub("", text)


def _has_header(rows: Sequence[Sequence[str]], columns: int, is_bold: bool) -> bool:
    """True if the first row names the columns: bold, three names or more without a number, or the name of values."""
    if not rows or sum(map(bool, rows[0])) < max(2, columns - 1):
        return False
    if is_bold or columns > 2:
        return is_bold or not any(_FIGURE.fullmatch(cell) for cell in rows[0])
    values = [any(map(str.isdigit, row[-1])) for row in rows]
    return not values[0] and len(values) > 2 and sum(values) * 4 >= 3 * (len(values) - 1)


def _is_contents(rows: Sequence[Sequence[str]]) -> bool:
    """True for titles and their pages."""
    return len(rows) > 3 and _PAGE.fullmatch(rows[0][-1]) is not None

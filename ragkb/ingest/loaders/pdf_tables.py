"""Tables that a PDF page sets by place alone: a label and numbers under each other, as financial statements have them.

A table is taken as one only where its numbers stand in columns over several rows; everything else stays lines of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragkb.ingest.loaders.hyphens import HYPHEN
from ragkb.ingest.loaders.pdf_grid import Grid
from ragkb.ingest.loaders.pdf_headers import distance, header, header_start, labels_start
from ragkb.ingest.loaders.pdf_regions import Region, regions
from ragkb.ingest.loaders.pdf_rows import Cell, Row, rows_of
from ragkb.ingest.loaders.pdf_words import Line


def blocks(lines: Sequence[Line]) -> list[list[Line] | Grid]:
    """The lines in their order, with a Grid in the place of those that are a table."""
    if sum(len(line.words) > 1 for line in lines) < 2:
        return [list(lines)]
    rows = rows_of(lines)
    grids: dict[int, Grid] = {}
    taken: set[int] = set()
    floor = 0
    for region in regions(rows):
        labels = labels_start(rows, region, floor)
        start = header_start(rows, labels, region, floor)
        region.first = labels if start < labels else region.first
        start = min(start, region.first)
        floor = region.last + 1
        used = {cell.line for row in rows[start : region.last + 1] for cell in row.cells}
        grids[min(used)] = _grid(rows, start, region)
        taken |= used
    return list(placed(lines, grids, taken))


def placed(lines: Sequence[Line], grids: dict[int, Grid], taken: set[int]) -> Iterator[list[Line] | Grid]:
    """The lines that are not taken, with each grid in the place of the line of its number."""
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


def _grid(rows: Sequence[Row], start: int, region: Region) -> Grid:
    lines = _texts(rows[region.first : region.last + 1], region.columns)
    width = max(map(len, lines))
    names = header(rows[start : region.first], region.columns)
    if any(names):
        lines.insert(0, names)
    whole = tuple(tuple(line + [""] * (width - len(line))) for line in lines)
    return Grid(whole, any(names), "numbers", ((0.0, 0.0), *region.columns))


def _texts(rows: Sequence[Row], columns: Sequence[tuple[float, float]]) -> list[list[str]]:
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


def _place(cell: Cell, columns: Sequence[tuple[float, float]]) -> int:
    """The column of a cell, from 1; 0 for a label."""
    if cell.right <= columns[0][0] or (not cell.is_number and cell.left < columns[0][0] - 1):
        return 0
    distances = [distance(cell, left, right) for left, right in columns]
    return 1 + distances.index(min(distances))

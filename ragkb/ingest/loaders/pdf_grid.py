"""A table of a PDF page as it is written: rows of cells, and whether it goes on one of the page before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

_NEAR = 4.0  # points by which a column of one page may stand elsewhere on the next


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its rows, the first of them the header if has_header.

    names: of the columns of a table that the page before begins; then no row is a header. kind: what told the table.
    spans: (left, right) of its columns in points, that of the labels of a table of numbers (0, 0). is_bold: the type of
    its first row.
    """

    rows: tuple[tuple[str, ...], ...]
    has_header: bool
    kind: Literal["numbers", "ruled", "words"] = "words"
    spans: tuple[tuple[float, float], ...] = ()
    is_bold: bool = False
    names: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, on whatever page they stand; () without."""
        return self.names or (self.rows[0] if self.has_header else ())


def continued(before: Grid, after: Grid) -> Grid:
    """`after` with the names of `before` if it goes on that table: its columns stand there, and it has no names itself.

    before, after: what ends a page and what begins the next.
    """
    if not before.columns or before.kind != after.kind or (after.has_header and after.kind == "numbers"):
        return after
    if after.has_header and (after.is_bold or _same(after.rows[0], before.columns) or _stands_out(after.rows)):
        return after
    places = _places(before, after)
    if places is None:
        return after
    rows = tuple(_moved(row, places, len(before.columns)) for row in after.rows)
    return replace(after, rows=rows, has_header=False, spans=before.spans, names=before.columns)


def _same(row: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return [cell.casefold() for cell in row] == [name.casefold() for name in names]


def _stands_out(rows: Sequence[tuple[str, ...]]) -> bool:
    """True if the first row is names alone, and hardly one of the others could be."""
    alike = sum(map(_is_names, rows[1:]))
    return _is_names(rows[0]) and alike * 3 < len(rows) - 1


def _is_names(row: tuple[str, ...]) -> bool:
    return all(row) and not any(character.isdigit() for cell in row for character in cell)


def _places(before: Grid, after: Grid) -> list[int] | None:
    """For each column of `after` that of `before` that it goes on, None unless each has one of its own, in order.

    Columns of numbers, which are as wide as what stands in them, lie over each other; others begin at one place.
    """
    if len(before.spans) != len(before.columns):
        return None
    places: list[int] = []
    for left, right in after.spans:
        if after.kind == "numbers":
            found = [n for n, (first, last) in enumerate(before.spans) if (left < last and right > first)]
            found = [0] if (left, right) == (0.0, 0.0) else found
        else:
            found = [n for n, (first, _) in enumerate(before.spans) if abs(first - left) <= _NEAR]
        if len(found) != 1 or (places and found[0] <= places[-1]):
            return None
        places += found
    is_whole = len(places) == len(before.spans) or after.kind == "numbers"
    return places if is_whole and len(places) > 1 else None


def _moved(row: tuple[str, ...], places: list[int], width: int) -> tuple[str, ...]:
    cells = [""] * width
    for place, cell in zip(places, row, strict=False):
        cells[place] = cell
    return tuple(cells)

"""What rows of cells mean: which of them names the columns, and what stands above it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragkb.ingest.builder import TextBuilder

_NUMBER = re.compile(r"[\s$€£¥%()+\-−–—.,:/\d]*(?:[eE][+-]?\d+)?")
_LOOKED_AT = 20


def write(builder: TextBuilder, rows: Sequence[Sequence[str]]) -> None:
    """Writes a sheet: what stands above the row of column names as lines, the rest as a table."""
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    header = _header_row(rows)
    for row in rows[: header or 0]:
        builder.line(" ".join(cell for cell in row if cell.strip()))
    builder.table(rows[header or 0 :], header=header is not None)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """True if the first of the rows names the columns."""
    return _header_row(rows[:2]) == 0


def _header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The first row whose cells are mostly words, None if no early row reads like one or nothing follows it."""
    width = max((sum(map(bool, row)) for row in rows[:_LOOKED_AT]), default=0)
    for index, row in enumerate(rows[:_LOOKED_AT]):
        filled = [cell for cell in row if cell.strip()]
        if len(filled) * 5 < width * 3 or (len(filled) < 2 and width > 1):
            continue
        words = sum(not _NUMBER.fullmatch(cell) and len(cell) <= 80 for cell in filled)
        return index if words * 5 >= len(filled) * 3 and index + 1 < len(rows) else None
    return None

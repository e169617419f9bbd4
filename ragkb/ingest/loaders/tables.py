"""What rows of cells mean: which of them names the columns, what stands above it, and whether they are questions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import faq

_NUMBER = re.compile(r"[\s$€£¥%()+\-−–—.,:/\d]*(?:[eE][+-]?\d+)?")
_LOOKED_AT = 20
_LONGEST_HEADER = 120


def write(builder: TextBuilder, rows: Sequence[Sequence[str]]) -> None:
    """Writes a sheet: what stands above the row of column names as lines, the rest as a table.

    Rows of questions and answers become units. Where the column names are too long to go with every chunk, each row
    becomes a line `name: value; name: value` instead.
    """
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    header = _header_row(rows)
    for row in rows[: header or 0]:
        builder.line(" ".join(cell for cell in row if cell.strip()))
    if header is None:
        builder.table(rows, header=False)
        return
    names, below = rows[header], rows[header + 1 :]
    places = faq.columns(names)
    if places and faq.is_list(below, places):
        faq.write(builder, names, below, places)
    elif _weight(names) > _LONGEST_HEADER:
        for row in below:
            builder.line(_record(names, row))
    else:
        builder.table(rows[header:], header=True)


def write_hidden(builder: TextBuilder, rows: Sequence[Sequence[str]], shown: Sequence[Sequence[str]] = ()) -> None:
    """Writes rows that nobody sees, where they are kept: each by itself, with the names of its columns if it has some.

    shown: rows of the same table that can be seen, whose names are those of all.
    """
    above, header = _header_row(shown), _header_row(rows)
    names: Sequence[str] = [] if above is None else shown[above]
    for number, row in enumerate(rows):
        if number == header and not any(names):
            names = row
        else:
            builder.hidden(_record(names, row))


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """True if the first of the rows names the columns."""
    return _header_row(rows[:2]) == 0


def _weight(names: Sequence[str]) -> int:
    """About how long the names are for the embedder, in Latin letters: a Chinese character is a token by itself."""
    return sum(4 * len(name) if not name.isascii() else len(name) + 3 for name in names)


def _record(names: Sequence[str], row: Sequence[str]) -> str:
    """The filled cells with the names of their columns."""
    named = [*names, *[""] * (len(row) - len(names))]
    pairs = ((name.strip(), cell.strip()) for name, cell in zip(named, row, strict=False) if cell.strip())
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs)


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

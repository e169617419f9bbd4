"""The cells of an OpenDocument table: repeated ones written out as far as they hold something, hidden ones left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ragkb.errors import LimitExceeded
from ragkb.ingest.loaders.odf_text import OFFICE, TABLE, TEXT, plain
from ragkb.settings import LimitSettings

_WIDEST = 16_384
_TALLEST = 1_048_576
_GROUPS = frozenset({f"{TABLE}{name}" for name in ("table-header-rows", "table-row-group", "table-rows")})
_COLUMN_GROUPS = frozenset(
    {f"{TABLE}{name}" for name in ("table-header-columns", "table-column-group", "table-columns")}
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table that hold something, what of them is hidden, and of how many rows and columns that is."""

    shown: list[list[str]]
    hidden: list[list[str]]
    left_out: int


def rows(table: Any, limits: LimitSettings) -> Rows:
    """The rows.

    A cell over several rows stands in each. Raises LimitExceeded before repeated cells fill the memory.
    """
    hidden_columns = frozenset(_hidden_columns(table))
    found: list[list[str]] = []
    unseen: list[list[str]] = []
    left, hidden = limits.text_characters, 0
    hiding: set[int] = set()
    hanging: dict[int, tuple[int, str]] = {}
    for row in _in_groups(table, f"{TABLE}table-row", _GROUPS):
        cells = _cells(row, hanging)
        repeated = _count(row, "number-rows-repeated", _TALLEST)
        if not any(cells):
            continue
        if row.get(f"{TABLE}visibility", "visible") != "visible":
            hidden += repeated
            unseen.append(cells)
            continue
        left -= (sum(map(len, cells)) + len(cells)) * repeated
        if left < 0:
            raise LimitExceeded(f"more than {limits.text_characters} characters", "raise limits.text_characters")
        hiding.update(column for column in hidden_columns if column < len(cells) and cells[column])
        shown = [cell for column, cell in enumerate(cells) if column not in hidden_columns]
        found.extend(list(shown) for _ in range(repeated))
        if len(shown) < len(cells) and any(cells[column] for column in hidden_columns if column < len(cells)):
            unseen.append([cell if column in hidden_columns else "" for column, cell in enumerate(cells)])
    return Rows(found, unseen, hidden + len(hiding))


def _in_groups(element: Any, tag: str, groups: frozenset[str], depth: int = 0) -> Iterator[Any]:
    """The children with that tag, also those inside groups."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in groups and depth < 50:
            yield from _in_groups(child, tag, groups, depth + 1)


def _cells(row: Any, hanging: dict[int, tuple[int, str]]) -> list[str]:
    """The row's texts, without the empty ones at its end. hanging: column to (rows left, text) of what spans rows."""
    cells: list[str] = []
    for cell in row:
        if cell.tag not in (f"{TABLE}table-cell", f"{TABLE}covered-table-cell"):
            continue
        text = _shown(cell) if cell.tag == f"{TABLE}table-cell" else ""
        repeated = _count(cell, "number-columns-repeated", _WIDEST)
        down = _count(cell, "number-rows-spanned", _TALLEST)
        for _ in range(min(repeated, _WIDEST - len(cells))):
            column = len(cells)
            left, above = hanging.pop(column, (0, ""))
            if cell.tag == f"{TABLE}covered-table-cell" and left:
                text = above
                if left > 1:
                    hanging[column] = (left - 1, above)
            elif down > 1:
                hanging[column] = (down - 1, text)
            cells.append(text)
            text = "" if cell.tag == f"{TABLE}covered-table-cell" else text
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _shown(cell: Any) -> str:
    """The text that the cell shows; dates and times of day as ISO."""
    if cell.get(f"{OFFICE}value-type") == "date":
        return str(cell.get(f"{OFFICE}date-value", "")).removesuffix("T00:00:00").replace("T", " ")
    paragraphs = [plain(child) for child in cell.iter(f"{TEXT}p", f"{TEXT}h") if _belongs(child, cell)]
    return "\n".join(paragraphs).strip()


def _belongs(paragraph: Any, cell: Any) -> bool:
    """True unless the paragraph is of a comment or of a table inside the cell's table."""
    parent = paragraph.getparent()
    while parent is not None and parent is not cell:
        if parent.tag in (f"{OFFICE}annotation", f"{TEXT}note"):
            return False
        parent = parent.getparent()
    return True


def _hidden_columns(table: Any) -> Iterator[int]:
    column = 0
    for element in _in_groups(table, f"{TABLE}table-column", _COLUMN_GROUPS):
        repeated = _count(element, "number-columns-repeated", _WIDEST)
        if element.get(f"{TABLE}visibility", "visible") != "visible":
            yield from range(column, min(column + repeated, 1_000))
        column += repeated


def _count(element: Any, name: str, most: int) -> int:
    value = element.get(f"{TABLE}{name}", "1")
    return max(1, min(int(value), most)) if value.isdecimal() and len(value) < 9 else 1

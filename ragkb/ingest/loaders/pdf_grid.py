"""A table of a PDF page as it is written: rows of cells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its rows, the first of them the header if has_header."""

    rows: tuple[tuple[str, ...], ...]
    has_header: bool

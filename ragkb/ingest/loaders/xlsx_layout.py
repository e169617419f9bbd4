"""What a sheet of a workbook hides and which of its cells are merged, which openpyxl's fast reader does not tell."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openpyxl.utils.cell import range_boundaries

from ragkb.ingest.loaders import archive

_HIDDEN = rb"(?=[^>]{0,2000}?\bhidden=[\"'](?:1|true)[\"'])"
_ROW = re.compile(rb"<(?:\w+:)?row\b" + _HIDDEN + rb"[^>]{0,2000}?\br=[\"'](\d{1,7})[\"']")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b" + _HIDDEN + rb"([^>]{0,2000})>")
_EDGE = re.compile(rb"\b(min|max)=[\"'](\d{1,5})[\"']")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]{0,200}?\bref=[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']")
_MOST_MERGED = 100_000
_MOST_COLUMNS = 16_384


@dataclass(frozen=True, slots=True)
class Layout:
    """Of one sheet. hidden_rows count from 1, hidden_columns from 0.

    merged: first row to (column, last row) of what is merged over several rows. above: column to (last row, text) of
    the merged cells at hand.
    """

    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merged: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    above: dict[int, tuple[int, str]] = field(default_factory=dict)

    def filled(self, number: int, row: list[str]) -> list[str]:
        """The row, in order from the first, with the text of the merged cells that reach down into it."""
        for column, (last, text) in list(self.above.items()):
            if number > last:
                del self.above[column]
            elif column < len(row) and not row[column]:
                row[column] = text
        for column, last in self.merged.get(number, ()):
            if column < len(row) and row[column]:
                self.above[column] = (last, row[column])
        return row


def of(data: bytes, sheet: Any) -> Layout:
    """The layout of a sheet that openpyxl opened for reading only."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        content = parts.read(sheet._worksheet_path)
    rows = frozenset(int(match[1]) for match in _ROW.finditer(content))
    columns = frozenset(column for match in _COLUMN.finditer(content) for column in _columns(match[1]))
    merged: dict[int, list[tuple[int, int]]] = {}
    for number, match in enumerate(_MERGED.finditer(content)):
        first_column, first_row, _, last_row = range_boundaries(match[1].decode())
        if number < _MOST_MERGED and first_row and first_column and last_row and last_row > first_row:
            merged.setdefault(first_row, []).append((first_column - 1, last_row))
    return Layout(rows, columns, merged)


def _columns(attributes: bytes) -> Iterator[int]:
    edges = {match[1]: int(match[2]) for match in _EDGE.finditer(attributes)}
    first, last = edges.get(b"min", 1), min(edges.get(b"max", 0), _MOST_COLUMNS)
    yield from range(first - 1, last)


def comments(data: bytes, sheet: Any) -> Iterator[tuple[str, str]]:
    """(cell, text) of the notes and comments on a sheet, in the order of the file."""
    path = sheet._worksheet_path
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = frozenset(parts.namelist())
        relations = posixpath.join(posixpath.dirname(path), "_rels", f"{posixpath.basename(path)}.rels")
        for relation in archive.xml(parts.read(relations)) if relations in names else ():
            target = str(relation.get("Target", ""))
            whole = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), target)).lstrip("/")
            if str(relation.get("Type", "")).lower().endswith(("/comments", "/threadedcomment")) and whole in names:
                yield from _comments(archive.xml(parts.read(whole)))


def _comments(root: Any) -> Iterator[tuple[str, str]]:
    for comment in root.iter("{*}comment", "{*}threadedComment"):
        text = "".join(comment.itertext("{*}t", "{*}text")).strip()
        if text:
            yield str(comment.get("ref", "")), text

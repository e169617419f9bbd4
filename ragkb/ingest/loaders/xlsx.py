"""Workbooks: a sheet is a page, its name a heading, its rows a table with the values that were last calculated."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import openpyxl

from ragkb.errors import LimitExceeded
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import archive, tables, xlsx_layout
from ragkb.ingest.loaders.xlsx_layout import Layout
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_DECIMALS = re.compile(r"[0#]\.(0+)(?![#?])")
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_UNCALCULATED = re.compile(rb"<f[ >/][^<]*(?:</f>)?\s*(?:<v\s*/>|<v></v>)?\s*</c>")


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft with one page a sheet. Hidden sheets keep their number and lose their text, with a warning."""
    archive.check(data, limits)
    workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        builder = TextBuilder(limits, keeps_hidden)
        hidden: list[str] = []
        parts: list[str] = []
        for sheet in workbook.worksheets:
            builder.page()
            is_hidden = sheet.sheet_state != "visible"
            if is_hidden:
                hidden.append(sheet.title)
            if is_hidden and not keeps_hidden:
                continue
            builder.heading(1, sheet.title, is_hidden)
            read = _rows(sheet, xlsx_layout.of(data, sheet), limits)
            if read.left_out:
                parts.append(f"{read.left_out} in {sheet.title}")
            if is_hidden:
                tables.write_hidden(builder, read.shown)
            else:
                tables.write(builder, read.shown)
            tables.write_hidden(builder, read.hidden, read.shown)
            for place, comment in xlsx_layout.comments(data, sheet) if keeps_hidden else ():
                builder.hidden(f"Comment on {place}: {comment}")
        warnings = [f"hidden sheets left out: {', '.join(hidden)}"] if hidden else []
        warnings += [f"hidden rows and columns left out: {', '.join(parts)}"] if parts else []
        properties = workbook.properties
        author = properties.creator
        metadata: dict[str, Scalar] = {"author": author} if author and author != "openpyxl" else {}
        return builder.build(properties.title or "", metadata, ([] if keeps_hidden else warnings) + _uncalculated(data))
    finally:
        workbook.close()


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a sheet that hold something, what of them is hidden, and of how many rows and columns that is."""

    shown: list[list[str]]
    hidden: list[list[str]]
    left_out: int


def _rows(sheet: Any, layout: Layout, limits: LimitSettings) -> _Rows:
    """A cell over several rows stands in each. Raises LimitExceeded before the cells fill the memory."""
    sheet.reset_dimensions()  # subtle: the size that a file claims can be too small, and rows would be lost
    found = _Rows([], [], 0)
    hidden: set[tuple[str, int]] = set()
    left = limits.text_characters
    for number, cells in enumerate(sheet.iter_rows(), 1):
        row = layout.filled(number, [_shown(cell) for cell in cells])
        while row and not row[-1]:
            row.pop()
        left -= sum(map(len, row)) + len(row)
        if left < 0:
            raise LimitExceeded(f"more than {limits.text_characters} characters", "raise limits.text_characters")
        if number in layout.hidden_rows:
            hidden.update([("row", number)] if row else [])
            found.hidden.extend([row] if row else [])
            continue
        shown = ["" if column in layout.hidden_columns else text for column, text in enumerate(row)]
        if shown != row:
            hidden.update(("column", column) for column in layout.hidden_columns if any(row[column : column + 1]))
            found.hidden.append(["" if text == above else text for text, above in zip(row, shown, strict=True)])
        found.shown.extend([shown] if any(shown) else [])
    return replace(found, left_out=len(hidden))


def _shown(cell: Any) -> str:
    """The cell's value about as the program shows it; dates as ISO."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _number(value, cell.number_format or "General")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def _number(value: float, number_format: str) -> str:
    """`value` with the percent sign, decimals and thousands separators of its format, without float noise."""
    pattern = _QUOTED.sub("", number_format.split(";")[0])
    suffix = ""
    if "%" in pattern:
        value, suffix = value * 100, "%"
    match = _DECIMALS.search(pattern)
    comma = "," if "#,##0" in pattern else ""
    if match:
        return f"{value:{comma}.{len(match[1])}f}{suffix}"
    if re.search(r"[0#]", pattern) and "E" not in pattern and "/" not in pattern and "." not in pattern:
        return f"{value:{comma}.0f}{suffix}"
    return f"{value:.12g}{suffix}" if abs(value) < 1e12 else f"{value:.15g}{suffix}"


def _uncalculated(data: bytes) -> list[str]:
    """A warning if formulas have no stored value, as in files that no spreadsheet program has saved."""
    count = 0
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                count += sum(1 for _ in _UNCALCULATED.finditer(parts.read(name)))
    return [f"{count} formulas hold no calculated value: open the file in its program and save it"] if count else []

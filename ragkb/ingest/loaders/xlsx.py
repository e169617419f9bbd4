"""Workbooks: a sheet is a page, its name a heading, its rows a table with the values that were last calculated."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
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


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft with one page a sheet. Hidden sheets keep their number and lose their text, with a warning."""
    archive.check(data, limits)
    workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        builder = TextBuilder(limits)
        hidden: list[str] = []
        parts: list[str] = []
        for sheet in workbook.worksheets:
            builder.page()
            if sheet.sheet_state != "visible":
                hidden.append(sheet.title)
                continue
            builder.heading(1, sheet.title)
            layout = xlsx_layout.of(data, sheet)
            rows, left_out = _rows(sheet, layout, limits)
            if left_out:
                parts.append(f"{left_out} in {sheet.title}")
            tables.write(builder, rows)
        warnings = [f"hidden sheets left out: {', '.join(hidden)}"] if hidden else []
        warnings += [f"hidden rows and columns left out: {', '.join(parts)}"] if parts else []
        properties = workbook.properties
        author = properties.creator
        metadata: dict[str, Scalar] = {"author": author} if author and author != "openpyxl" else {}
        return builder.build(properties.title or "", metadata, warnings + _uncalculated(data))
    finally:
        workbook.close()


def _rows(sheet: Any, layout: Layout, limits: LimitSettings) -> tuple[list[list[str]], int]:
    """(the rows that hold something, how many hidden rows and columns with values were left out).

    A cell over several rows stands in each. Raises LimitExceeded before the cells fill the memory.
    """
    sheet.reset_dimensions()  # subtle: the size that a file claims can be too small, and rows would be lost
    found: list[list[str]] = []
    hidden: set[tuple[str, int]] = set()
    left = limits.text_characters
    for number, cells in enumerate(sheet.iter_rows(), 1):
        row = layout.filled(number, [_shown(cell) for cell in cells])
        if number in layout.hidden_rows:
            hidden.update([("row", number)] if any(row) else [])
            continue
        hidden.update(("column", column) for column in layout.hidden_columns if any(row[column : column + 1]))
        row = ["" if column in layout.hidden_columns else text for column, text in enumerate(row)]
        while row and not row[-1]:
            row.pop()
        if row:
            left -= sum(map(len, row)) + len(row)
            if left < 0:
                raise LimitExceeded(f"more than {limits.text_characters} characters", "raise limits.text_characters")
            found.append(row)
    return found, len(hidden)


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

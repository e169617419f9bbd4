"""Tables: what a chunk of a large one knows, delimiters, merged and hidden cells."""

from __future__ import annotations

from typing import Any

import ingest_files as make
import pytest

from ragkb.errors import LimitExceeded
from ragkb.ingest.chunk import chunk
from ragkb.ingest.loaders import load
from ragkb.settings import ChunkSettings, LimitSettings
from ragkb.types import Draft

LIMITS = LimitSettings()


def draft(text: str) -> Draft:
    return load(text.encode(), "a.csv", LIMITS)


def test_every_chunk_of_a_large_table_knows_its_header() -> None:
    rows = "".join(f"P-{number},Pump {number},{number * 3}\n" for number in range(5_000))
    found = draft(f"Part,Name,Price\n{rows}")
    chunks = chunk(found, "Parts", lambda text: len(text) // 4 + 1, ChunkSettings())
    assert sum(item.text.count("| P-") for item in chunks) == 5_000
    assert all("| Part | Name | Price |" in f"{item.context}\n{item.text}" for item in chunks)
    assert all(line.startswith("| ") and line.endswith(" |") for item in chunks for line in item.text.split("\n"))


def test_rows_under_a_header_too_long_for_every_chunk_name_their_values() -> None:
    names = [f"Measured property number {number}" for number in range(12)]
    rows = "".join(
        ",".join(f"v{row}.{column}" if column != 3 else "" for column in range(12)) + "\n" for row in range(3)
    )
    found = draft(f"{','.join(names)}\n{rows}")
    lines = found.text.split("\n")
    assert len(lines) == 3
    assert lines[1].startswith("Measured property number 0: v1.0; Measured property number 1: v1.1; ")
    assert "number 3:" not in found.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sep=;\na;b\n1;2\n", "| a | b |\n| 1 | 2 |"),
        ("Report\nAna\n\nName;Preis\nA;1,5\nB;2,5\n", "Report\nAna\n\n| Name | Preis |\n| A | 1,5 |\n| B | 2,5 |"),
        ("Name|Note\nA|x, y\nB|p, q\n", "| Name | Note |\n| A | x, y |\n| B | p, q |"),
        ('Name,Note\nA,"line\none; two"\n', "| Name | Note |\n| A | line one; two |"),
        ("a\tb, c\n1\t2, 3\n", "| a | b, c |\n| 1 | 2, 3 |"),
    ],
)  # fmt: skip
def test_delimiters_and_what_stands_above_the_header(text: str, expected: str) -> None:
    assert draft(text).text == expected


def test_xlsx_merged_and_hidden_cells() -> None:
    def write(workbook: Any) -> None:
        sheet = workbook.active
        sheet.title = "Staff"
        for row in [
            ("Region", "City", "Days", "Salary"),
            ("North", "Brno", 25, 1),
            (None, "Ostrava", 26, 2),
            ("South", "Linz", 27, 3),
            ("Draft", "Hidden", 28, 4),
        ]:
            sheet.append(row)
        sheet.merge_cells("A2:A3")
        sheet.column_dimensions["D"].hidden = True
        sheet.row_dimensions[5].hidden = True

    found = load(make.xlsx(write), "a.xlsx", LIMITS)
    assert found.text == (
        "Staff\n\n| Region | City | Days |\n| North | Brno | 25 |\n| North | Ostrava | 26 |\n| South | Linz | 27 |"
    )
    assert found.warnings == ("hidden rows and columns left out: 2 in Staff",)


def test_a_row_that_is_wider_than_any_sheet_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="a row of 20001 cells"):
        load(b"a,b\n" + b"1," * 20_000 + b"\n", "a.csv", LIMITS)

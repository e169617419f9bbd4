"""Tables of a PDF whose cells are words: ruled, or told by their columns alone; and lists of pages, which are none."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pdf_files import drawn, prose

from ragkb.ingest.chunk import chunk
from ragkb.ingest.loaders import load
from ragkb.settings import ChunkSettings, LimitSettings
from ragkb.types import Draft

ROWS = [
    ["Role", "Duty", "Contact"],
    ["Auditor", "Checks the books twice a year and reports to the board of the company", "Ana Ruiz"],
    ["Warden", "Locks the doors", "Bo Lee"],
    ["Cook", "Cooks for everybody", "Cy Tan"],
]
READ = "\n".join(f"| {' | '.join(row)} |" for row in ROWS)
TOP = ("VALIGN", (0, 0), (-1, -1), "TOP")


def page(rows: list[list[Any]], *style: tuple[Any, ...], **options: Any) -> Draft:
    """A document of a sentence, a table and another sentence."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    body, stream = getSampleStyleSheet()["BodyText"], io.BytesIO()
    cells = [[Paragraph(cell, body) if len(cell) > 30 else cell for cell in row] for row in rows]
    table = Table(cells, style=list(style), **options)
    before, after = Paragraph("Before it stands prose.", body), Paragraph("After it comes more.", body)
    SimpleDocTemplate(stream, invariant=1).build([before, Spacer(1, 10), table, Spacer(1, 10), after])
    found = load(stream.getvalue(), "a.pdf", LimitSettings())
    assert (found.text.startswith("Before it stands prose."), found.text.endswith("After it comes more.")) == (
        True,
        True,
    )
    return found


@pytest.mark.parametrize("lines", ["GRID", "INNERGRID"])
def test_a_ruled_table_has_its_rows_and_header(lines: str) -> None:
    found = page(ROWS, (lines, (0, 0), (-1, -1), 0.5, "black"), colWidths=[80, 200, 80])
    (table,) = found.tables
    assert found.text[table.start : table.end] == READ
    assert table.header == "| Role | Duty | Contact |"


def test_cells_over_several_rows_or_columns_of_a_ruled_table() -> None:
    rows = [["Region", "Sales", ""], ["", "Q1", "Q2"], ["North", "red", "blue"], ["", "green", "white"]]
    spans = [("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1)), ("SPAN", (0, 2), (0, 3))]
    found = page(rows, ("GRID", (0, 0), (-1, -1), 0.5, "black"), *spans)
    (table,) = found.tables
    assert found.text[table.start : table.end].splitlines() == [
        "| Region | Sales Q1 | Sales Q2 |",
        "| North | red | blue |",
        "| North | green | white |",
    ]


def test_two_ruled_columns_without_names_stay_lines() -> None:
    found = page([["Name", "Acme"], ["Place", "Ulm"], ["Since", "1999"]], ("GRID", (0, 0), (-1, -1), 0.5, "black"))
    assert not found.tables
    assert "Name Acme\nPlace Ulm\nSince 1999" in found.text


def test_a_table_of_words_without_lines() -> None:
    found = page(ROWS, TOP, colWidths=[80, 200, 80])
    (table,) = found.tables
    assert found.text[table.start : table.end] == READ


def test_a_frame_around_prose_and_the_grid_of_a_chart_are_no_tables() -> None:
    def sheet(sheet: Any) -> None:
        sheet.rect(40, 500, 520, 300)
        sheet.line(40, 600, 560, 600)
        for number, line in enumerate(prose(6, "P")):
            sheet.drawString(60, 780 - 14 * number, line)
        sheet.grid(range(100, 400, 20), range(100, 300, 20))
        sheet.drawString(105, 105, "2021")
        sheet.drawString(305, 105, "2022")

    assert not load(drawn(sheet), "a.pdf", LimitSettings()).tables


def test_a_page_with_thousands_of_lines_is_read_as_text() -> None:
    def sheet(sheet: Any) -> None:
        for number in range(3000):
            sheet.line(number % 50 * 10, number // 50 * 10, number % 50 * 10 + 9, number // 50 * 10)
        sheet.drawString(60, 780, "A map of the town.")

    assert load(drawn(sheet), "a.pdf", LimitSettings()).text == "A map of the town."


@pytest.mark.parametrize("dots", [False, True])
def test_contents_in_two_columns_are_no_table(dots: bool) -> None:
    left = [("Scope", 3), ("Terms", 5), ("Roles", 8), ("Audit", 13), ("Travel", 17)]
    right = [("Leave", 21), ("Safety", 25), ("Data", 30), ("Appeal", 34), ("Annex", 40)]

    def sheet(sheet: Any) -> None:
        sheet.drawString(60, 780, "Contents")
        for x, entries in ((60, left), (320, right)):
            for number, (title, at) in enumerate(entries):
                sheet.drawString(x, 750 - 16 * number, f"{title} {'.' * 30} {at}" if dots else title)
                if not dots:
                    sheet.drawRightString(x + 200, 750 - 16 * number, str(at))

    found = load(drawn(sheet, lambda sheet: sheet.drawString(60, 780, "The scope.")), "a.pdf", LimitSettings())
    assert not found.tables
    assert found.contents == ((0, found.page_starts[1] - 2),)


def test_items_with_their_pages_in_three_columns_are_contents() -> None:
    def sheet(sheet: Any) -> None:
        sheet.drawString(60, 780, "Contents")
        for number, (title, at) in enumerate([("Scope", 3), ("Terms", 5), ("Roles", 8), ("Audit", 13), ("Travel", 17)]):
            sheet.drawString(60, 750 - 16 * number, f"Item {number + 1}.")
            sheet.drawString(130, 750 - 16 * number, title)
            sheet.drawRightString(500, 750 - 16 * number, str(at))

    found = load(drawn(sheet, lambda sheet: sheet.drawString(60, 780, "The scope.")), "a.pdf", LimitSettings())
    assert not found.tables
    assert len(found.contents) == 1


# --- two columns without lines ----------------------------------------------------------------------------------------

PAIRS = [
    ["Term", "Meaning"],
    ["Carrier", "Whoever brings the goods to the place that the order names, by road, by rail or over water"],
    ["Delay", "More than two working days after the day agreed"],
    ["Order", "What the buyer signs"],
    ["Force majeure", "Flood, fire, strike"],
]
BOLD = ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold")


def test_terms_and_their_meanings_under_bold_names_are_a_table() -> None:
    found = page(PAIRS, TOP, BOLD, colWidths=[90, 250])
    (table,) = found.tables
    assert found.text[table.start : table.end] == "\n".join(f"| {' | '.join(row)} |" for row in PAIRS)


def test_two_columns_without_bold_names_stay_lines() -> None:
    assert not page(PAIRS, TOP, colWidths=[90, 250]).tables


@pytest.mark.parametrize("width", [20, 38])
def test_two_columns_of_prose_under_bold_titles_stay_prose(width: int) -> None:
    def sheet(sheet: Any) -> None:
        sheet.setFont("Helvetica-Bold", 10)
        sheet.drawString(60, 780, "Our roads")
        sheet.drawString(300, 780, "Our schools")
        sheet.setFont("Helvetica", 10)
        for x, mark in ((60, "R"), (300, "S")):
            for number, line in enumerate(prose(12, mark)):
                sheet.drawString(x, 760 - 14 * number, line.split(" ", 1)[1][:width])

    assert not load(drawn(sheet), "a.pdf", LimitSettings()).tables


# --- tables over pages ------------------------------------------------------------------------------------------------

LONG = [["Role", "Duty", "Contact"], *([f"Warden {n}", f"Locks door {n}", f"Bo Lee {n}"] for n in range(60))]


def long_table(rows: list[list[Any]], *style: tuple[Any, ...], **options: Any) -> Draft:
    from reportlab.platypus import SimpleDocTemplate, Table

    stream = io.BytesIO()
    SimpleDocTemplate(stream, invariant=1).build([Table(rows, style=list(style), **options)])
    return load(stream.getvalue(), "a.pdf", LimitSettings())


GRID = ("GRID", (0, 0), (-1, -1), 0.5, "black")


@pytest.mark.parametrize(
    ("rows", "style"),
    [
        (LONG, [GRID]),
        (LONG, [BOLD]),
        ([["Item", "2022", "2021"], *([f"Revenue {n}", str(900 + n), str(1800 - n)] for n in range(60))], [BOLD]),
        ([["Term", "Meaning"], *([f"Term {n}", f"What is said of term {n}"] for n in range(60))], [GRID, BOLD]),
    ],
)
def test_a_table_over_pages_keeps_the_names_of_its_columns(rows: list[list[str]], style: list[Any]) -> None:
    found = long_table(rows, *style, colWidths=[110, 200, 80][: len(rows[0])])
    header = f"| {' | '.join(rows[0])} |"
    assert len(found.page_starts) == 2
    assert [table.header for table in found.tables] == [header, header]
    assert found.text.count(header) == 1
    assert found.text.replace("\n\n", "\n").split("\n") == [f"| {' | '.join(row)} |" for row in rows]
    chunks = chunk(found, "T", lambda text: len(text.split()), ChunkSettings())
    assert all(header in f"{one.context}\n{one.text}" for one in chunks)


def test_a_header_that_is_repeated_stands_where_it_is() -> None:
    found = long_table(LONG, GRID, colWidths=[110, 200, 80], repeatRows=1)
    assert [found.text[table.start :].startswith(table.header) for table in found.tables] == [True, True]


def test_another_table_on_the_next_page_keeps_its_own_names() -> None:
    def table(names: list[str], x: float) -> Any:
        def sheet(sheet: Any) -> None:
            for number in range(30):
                cells = names if number == 0 else [f"Cook {number}", f"Cooks meal {number}", f"Cy Tan {number}"]
                for column, cell in enumerate(cells):
                    sheet.drawString(x + 150 * column, 780 - 20 * number, cell)

        return sheet

    first = table(["Role", "Duty", "Contact"], 60)
    for x in (60, 75):
        found = load(drawn(first, table(["Name", "Work", "Person"], x)), "a.pdf", LimitSettings())
        assert [one.header for one in found.tables] == ["| Role | Duty | Contact |", "| Name | Work | Person |"]

"""PDF, Word, PowerPoint and Excel."""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import Any

import ingest_files as make
import pytest

from ragkb.errors import DocumentRefused, InputError, LimitExceeded
from ragkb.ingest.loaders import load
from ragkb.settings import LimitSettings
from ragkb.types import Draft, page_at

LIMITS = LimitSettings()


def page(found: Draft, number: int) -> str:
    """The text of a page, from 1."""
    starts = (*found.page_starts, len(found.text))
    return found.text[starts[number - 1] : starts[number]].strip()


def headings(found: Draft) -> list[tuple[int, str]]:
    assert all(found.text.startswith(heading.title, heading.start) for heading in found.headings)
    return [(heading.level, heading.title) for heading in found.headings]


# --- pdf --------------------------------------------------------------------------------------------------------------


def test_pdf_pages_are_exact_even_when_empty() -> None:
    found = load(make.pdf(["First page."], [], [], ["Fourth page."]), "a.pdf", LIMITS)
    assert len(found.page_starts) == 4
    assert (page(found, 1), page(found, 4)) == ("First page.", "Fourth page.")
    assert page_at(found.page_starts, found.text.index("Fourth")) == 4
    assert found.warnings == ("pages 2-3 gave no text",)


def test_pdf_lines_stay_and_hyphens_go() -> None:
    lines = ["The regulation of exam-", "ple values is third-", "party business, an example.", "It ends."]
    found = load(make.pdf(lines), "a.pdf", LIMITS)
    assert found.text == "The regulation of example values is third-party business, an example.\nIt ends."


def test_pdf_outline_gives_headings() -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make.pdf(["1. Scope", "All sites."], ["Terms", "Thirty days."])))
    scope = writer.add_outline_item(title="Scope", page_number=0)
    writer.add_outline_item(title="Terms", page_number=1, parent=scope)
    writer.add_outline_item(title="Nowhere on the page", page_number=1)
    writer.add_metadata({"/Title": "Contract"})
    stream = io.BytesIO()
    writer.write(stream)
    found = load(stream.getvalue(), "a.pdf", LIMITS)
    assert found.title == "Contract"
    assert [(heading.level, heading.title) for heading in found.headings] == [(1, "Scope"), (2, "Terms")]
    assert [page_at(found.page_starts, heading.start) for heading in found.headings] == [1, 2]


def test_pdf_large_type_is_a_heading() -> None:
    from reportlab.pdfgen import canvas

    stream = io.BytesIO()
    sheet = canvas.Canvas(stream)
    sheet.setFont("Helvetica", 20)
    sheet.drawString(72, 780, "Operating manual")
    sheet.setFont("Helvetica", 11)
    for number in range(8):
        sheet.drawString(72, 750 - 14 * number, "A line of the body that is set in the usual size")
    sheet.setFont("Helvetica-Bold", 11)
    sheet.drawString(72, 600, "2.1 Pressure test")
    sheet.setFont("Helvetica", 11)
    sheet.drawString(72, 586, "Ten bar.")
    sheet.save()
    found = load(stream.getvalue(), "a.pdf", LIMITS)
    assert headings(found) == [(1, "Operating manual"), (3, "2.1 Pressure test")]


def test_pdf_with_a_password_is_refused() -> None:
    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make.pdf(["secret"])))
    writer.encrypt("open sesame")
    stream = io.BytesIO()
    writer.write(stream)
    with pytest.raises(DocumentRefused, match="encrypted"):
        load(stream.getvalue(), "a.pdf", LIMITS)


@pytest.mark.parametrize("data", [b"%PDF-1.7\nnothing", make.pdf(["x"])[:300], b"%PDF-" + bytes(2000)])
def test_broken_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentRefused, match=r"PDF|no text"):
        load(data, "a.pdf", LIMITS)


def test_pdf_without_text_says_which_pages() -> None:
    with pytest.raises(DocumentRefused, match=r"no text found.*pages 1-2 gave no text"):
        load(make.pdf([], []), "a.pdf", LIMITS)


def test_pdf_named_txt_is_read() -> None:
    found = load(make.pdf(["Hello"]), "a.txt", LIMITS)
    assert (found.text, found.warnings) == ("Hello", ("read as PDF, which its content is",))


def test_limits_hold() -> None:
    data = make.pdf(["one"], ["two"], ["three"])
    for limits in (LimitSettings(pages=2), LimitSettings(text_characters=5), LimitSettings(file_bytes=100)):
        with pytest.raises(LimitExceeded):
            load(data, "a.pdf", limits)


# --- docx -------------------------------------------------------------------------------------------------------------


def _word(document: Any) -> None:
    document.core_properties.title = "Leave policy"
    document.core_properties.author = "Ana"
    document.add_heading("第一章 Annual leave", 1)
    document.add_paragraph("Twenty-five days.")
    document.add_paragraph("by e-mail", "List Bullet")
    document.add_paragraph("inner", "List Bullet 2")
    document.add_paragraph("ask", "List Number")
    document.add_paragraph("wait", "List Number")
    document.add_heading("Sites", 2)
    table = document.add_table(3, 2)
    for row, values in zip(table.rows, [("Site", "Days"), ("Brno", "25"), ("", "26")], strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    table.cell(1, 0).merge(table.cell(2, 0))
    document.add_paragraph("The end.")


def test_docx_in_document_order() -> None:
    found = load(make.docx(_word), "a.docx", LIMITS)
    assert (found.title, dict(found.metadata), found.page_starts) == ("Leave policy", {"author": "Ana"}, ())
    assert headings(found) == [(1, "第一章 Annual leave"), (2, "Sites")]
    assert found.text == (
        "第一章 Annual leave\n\nTwenty-five days.\n\n- by e-mail\n  - inner\n1. ask\n2. wait\n\nSites\n\n"
        "| Site | Days |\n| Brno | 25 |\n| Brno | 26 |\n\nThe end."
    )
    assert found.tables[0].header == "| Site | Days |"


def box(*lines: str) -> str:
    """A text box as Word writes it: once for itself, once for older programs."""
    text = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
    held = f"<w:txbxContent>{text}</w:txbxContent>"
    return (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape">'
        f'<mc:Choice Requires="wps"><w:drawing><wps:txbx>{held}</wps:txbx></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><v:textbox>{held}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>"
    )


def test_docx_text_boxes_come_after_what_they_hang_on() -> None:
    def write(document: Any) -> None:
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls

        def run(inside: str) -> Any:
            return parse_xml(f"<w:r {nsdecls('w')}>{inside}</w:r>")

        document.add_paragraph("The hall has a sign:")._p.append(run(box("Mind the step", "Use the left door")))
        table = document.add_table(2, 2)
        for number, cell in enumerate(table._cells):
            cell.text = f"cell {number}"
        table.cell(1, 1).paragraphs[0]._p.append(run(box("In a table")))
        document.add_paragraph("After it.")

    found = load(make.docx(write), "a.docx", LIMITS)
    assert found.text.split("\n\n") == [
        "The hall has a sign:",
        "Mind the step",
        "Use the left door",
        "| cell 0 | cell 1 |\n| cell 2 | cell 3 |",
        "In a table",
        "After it.",
    ]
    assert found.warnings == ()


def test_docx_deleted_and_hidden_text_is_left_out() -> None:
    def write(document: Any) -> None:
        paragraph = document.add_paragraph("kept ")
        paragraph.add_run("hidden").font.hidden = True
        paragraph.add_run("INSERTED DELETED")

    def track(part: bytes) -> bytes:
        run = b"<w:r><w:t>INSERTED DELETED</w:t></w:r>"
        assert run in part
        return part.replace(
            run,
            b"<w:ins w:id='1' w:author='a'><w:r><w:t>inserted</w:t></w:r></w:ins>"
            b"<w:del w:id='2' w:author='a'><w:r><w:delText>deleted</w:delText></w:r></w:del>",
        )

    found = load(make.with_part(make.docx(write), "word/document.xml", track), "a.docx", LIMITS)
    assert (found.text, found.warnings) == ("kept inserted", ("hidden text was left out",))


def test_docx_with_an_external_entity_is_refused(tmp_path: Any) -> None:
    canary = tmp_path / "canary.txt"
    canary.write_text("CANARY")

    def attack(part: bytes) -> bytes:
        doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{canary}">]><w:document '.encode()
        return part.replace(b"<w:document ", doctype, 1).replace(b"Hello", b"&e;")

    data = make.with_part(make.docx(lambda document: document.add_paragraph("Hello")), "word/document.xml", attack)
    with pytest.raises(DocumentRefused, match="declares a document type") as refused:
        load(data, "a.docx", LIMITS)
    assert "CANARY" not in str(refused.value)


def test_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = make.with_part(
        make.docx(lambda document: document.add_paragraph("Hello")),
        "word/document.xml",
        lambda part: part.replace(b"Hello", b"A" * 30_000_000),
    )
    assert len(bomb) < 100_000
    with pytest.raises(DocumentRefused, match="zip bomb"):
        load(bomb, "a.docx", LIMITS)
    with pytest.raises(LimitExceeded, match="unpacks to more than"):
        load(bomb, "a.docx", LimitSettings(inflated_bytes=1_000_000))


def test_archive_with_too_many_parts_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(20_001):
            archive.writestr(f"word/document{number}", b"")
    with pytest.raises(DocumentRefused, match="parts in the archive"):
        load(stream.getvalue(), "a.docx", LIMITS)


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx"])
def test_damaged_office_files_are_refused(name: str) -> None:
    whole = make.docx(_word) if name == "a.docx" else make.xlsx(lambda _: None)
    for data in (whole[: len(whole) // 2], whole[:2000] + bytes(500) + whole[2500:]):
        with pytest.raises(InputError):
            load(data, name, LIMITS)


# --- pptx -------------------------------------------------------------------------------------------------------------


def test_pptx_slides_are_pages() -> None:
    def write(presentation: Any) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = "Roadmap 路线图"
        frame = slide.placeholders[1].text_frame
        frame.text = "First"
        frame.add_paragraph().text = "Second"
        frame.paragraphs[1].level = 1
        slide.notes_slide.notes_text_frame.text = "Say hello"
        hidden = presentation.slides.add_slide(presentation.slide_layouts[5])
        hidden.shapes.title.text = "Hidden"
        hidden._element.set("show", "0")
        last = presentation.slides.add_slide(presentation.slide_layouts[5])
        last.shapes.title.text = "Table"
        table = last.shapes.add_table(2, 2, 0, 0, 100, 100).table
        for row, values in enumerate([("Site", "Days"), ("Brno", "25")]):
            for column, value in enumerate(values):
                table.cell(row, column).text = value

    found = load(make.pptx(write), "a.pptx", LIMITS)
    assert page(found, 1) == "Roadmap 路线图\n\n- First\n  - Second\n\nNotes:\nSay hello"
    assert page(found, 2) == ""
    assert page(found, 3) == "Table\n\n| Site | Days |\n| Brno | 25 |"
    assert headings(found) == [(1, "Roadmap 路线图"), (1, "Table")]
    assert found.warnings == ("hidden slides left out: 2",)


# --- xlsx -------------------------------------------------------------------------------------------------------------


def test_xlsx_sheets_are_pages() -> None:
    def write(workbook: Any) -> None:
        sheet = workbook.active
        sheet.title = "Prices"
        sheet.append(["Price list 2026"])
        sheet.append([])
        sheet.append(["Item", None, "Date", "Price", "Share"])
        sheet.append(["Pump", None, datetime.datetime(2026, 3, 1), 0.1 + 0.2, 0.125])
        sheet.append(["Fan", None, datetime.datetime(2026, 3, 2), 1234.5, 0.5])
        sheet["E4"].number_format = "0.0%"
        sheet["E5"].number_format = "0%"
        sheet["D5"].number_format = "#,##0.00"
        workbook.create_sheet("Secret").sheet_state = "hidden"
        workbook["Secret"].append(["salary"])
        workbook.create_sheet("员工")["B2"] = "年休假"

    found = load(make.xlsx(write), "a.xlsx", LIMITS)
    assert page(found, 1) == (
        "Prices\n\nPrice list 2026\n\n"
        "| Item | Date | Price | Share |\n| Pump | 2026-03-01 | 0.3 | 12.5% |\n| Fan | 2026-03-02 | 1,234.50 | 50% |"
    )
    assert page(found, 2) == ""
    assert page(found, 3) == "员工\n\n| 年休假 |"
    assert headings(found) == [(1, "Prices"), (1, "员工")]
    assert found.tables[0].header == "| Item | Date | Price | Share |"
    assert found.warnings == ("hidden sheets left out: Secret",)


def test_xlsx_formula_without_value_is_told() -> None:
    def write(workbook: Any) -> None:
        workbook.active.append(["Sum", "=1+1"])

    found = load(make.xlsx(write), "a.xlsx", LIMITS)
    assert found.warnings == ("1 formulas hold no calculated value: open the file in its program and save it",)

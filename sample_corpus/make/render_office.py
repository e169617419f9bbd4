"""Writes DOCX, PPTX and XLSX files whose bytes depend on the content alone."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from pathlib import Path

import docx
import openpyxl
import pptx
from blocks import OL, UL, Break, Deck, Document, H, P, T, Workbook
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from pptx.util import Cm, Pt

_ZIP_DATE = (2026, 1, 1, 0, 0, 0)
_LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}


def write_docx(spec: Document, target: Path) -> None:
    """One Word document: title, real heading styles, real list styles, tables with a header row."""
    out = docx.Document()
    out.styles["Normal"].font.name = "Calibri"
    if spec.language == "zh":
        for name in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3"):
            out.styles[name].element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "SimSun")
    out.add_heading(spec.title, level=0)
    for block in spec.blocks:
        match block:
            case H(text, level):
                out.add_heading(text, level=level)
            case P(text):
                out.add_paragraph(text)
            case UL(items):
                for item in items:
                    out.add_paragraph(item, style="List Bullet")
            case OL(items):
                for item in items:
                    out.add_paragraph(item, style="List Number")
            case T(rows):
                grid = out.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
                for y, row in enumerate(rows):
                    for x, text in enumerate(row):
                        run = grid.cell(y, x).paragraphs[0].add_run(text)
                        run.bold = y == 0
                out.add_paragraph()
            case Break():
                out.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    if spec.footer:
        out.sections[0].footer.paragraphs[0].text = spec.footer
    _properties(out.core_properties, spec.title, spec.author, spec.date, spec.language)
    buffer = io.BytesIO()
    out.save(buffer)
    _write_zip(buffer, target, spec.date)


def write_pptx(spec: Deck, target: Path) -> None:
    """One presentation: a title slide, then slides with bullets, tables and speaker's notes."""
    out = pptx.Presentation()
    first = out.slides.add_slide(out.slide_layouts[0])
    first.shapes.title.text = spec.title
    first.placeholders[1].text = spec.subtitle
    for slide in spec.slides:
        page = out.slides.add_slide(out.slide_layouts[1 if slide.bullets else 5])
        page.shapes.title.text = slide.title
        if slide.bullets:
            frame = page.placeholders[1].text_frame
            frame.text = slide.bullets[0]
            for bullet in slide.bullets[1:]:
                frame.add_paragraph().text = bullet
            for paragraph in frame.paragraphs:
                paragraph.font.size = Pt(20)
        if slide.table:
            top = Cm(12) if slide.bullets else Cm(5)
            rows, columns = len(slide.table), len(slide.table[0])
            grid = page.shapes.add_table(rows, columns, Cm(1.5), top, Cm(22), Cm(0.9 * rows)).table
            for y, row in enumerate(slide.table):
                for x, text in enumerate(row):
                    grid.cell(y, x).text = text
                    grid.cell(y, x).text_frame.paragraphs[0].font.size = Pt(13)
        if slide.notes:
            page.notes_slide.notes_text_frame.text = slide.notes
    _properties(out.core_properties, spec.title, spec.author, spec.date, spec.language)
    buffer = io.BytesIO()
    out.save(buffer)
    _write_zip(buffer, target, spec.date)


def write_xlsx(spec: Workbook, target: Path) -> None:
    """One workbook; the first row of each sheet is a bold, frozen header."""
    out = openpyxl.Workbook()
    del out[out.sheetnames[0]]
    for sheet in spec.sheets:
        page = out.create_sheet(sheet.name)
        for row in sheet.rows:
            page.append(list(row))
        for cell in page[1]:
            cell.font = Font(bold=True)
        page.freeze_panes = "A2"
        for number in range(len(sheet.rows[0])):
            width = sheet.widths[number] if number < len(sheet.widths) else 18
            page.column_dimensions[get_column_letter(number + 1)].width = width
    out.properties.title = spec.title
    out.properties.creator = spec.author
    out.properties.created = out.properties.modified = datetime.fromisoformat(spec.date)
    buffer = io.BytesIO()
    out.save(buffer)
    _write_zip(buffer, target, spec.date)


def _properties(core: object, title: str, author: str, date: str, language: str) -> None:
    when = datetime.fromisoformat(date)
    values = {
        "title": title,
        "author": author,
        "last_modified_by": author,
        "created": when,
        "modified": when,
        "language": _LANGUAGES[language],
        "comments": "",
        "revision": 1,
    }
    for name, value in values.items():
        setattr(core, name, value)


def _write_zip(buffer: io.BytesIO, target: Path, date: str) -> None:
    """Packs the parts anew with one fixed date; openpyxl stamps the time of saving, which is replaced."""
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                stamp = rb"\g<1>" + date.encode() + rb"T00:00:00Z\g<2>"
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)", stamp, data)
            out.writestr(zipfile.ZipInfo(name, _ZIP_DATE), data, zipfile.ZIP_DEFLATED, 9)

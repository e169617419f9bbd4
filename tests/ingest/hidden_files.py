"""Files of every format that can hide text: "The seen word" can be seen, `quokka` words cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import more_files as make
from ingest_files import docx, pptx, with_part, xlsx
from pdf_files import drawn

from benchmarks.ingest.hostile_files import with_parts

_STYLES = (
    '<style:style style:name="H" style:family="table"><style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="S"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    '<style:style style:name="N" style:family="text"><style:text-properties text:display="none"/></style:style>'
    '<style:style style:name="W" style:family="text"><style:text-properties '
    'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" fo:color="#ffffff"/></style:style>'
)
_REMARK = (
    '<office:annotation><dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Ana</dc:creator>'
    "<text:p>a quokka remark</text:p></office:annotation>"
)
_PAGE = (
    "<html><body><p>The seen word <span hidden>an inline quokka</span> goes on.</p>"
    '<div style="display:none"><p>A quokka block.</p><p>Another quokka sentence. A third quokka one.</p></div>'
    "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Pump</td><td>40</td></tr>"
    '<tr style="display:none"><td>Valve</td><td>quokka price</td></tr></table></body></html>'
)
_RTF = (
    rb"{\rtf1\ansi{\colortbl;\red0\green0\blue0;\red255\green255\blue255;}\pard The seen word{\v a hidden quokka}"
    rb"{\cf2 a white quokka}{\fs1 a tiny quokka}{\*\annotation a quokka remark}.\par Shown "
    rb"{\cf2\highlight1 on black}\par}"
)


def _word(document: Any) -> None:
    from docx.shared import Pt, RGBColor

    paragraph = document.add_paragraph("The seen word")
    paragraph.add_run("a hidden quokka.").font.hidden = True
    paragraph.add_run("a white quokka.").font.color.rgb = RGBColor(255, 255, 255)
    paragraph.add_run("a tiny quokka.").font.size = Pt(1)
    document.add_comment(paragraph.runs[0], "a quokka remark", author="Ana")
    cell = document.add_table(1, 2).cell(0, 0)
    cell.paragraphs[0].add_run("Shown on a dark style").font.color.rgb = RGBColor(255, 255, 255)


def _slides(presentation: Any) -> None:
    from pptx.util import Cm

    for text in ("The seen word", "A quokka slide"):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = text
    slide._element.set("show", "0")
    slide.notes_slide.notes_text_frame.text = "quokka notes"
    beside = presentation.slides[0].shapes.add_textbox(Cm(60), Cm(2), Cm(5), Cm(2))
    beside.text_frame.text = "a quokka beside"
    off = presentation.slides[0].shapes.add_textbox(Cm(2), Cm(2), Cm(5), Cm(2))
    off.text_frame.text = "a quokka switched off"
    off._element.nvSpPr.cNvPr.set("hidden", "1")


def _with_remark(data: bytes) -> bytes:
    """The presentation with a comment on its first slide."""
    comments = b'<p:cmLst xmlns:p="http://x/p"><p:cm><p:text>a quokka remark</p:text></p:cm></p:cmLst>'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/comments"
    related = f'<Relationship Id="rId99" Type="{kind}" Target="../comments/comment1.xml"/></Relationships>'.encode()
    content = b'<Override PartName="/ppt/comments/comment1.xml" ContentType="application/xml"/></Types>'
    data = with_part(
        data,
        "ppt/slides/_rels/slide1.xml.rels",
        lambda old: old.replace(b"</Relationships>", related),
    )
    data = with_part(data, "[Content_Types].xml", lambda old: old.replace(b"</Types>", content))
    return with_parts(data, ("ppt/comments/comment1.xml", comments))


def _sheets(workbook: Any) -> None:
    from openpyxl.comments import Comment

    sheet = workbook.active
    for line in (["Item", "Price", "Secret"], ["The seen word", 40, "quokka column"], ["quokka row", 12, ""]):
        sheet.append(line)
    sheet.column_dimensions["C"].hidden = True
    sheet.row_dimensions[3].hidden = True
    sheet["A2"].comment = Comment("a quokka remark", "Ana")
    other = workbook.create_sheet("Quokka sheet")
    other.append(["Name", "Salary"])
    other.append(["Ben", "quokka 5000"])
    other.sheet_state = "hidden"


def _page(sheet: Any) -> None:
    sheet.drawString(72, 760, "The seen word")
    sheet.setFillColorRGB(1, 1, 1)
    sheet.drawString(72, 700, "A white quokka. Another sentence of a quokka that nobody sees.")
    sheet.setFillColorRGB(0, 0, 0)
    sheet.drawString(72, 2000, "An off-page quokka")
    sheet.textAnnotation("a quokka remark", [100, 100, 120, 120])


def files() -> Mapping[str, tuple[bytes, int]]:
    """Name to (the file, how many hidden quokkas are in it)."""
    shown = "<text:p>The seen word {}</text:p>"
    spans = (
        '<text:span text:style-name="N">a hidden quokka</text:span>'
        '<text:span text:style-name="W">a white quokka</text:span>'
        f"<text:hidden-text>a quokka field</text:hidden-text>{_REMARK}"
    )
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rows = f"<table:table-row>{cell.format('The seen word')}</table:table-row>"
    rows += f'<table:table-row table:visibility="collapse">{cell.format("a quokka row")}</table:table-row>'
    secret = f"<table:table-row>{cell.format('a quokka cell')}</table:table-row>"
    sheets = (
        f'<table:table table:name="A">{rows}</table:table>'
        f'<table:table table:name="Quokka" table:style-name="H">{secret}</table:table>'
    )
    box = "<draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    slides = f"<draw:page>{box.format('The seen word')}</draw:page>"
    slides += f'<draw:page draw:style-name="S">{box.format("a quokka")}</draw:page>'
    mail = make.eml("Offer", "").replace(b"text/plain", b"text/html")
    return {
        "a.docx": (docx(_word), 4),
        "a.eml": (mail.replace(b"\n\n", b"\n\n" + _PAGE.encode(), 1), 5),
        "a.epub": (make.epub({"one": _PAGE.removeprefix("<html><body>").removesuffix("</body></html>")}), 5),
        "a.html": (_PAGE.encode(), 5),
        "a.mhtml": (make.mhtml(_PAGE), 5),
        "a.msg": (make.msg(make.message_tree({0x0037: "Offer"}, {0x1013: _PAGE.encode()})), 5),
        "a.odp": (make.odf("presentation", slides, _STYLES), 1),
        "a.ods": (make.odf("spreadsheet", sheets, _STYLES), 3),
        "a.odt": (make.odf("text", shown.format(spans), _STYLES), 4),
        "a.pdf": (drawn(_page), 4),
        "a.pptx": (_with_remark(pptx(_slides)), 5),
        "a.rtf": (_RTF, 4),
        "a.xlsx": (xlsx(_sheets), 5),
    }

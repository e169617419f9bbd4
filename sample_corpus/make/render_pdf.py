"""Writes PDF files with real text, an outline and tables; Chinese text in an embedded subset of a TrueType font."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from blocks import OL, UL, Block, Break, Document, H, P, T
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    ListFlowable,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

CJK_FONTS = (
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
    "/usr/share/fonts/truetype/droid/DroidSansFallback.ttf",
)
_CJK = "CorpusCJK"
_WIDTH = A4[0] - 40 * mm


def find_cjk_font(given: str | None) -> Path:
    """The font file for Chinese text: the given one, or the first of the usual Debian places."""
    for name in [given] if given else CJK_FONTS:
        if Path(name).is_file():
            return Path(name)
    raise SystemExit(
        f"No font for Chinese text at {given or ', '.join(CJK_FONTS)}. "
        "Install the Debian package fonts-droid-fallback or give --font FILE (TrueType)."
    )


def register_cjk(path: Path) -> None:
    """Makes the font known to reportlab; call it once before a Chinese document."""
    pdfmetrics.registerFont(TTFont(_CJK, str(path)))


def _markup(text: str, chinese: bool) -> str:
    """Paragraph markup. The Chinese font has no Latin glyphs: such runs of a Chinese document go into Helvetica."""
    if not chinese:
        return escape(text)
    known = pdfmetrics.getFont(_CJK).face.charToGlyph
    runs = [(has, "".join(run)) for has, run in groupby(text, key=lambda char: ord(char) in known and char != " ")]
    return "".join(escape(run) if has else f'<font name="Helvetica">{escape(run)}</font>' for has, run in runs)


class _Template(BaseDocTemplate):  # type: ignore[misc]  # reportlab has no types
    """Footer with the page number; each heading becomes an outline entry."""

    def __init__(self, target: Path, spec: Document, style: ParagraphStyle) -> None:
        super().__init__(
            str(target),
            pagesize=A4,
            leftMargin=20 * mm,
            rightMargin=20 * mm,
            topMargin=18 * mm,
            bottomMargin=18 * mm,
            title=spec.title,
            author=spec.author,
            subject=spec.footer or spec.title,
            invariant=1,
            lang={"en": "en-GB", "zh": "zh-CN"}[spec.language],
        )
        self._footer = Paragraph(_markup(spec.footer or spec.title, spec.language == "zh"), style)
        frame = Frame(self.leftMargin, self.bottomMargin, self.width, self.height, 0, 0, 0, 0, id="body")
        self.addPageTemplates(PageTemplate("page", [frame], onPageEnd=self._draw_footer))
        self._count = 0

    def _draw_footer(self, canvas: Any, _: Any) -> None:
        canvas.saveState()
        self._footer.wrapOn(canvas, _WIDTH, 10 * mm)
        self._footer.drawOn(canvas, 20 * mm, 9.2 * mm)
        canvas.setFont("Helvetica", 8)
        canvas.drawRightString(A4[0] - 20 * mm, 10 * mm, str(canvas.getPageNumber()))
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:
        level = getattr(flowable, "outline_level", None)
        if level is not None:
            self._count += 1
            key = f"h{self._count}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level, closed=level > 0)


def write_pdf(spec: Document, target: Path) -> None:
    """One PDF document from its blocks."""
    chinese = spec.language == "zh"
    font, bold = (_CJK, _CJK) if chinese else ("Helvetica", "Helvetica-Bold")
    wrap = "CJK" if chinese else None
    body = ParagraphStyle("body", fontName=font, fontSize=10, leading=14.5, spaceAfter=5, wordWrap=wrap)
    cell = ParagraphStyle("cell", parent=body, fontSize=9, leading=12, spaceAfter=0)
    head = ParagraphStyle("head", parent=cell, fontName=bold)
    heads = [
        ParagraphStyle("title", parent=body, fontName=bold, fontSize=19, leading=25, spaceAfter=10),
        ParagraphStyle("h1", parent=body, fontName=bold, fontSize=14, leading=19, spaceBefore=9, spaceAfter=5),
        ParagraphStyle("h2", parent=body, fontName=bold, fontSize=11.5, leading=16, spaceBefore=6, spaceAfter=3),
    ]

    def paragraph(text: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(_markup(text, chinese), style)

    def heading(text: str, level: int) -> Paragraph:
        made = paragraph(text, heads[level])
        made.outline_level = max(level - 1, 0)
        made.keepWithNext = 1
        return made

    def flow(block: Block) -> Sequence[Flowable]:
        match block:
            case H(text, level):
                return [heading(text, level)]
            case P(text):
                return [paragraph(text, body)]
            case UL(items):
                return [_list([paragraph(item, body) for item in items], body, "bullet")]
            case OL(items):
                return [_list([paragraph(item, body) for item in items], body, "1")]
            case T(rows, widths):
                shares = widths or [1.0] * len(rows[0])
                cells = [[paragraph(c, cell if y else head) for c in row] for y, row in enumerate(rows)]
                columns = [_WIDTH * share / sum(shares) for share in shares]
                return [Table(cells, colWidths=columns, style=_GRID, repeatRows=1), Spacer(1, 7)]
            case Break():
                return [PageBreak()]

    story: list[Flowable] = [] if isinstance(spec.blocks[0], Break) else [heading(spec.title, 0)]
    for block in spec.blocks:
        story.extend(flow(block))
    if isinstance(spec.blocks[0], Break):
        story = story[1:]
    _Template(target, spec, ParagraphStyle("footer", parent=cell, fontSize=8)).build(story)


_GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e4ebf1")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)


def _list(items: Sequence[Paragraph], style: ParagraphStyle, kind: str) -> ListFlowable:
    return ListFlowable(
        items,
        bulletType=kind,
        start="•" if kind == "bullet" else None,
        bulletFontName="Helvetica",
        bulletFontSize=9,
        leftIndent=14,
    )

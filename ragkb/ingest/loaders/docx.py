"""Word documents, in document order: headings by style, lists, tables, footnotes at the end."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.dates import iso_date
from ragkb.ingest.loaders import archive, docx_hidden, tables
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_LEFT_OUT = frozenset(
    {f"{_W}{name}" for name in ("del", "moveFrom", "pict", "drawing", "object", "rPr", "pPr", "instrText")}
    | {f"{_MC}AlternateContent"}
)
_TEMPLATE_DAY = "2013-12-23"  # stands in every file that python-docx made and nobody saved since
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list (?:bullet|number)(?: ([2-5]))?", re.IGNORECASE)


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of the body. Left out: headers, footers, deleted text, and hidden text that is not kept."""
    archive.check(data, limits)
    document = docx.Document(io.BytesIO(data))
    builder = TextBuilder(limits, keeps_hidden)
    body = document.element.body
    writer = _Writer(builder, document)
    has_hidden = docx_hidden.flag(body, writer.styles, document.element.find(f"{_W}background") is not None)
    writer.blocks(body)
    _footnotes(document, builder)
    properties = document.core_properties
    metadata: dict[str, Scalar] = {"author": properties.author} if properties.author else {}
    day = iso_date(properties.modified or properties.created)
    if day and day != _TEMPLATE_DAY:
        metadata["date"] = day
    warnings = ["hidden text was left out"] if has_hidden and not keeps_hidden else []
    return builder.build(properties.title or builder.first_heading, metadata, warnings)


class _Writer:
    def __init__(self, builder: TextBuilder, document: Any) -> None:
        self._builder = builder
        self.styles = {style.style_id: style for style in document.styles}
        self._levels: dict[str, int] = {}
        self._formats = _number_formats(document)
        self._counters: dict[tuple[str, int], int] = {}
        self._comments = docx_hidden.comments(_related(document, RELATIONSHIP_TYPE.COMMENTS))

    def blocks(self, parent: Any) -> None:
        """Writes the paragraphs and tables of an element, also those inside content controls."""
        for child in parent:
            if child.tag == f"{_W}p":
                self._paragraph(child)
                self._hidden(child)
                self._boxes(child)
            elif child.tag == f"{_W}tbl":
                self._table(child)
            elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml", f"{_W}moveTo"):
                self.blocks(child)

    def _paragraph(self, paragraph: Any) -> None:
        text = "".join(_texts(paragraph))
        if not text.strip():
            return
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        style_id = style.get(f"{_W}val") if style is not None else ""
        level = _outline_level(paragraph.find(f"{_W}pPr")) or self._style_level(style_id)
        item = None if level else self._list_item(paragraph, style_id)
        if level:
            self._builder.heading(level, text)
        elif item:
            self._builder.item(text, *item)
        else:
            self._builder.paragraph(text)

    def _boxes(self, element: Any) -> None:
        """The text boxes that hang on a paragraph or stand in a table come after it."""
        for box in docx_hidden.apart(element.iter(f"{_W}txbxContent"), element):
            if next(box.iterancestors(f"{_MC}Fallback"), None) is None:  # the same once more, for older programs
                self.blocks(box)

    def _hidden(self, element: Any) -> None:
        """What nobody sees in a paragraph or table, and what people remarked on it."""
        if self._builder.keeps_hidden:
            self._builder.hidden(docx_hidden.text(element))
            for mark in docx_hidden.apart(element.iter(f"{_W}commentReference"), element):
                self._builder.hidden(self._comments.get(mark.get(f"{_W}id", ""), ""))

    def _style_level(self, style_id: str) -> int:
        """The heading level that a style gives, by its own name or that of a style it is based on; 0 for none."""
        if style_id not in self._levels:
            self._levels[style_id] = self._find_style_level(style_id)
        return self._levels[style_id]

    def _find_style_level(self, style_id: str) -> int:
        style = self.styles.get(style_id)
        for _ in range(20):  # styles of a damaged file can be based on each other
            if style is None:
                break
            match = _HEADING.fullmatch(style.name or "")
            level = int(match[1]) if match else _outline_level(style.element.find(f"{_W}pPr"))
            if level or (style.name or "").lower() == "title":
                return level or 1
            style = getattr(style, "base_style", None)
        return 0

    def _list_item(self, paragraph: Any, style_id: str) -> tuple[int, str] | None:
        """(depth, marker) of a list item, None for other paragraphs."""
        number = paragraph.find(f"{_W}pPr/{_W}numPr")
        style = self.styles.get(style_id)
        named = _LIST_STYLE.fullmatch((style.name or "") if style is not None else "")
        if number is None and style is not None and named is None:
            number = style.element.find(f"{_W}pPr/{_W}numPr")
        if number is None:
            if not named:
                return None
            depth = int(named[1] or 1) - 1
            is_bullet = "bullet" in named[0].lower()
            return (depth, "-" if is_bullet else self._next(style_id, depth))
        return self._numbered(number)

    def _numbered(self, number: Any) -> tuple[int, str] | None:
        list_id, depth = _value(number, "numId"), int(_value(number, "ilvl") or 0)
        if list_id == "0":  # numbering switched off
            return None
        is_bullet = self._formats.get((list_id, depth), "bullet") in ("bullet", "none")
        return (depth, "-" if is_bullet else self._next(list_id, depth))

    def _next(self, list_id: str, depth: int) -> str:
        """The next number of a list; the lists below it begin again."""
        for key in [key for key in self._counters if key[0] == list_id and key[1] > depth]:
            del self._counters[key]
        count = self._counters[list_id, depth] = self._counters.get((list_id, depth), 0) + 1
        return f"{count}."

    def _table(self, table: Any) -> None:
        rows: list[list[str]] = []
        for line in table.iter(f"{_W}tr"):
            if next(line.iterancestors(f"{_W}tbl")) is table:
                rows.append(_row(line, rows[-1] if rows else []))
        if max(map(len, rows), default=0) < 2:
            for cell in table.iter(f"{_W}tc"):
                if next(cell.iterancestors(f"{_W}tbl")) is table:
                    self.blocks(cell)
            return
        marked = table.find(f"{_W}tr/{_W}trPr/{_W}tblHeader") is not None
        self._builder.table(rows, header=marked or tables.has_header(rows))
        self._hidden(table)
        self._boxes(table)


def _row(line: Any, above: list[str]) -> list[str]:
    """The cells of a table row; one that is merged with the cell above has that cell's text."""
    row: list[str] = []
    for cell in line.iter(f"{_W}tc"):
        if next(cell.iterancestors(f"{_W}tr")) is not line:
            continue  # of a table in a cell; its text is taken with the cell
        merge = cell.find(f"{_W}tcPr/{_W}vMerge")
        if merge is not None and merge.get(f"{_W}val", "continue") == "continue" and len(row) < len(above):
            row.append(above[len(row)])
        else:
            paragraphs = docx_hidden.apart(cell.iter(f"{_W}p"), cell)
            row.append(" ".join("".join(_texts(paragraph)) for paragraph in paragraphs))
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        row.extend([""] * (min(int(span.get(f"{_W}val") or 1), 100) - 1 if span is not None else 0))
    return row


def _texts(element: Any) -> Iterator[str]:
    """The visible text under an element, in order."""
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in (f"{_W}br", f"{_W}cr"):
            yield "\n"
        elif child.tag == f"{_W}tab":
            yield " "
        elif child.tag == f"{_W}noBreakHyphen":
            yield "-"
        elif child.tag == f"{_W}footnoteReference":
            yield f"[{child.get(f'{_W}id')}]"
        elif child.tag not in _LEFT_OUT and not docx_hidden.is_flagged(child):
            yield from _texts(child)


def _outline_level(properties: Any) -> int:
    """1 to 9 as set on a paragraph or style, 0 if it is body text."""
    value = _value(properties, "outlineLvl") if properties is not None else ""
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _value(element: Any, name: str) -> str:
    child = element.find(f"{_W}{name}")
    return (child.get(f"{_W}val") or "") if child is not None else ""


def _number_formats(document: Any) -> dict[tuple[str, int], str]:
    """(list, depth) -> 'bullet', 'decimal' .. as the document's numbering defines them."""
    root = _related(document, RELATIONSHIP_TYPE.NUMBERING)
    if root is None:
        return {}
    levels = {
        abstract.get(f"{_W}abstractNumId"): {
            int(level.get(f"{_W}ilvl")): _value(level, "numFmt") for level in abstract.iterfind(f"{_W}lvl")
        }
        for abstract in root.iterfind(f"{_W}abstractNum")
    }
    return {
        (number.get(f"{_W}numId"), depth): kind
        for number in root.iterfind(f"{_W}num")
        for depth, kind in levels.get(_value(number, "abstractNumId"), {}).items()
    }


def _footnotes(document: Any, builder: TextBuilder) -> None:
    root = _related(document, RELATIONSHIP_TYPE.FOOTNOTES)
    for note in root.iterfind(f"{_W}footnote") if root is not None else ():
        if note.get(f"{_W}type") in (None, "normal"):
            builder.item("".join(_texts(note)), marker=f"[{note.get(f'{_W}id')}]")


def _related(document: Any, kind: str) -> Any:
    """The root element of the part that the document relates to in this way, None if there is none."""
    for relation in document.part.rels.values():
        if relation.reltype == kind and not relation.is_external:
            return parse_xml(relation.target_part.blob)
    return None

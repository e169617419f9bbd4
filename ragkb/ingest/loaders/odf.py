"""OpenDocument: text in document order, a sheet or slide a page; read from content.xml."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import archive, tables
from ragkb.ingest.loaders.odf_table import rows
from ragkb.ingest.loaders.odf_text import (
    DRAW,
    META,
    OFFICE,
    PRESENTATION,
    STYLE,
    TABLE,
    TEXT,
    Notes,
    flag_hidden,
    plain,
    unseen,
)
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_DC = "{http://purl.org/dc/elements/1.1/}"
_DEEPEST = 100
_CONTAINERS = frozenset(
    {f"{TEXT}{name}" for name in ("section", "list-item", "list-header", "numbered-paragraph")}
    | {f"{DRAW}{name}" for name in ("frame", "text-box", "g", "custom-shape", "rect", "a")}
)


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of the body. Deleted text is left out, and what is hidden (also comments) where that is not kept."""
    archive.check(data, limits)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = parts.namelist()
        if "META-INF/manifest.xml" in names and b"encryption-data" in parts.read("META-INF/manifest.xml"):
            raise DocumentRefused("encrypted with a password", "save it without a password")
        root = archive.xml(parts.read("content.xml"))
        about = archive.xml(parts.read("meta.xml")) if "meta.xml" in names else None
    builder = TextBuilder(limits, keeps_hidden)
    body = next(iter(root.find(f"{OFFICE}body")), None) if root.find(f"{OFFICE}body") is not None else None
    if body is None:
        raise DocumentRefused("broken OpenDocument: it has no body")
    hides = flag_hidden(root)
    writer = _Writer(builder, root, limits)
    warnings = writer.body(body)
    warnings += ["hidden text left out"] if hides else []
    title, metadata = _about(about)
    return builder.build(title or builder.first_heading, metadata, [] if keeps_hidden else warnings)


class _Writer:
    def __init__(self, builder: TextBuilder, root: Any, limits: LimitSettings) -> None:
        self._builder = builder
        self._limits = limits
        self._notes = Notes()
        self._hidden = _hidden_styles(root)
        self._ordered = _ordered_lists(root)

    def body(self, body: Any) -> list[str]:
        """Writes all of it; the warnings."""
        if body.tag == f"{OFFICE}spreadsheet":
            return self._sheets(body)
        if body.tag == f"{OFFICE}presentation":
            return self._slides(body)
        self._blocks(body)
        self._write_notes()
        return []

    def _sheets(self, body: Any) -> list[str]:
        left_out = []
        parts = 0
        for sheet in body.iterfind(f"{TABLE}table"):
            self._builder.page()
            name = sheet.get(f"{TABLE}name", "")
            is_hidden = sheet.get(f"{TABLE}style-name") in self._hidden
            if is_hidden:
                left_out.append(name)
            if is_hidden and not self._builder.keeps_hidden:
                continue
            self._builder.heading(1, name, is_hidden)
            found = rows(sheet, self._limits)
            parts += found.left_out
            if is_hidden:
                tables.write_hidden(self._builder, found.shown)
            else:
                tables.write(self._builder, found.shown)
            tables.write_hidden(self._builder, found.hidden, found.shown)
            self._unseen(sheet)
        warnings = [f"hidden sheets left out: {', '.join(left_out)}"] if left_out else []
        return warnings + ([f"{parts} hidden rows and columns left out"] if parts else [])

    def _slides(self, body: Any) -> list[str]:
        left_out = []
        for number, slide in enumerate(body.iterfind(f"{DRAW}page"), 1):
            self._builder.page()
            if slide.get(f"{DRAW}style-name") in self._hidden:
                left_out.append(str(number))
                for words in self._paragraphs(slide) if self._builder.keeps_hidden else ():
                    self._builder.hidden(words)
                continue
            notes = slide.find(f"{PRESENTATION}notes")
            for shape in slide:
                if shape is not notes:
                    self._shape(shape)
            text = "\n".join(filter(str.strip, self._paragraphs(notes))) if notes is not None else ""
            if text:
                self._builder.paragraph(f"Notes:\n{text}")
            self._unseen(slide)
        return [f"hidden slides left out: {', '.join(left_out)}"] if left_out else []

    def _shape(self, shape: Any) -> None:
        kind = shape.get(f"{PRESENTATION}class", "")
        if kind == "title":
            self._builder.heading(1, " ".join(self._paragraphs(shape)))
        elif kind not in ("footer", "date-time", "page-number", "header"):
            self._block(shape, 0)

    def _paragraphs(self, element: Any) -> list[str]:
        return [plain(paragraph, self._notes) for paragraph in element.iter(f"{TEXT}p", f"{TEXT}h")]

    def _blocks(self, parent: Any, depth: int = 0) -> None:
        for child in parent:
            self._block(child, depth + 1)

    def _block(self, element: Any, depth: int) -> None:
        tag = element.tag
        if depth > _DEEPEST:
            self._builder.paragraph(plain(element, self._notes))
        elif tag == f"{TEXT}h":
            level = element.get(f"{TEXT}outline-level", "1")
            self._builder.heading(int(level) if level.isdecimal() else 1, plain(element, self._notes))
            self._unseen(element)
        elif tag == f"{TEXT}p":
            self._builder.paragraph(plain(element, self._notes))
            self._boxes(element, depth)
            self._unseen(element)
        elif tag == f"{TEXT}list":
            self._list(element, 0, element.get(f"{TEXT}style-name") in self._ordered)
            self._unseen(element)
        elif tag == f"{TABLE}table":
            self._table(element, depth)
            self._unseen(element)
        elif tag in _CONTAINERS:
            self._blocks(element, depth)

    def _unseen(self, element: Any) -> None:
        """What nobody sees under an element that was read as one piece, and what people remarked there."""
        for words in unseen(element) if self._builder.keeps_hidden else ():
            self._builder.hidden(words)

    def _boxes(self, paragraph: Any, depth: int) -> None:
        """The text boxes that hang on a paragraph come after it."""
        for box in paragraph.iter(f"{DRAW}text-box"):
            self._blocks(box, depth + 1)

    def _list(self, element: Any, depth: int, ordered: bool) -> None:
        number = 0
        for item in element:
            if item.tag != f"{TEXT}list-item":
                continue
            number += 1
            marker = f"{number}." if ordered else "-"
            for child in item:
                if child.tag == f"{TEXT}list" and depth < _DEEPEST:
                    self._list(child, depth + 1, ordered)
                elif child.tag in (f"{TEXT}p", f"{TEXT}h"):
                    self._builder.item(plain(child, self._notes), depth, marker)
                    marker = ""

    def _table(self, element: Any, depth: int) -> None:
        cells = rows(element, self._limits).shown
        if max(map(len, cells), default=0) < 2:
            for cell in element.iter(f"{TABLE}table-cell"):
                self._blocks(cell, depth + 1)
            return
        marked = element.find(f"{TABLE}table-header-rows") is not None
        self._builder.table(cells, header=marked or tables.has_header(cells))

    def _write_notes(self) -> None:
        for citation, text in self._notes.found:
            self._builder.item(text, marker=f"[{citation}]")


def _hidden_styles(root: Any) -> frozenset[str]:
    """The names of styles that hide a sheet or a slide."""
    found = set()
    for style in root.iter(f"{STYLE}style"):
        for properties in style:
            shown = properties.get(f"{TABLE}display") == "false"
            if shown or properties.get(f"{PRESENTATION}visibility") == "hidden":
                found.add(style.get(f"{STYLE}name", ""))
    return frozenset(found)


def _ordered_lists(root: Any) -> frozenset[str]:
    """The names of list styles whose first level is numbered."""
    found = set()
    for style in root.iter(f"{TEXT}list-style"):
        first = next(iter(style), None)
        if first is not None and first.tag == f"{TEXT}list-level-style-number":
            found.add(style.get(f"{STYLE}name", ""))
    return frozenset(found)


def _about(root: Any) -> tuple[str, dict[str, Scalar]]:
    """(title, the author as metadata)."""
    if root is None:
        return "", {}
    values = {name: root.findtext(f".//{name}") for name in (f"{_DC}title", f"{META}initial-creator", f"{_DC}creator")}
    author = values[f"{META}initial-creator"] or values[f"{_DC}creator"]
    return values[f"{_DC}title"] or "", {"author": author} if author else {}

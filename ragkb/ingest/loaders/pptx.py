"""Presentations: a slide is a page, its title a heading, then its text, tables and notes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import archive, tables
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_PLAIN = (PP_PLACEHOLDER.SUBTITLE, PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
_FURNITURE = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.HEADER)
_DEEPEST = 30


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft with one page a slide. Hidden are whole slides, which keep their number, and shapes beside a slide."""
    archive.check(data, limits)
    presentation = pptx.Presentation(io.BytesIO(data))
    builder = TextBuilder(limits, keeps_hidden)
    edges = (presentation.slide_width or 0, presentation.slide_height or 0)
    hidden, beside = [], []
    for number, slide in enumerate(presentation.slides, 1):
        builder.page()
        if slide.element.get("show") in ("0", "false"):
            hidden.append(str(number))
            _hidden_slide(slide, builder)
        elif _slide(slide, builder, edges):
            beside.append(str(number))
        _comments(slide, builder)
    warnings = [f"hidden slides left out: {', '.join(hidden)}"] if hidden else []
    warnings += [f"hidden shapes left out on slides: {', '.join(beside)}"] if beside else []
    properties = presentation.core_properties
    metadata: dict[str, Scalar] = {"author": properties.author} if properties.author else {}
    return builder.build(properties.title or builder.first_heading, metadata, [] if keeps_hidden else warnings)


def _slide(slide: Any, builder: TextBuilder, edges: tuple[int, int]) -> bool:
    """Writes the slide; True if text of it is hidden."""
    title, unseen = slide.shapes.title, []
    if title is not None and title.has_text_frame:
        builder.heading(1, title.text_frame.text)
    for shape in _flat(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if _is_unseen(shape, edges):
            unseen.append(_words(shape))
        else:
            _shape(shape, builder)
    for words in unseen:
        builder.hidden(words)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        builder.paragraph(f"Notes:\n{notes.text}")
    return any(words.strip() for words in unseen)


def _hidden_slide(slide: Any, builder: TextBuilder) -> None:
    for shape in _flat(slide.shapes) if builder.keeps_hidden else ():
        builder.hidden(_words(shape))
    notes = slide.notes_slide.notes_text_frame if builder.keeps_hidden and slide.has_notes_slide else None
    if notes is not None:
        builder.hidden(notes.text)


def _is_unseen(shape: Any, edges: tuple[int, int]) -> bool:
    """True for a shape that is switched off or wholly beside the slide. One inside a group has other coordinates."""
    if shape.element.xpath("boolean(./*/p:cNvPr[@hidden='1' or @hidden='true'])"):
        return True
    is_grouped = shape.element.getparent() is None or not shape.element.getparent().tag.endswith("}spTree")
    if is_grouped or None in (shape.left, shape.top, shape.width, shape.height) or not all(edges):
        return False
    is_off = shape.left >= edges[0] or shape.left + shape.width <= 0
    return bool(is_off or shape.top >= edges[1] or shape.top + shape.height <= 0)


def _words(shape: Any) -> str:
    """The text of a shape or table, on one line."""
    if getattr(shape, "has_table", False):
        return "\n".join(cell.text_frame.text for row in shape.table.rows for cell in row.cells)
    return str(shape.text_frame.text) if shape.has_text_frame else ""


def _comments(slide: Any, builder: TextBuilder) -> None:
    """What people remarked on the slide."""
    for relation in slide.part.rels.values() if builder.keeps_hidden else ():
        if relation.reltype.endswith("/comments") and not relation.is_external:
            root = archive.xml(relation.target_part.blob)
            for comment in root.iter("{*}cm"):
                said = "".join(comment.itertext("{*}text", "{*}t")).strip()
                builder.hidden(f"Comment: {said}" if said else "")


def _flat(shapes: Any, depth: int = 0) -> Iterator[Any]:
    """The shapes in order, with those inside groups."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            if depth < _DEEPEST:
                yield from _flat(shape.shapes, depth + 1)
        else:
            yield shape


def _shape(shape: Any, builder: TextBuilder) -> None:
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    if kind in _FURNITURE:
        return
    if getattr(shape, "has_table", False):
        rows = [[cell.text_frame.text for cell in row.cells] for row in shape.table.rows]
        builder.table(rows, header=bool(shape.table.first_row) or tables.has_header(rows))
    elif getattr(shape, "has_chart", False):
        _chart(shape.chart, builder)
    elif shape.has_text_frame:
        for paragraph in shape.text_frame.paragraphs:
            if shape.is_placeholder and kind not in _PLAIN:
                builder.item(paragraph.text, paragraph.level)
            else:
                builder.paragraph(paragraph.text)


def _chart(chart: Any, builder: TextBuilder) -> None:
    """A chart as the table of its numbers."""
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.paragraph(chart.chart_title.text_frame.text)
    plot = next(iter(chart.plots), None)
    if plot is None:
        return
    categories = [str(category) for category in plot.categories]
    series = [(one.name, list(one.values)) for one in plot.series]
    rows = [["", *(name for name, _ in series)]]
    for index, category in enumerate(categories):
        rows.append([category, *(_number(values, index) for _, values in series)])
    builder.table(rows if len(rows) > 1 else [], header=True)


def _number(values: list[Any], index: int) -> str:
    value = values[index] if index < len(values) else None
    return "" if value is None else f"{value:.15g}"

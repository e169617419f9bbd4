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


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft with one page a slide. Hidden slides keep their number and lose their text, with a warning."""
    archive.check(data, limits)
    presentation = pptx.Presentation(io.BytesIO(data))
    builder = TextBuilder(limits)
    hidden = []
    for number, slide in enumerate(presentation.slides, 1):
        builder.page()
        if slide.element.get("show") in ("0", "false"):
            hidden.append(str(number))
        else:
            _slide(slide, builder)
    warnings = [f"hidden slides left out: {', '.join(hidden)}"] if hidden else []
    properties = presentation.core_properties
    metadata: dict[str, Scalar] = {"author": properties.author} if properties.author else {}
    return builder.build(properties.title or builder.first_heading, metadata, warnings)


def _slide(slide: Any, builder: TextBuilder) -> None:
    title = slide.shapes.title
    if title is not None and title.has_text_frame:
        builder.heading(1, title.text_frame.text)
    for shape in _flat(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            _shape(shape, builder)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        builder.paragraph(f"Notes:\n{notes.text}")


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

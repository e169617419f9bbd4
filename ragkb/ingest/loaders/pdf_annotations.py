"""What lies over a PDF page: the values of form fields, what people remarked, and the files that hang on it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2.raw as raw

from ragkb.ingest.loaders.mail import Attachment
from ragkb.ingest.loaders.pdf_rules import Upright
from ragkb.ingest.loaders.pdf_words import Line, Word
from ragkb.ingest.normalise import one_line

_MOST = 2_000  # of a page
_MOST_FILES = 10_000
_LONGEST = 20_000  # characters of a value or remark
_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_NO_REMARK = frozenset((raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP, raw.FPDF_ANNOT_WIDGET))
_WRITTEN = frozenset((raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX))
_TICKED = frozenset((raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON))
_PASSWORD = 1 << 13
_BESIDE = 3.0  # points by which a field may overlap its label


@dataclass(frozen=True, slots=True)
class Over:
    """What lies over a page. values: what fields show, at their places; remarks: what a reader sees only by asking."""

    values: tuple[Word, ...] = ()
    remarks: tuple[str, ...] = ()


def read(page: Any, form: Any, upright: Upright) -> Over:
    """What lies over the page. form: of the document, None where it has none."""
    values: list[Word] = []
    remarks: list[str] = []
    for number in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MOST)):
        with _Opened(page, number) as annotation:
            kind = raw.FPDFAnnot_GetSubtype(annotation)
            text = _value(form, annotation) if kind == raw.FPDF_ANNOT_WIDGET and form else ""
            if text and not raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
                values.append(_word(annotation, text, upright))
            elif text:
                remarks.append(f"Hidden field: {text}")
            elif kind == raw.FPDF_ANNOT_FREETEXT and (text := _string(annotation, b"Contents")):
                values.append(_word(annotation, text, upright))
            elif kind not in _NO_REMARK and (text := _string(annotation, b"Contents")):
                remarks.append(_remark(text, _string(annotation, b"T")))
    return Over(tuple(values), tuple(remarks))


def attachments(document: Any) -> Iterator[Attachment]:
    """The files that the document holds, those that hang on a place of a page too."""
    for number in range(min(document.count_attachments(), _MOST_FILES)):
        yield _file(raw.FPDFDoc_GetAttachment(document.raw, number))
    for index in range(len(document)):
        page = document[index]
        try:
            for number in range(min(raw.FPDFPage_GetAnnotCount(page.raw), _MOST)):
                with _Opened(page, number) as annotation:
                    if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_FILEATTACHMENT:
                        yield _file(raw.FPDFAnnot_GetFileAttachment(annotation))
        finally:
            page.close()


class _Opened:
    """An annotation of a page, closed at the end."""

    def __init__(self, page: Any, number: int) -> None:
        self._annotation = raw.FPDFPage_GetAnnot(page.raw, number)

    def __enter__(self) -> Any:
        return self._annotation

    def __exit__(self, *_: object) -> None:
        if self._annotation:
            raw.FPDFPage_CloseAnnot(self._annotation)


def _remark(text: str, author: str) -> str:
    return f"Comment by {author}: {text}" if author else f"Comment: {text}"


def _value(form: Any, annotation: Any) -> str:
    """What the field shows; '[x]' for one that is ticked, '' for one that is empty, a button or a password."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _TICKED:
        return "[x]" if raw.FPDFAnnot_IsChecked(form, annotation) else ""
    if kind not in _WRITTEN or raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    return _text(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))


def _string(annotation: Any, key: bytes) -> str:
    return _text(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _text(get: Callable[[Any, int], int]) -> str:
    """What a call of PDFium writes as UTF-16, on one line.

    subtle: names of files come as bytes, each as a character, though they may be UTF-16 with its mark.
    """
    size = min(get(None, 0), 4 * _LONGEST)
    if size <= 2:
        return ""
    buffer = (raw.FPDF_WCHAR * (size // 2 + 1))()
    get(buffer, size)
    text = bytes(buffer)[: size - 2].decode("utf-16-le", "replace")
    if text.startswith("\xfe\xff") and max(text) <= "\xff":
        text = text.encode("latin-1").decode("utf-16-be", "replace")
    return one_line(text)[:_LONGEST]


def _word(annotation: Any, text: str, upright: Upright) -> Word:
    rect = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(annotation, rect)
    return Word(text, *upright(*sorted((rect.left, rect.right)), *sorted((rect.bottom, rect.top))))


def _file(attachment: Any) -> Attachment:
    name = _text(lambda buffer, size: raw.FPDFAttachment_GetName(attachment, buffer, size))
    size = ctypes.c_ulong()
    if not attachment or not raw.FPDFAttachment_GetFile(attachment, None, 0, size) or not size.value:
        return Attachment(name, b"")
    buffer = ctypes.create_string_buffer(size.value)
    raw.FPDFAttachment_GetFile(attachment, buffer, size.value, size)
    return Attachment(name, buffer.raw)


# --- fields among lines -----------------------------------------------------------------------------------------------


def placed(lines: Sequence[Line], values: Sequence[Word]) -> tuple[Line, ...]:
    """The lines with each value behind its label, before it (a ticked box), or on a line of its own where it stands."""
    found = list(lines)
    for value in sorted(values, key=lambda value: (-round(value.top), value.left)):
        level = [number for number, line in enumerate(found) if line.words and _is_level(line, value)]
        before = [number for number in level if found[number].left < value.left]
        after = [number for number in level if found[number].left >= value.right - _BESIDE]
        if value.text == "[x]" and after:
            place = min(after, key=lambda number: found[number].left)
            found[place] = _joined(value, found[place])
        elif before:
            place = max(before, key=lambda number: found[number].left)
            found[place] = replace(
                found[place], text=f"{found[place].text} {value.text}", words=(*found[place].words, value)
            )
        else:
            found.insert(_place(found, value), Line(value.text, (value,)))
    return tuple(found)


def _joined(value: Word, line: Line) -> Line:
    return replace(line, text=f"{value.text} {line.text}", words=(value, *line.words))


def _is_level(line: Line, value: Word) -> bool:
    """True if the two stand at one height."""
    overlap = min(line.top, value.top) - max(line.bottom, value.bottom)
    return overlap > 0.5 * min(line.top - line.bottom, value.top - value.bottom)


def _place(lines: Sequence[Line], value: Word) -> int:
    """Behind the nearest line above that is over or under the value; else at the end."""
    above = [
        (line.bottom - value.top, number)
        for number, line in enumerate(lines)
        if line.words and line.bottom >= value.top - _BESIDE and line.left < value.right and line.right > value.left
    ]
    return min(above)[1] + 1 if above else len(lines)

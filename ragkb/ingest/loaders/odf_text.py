"""The text of an OpenDocument paragraph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_NS = "urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, TEXT, TABLE, DRAW = (f"{{{_NS}{name}:1.0}}" for name in ("office", "text", "table", "drawing"))
STYLE, META, PRESENTATION = (f"{{{_NS}{name}:1.0}}" for name in ("style", "meta", "presentation"))
_LEFT_OUT = frozenset(
    {f"{TEXT}{name}" for name in ("tracked-changes", "hidden-paragraph", "hidden-text", "note", "list")}
    | {f"{OFFICE}annotation", f"{OFFICE}annotation-end", f"{DRAW}frame", f"{DRAW}g", f"{DRAW}custom-shape"}
)
_UNSEEN = frozenset(f"{TEXT}{name}" for name in ("hidden-paragraph", "hidden-text"))
_FLAG = "hidden-from-readers"  # an attribute in no namespace of the format
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_MOST_SPACES = 100
_DEEPEST = 200


class Notes:
    """The footnotes and endnotes of a document, in order: (number or sign, text)."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def take(self, note: Any) -> str:
        """Remembers the note; the sign that stands in its place."""
        citation = note.findtext(f"{TEXT}note-citation") or str(len(self.found) + 1)
        body = note.find(f"{TEXT}note-body")
        if body is not None:
            text = " ".join(plain(paragraph, self) for paragraph in body.iter(f"{TEXT}p"))
            self.found.append((citation, text))
        return f"[{citation}]"


def plain(element: Any, notes: Notes | None = None) -> str:
    """The visible text under an element; its notes go into `notes`."""
    return "".join(_texts(element, notes, 0))


def flag_hidden(root: Any) -> bool:
    """Flags the spans, headings and paragraphs whose style hides them: not displayed, or white on white paper.

    True if there is hidden text, in fields too.
    """
    hiding = set()
    for style in root.iter(f"{STYLE}style"):
        letters, paper = style.find(f"{STYLE}text-properties"), style.find(f"{STYLE}paragraph-properties")
        grounds = (part.get(f"{_FO}background-color") for part in (letters, paper) if part is not None)
        if letters is None:
            continue
        is_white = letters.get(f"{_FO}color", "").lower() == "#ffffff" and not any(grounds)
        if letters.get(f"{TEXT}display") == "none" or (is_white and not style.get(f"{STYLE}parent-style-name")):
            hiding.add(style.get(f"{STYLE}name"))
    for element in root.iter(f"{TEXT}span", f"{TEXT}p", f"{TEXT}h") if hiding else ():
        in_table = next(element.iterancestors(f"{TABLE}table-cell", f"{DRAW}frame", f"{DRAW}custom-shape"), None)
        if element.get(f"{TEXT}style-name") in hiding and in_table is None:
            element.set(_FLAG, "1")
    return any(text.strip() for text in _flagged(root))


def unseen(element: Any) -> Iterator[str]:
    """The texts under an element that nobody sees: hidden spans and fields, and comments as `Comment by Ana: text`."""
    yield from _flagged(element)
    for found in element.iter(f"{OFFICE}annotation"):
        said = " ".join("".join(paragraph.itertext()) for paragraph in found.iter(f"{TEXT}p"))
        yield f"Comment by {found.findtext('{*}creator') or 'somebody'}: {said}"


def _flagged(element: Any) -> Iterator[str]:
    """The texts that are hidden by a style or a field, those inside others with these."""
    for found in element.iter(f"{TEXT}span", f"{TEXT}p", f"{TEXT}h", *_UNSEEN):
        if _is_unseen(found) and not any(map(_is_unseen, found.iterancestors(f"{TEXT}span", f"{TEXT}p", f"{TEXT}h"))):
            yield "".join(found.itertext()) or found.get(f"{TEXT}string-value", "")


def _is_unseen(element: Any) -> bool:
    return element.get(_FLAG) is not None or element.tag in _UNSEEN


def _texts(element: Any, notes: Notes | None, depth: int) -> Iterator[str]:
    if element.get(_FLAG):
        return
    yield element.text or ""
    for child in element:
        if child.tag == f"{TEXT}s":
            count = child.get(f"{TEXT}c", "1")
            yield " " * (min(int(count), _MOST_SPACES) if count.isdecimal() else 1)
        elif child.tag == f"{TEXT}tab":
            yield " "
        elif child.tag == f"{TEXT}line-break":
            yield "\n"
        elif child.tag == f"{TEXT}note" and notes is not None:
            yield notes.take(child)
        elif child.tag not in _LEFT_OUT and depth < _DEEPEST:
            yield from _texts(child, notes, depth + 1)
        yield child.tail or ""

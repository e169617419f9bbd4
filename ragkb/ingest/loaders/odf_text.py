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


def _texts(element: Any, notes: Notes | None, depth: int) -> Iterator[str]:
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

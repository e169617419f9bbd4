"""What a document of the corpus is made of: a few block types, kept apart from the file formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class H:
    """A heading. level: 1 is the highest below the title."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class P:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class UL:
    """A bulleted list."""

    items: Sequence[str]


@dataclass(frozen=True)
class OL:
    """A numbered list."""

    items: Sequence[str]


@dataclass(frozen=True)
class T:
    """A table. rows: the first is the header. widths: relative column widths, equal if left out."""

    rows: Sequence[Sequence[str]]
    widths: Sequence[float] | None = None


@dataclass(frozen=True)
class Break:
    """A page break (PDF and DOCX)."""


Block = H | P | UL | OL | T | Break


@dataclass(frozen=True)
class Document:
    """A DOCX or PDF file, as the suffix of `path` (relative to sample_corpus) says. date: ISO."""

    path: str
    title: str
    date: str
    author: str
    blocks: Sequence[Block]
    language: str = "en"
    footer: str = ""


@dataclass(frozen=True)
class Slide:
    """One slide: a title, bullets, perhaps a table, and the speaker's notes."""

    title: str
    bullets: Sequence[str] = ()
    table: Sequence[Sequence[str]] | None = None
    notes: str = ""


@dataclass(frozen=True)
class Deck:
    """A PPTX file."""

    path: str
    title: str
    subtitle: str
    date: str
    author: str
    slides: Sequence[Slide]
    language: str = "en"


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook. rows: the first is the header row."""

    name: str
    rows: Sequence[Sequence[str | int | float | None]]
    widths: Sequence[int] = ()


@dataclass(frozen=True)
class Workbook:
    """An XLSX file."""

    path: str
    title: str
    date: str
    author: str
    sheets: Sequence[Sheet]


def table(text: str, widths: Sequence[float] | None = None) -> T:
    """A table from lines of cells parted by ` | `; the first line is the header."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"rows of unequal length under {rows[0]}: {[len(row) for row in rows]}")
    return T(rows, widths)


def lines(text: str) -> list[str]:
    """The non-empty lines of a text block, stripped."""
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def sheet(name: str, text: str, widths: Sequence[int] = ()) -> Sheet:
    """A sheet from lines of cells parted by ` | `. Whole numbers become numbers, an empty cell stays empty."""
    rows = [[_cell(cell.strip()) for cell in line.split("|")] for line in text.strip().splitlines()]
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"rows of unequal length in sheet {name}: {[len(row) for row in rows]}")
    return Sheet(name, rows, widths)


def _cell(text: str) -> str | int | float | None:
    if not text:
        return None
    return int(text) if text.lstrip("-").isdecimal() and (text == "0" or not text.startswith("0")) else text

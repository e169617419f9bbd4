"""What an answer can be made of: the sentences, list items and table rows of a passage, each with what it needs to be
understood: a row its column names, an item the line that leads it in, an answer the question above it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragkb.retrieve.origin import UNKNOWN, Origin
from ragkb.text import hidden
from ragkb.text.sentences import sentences
from ragkb.types import Hit

_ITEM = re.compile(r"\s*(?:[-*•–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+")
_ASKS = re.compile(r"^\s*(?:\*\*)?(?:Q|Question|问|问题)\s*[:：.]|[?？](?:\*\*)?\s*$")
_ANSWERS = re.compile(r"^\s*(?:\*\*)?(?:A|Answer|答|回答)\s*[:：]\s*(?:\*\*)?\s*")
_ENDS = re.compile(r"[.!?。！？；;:：…)）\]”\"’']$")
_BREAK_IN_CJK = re.compile("(?<=[\u3000-\u9fff\uff00-\uffef])\\s*\n\\s*(?=[\u3000-\u9fff\uff00-\uffef])")
HEADING_LENGTH = 80  # characters; a longer line without an end is text all the same


@dataclass(frozen=True, slots=True)
class Passage:
    """A hit to answer from. context: what the index knew beside its text: title, headings, table header.

    origin: how fresh its document is.
    """

    hit: Hit
    context: str = ""
    origin: Origin = UNKNOWN

    @property
    def above(self) -> str:
        """What stands over it and helps to understand it: title, headings, table header, a line each."""
        lines = [self.hit.title, *self.hit.heading, *self.context.split("\n")]
        return "\n".join(dict.fromkeys(line for line in lines if line.strip()))

    @property
    def file(self) -> str:
        """The name of its file without the ending: often it alone says which version or year a document is of."""
        return self.hit.source.rsplit("/", 1)[-1].rsplit(".", 1)[0]

    @property
    def table_header(self) -> str:
        """The header row of the table that the passage continues; '' if none."""
        last = self.context.rsplit("\n", 1)[-1]
        return last if last.startswith("|") else ""


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that can be said.

    spans: (start, end) in the document that say it, the main one last. said: as it reads in an answer. reads: with all
    that helps to understand it, for comparing with a question. evidence: further text that it rests on. is_statement:
    false for headings and for lines that only ask. cells: (column name, cell) of a table row.
    """

    passage: Passage
    spans: tuple[tuple[int, int], ...]
    said: str
    reads: str
    evidence: str
    is_statement: bool
    cells: tuple[tuple[str, str], ...] = ()

    @property
    def start(self) -> int:
        return self.spans[-1][0]

    @property
    def asks(self) -> bool:
        """True for a line that only asks: the question of an FAQ."""
        return bool(_ASKS.search(self.said))


def units(passage: Passage) -> list[Unit]:
    """The units of a passage in reading order. Header rows are no units: they go into their rows."""
    text, out = passage.hit.text, []
    header, lead, asked = passage.table_header, None, ""
    previous_is_row = bool(header)
    for found, end in sentences(text):
        start = hidden.whole(text, found)
        one = text[start:end]
        span = (passage.hit.start + start, passage.hit.start + end)
        if one.startswith("|"):
            if not previous_is_row:
                header, previous_is_row = (one, True) if _row_follows(text, end) else ("", True)
                if header:
                    continue
            out.append(_row(passage, span, one, header, asked))
            continue
        previous_is_row, header = False, ""
        if _ASKS.search(one):
            asked = one
            out.append(Unit(passage, (span,), one, one, "", False))
        elif _ITEM.match(one):
            out.append(_item(passage, span, one, lead, asked))
        else:
            out.append(_sentence(passage, span, one, asked))
            lead = (start, end) if one.endswith((":", "：")) else None
            asked = asked if _ENDS.search(one) else ""
    return out


def _one_line(text: str) -> str:
    """The text without line breaks; between two Chinese characters a break is no space."""
    return " ".join(_BREAK_IN_CJK.sub("", text).split())


def _sentence(passage: Passage, span: tuple[int, int], text: str, asked: str) -> Unit:
    reads = f"{asked} {text}" if asked else text
    statement = bool(_ENDS.search(text)) or len(text) > HEADING_LENGTH or "\n" in text
    return Unit(
        passage, (span,), _one_line(_ANSWERS.sub("", text)), reads, "", statement and not text.endswith((":", "："))
    )


def _item(passage: Passage, span: tuple[int, int], text: str, lead: tuple[int, int] | None, asked: str) -> Unit:
    bare = _one_line(_ITEM.sub("", text, count=1))
    if lead is None:
        return Unit(passage, (span,), bare, f"{asked} {text}".strip(), "", True)
    opening = _one_line(passage.hit.text[slice(*lead)])
    spans = ((passage.hit.start + lead[0], passage.hit.start + lead[1]), span)
    return Unit(passage, spans, f"{opening} {bare}", f"{asked} {opening} {bare}".strip(), "", True)


def _row(passage: Passage, span: tuple[int, int], text: str, header: str, asked: str) -> Unit:
    said = row_as_text(text, header)
    return Unit(passage, (span,), said, f"{asked} {said}".strip(), header, True, row_cells(text, header))


def _row_follows(text: str, end: int) -> bool:
    return text[end:].lstrip().startswith("|")


def row_as_text(row: str, header: str) -> str:
    """ "Part: HX-200; Pressure: 210 bar" for a row under its header; without a header, the cells."""
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in row_cells(row, header) if cell)


def row_cells(row: str, header: str) -> tuple[tuple[str, str], ...]:
    """(column name, cell) of a row; names are '' without a header, or under one of another width.

    Cells under one name, as a heading over several columns gives it, are one: "Torque: 180 Nm".
    """
    cells, names = _cells(row), _cells(header)
    named = zip(names if header and len(names) == len(cells) else [""] * len(cells), cells, strict=True)
    merged: list[tuple[str, str]] = []
    for name, cell in named:
        if name and merged and merged[-1][0] == name:
            merged[-1] = (name, f"{merged[-1][1]} {cell}".strip())
        else:
            merged.append((name, cell))
    return tuple(merged)


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]

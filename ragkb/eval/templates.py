"""Questions read off what a document says in a fixed form: FAQ entries, definitions, table rows, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragkb.text.language import cjk_share
from ragkb.text.sentences import sentences
from ragkb.types import Document, Table

_FAQ = re.compile(
    r"^(?:(?:Q|Question|问|问题)\s*\d*\s*[.:：、]\s*)?(?P<question>[^\n|]{6,200}[?？])\s*\n+"
    r"(?:(?:A|Answer|答|回答)\s*\d*\s*[.:：、]\s*)?(?P<answer>[^\n|?？]{4,400})$",
    re.MULTILINE,
)
_DEFINITION = re.compile(
    r"(?:^|(?<=[.\n] ))(?:An?|The) (?P<term>[\w-]+(?: [\w-]+){1,3}) (?P<verb>is|means) "
    r"(?P<what>(?:an?|the|any) (?:[^.\n|]|\.(?=\d)){10,200})\.",
    re.MULTILINE,
)
_DEFINITION_ZH = re.compile(r"(?P<term>[\u4e00-\u9fffA-Z0-9-]{2,16})(?:是指|指的是|系指)(?P<what>[^。\n|]{6,120})。")
_NUMBERED = re.compile(r"^[\d.、()（）一二三四五六七八九十第章节条]+\s*")
_ROWS = 3  # questions of one table


@dataclass(frozen=True, slots=True)
class Made:
    """A question, its answer, "" where only the place is known, and the span of the document that holds it."""

    kind: str
    question: str
    answer: str
    start: int
    end: int


def questions_of(document: Document) -> Iterator[Made]:
    """What the templates find in a document, kind after kind."""
    yield from _faq(document)
    yield from _definitions(document)
    for table in document.tables:
        yield from _table(document, table)
    yield from _headings(document)


def _faq(document: Document) -> Iterator[Made]:
    for found in _FAQ.finditer(document.text):
        yield Made("faq", found["question"].strip(), found["answer"].strip(), found.start("answer"), found.end())


def _definitions(document: Document) -> Iterator[Made]:
    for found in _DEFINITION.finditer(document.text):
        asked = f"What is the {found['term']}?" if found["verb"] == "is" else f"What does {found['term']} mean?"
        yield Made("definition", asked, found["what"], found.start(), found.end())
    for found in _DEFINITION_ZH.finditer(document.text):
        yield Made("definition", f"{found['term']}是指什么？", found["what"], found.start(), found.end())


def _table(document: Document, table: Table) -> Iterator[Made]:
    """The last cell of the first rows, asked for by the first cell and the name of the column."""
    names = _cells(table.header)
    at, made = table.start, 0
    for line in document.text[table.start : table.end].split("\n"):
        cells = _cells(line)
        if made < _ROWS and cells != names and _is_telling(names, cells):
            made += 1
            yield Made("table", _cell_question(names, cells, document.title), cells[-1], at, at + len(line))
        at += len(line) + 1


def _is_telling(names: list[str], cells: list[str]) -> bool:
    """Whether the first cell names something, a bare number does not, and the last one says something of it."""
    return 1 < len(names) == len(cells) and not cells[0].isdigit() and len(cells[0]) > 1 and cells[-1] not in ("", "-")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []


def _cell_question(names: list[str], cells: list[str], title: str) -> str:
    if cjk_share("".join(names)) > 0.3:
        return f"{title}中，{cells[0]}的{names[-1]}是什么？"
    return f"{title}: what is the {names[-1]} of {cells[0]}?"


def _headings(document: Document) -> Iterator[Made]:
    """What the first sentence under a heading says; the answer itself is left open, only its place is known."""
    ends = [*(heading.start for heading in document.headings[1:]), len(document.text)]
    for heading, end in zip(document.headings, ends, strict=False):
        title = _NUMBERED.sub("", heading.title).strip()
        after = document.text.find("\n", heading.start, end)
        body = document.text[after:end] if after >= 0 else ""
        spans = [span for span in sentences(body) if span[1] - span[0] > 20 and "|" not in body[span[0] : span[1]]]
        if len(title) >= 4 and not title.endswith(("?", "？")) and spans:
            start, stop = spans[0]
            asked = f"关于“{title}”有什么规定？" if cjk_share(title) > 0.3 else f"What is said about {title}?"
            yield Made("heading", asked, "", after + start, after + stop)

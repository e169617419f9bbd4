"""Headings of a PDF: the outline's titles where they stand in the text, else what its type tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragkb.ingest.loaders.pdf_words import Line

_WORD_CHARACTER = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(
    r"(?:(?P<one>part|chapter|appendix|annex|schedule)|(?P<two>item|article|section)|(?P<three>note|exhibit))"
    r"\s+(?:\d+[a-z]?|[ivxlc]+)\b.{0,100}|(?P<dots>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+[^\W\d_].{2,80}"
    r"|第[一二三四五六七八九十百\d]{1,4}[章节编条].{0,40}",
    re.IGNORECASE,
)
_ROW = re.compile(r".*(?:[.…]{3,}|\s)[$€£¥]?\s?\(?\d[\d,.]*\)?\s?%?", re.DOTALL)
_SENTENCE_END = re.compile(r"[.,:;!?。，：；！？、]$")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the outline. page counts from 0, level from 1."""

    page: int
    level: int
    title: str


def matched(text: str, entries: Iterable[Entry]) -> list[tuple[int, int, str]]:
    """The outline's entries for a page as headings at the lines that hold them; entries without a line are dropped."""
    lines = [(match.start(), _key(match[0])) for match in re.finditer(r"[^\n]+", text)]
    found: dict[int, tuple[int, int, str]] = {}
    for entry in entries:
        key = _key(entry.title)
        for number, (start, line) in enumerate(lines):
            following = lines[number + 1][1] if number + 1 < len(lines) else ""
            if start not in found and key and _is_heading(key, line, following):
                found[start] = (start, entry.level, entry.title)
                break
    return sorted(found.values())


def _is_heading(key: str, line: str, following: str) -> bool:
    """True if a line is a title: it alone, with a number before it, or run over to the next line."""
    if not line:
        return False
    if line == key or (line.endswith(key) and len(line) - len(key) <= 8):
        return True
    return len(line) * 2 > len(key) and key.startswith(line) and (line + following).startswith(key)


def _key(text: str) -> str:
    return "".join(_WORD_CHARACTER.findall(text)).casefold()


def levels(pages: Sequence[Sequence[Line]]) -> dict[float, int]:
    """Heading level of each type size that is clearly larger than the body's; the body's own size is level 0.

    A size that only the cover has names no section, unless the document is short.
    """
    characters: Counter[float] = Counter()
    spread: Counter[float] = Counter()
    for page in pages:
        spread.update({line.height for line in page})
        for line in page:
            characters[line.height] += len(line.text)
    del characters[0.0]
    if not characters:
        return {}
    body = characters.most_common(1)[0][0]
    least = 1 if len(pages) <= 3 else max(2, len(pages) // 12)
    most = characters.total() / 5
    sizes = [size for size in characters if size > 1.15 * body and characters[size] < most and spread[size] >= least]
    return {body: 0, **_ranks(sorted(sizes, reverse=True))}


def _ranks(sizes: Iterable[float]) -> dict[float, int]:
    """Level from 1 to 4 of sizes that come largest first; sizes that hardly differ share one."""
    levels: dict[float, int] = {}
    level, last = 0, 0.0
    for size in sizes:
        if not level or size < 0.94 * last:
            level, last = level + 1, size
        levels[size] = min(level, 4)
    return levels


def guessed(
    text: str, page: Sequence[Line], starts: Sequence[int], levels: dict[float, int]
) -> list[tuple[int, int, str]]:
    """Lines in large type, and lines in bold type that are numbered or stand apart, as headings."""
    deepest = max(levels.values(), default=0)
    found = []
    for number, (line, start) in enumerate(zip(page, starts, strict=True)):
        end = text.find("\n", start)
        title = text[start : end if end >= 0 else len(text)]
        if not 3 <= len(title) <= 120 or _SENTENCE_END.search(title) or not _key(title).strip("0123456789"):
            continue
        level = levels.get(line.height, 0)
        if not level and line.is_bold and not _ROW.fullmatch(title):
            is_apart = start > 1 and text[start - 2 : start] == "\n\n"
            is_last_bold = number + 1 < len(page) and not page[number + 1].is_bold
            level = _bold_level(title, deepest, is_apart and is_last_bold)
        if level:
            found.append((start, level, title))
    return found


def _bold_level(title: str, deepest: int, stands_apart: bool) -> int:
    """The level of a bold line under headings down to `deepest`; 0 if it is none."""
    match = _NUMBERED.fullmatch(title)
    if match and match["dots"]:
        return deepest + 1 + match["dots"].count(".")
    if match:
        return deepest + (3 if match["three"] else 2 if match["two"] else 1)
    return deepest + 4 if stands_apart and len(title) <= 80 and title[0].isupper() else 0

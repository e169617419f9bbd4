"""Tables of contents: lines of a title and a page. They name everything and tell nothing, so they are not indexed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from ragkb.ingest.loaders.pdf_columns import part_of
from ragkb.ingest.loaders.pdf_rows import Row, rows_of
from ragkb.ingest.loaders.pdf_words import GAP, Line, Word

_LEADER = re.compile(r".{2,}?(?:\s?[.·…‥_]){3,}\s*(?:[A-Z]-?)?(?:\d{1,4}|[ivxlc]{1,6})")
_ENTRY = re.compile(r"\S.{2,150}?\s+(?P<page>\d{1,4})")
_TITLE = re.compile(r"(?:table of )?contents|index|inhalt(?:sverzeichnis)?|目\s*录|目\s*次", re.IGNORECASE)
_TOP = 6  # lines of a page among which its title stands
_LEAST = 4
_MOST_BETWEEN = 2  # lines that are no entries: parts, titles that run over


def entries(lines: Sequence[Line]) -> list[Line]:
    """The lines; of a page of contents each title with its page as one, the entries of one column after the other."""
    if not any(_TITLE.fullmatch(line.text.strip()) for line in lines[:_TOP]) or not all(line.words for line in lines):
        return list(lines)
    rows = [list(_parted(row, lines)) for row in rows_of(lines)]
    found = [line for row in rows for line in row if _ENTRY.fullmatch(line.text)]
    if len(found) < _LEAST or len(found) * 2 < sum(map(len, rows)):
        return list(lines)
    return [line for _, group in groupby(rows, key=len) for column in zip(*group, strict=True) for line in column]


def _parted(row: Row, lines: Sequence[Line]) -> Iterator[Line]:
    """What stands at one height, parted after each number that a gap and a title follow."""
    numbers = sorted({cell.line for cell in row.cells}, key=lambda number: lines[number].left)
    words = [word for number in numbers for word in lines[number].words]
    first = lines[numbers[0]]
    part: list[Word] = []
    for word, after in zip(words, [*words[1:], None], strict=True):
        part.append(word)
        is_page = word.text.rpartition(" ")[2].isdecimal() and len(part) > 1
        is_far = after is not None and after.left - word.right > GAP * (word.top - word.bottom)
        if after is None or (is_page and is_far and not after.text.isdecimal()):
            yield part_of(first, part)
            part = []


def find(text: str) -> list[tuple[int, int]]:
    """(start, end) of each table of contents in the text, ascending; its title is part of it."""
    lines = [(match.start(), match.end(), match[0]) for match in re.finditer(r"[^\n]+", text)]
    if sum(1 for *_, line in lines if _LEADER.fullmatch(line)) >= _LEAST:
        return list(_stretches(lines, [_LEADER.fullmatch(line) is not None for *_, line in lines]))
    titles = [number for number, (*_, line) in enumerate(lines) if _TITLE.fullmatch(line.strip())]
    if not titles:
        return []
    is_entry = [number > titles[0] and _ENTRY.fullmatch(line) is not None for number, (*_, line) in enumerate(lines)]
    if not _ascends([line for (*_, line), found in zip(lines, is_entry, strict=True) if found]):
        return []
    return list(_stretches(lines, is_entry))


def _ascends(lines: list[str]) -> bool:
    """True if the numbers at the lines' ends are pages: they hardly ever fall."""
    pages = [int(match["page"]) for line in lines if (match := _ENTRY.fullmatch(line))]
    falls = sum(pages[number] < pages[number - 1] for number in range(1, len(pages)))
    return len(pages) >= _LEAST and falls * 10 <= len(pages)


def _stretches(lines: list[tuple[int, int, str]], entries: list[bool]) -> Iterator[tuple[int, int]]:
    """Runs of entries, with the few other lines between them and the title above them."""
    first = last = -1
    for number, is_entry in enumerate([*entries, False]):
        if is_entry and first < 0:
            first = last = number
        elif is_entry:
            last = number
        elif first >= 0 and (number - last > _MOST_BETWEEN or number == len(entries)):
            if sum(entries[first : last + 1]) >= _LEAST:
                while first and _TITLE.fullmatch(lines[first - 1][2].strip()):
                    first -= 1
                yield lines[first][0], lines[last][1]
            first = -1

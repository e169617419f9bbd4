"""Tables of contents: lines of a title and a page. They name everything and tell nothing, so they are not indexed."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LEADER = re.compile(r".{2,}?(?:\s?[.·…‥_]){3,}\s*(?:[A-Z]-?)?(?:\d{1,4}|[ivxlc]{1,6})")
_ENTRY = re.compile(r"\S.{2,150}?\s+(?P<page>\d{1,4})")
_TITLE = re.compile(r"(?:table of )?contents|index|inhalt(?:sverzeichnis)?|目\s*录|目\s*次", re.IGNORECASE)
_LEAST = 4
_MOST_BETWEEN = 2  # lines that are no entries: parts, titles that run over


def find(text: str) -> list[tuple[int, int]]:
    """(start, end) of each table of contents in the text, ascending; its title is part of it."""
    lines = [(match.start(), match.end(), match[0]) for match in re.finditer(r"[^\n]+", text)]
    if sum(1 for *_, line in lines if _LEADER.fullmatch(line)) >= _LEAST:
        return list(_stretches(lines, [_LEADER.fullmatch(line) is not None for *_, line in lines]))
    titles = [number for number, (*_, line) in enumerate(lines) if _TITLE.fullmatch(line.strip())]
    if not titles:
        return []
    entries = [number > titles[0] and _ENTRY.fullmatch(line) is not None for number, (*_, line) in enumerate(lines)]
    if not _ascends([line for (*_, line), is_entry in zip(lines, entries, strict=True) if is_entry]):
        return []
    return list(_stretches(lines, entries))


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

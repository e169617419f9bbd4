"""Running headers, footers and page numbers: what stands at the same edge of most pages, numbers apart."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ragkb.ingest.loaders.pdf_columns import cells
from ragkb.ingest.loaders.pdf_words import Line, Page

_NUMBER = re.compile(r"\d+|\b[ivxlcIVXLC]+\b")
_DEPTH = 4  # lines from the edge
_LEAST_PAGES = 4
_REACH = 12.0  # points by which the place may differ
_PAGE_NUMBER = re.compile(
    r"(?:page|seite|第)?\s*[-–—|/]*\s*#\s*(?:(?:of|von|/|页)?\s*#?\s*页?)\s*[-–—|]*", re.IGNORECASE
)


def without(pages: Sequence[Page]) -> list[list[Line]]:
    """The lines of each page without its running header and footer. The first page that has one keeps its words.

    They stand at one height or, where pages are as long as what is printed on them, are the outermost line.

    Left alone: documents of fewer than four pages, what stands on fewer than half of the pages, a table's header, and
    whatever is all that a page has.
    """
    edges = [list(_edges(page)) for page in pages]
    running = _running(pages, edges)
    seen: set[str] = set()
    result = []
    for page, found in zip(pages, edges, strict=True):
        gone = _gone(page, found, running, seen)
        result.append([line for number, line in enumerate(page.lines) if number not in gone])
    return result


def _gone(page: Page, found: Sequence[tuple[int, str]], running: _Running, seen: set[str]) -> set[int]:
    """The numbers of the lines of a page that are left out."""
    gone = {number for number, key in found if running.holds(key, page.lines[number].top)}
    gone |= {number for number, key in _outermost(found) if key in running.outermost}
    gone = {number for number in gone if all(n in gone for n in _outer(page, number, found))}
    if len(gone) == len(page.lines):
        return set()
    first = {number: key for number, key in found if number in gone and key not in seen}
    seen.update(first.values())
    return {number for number in gone if number not in first or _is_page_number(first[number])}


def _outer(page: Page, number: int, found: Sequence[tuple[int, str]]) -> Iterator[int]:
    """The lines between a line and its edge of the page."""
    line = page.lines[number]
    is_top = line.top > page.height / 2
    for other, _ in found:
        top = page.lines[other].top
        if (
            other != number
            and (top > line.top + 2 if is_top else top < line.top - 2)
            and (top > page.height / 2) == is_top
        ):
            yield other


def _is_page_number(key: str) -> bool:
    return _PAGE_NUMBER.fullmatch(key[1:]) is not None


def _edges(page: Page) -> Iterator[tuple[int, str]]:
    """(number, key) of the lines at the page's edges. key: its edge and its text without numbers."""
    placed = sorted((line.top, number) for number, line in enumerate(page.lines) if line.words)
    for edge, outer in (("^", placed[::-1][:_DEPTH]), ("_", placed[:_DEPTH])):
        for place, (top, number) in enumerate(outer):
            if (top > page.height / 2) != (edge == "^") or _is_table_row(page.lines, outer, place):
                break
            yield number, edge + _NUMBER.sub("#", page.lines[number].text).strip()


def _is_table_row(lines: Sequence[Line], outer: Sequence[tuple[float, int]], place: int) -> bool:
    """True if a line and the one further in both have three cells: a table begins or ends here."""
    rows = [lines[number] for _, number in outer[place : place + 2]]
    return len(rows) == 2 and all(len(row.words) > 2 and len(cells(row)) > 2 for row in rows)


def _outermost(found: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The first of the lines at each edge."""
    seen: set[str] = set()
    for number, key in found:
        if key[0] not in seen:
            seen.add(key[0])
            yield number, key


@dataclass(frozen=True, slots=True)
class _Running:
    """Keys of running lines: with the height at which they usually stand, and those that are always outermost."""

    heights: Mapping[str, float]
    outermost: frozenset[str]

    def holds(self, key: str, top: float) -> bool:
        return key in self.heights and abs(top - self.heights[key]) <= _REACH


def _running(pages: Sequence[Page], edges: Sequence[Sequence[tuple[int, str]]]) -> _Running:
    places: dict[str, dict[int, float]] = defaultdict(dict)
    outer: Counter[str] = Counter()
    for index, (page, found) in enumerate(zip(pages, edges, strict=True)):
        for number, key in found:
            places[key].setdefault(index, page.lines[number].top)
        outer.update(key for _, key in _outermost(found))
    count = sum(bool(page.lines) for page in pages)
    if count < _LEAST_PAGES:
        return _Running({}, frozenset())
    heights = {key: median(tops.values()) for key, tops in places.items() if _is_running(tops, count)}
    return _Running(heights, frozenset(key for key, times in outer.items() if times >= max(3, count / 2)))


def _is_running(tops: Mapping[int, float], count: int) -> bool:
    """True for what stands on half of the pages, or on nearly all left or all right pages."""
    middle = median(tops.values())
    pages = [page for page, top in tops.items() if abs(top - middle) <= _REACH]
    if len(pages) >= max(3, count / 2):
        return True
    return len({page % 2 for page in pages}) == 1 and len(pages) >= max(4, 0.4 * count)

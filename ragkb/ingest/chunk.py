"""From a document's text to the spans that are indexed: cut on structure, then by size."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from ragkb.settings import ChunkSettings
from ragkb.text import hidden
from ragkb.types import Chunk, Draft, Heading, Table, Unit, page_at

if TYPE_CHECKING:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

CountTokens = Callable[[str], int]
_Span = TypeVar("_Span", Table, Unit)

_SEPARATORS = [
    r"\n{2,}",
    r"\n",
    r"[。！？｡]+[”’」』）】]*|[.!?…][\"'”’)\]]*\s+",  # ends of sentences
    r"[；;]\s*",
    r"[，、]|,\s+",
    r"\s+",
]
_CHARACTERS_PER_TOKEN = 16  # more are counted as too many unseen: tokenizers take a long run for one unknown word
_SENTENCE_END = re.compile(r"[。！？｡][”’」』）】]*|[.!?…][\"'”’)\]]*(?=\s|\Z)|\n\n")
_LONGEST_REST = 400  # characters of a sentence that go from one page to the chunk of the page before
_BLOCK = 200_000  # characters that are cut by size at once
_PATH = " > "


@dataclass(frozen=True, slots=True)
class _Place:
    """What all of a section's text has in common. path: of headings; table, unit: the one it lies in."""

    page: int | None
    path: tuple[str, ...]
    table: Table | None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A span that will not be cut further. leads: it only opens what follows: a heading, a page's running header."""

    start: int
    end: int
    tokens: int
    place: _Place
    leads: bool = False


def chunk(draft: Draft, title: str, count_tokens: CountTokens, settings: ChunkSettings) -> list[Chunk]:
    """The chunks of `draft` in order, without overlap; only white space and tables of contents lie between them.

    Each has at most settings.tokens tokens (and 16 times as many characters) and lies under one heading, in one table
    or outside of tables, and on one page, but for the end of a sentence that goes on there: its page is that of its
    start. A heading stands in the chunk of the text that follows it. A unit that fits is one chunk; no chunk holds text
    of two. A line of hidden text is never cut, so that its mark goes with all of it; it alone may be longer.
    text == draft.text[start:end]. Tables of contents are left out, unless the document holds nothing else.
    count_tokens: without the marks that a model adds at both ends; time is linear in the length of the text.
    """
    count = _counter(count_tokens, max(settings.tokens, settings.context_tokens))
    pieces = [piece for piece in _pieces(draft, count, settings.tokens) if piece.start < piece.end]
    if not pieces and draft.contents:
        return chunk(replace(draft, contents=()), title, count_tokens, settings)
    contexts = _Contexts(title, count, settings.context_tokens)
    return [_chunk(draft, piece, contexts) for piece in _merged(pieces, draft.text, count, settings.tokens)]


def _counter(count_tokens: CountTokens, most: int) -> CountTokens:
    """Counts tokens, remembers, and never hands over what has more than `most` by its length alone."""

    @lru_cache(maxsize=4096)
    def count(text: str) -> int:
        return len(text) if len(text) > _CHARACTERS_PER_TOKEN * most else count_tokens(text)

    return count


def _chunk(draft: Draft, piece: _Piece, contexts: _Contexts) -> Chunk:
    start, end = piece.start, piece.end
    table = piece.place.table
    stands_here = table and start <= table.start and draft.text.startswith(table.header, table.start)
    header = table.header if table and not stands_here else ""
    unit = piece.place.unit
    if unit and start > unit.start and unit.label not in piece.place.path:
        header = unit.label
    context = contexts.of(piece.place.path, header)
    page = page_at(draft.page_starts, start)
    return Chunk(start, end, page, piece.place.path, context, draft.text[start:end])


# --- cutting ----------------------------------------------------------------------------------------------------------


def _pieces(draft: Draft, count: CountTokens, most: int) -> Iterator[_Piece]:
    """The text cut at its structure, and where that is too long by size; heading lines are pieces of their own."""
    page: int | None = None
    left_out = {start for start, _ in draft.contents}
    for start, end, place, is_heading in _with_whole_units(list(_sections(draft)), draft, count, most):
        if start in left_out:
            continue
        for first, last in _trimmed(draft.text, _cut(draft.text, start, end, count, most)):
            tokens = count(draft.text[first:last])
            is_loose = place.table is None and place.unit is None
            is_running_header = place.page != page and is_loose and tokens * 20 <= most
            page = place.page
            yield _Piece(first, last, tokens, place, is_heading or is_running_header)


def _sections(draft: Draft) -> Iterator[tuple[int, int, _Place, bool]]:
    """(start, end, place, is a heading) of stretches that have no page, heading or table border within."""
    ends = _heading_ends(draft)
    borders = {0, len(draft.text), *ends, *ends.values()}
    borders.update(place for table in draft.tables for place in (table.start, table.end))
    borders.update(place for unit in draft.units for place in (unit.start, unit.end))
    for span in draft.contents:
        borders.update(span)
    borders.update(list(_page_borders(draft, sorted(borders))))
    cuts = sorted(border for border in borders if 0 <= border <= len(draft.text))
    table_starts = [table.start for table in draft.tables]
    unit_starts = [unit.start for unit in draft.units]
    path: list[Heading] = []
    following = 0
    for number in range(1, len(cuts)):
        start, end = cuts[number - 1], cuts[number]
        while following < len(draft.headings) and draft.headings[following].start <= start:
            heading = draft.headings[following]
            path = [*(outer for outer in path if outer.level < heading.level), heading]
            following += 1
        table = _around(draft.tables, table_starts, start)
        unit = _around(draft.units, unit_starts, start)
        titles = tuple(heading.title for heading in path)
        yield start, end, _Place(page_at(draft.page_starts, start), titles, table, unit), start in ends


def _page_borders(draft: Draft, others: Sequence[int]) -> Iterator[int]:
    """Where a page's own text begins: at its start, or behind the sentence that it ends for the page before.

    others: places at which something else begins or ends, ascending; no sentence runs over one.
    """
    for number, start in enumerate(draft.page_starts):
        following = [*draft.page_starts[number + 1 : number + 2], *others[bisect_left(others, start) :][:1]]
        yield _rest_end(draft.text, start, min([start + _LONGEST_REST, *following]))


def _rest_end(text: str, start: int, most: int) -> int:
    """The end of the sentence that goes on at the start of a page, at `most` at the latest; the start if none does."""
    before = text[max(0, start - 2) : start]
    if before[-1:] != "\n" or before == "\n\n":
        return start
    end = _SENTENCE_END.search(text, start, most + 1)
    return end.end() if end and end.end() <= most and end[0] != "\n\n" else start


def _around(spans: Sequence[_Span], starts: Sequence[int], offset: int) -> _Span | None:
    """The one of the spans, ascending and apart, that holds `offset`."""
    before = bisect_right(starts, offset) - 1
    return spans[before] if before >= 0 and spans[before].end > offset else None


def _with_whole_units(
    sections: Sequence[tuple[int, int, _Place, bool]], draft: Draft, count: CountTokens, most: int
) -> Iterator[tuple[int, int, _Place, bool]]:
    """The sections, those of a unit that fits into one chunk and lies on one page as one."""
    for unit, group in groupby(sections, key=lambda section: section[2].unit):
        parts = list(group)
        place = parts[-1][2]
        if unit and parts[0][2].page == place.page and count(draft.text[unit.start : unit.end]) <= most:
            yield unit.start, unit.end, place, False
        else:
            yield from parts


def _heading_ends(draft: Draft) -> dict[int, int]:
    """Start of each heading to the end of its line; it ends earlier where the page does."""
    ends = {}
    for heading in draft.headings:
        end = draft.text.find("\n", heading.start)
        end = len(draft.text) if end < 0 else end
        page = bisect_right(draft.page_starts, heading.start)
        ends[heading.start] = min(end, *draft.page_starts[page : page + 1], len(draft.text))
    return ends


def _cut(text: str, start: int, end: int, count: CountTokens, most: int) -> Iterator[tuple[int, int]]:
    """Spans of at most `most` tokens that join to text[start:end]."""
    position = start
    for part in _split(text[start:end], count, most):
        yield position, position + len(part)
        position += len(part)
    assert position == end, "the pieces of a section do not join to it"


def _split(text: str, count: CountTokens, most: int) -> Iterator[str]:
    """Parts of at most `most` tokens that join to `text`, cut where it hurts least."""
    if count(text) > most and hidden.has_marked(text):
        yield from _split_marked(text, count, most)
        return
    if len(text) > _BLOCK:
        for block in _blocks(text):
            yield from _split(block, count, most)
        return
    if count(text) <= most:
        yield text
        return
    for part in _splitter(count, most).split_text(text):
        if count(part) <= most:
            yield part
        else:
            yield from _hard_cut(part, count, most)


def _split_marked(text: str, count: CountTokens, most: int) -> Iterator[str]:
    """Lines of hidden text each whole, since the mark stands at their beginning; what is between them as all text."""
    for is_marked, lines in groupby(text.splitlines(keepends=True), key=hidden.is_marked):
        if is_marked:
            yield from lines
        else:
            yield from _split("".join(lines), count, most)


def _blocks(text: str) -> Iterator[str]:
    """Parts that join to `text`, cut after a space if there is one: the splitter takes a hundred times its memory."""
    start = 0
    while len(text) - start > _BLOCK:
        space = text.rfind(" ", start + _BLOCK // 2, start + _BLOCK)
        end = start + _BLOCK if space < 0 else space + 1
        yield text[start:end]
        start = end
    yield text[start:]


def _splitter(count: CountTokens, most: int) -> RecursiveCharacterTextSplitter:
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # takes 0.3 s

    return RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator="end",
        chunk_size=most,
        chunk_overlap=0,
        length_function=lambda part: max(bool(part), count(part)),  # subtle: a part of length 0 would be given twice
        strip_whitespace=False,
    )


def _hard_cut(text: str, count: CountTokens, most: int) -> Iterator[str]:
    """Parts of a run that has no place to cut it, each about as long as fits."""
    start, size = 0, most
    while start < len(text):
        while size > 1 and count(text[start : start + size]) > most:
            size = max(1, size * 3 // 4)
        yield text[start : start + size]
        start += size
        size = size * 5 // 4 + 1


def _trimmed(text: str, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans without the white space at their ends; none that hold nothing else."""
    for start, end in spans:
        part = text[start:end]
        first, last = start + len(part) - len(part.lstrip()), start + len(part.rstrip())
        if first < last:
            yield first, last


# --- merging ----------------------------------------------------------------------------------------------------------


def _merged(pieces: Sequence[_Piece], text: str, count: CountTokens, most: int) -> Iterator[_Piece]:
    """The pieces with headings joined to what follows them, and small neighbours of one place joined."""
    current: _Piece | None = None
    for piece in pieces:
        joined = _joined(current, piece, text, count, most) if current else None
        if current and not joined:
            yield current
        current = joined or piece
    if current:
        yield current


def _joined(left: _Piece, right: _Piece, text: str, count: CountTokens, most: int) -> _Piece | None:
    """Both as one, None where they do not belong together or do not fit."""
    if left.place.page != right.place.page:
        return None
    if left.place.unit != right.place.unit and not (left.leads and left.place.unit is None):
        return None
    if not left.leads and (right.leads or left.place != right.place):
        return None
    tokens = left.tokens + right.tokens
    if tokens > most or right.end - left.start > _CHARACTERS_PER_TOKEN * most:
        return None
    if tokens * 5 > most * 4 and count(text[left.start : right.end]) > most:
        return None
    return _Piece(left.start, right.end, tokens, right.place, left.leads and right.leads)


# --- context ----------------------------------------------------------------------------------------------------------


class _Contexts:
    """What is indexed before a chunk's text, by heading path and table header; made once for each."""

    def __init__(self, title: str, count: CountTokens, most: int) -> None:
        self._title = " ".join(title.split())
        self._count = count
        self._most = most
        self._made: dict[tuple[tuple[str, ...], str], str] = {}

    def of(self, path: tuple[str, ...], header: str) -> str:
        """Title and path on one line, the header on the next; at most as many tokens as set."""
        key = (path, header)
        if key not in self._made:
            self._made[key] = self._make(path, header)
        return self._made[key]

    def _make(self, path: tuple[str, ...], header: str) -> str:
        parts = [part for part in (self._title, *path) if part]
        if len(parts) > 1 and parts[0].casefold() == parts[1].casefold():
            del parts[0]
        header = self._fitting(header, self._most * 2 // 3)
        while len(parts) > 2 and not self._fits(_lines(parts, header)):
            del parts[len(parts) // 2]
        context = _lines(parts, header)
        if not self._fits(context) and len(parts) == 2:
            halves = [self._fitting(part, self._most * (1 if header else 3) // 6) for part in parts]
            context = _lines([half for half in halves if half], header)
        return context if self._fits(context) else self._fitting(context, self._most)

    def _fits(self, text: str) -> bool:
        return self._count(text) <= self._most

    def _fitting(self, text: str, most: int) -> str:
        """The beginning of `text` that has at most `most` tokens, cut between words where it has some."""
        text = text[: 20 * most]
        if not text or self._count(text) <= most:
            return text
        size = bisect_left(range(len(text)), True, key=lambda size: self._count(text[: size + 1]) > most)
        kept = text[:size]
        head = kept.rpartition(" ")[0]
        return (head if len(head) * 2 > size else kept).rstrip(" >|")


def _lines(parts: Sequence[str], header: str) -> str:
    return "\n".join(filter(None, (_PATH.join(parts), header)))

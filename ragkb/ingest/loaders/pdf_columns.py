"""The reading order of a page: that of the file, unless the page surely has columns that the file runs across."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragkb.ingest.loaders.pdf_words import GAP, Line, Word

_GUTTER = 6  # points, the least
_LEAST_LINES = 5  # of a column
_MOST_COLUMNS = 4


def zones(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines in reading order, a list for each part of the page that is read from top to bottom."""
    placed = [line for line in lines if line.words]
    if len(placed) < 2 * _LEAST_LINES or len(placed) < len(lines):
        return [list(lines)]
    segments = [_segments(line) for line in placed]
    flat = [segment for parts in segments for segment in parts]
    columns = _columns(flat)
    if not columns:
        return [list(lines)]
    kept = [_column(line, columns) for line in placed]
    across = sum(len({_column(part, columns) for part in parts} - {-1}) > 1 for parts in segments)
    if across < max(3, len(placed) // 10) and _turns(kept) < 0.6 * len(placed):
        return list(_runs(placed, kept))
    return list(_banded([line for parts in segments for line in parts], columns))


def cells(line: Line) -> list[list[Word]]:
    """The line's words, parted where a space is too wide to be one between words."""
    parts: list[list[Word]] = []
    right, least = 0.0, 0.0
    for word in line.words:
        if parts and word.left - right <= least:
            parts[-1].append(word)
        else:
            parts.append([word])
        right, least = word.right, GAP * (word.top - word.bottom)
    return parts


def part_of(line: Line, words: Sequence[Word]) -> Line:
    """The line's words as a line of its own."""
    return Line(" ".join([word.text for word in words]), tuple(words), line.height, line.is_bold)


def _segments(line: Line) -> list[Line]:
    parts = cells(line)
    return [line] if len(parts) == 1 else [part_of(line, part) for part in parts]


def _columns(segments: Sequence[Line]) -> list[tuple[float, float]]:
    """(left, right) of each column of prose, none unless the page surely has two to four."""
    left, right = min(part.left for part in segments), max(part.right for part in segments)
    narrow = [part for part in segments if part.right - part.left < 0.6 * (right - left)]
    if len(narrow) < 2 * _LEAST_LINES:
        return []
    found = list(_covered(narrow, left, right))
    if not 2 <= len(found) <= _MOST_COLUMNS:
        return []
    for column in found:
        inside = [part for part in narrow if _column(part, [column]) == 0]
        if not _is_prose(inside, column[1] - column[0]):
            return []
    return found


def _covered(parts: Sequence[Line], left: float, right: float) -> Iterator[tuple[float, float]]:
    """The stretches between `left` and `right` over which parts stand; a few parts may cross a gutter."""
    size = int(right - left) + 2
    changes = [0] * (size + 1)
    for part in parts:
        changes[int(part.left - left)] += 1
        changes[min(int(part.right - left) + 1, size)] -= 1
    most = max(1, len(parts) // 25)
    start, last, count = -1, -1, 0
    for point in range(size):
        count += changes[point]
        if count <= most:
            continue
        if start >= 0 and point - last > _GUTTER:
            yield left + start, left + last
            start = point
        start, last = (point if start < 0 else start), point
    if start >= 0:
        yield left + start, left + last


def _is_prose(parts: Sequence[Line], width: float) -> bool:
    """True if the lines fill the column with words, as text does and the cells of a table do not."""
    if len(parts) < _LEAST_LINES or width < 60:
        return False
    least = 8 if _is_dense(parts) else 15
    full = sum(
        part.right - part.left >= 0.65 * width and sum(character.isalpha() for character in part.text) >= least
        for part in parts
    )
    return full >= _LEAST_LINES and full * 3 >= len(parts)


def _is_dense(parts: Sequence[Line]) -> bool:
    """True for writing without spaces, of which a line has fewer characters."""
    return (
        sum(ord(character) > 0x2E80 for part in parts for character in part.text) > sum(len(p.text) for p in parts) / 3
    )


def _column(line: Line, columns: Sequence[tuple[float, float]]) -> int:
    """The number of the column that holds the line, -1 if it stands across them."""
    for number, (left, right) in enumerate(columns):
        if line.left >= left - _GUTTER and line.right <= right + _GUTTER:
            return number
    return -1


def _turns(columns: Sequence[int]) -> int:
    return sum(columns[number - 1] != columns[number] for number in range(1, len(columns)))


def _runs(lines: Sequence[Line], columns: Sequence[int]) -> Iterator[list[Line]]:
    """The lines as they come, a list as long as they stay in one column."""
    run: list[Line] = []
    for number, line in enumerate(lines):
        if run and columns[number] != columns[number - 1]:
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _banded(parts: Sequence[Line], columns: Sequence[tuple[float, float]]) -> Iterator[list[Line]]:
    """Column after column between the lines that stand across them."""
    band: list[list[Line]] = [[] for _ in columns]
    wide: list[Line] = []
    for part in sorted(parts, key=lambda part: (-part.top, part.left)):
        number = _column(part, columns)
        if number >= 0:
            if wide:
                yield wide
                wide = []
            band[number].append(part)
        else:
            yield from (column for column in band if column)
            band = [[] for _ in columns]
            wide.append(part)
    yield from (column for column in (*band, wide) if column)

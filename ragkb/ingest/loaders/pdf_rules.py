"""The straight lines that are drawn on a PDF page: borders of tables, and what underlines their headers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import pypdfium2.raw as raw

_THIN = 3.0  # points; a path that is thinner is a line, however it is drawn
_SHORT = 4.0  # points
_MOST_OBJECTS = 2000  # of a page, its text among them: to look at one takes a microsecond, more than to read its text
_MOST_SEGMENTS = 4000
_MOST_RULES = 400  # in each direction
_DEPTH = 3  # forms inside each other
_NEAR = 1.5  # points between two lines that are one

Upright = Callable[[float, float, float, float], "tuple[float, float, float, float]"]
"""From (left, right, bottom, top) as the file has it to the same on the page as it is shown."""


def prototype(function: Any, result: Any, *arguments: Any) -> Callable[..., Any]:
    """The function with addresses as plain integers, which costs a third less a call than typed pointers."""
    return ctypes.CFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


_ADDRESS = ctypes.c_void_p
_count = prototype(raw.FPDFPage_CountObjects, ctypes.c_int, _ADDRESS)
_get = prototype(raw.FPDFPage_GetObject, _ADDRESS, _ADDRESS, ctypes.c_int)
_count_inside = prototype(raw.FPDFFormObj_CountObjects, ctypes.c_int, _ADDRESS)
_get_inside = prototype(raw.FPDFFormObj_GetObject, _ADDRESS, _ADDRESS, ctypes.c_ulong)
_type = prototype(raw.FPDFPageObj_GetType, ctypes.c_int, _ADDRESS)
_bounds = prototype(raw.FPDFPageObj_GetBounds, ctypes.c_int, *[_ADDRESS] * 5)
_matrix = prototype(raw.FPDFPageObj_GetMatrix, ctypes.c_int, _ADDRESS, _ADDRESS)
_draw_mode = prototype(raw.FPDFPath_GetDrawMode, ctypes.c_int, *[_ADDRESS] * 3)
_count_segments = prototype(raw.FPDFPath_CountSegments, ctypes.c_int, _ADDRESS)
_segment = prototype(raw.FPDFPath_GetPathSegment, _ADDRESS, _ADDRESS, ctypes.c_int)
_point = prototype(raw.FPDFPathSegment_GetPoint, ctypes.c_int, *[_ADDRESS] * 3)
_segment_type = prototype(raw.FPDFPathSegment_GetType, ctypes.c_int, _ADDRESS)
_closes = prototype(raw.FPDFPathSegment_GetClose, ctypes.c_int, _ADDRESS)


class Rules(NamedTuple):
    """Lines on the page as it is shown, in points: across (y, left, right) and down (x, bottom, top), ascending."""

    across: tuple[tuple[float, float, float], ...] = ()
    down: tuple[tuple[float, float, float], ...] = ()


def read(page: Any, upright: Upright) -> Rules:
    """The lines of the page, those that touch in one direction joined; none of a page that is a drawing."""
    reader = _Reader()
    address = ctypes.cast(page.raw, _ADDRESS).value or 0
    try:
        reader.objects(address, _count(address), _get, _SAME, 0)
    except _Drawing:
        return Rules()
    boxes = [upright(*box) for box in reader.boxes]
    across = [((bottom + top) / 2, left, right) for left, right, bottom, top in boxes if right - left > top - bottom]
    down = [((left + right) / 2, bottom, top) for left, right, bottom, top in boxes if right - left <= top - bottom]
    found = Rules(tuple(_joined(across)), tuple(_joined(down)))
    return found if max(map(len, found)) <= _MOST_RULES else Rules()


class _Drawing(Exception):
    """There is more on the page than a table needs."""


_Matrix = tuple[float, float, float, float, float, float]
_SAME: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class _Reader:
    """Collects (left, right, bottom, top) of each line."""

    def __init__(self) -> None:
        self.boxes: list[tuple[float, float, float, float]] = []
        self._left = _MOST_OBJECTS
        self._segments_left = _MOST_SEGMENTS
        self._floats = (ctypes.c_float * 6)()
        first = ctypes.addressof(self._floats)
        self._places = first, first + 4, first + 8, first + 12

    def objects(
        self, owner: int, count: int, get: Callable[[int, int], int | None], matrix: _Matrix, depth: int
    ) -> None:
        """Looks at paths, also in forms."""
        self._left -= count
        if self._left < 0:
            raise _Drawing
        for number in range(count):
            item = get(owner, number)
            kind = _type(item)
            if kind == raw.FPDF_PAGEOBJ_PATH and item:
                self._path(item, matrix)
            elif kind == raw.FPDF_PAGEOBJ_FORM and item and depth < _DEPTH:
                self.objects(item, _count_inside(item), _get_inside, _times(self._matrix_of(item), matrix), depth + 1)

    def _path(self, item: int, matrix: _Matrix) -> None:
        if not _bounds(item, *self._places):
            return
        left, bottom, right, top, *_ = self._floats
        if min(right - left, top - bottom) <= _THIN:
            self._line(_moved(matrix, left, bottom), _moved(matrix, right, top))
            return
        mode = (ctypes.c_int * 2)()
        _draw_mode(item, ctypes.addressof(mode), ctypes.addressof(mode) + 4)
        if mode[1]:
            self._segments(item, _times(self._matrix_of(item), matrix))

    def _segments(self, item: int, matrix: _Matrix) -> None:
        """The straight parts of a path that is drawn by its outline, each as a line."""
        first = last = (0.0, 0.0)
        for number in range(max(0, _count_segments(item))):
            self._segments_left -= 1
            if self._segments_left < 0:
                raise _Drawing
            segment = _segment(item, number)
            _point(segment, *self._places[:2])
            point = _moved(matrix, self._floats[0], self._floats[1])
            kind = _segment_type(segment)
            if kind == raw.FPDF_SEGMENT_LINETO:
                self._line(last, point)
            elif kind == raw.FPDF_SEGMENT_MOVETO:
                first = point
            last = point
            if _closes(segment):
                self._line(last, first)

    def _line(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        left, right = sorted((start[0], end[0]))
        bottom, top = sorted((start[1], end[1]))
        if min(right - left, top - bottom) <= _THIN and max(right - left, top - bottom) >= _SHORT:
            self.boxes.append((left, right, bottom, top))

    def _matrix_of(self, item: int) -> _Matrix:
        if not _matrix(item, self._places[0]):
            return _SAME
        a, b, c, d, e, f = self._floats
        return a, b, c, d, e, f


def _moved(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _times(inner: _Matrix, outer: _Matrix) -> _Matrix:
    """What moves a point by `inner`, then by `outer`."""
    a, b = _moved(outer, inner[0], inner[1]), _moved(outer, inner[2], inner[3])
    e, f = _moved(outer, inner[4], inner[5])
    return a[0] - outer[4], a[1] - outer[5], b[0] - outer[4], b[1] - outer[5], e, f


def _joined(lines: Sequence[tuple[float, float, float]]) -> Iterator[tuple[float, float, float]]:
    """The lines by their place; those at one place that touch as one."""
    rows: list[list[tuple[float, float, float]]] = []
    for line in sorted(lines):
        if rows and line[0] - rows[-1][0][0] <= _NEAR:
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        at, (_, start, end) = row[0][0], min(row, key=lambda line: line[1])
        for _, first, last in sorted(row, key=lambda line: line[1]):
            if first > end + _THIN:
                yield at, start, end
                start = first
            end = max(end, last) if first <= end + _THIN else last
        yield at, start, end

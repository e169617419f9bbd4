"""JSON and JSON lines: `path.to.key: value` lines, large objects under headings, arrays of flat objects as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import faq
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_DEEPEST = 60
_LONGEST_CELL = 300
_WIDEST = 40
_FEW = 12
_NAMES = ("title", "name", "question", "label", "id", "key", "code", "标题", "名称", "编号")


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of the values. Title: the value of `title` or `name` of the outermost object.

    A row of JSON lines is a unit, and so is a question with its answer.
    """
    value, are_lines = _parse(decode(data))
    builder = TextBuilder(limits)
    writer = _Writer(builder)
    if are_lines:
        writer.rows(value)
    else:
        writer.value("", value, 1)
    names = (value.get("title"), value.get("name")) if isinstance(value, dict) else ()
    return builder.build(next((name for name in names if isinstance(name, str)), ""))


def _parse(text: str) -> tuple[Any, bool]:
    """(the value, whether it is the list of the rows of JSON lines)."""
    try:
        return json.loads(text), False
    except json.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if error.msg != "Extra data" or len(lines) < 2:
            raise DocumentRefused(f"broken JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    return [_row(number, line) for number, line in enumerate(lines, 1)], True


def _row(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise DocumentRefused(f"broken JSON lines: {error.msg} in row {number}") from None


class _Writer:
    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder

    def rows(self, values: Sequence[Any]) -> None:
        """Writes the rows of JSON lines."""
        if self._questions(values):
            return
        for value in values:
            with self._builder.unit(_name(value)):
                self._leaves("", value)

    def _leaves(self, path: str, value: Any, depth: int = 0) -> None:
        """Writes each value on a line behind its path; a text of several lines stays so."""
        if isinstance(value, dict) and value and depth < _DEEPEST:
            for key, child in value.items():
                self._leaves(f"{path}.{key}" if path else key, child, depth + 1)
        elif isinstance(value, list) and _is_deep(value) and depth < _DEEPEST:
            for number, child in enumerate(value, 1):
                self._leaves(f"{path}.{number}" if path else str(number), child, depth + 1)
        else:
            shown = _shown(value)
            text = f"{path}: {shown}" if path else shown
            if "\n" in shown.strip():
                self._builder.paragraph(text)
            else:
                self._builder.line(text)

    def _questions(self, values: Sequence[Any]) -> bool:
        """Writes objects of a question and an answer as such; False if they are none."""
        if not values or not all(isinstance(value, dict) for value in values):
            return False
        columns = list(dict.fromkeys(name for row in values for name in row))
        places = faq.columns(columns)
        if places is None or any(_is_deep(row.get(columns[place])) for row in values for place in places):
            return False
        rows = [[_shown(row.get(name)) for name in columns] for row in values]
        if not faq.is_list(rows, places):
            return False
        faq.write(self._builder, columns, rows, places)
        return True

    def value(self, key: str, value: Any, level: int) -> None:
        """Writes a value under its key; level: of the heading that an object or a table gets."""
        if level > _DEEPEST:
            self._builder.paragraph(f"{key}: {json.dumps(value, ensure_ascii=False)}")
        elif isinstance(value, dict):
            self._object(key, value, level)
        elif isinstance(value, list):
            self._array(key, value, level)
        else:
            self._builder.line(f"{key}: {_shown(value)}" if key else _shown(value))

    def _object(self, key: str, value: Mapping[str, Any], level: int) -> None:
        if key and _is_small(value):
            self._leaves(key, value)
            return
        self._section(key, value, level)

    def _section(self, key: str, value: Mapping[str, Any], level: int) -> None:
        """An object under a heading of its own."""
        if key:
            self._builder.heading(level, key)
        inner = level + 1 if key else level
        for name, child in sorted(value.items(), key=lambda item: _is_deep(item[1])):  # a stable sort: flat ones first
            self.value(name, child, inner)

    def _array(self, key: str, values: Sequence[Any], level: int) -> None:
        if not any(_is_deep(value) for value in values):
            joined = ", ".join(map(_shown, values))
            if joined:
                self._builder.line(f"{key}: {joined}" if key else joined)
            return
        if faq.columns(list(dict.fromkeys(name for row in values if isinstance(row, dict) for name in row))):
            if key:
                self._builder.heading(level, key)
            if self._questions(values):
                return
        elif _is_table(values):
            if key:
                self._builder.heading(level, key)
            columns = list(dict.fromkeys(name for row in values for name in row))
            rows = [[_shown(row.get(name)) for name in columns] for row in values]
            self._builder.table([columns, *rows], header=True)
            return
        for number, value in enumerate(values, 1):
            name = _name(value) or (f"{key} {number}" if key else f"{number}")
            if isinstance(value, dict):
                self._section(name, value, level)
            else:
                self.value(name, value, level)


def _is_deep(value: Any) -> bool:
    """True for what does not fit on one line `key: value`."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value))


def _is_small(value: Mapping[str, Any]) -> bool:
    """True for an object that reads well as a few lines, without arrays of objects."""
    leaves = list(_flat(value))
    return len(leaves) <= _FEW and all(not _is_deep(leaf) and len(_shown(leaf)) <= _LONGEST_CELL for leaf in leaves)


def _flat(value: Mapping[str, Any], depth: int = 0) -> Iterator[Any]:
    for child in value.values():
        if isinstance(child, dict) and child and depth < _DEEPEST:
            yield from _flat(child, depth + 1)
        else:
            yield child


def _is_table(values: Sequence[Any]) -> bool:
    if not all(isinstance(value, dict) for value in values):
        return False
    cells = [cell for value in values for cell in value.values()]
    columns = {name for value in values for name in value}
    return len(columns) <= _WIDEST and not any(_is_deep(cell) or len(_shown(cell)) > _LONGEST_CELL for cell in cells)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value)


def _name(value: Any) -> str:
    """What an element of an array calls itself, '' if nothing short."""
    if not isinstance(value, dict):
        return ""
    names = (one_line(str(value[name])) for name in _NAMES if isinstance(value.get(name), (str, int)))
    return next((name for name in names if 0 < len(name) <= 120), "")

"""The files of an evaluation: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragkb.errors import InputError


@dataclass(frozen=True, slots=True)
class Line:
    """One object of a JSON lines file. where: "FILE line N", for messages."""

    where: str
    values: Mapping[str, Any]

    def text(self, name: str, default: str | None = None) -> str:
        """The string under `name`; a number is taken as written. Raises InputError where it is absent or neither."""
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise InputError(f"{self.where}: {name!r} is {_shown(value)}, not a text")
        return str(value)

    def items(self, name: str, kind: type) -> list[Any]:
        """The list under `name`, [] where it is absent or null. Raises InputError where an item is not of `kind`."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
            raise InputError(f"{self.where}: {name!r} is {_shown(value)}, not a list of {kind.__name__}")
        return value


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]


def text_lines(path: Path) -> Iterator[tuple[str, str]]:
    """("FILE line N", line) of each line that is not blank. Raises InputError where the file cannot be read."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{path} line {number}", line.rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8", "save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None


def json_lines(path: Path) -> Iterator[Line]:
    """Each object of a JSON lines file. Raises InputError that names the line where one is not an object."""
    for where, line in text_lines(path):
        try:
            values = json.loads(line)
        except ValueError as error:
            raise InputError(f"{where}: not JSON: {error}") from None
        if not isinstance(values, dict):
            raise InputError(f"{where}: a JSON {type(values).__name__}, not an object")
        yield Line(where, values)


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes one line for each row, keys in the order of the row; the same rows give the same bytes."""
    try:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None

"""Which documents match a filter on their metadata: equal, different, before, after."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from ragkb.errors import InputError
from ragkb.types import Scalar

Where = Mapping[str, Scalar | Sequence[Scalar]]
FIELDS = ("id", "source", "title", "media_type", "language", "ingested_at")
_KEY = re.compile(r"(?P<name>.*?)\s*(?P<operator>>=|<=|!=|>|<|=)?", re.DOTALL)
_PARTS_OF_A_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_WRITTEN_DATE = re.compile(r"(\d{4})[-/年](\d{1,2})(?:[-/月](\d{1,2})日?|月)?")
_IS_NUMBER = (
    "typeof({}) IN ('integer', 'real') OR ({} GLOB '[0-9]*' AND {} NOT GLOB '*[^0-9.]*' AND {} NOT GLOB '*.*.*')"
)


def matching(at: sqlite3.Connection, where: Where) -> set[int]:
    """Numbers of the documents that match every key. Raises InputError for a comparison that cannot be made.

    A key is a name, or a name and one of `= != < <= > >=`: {"year>=": 2024, "department": ["hr", "it"]}. Equal to one
    of several values is enough; different means from all of them, and a document without that key is different. Two
    numbers are compared as numbers, also where metadata holds one as text; everything else as text. A year or a month
    holds all of its days, so that 2025 is not before 2025-03-01; 2025/3/1 and 2025年3月1日 are that day too.
    """
    clauses, values = [], []
    for key, wanted in where.items():
        options = [wanted] if isinstance(wanted, (str, int, float)) else list(wanted)
        name, operator = split_key(key)
        clause, given = _equal(name, options) if operator in ("=", "!=") else _compared(name, operator, options)
        clauses.append(f"NOT ({clause})" if operator == "!=" else clause)
        values += given
    return {row[0] for row in at.execute(f"SELECT d.number FROM documents d WHERE {' AND '.join(clauses)}", values)}


def split_key(key: str) -> tuple[str, str]:
    """(name, operator) of a key; "=" where it has none. Raises InputError for a key without a name."""
    found = _KEY.fullmatch(key)
    if not found or not found["name"]:
        raise InputError(f"where: {key!r} names no metadata", "write for instance year>=2024")
    return found["name"], found["operator"] or "="


def _equal(name: str, options: Sequence[Scalar]) -> tuple[str, list[Any]]:
    texts: list[Any] = [str(int(option)) if isinstance(option, bool) else str(option) for option in options]
    return _held(name, f"CAST({{}} AS TEXT) IN ({','.join('?' * len(texts))})", texts)


def _compared(name: str, operator: str, options: Sequence[Scalar]) -> tuple[str, list[Any]]:
    if len(options) != 1 or isinstance(options[0], bool):
        raise InputError(f"where: {name}{operator} needs one number, date or text", "give one value")
    text, number = _iso(str(options[0])), _number(options[0])
    stored = f"substr(CAST({{}} AS TEXT), 1, {len(text)})" if _PARTS_OF_A_DATE.fullmatch(text) else "CAST({} AS TEXT)"
    as_text = f"{stored} {operator} ?"
    if number is None:
        return _held(name, as_text, [text])
    as_number = f"CASE WHEN {_IS_NUMBER} THEN CAST({{}} AS REAL) {operator} ? ELSE {as_text} END"
    return _held(name, as_number, [number, text])


def _iso(text: str) -> str:
    """A date as 2025-03-01, any other text as it is. Raises InputError for a day that no calendar has."""
    found = _WRITTEN_DATE.fullmatch(text.strip())
    if not found:
        return text
    parts = [int(part) for part in found.groups() if part]
    try:
        day = date(*[*parts, 1, 1][:3])
    except ValueError:
        raise InputError(f"where: {text} is no date", "write for instance 2025-03-31") from None
    return day.isoformat()[: 10 if len(parts) > 2 else 7]


def _held(name: str, condition: str, values: list[Any]) -> tuple[str, list[Any]]:
    """The condition on a field of the document, or on a key of its metadata. `{}` in it stands for the value."""
    if name in FIELDS:
        return condition.replace("{}", f"d.{name}"), values
    held = f"j.key = ? AND {condition.replace('{}', 'j.value')}"
    return f"EXISTS (SELECT 1 FROM json_each(d.metadata) j WHERE {held})", [name, *values]


def _number(value: Scalar) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None

"""Dates as they stand in English and Chinese text, in one form, so that a question and a document can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|" + "|".join(_MONTHS) + r")\.?"
MONTH = r"\b(?:" + "|".join(f"{month}|{month[:3]}" for month in _MONTHS) + r"|sept)\b\.?"
"""A pattern, without a group, for the name of a month."""
_YEAR = r"((?:19|20)\d\d)"
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "一": 1, "二": 2, "三": 3, "四": 4}

_PATTERNS = (
    (re.compile(rf"{_YEAR}[-/.年](\d{{1,2}})(?:[-/.月](\d{{1,2}})日?)?(?![\d])"), "ymd"),
    (re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? {_YEAR}"), "dMy"),
    (re.compile(rf"{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?, {_YEAR}"), "Mdy"),
    (re.compile(rf"{_MONTH},? {_YEAR}"), "My"),
    (re.compile(rf"q([1-4])[ /-]*{_YEAR}"), "qy"),
    (re.compile(rf"{_YEAR}[ /-]*q([1-4])"), "yq"),
    (re.compile(rf"(first|second|third|fourth) quarter(?: of)?(?: fiscal(?: year)?)? {_YEAR}"), "Qy"),
    (re.compile(rf"{_YEAR}年?第?([一二三四1-4])季度"), "yQ"),
    (re.compile(r"(?<!\d)(\d{1,2})月(\d{1,2})日"), "md"),
    (re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?! \d{{4}})\b"), "dM"),
    (re.compile(rf"(?<![\d.,-]){_YEAR}(?![\d.,]*\d)"), "y"),
)
_NAMED_QUARTER = re.compile(r"\b(first|second|third|fourth) quarter\b|第?([一二三四1-4])季度", re.IGNORECASE)


def dates(text: str) -> frozenset[str]:
    """The dates in `text`: "2026", "2026-05", "2026-05-12", "2026-q3", "--05-12" (without a year)."""
    found: set[str] = set()
    rest = text.lower()
    for pattern, order in _PATTERNS:
        for match in pattern.finditer(rest):
            found.update(_written(order, match.groups()))
        rest = pattern.sub(" ", rest)
    return frozenset(found)


def with_quarters(text: str) -> str:
    """The text with each named quarter of a year as it is written in short: "third quarter", 第三季度: " q3 "."""
    return _NAMED_QUARTER.sub(lambda match: f" q{_QUARTERS.get((match[1] or match[2]).lower(), match[2])} ", text)


def agrees(asked: str, held: frozenset[str]) -> float:
    """1 if a date in `held` is the one asked for or lies within it, 0.5 if one only contains it, else 0."""
    if asked.startswith("--"):
        return 1.0 if any(date.endswith(asked[1:]) for date in held) else 0.0
    if any(date == asked or date.startswith(f"{asked}-") for date in held):
        return 1.0
    return 0.5 if any(asked.startswith(f"{date}-") for date in held) else 0.0


def _written(order: str, groups: tuple[str, ...]) -> Iterator[str]:
    parts = dict(zip(order, groups, strict=True))
    year = parts.get("y", "")
    month = _number(parts.get("M") or parts.get("m") or "")
    day = _number(parts.get("d") or "")
    quarter = parts.get("q") or str(_QUARTERS.get(parts.get("Q", ""), parts.get("Q", "")))
    if quarter:
        yield f"{year}-q{quarter}"
    elif month and not 1 <= month <= 12:
        yield year
    elif day and month:
        yield f"{year or '-'}-{month:02}-{day:02}"
    elif month:
        yield f"{year}-{month:02}"
    else:
        yield year


def _number(text: str | None) -> int:
    if not text:
        return 0
    if text.isdigit():
        return int(text)
    return next((number for number, name in enumerate(_MONTHS, 1) if name.startswith(text[:3])), 0)

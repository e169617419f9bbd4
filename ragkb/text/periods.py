"""Periods that documents report on and questions ask for: quarters, fiscal years, dates, in one form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from ragkb.text.dates import MONTH, dates

_YEAR = r"(?:19|20)\d\d"
_OF = r"(?:,? (?:of )?(?:the )?(?:fiscal |calendar )?(?:year )?(?:fy ?)?)"
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_DAY = rf"(?:{MONTH} \d{{1,2}},? {_YEAR}|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {MONTH},? {_YEAR}|{_YEAR}-\d\d-\d\d)"

_QUARTER = re.compile(rf"\b(first|second|third|fourth)(?: fiscal)? quarter{_OF}({_YEAR})", re.IGNORECASE)
_SHORT_QUARTER = re.compile(rf"\b(?:q([1-4])|([1-4])q)(?:{_OF}| ?['’/-]?)({_YEAR}|\d\d)\b", re.IGNORECASE)
_FISCAL_YEAR = re.compile(r"\bfy ?['’]?(\d\d)\b", re.IGNORECASE)
_ENDED = re.compile(rf"\bended?:? +({_DAY})", re.IGNORECASE)

_EXPRESSION = re.compile(
    rf"(?:\b(?:in|for|of|at|on|as of|during|by) )?(?:\bthe )?(?:"
    rf"\b(?:three|six|nine|twelve)[ -]months?(?: period)? (?:ended|ending|to)(?: on)? {_DAY}"
    rf"|\b(?:fiscal )?(?:quarter|year|period|half)(?: that)? (?:ended|ending)(?: on)? {_DAY}"
    rf"|\b(?:first|second|third|fourth)(?: fiscal)? quarter{_OF}{_YEAR}"
    rf"|\b(?:first|second|third|fourth)(?: fiscal)? quarter\b"
    rf"|{_SHORT_QUARTER.pattern}|\b{_YEAR}[ /_-]*q[1-4]\b|\bq[1-4]\b"
    rf"|\b(?:fiscal |calendar )?(?:year )?(?:fy ?)?{_DAY}"
    rf"|\b{MONTH},? {_YEAR}"
    rf"|\bfy ?['’]?\d\d\b|(?<![\d.,-])\b(?:fiscal |calendar )?(?:year )?(?:fy ?)?{_YEAR}\b(?![.,]\d)"
    rf"|{_YEAR}年(?:第?[一二三四1-4]季度|上半年|下半年|\d{{1,2}}月(?:\d{{1,2}}日)?|度)?)",
    re.IGNORECASE,
)

_JOINT = re.compile(r"_|(?<=[^\W\d])-(?=\d)")  # what joins a name to its year in a file name
_LATEST = re.compile(r"\b(?:latest|most recent|newest|most current)\b|最新|最近一[期次份]", re.IGNORECASE)


def periods(text: str) -> frozenset[str]:
    """The periods that `text` names, and those around each: "2022-q3" with "2022", "2022-06-25" with its month."""
    plain = _JOINT.sub(" ", text)
    found = {date for date in dates(plain) if not date.startswith("--")}
    found |= {f"{year}-q{_ORDINALS[word.lower()]}" for word, year in _quarters(plain)}
    found |= {f"{_century(year)}-q{before or after}" for before, after, year in _SHORT_QUARTER.findall(plain)}
    found |= {_century(year) for year in _FISCAL_YEAR.findall(plain)}
    return _widened(found)


def reported(beginning: str, text: str) -> frozenset[str]:
    """The periods that a document is about by its own words.

    The date after the first "ended" of its beginning, with the quarter of the calendar, and the quarter that its text
    speaks of most, at least three times.
    """
    found: set[str] = set()
    if match := _ENDED.search(beginning):
        for day in dates(match[1]):
            found |= {day, f"{day[:4]}-q{(int(day[5:7]) + 2) // 3}"}
    spoken = Counter((year, _ORDINALS[word.lower()]) for word, year in _quarters(text))
    for (year, quarter), times in sorted(spoken.items(), key=lambda item: (-item[1], item[0]))[:1]:
        found |= {f"{year}-q{quarter}"} if times >= 3 else set()
    return _widened(found)


def latest(said: str, beginning: str) -> str:
    """The end of the newest period that a document is about, to be compared as text; "" if it names none.

    said: its title and source. beginning: of its text. A quarter of 2022 ends before a day in its last month.
    """
    ended = [day for match in [_ENDED.search(beginning)] if match for day in dates(match[1])]
    named = periods(said)
    return max(map(_end, ended or named), default="")


def asks_for_the_latest(question: str) -> bool:
    """Whether the newest document of its kind is asked for."""
    return _LATEST.search(question) is not None


def without_periods(text: str) -> str:
    """`text` without the expressions that name a period, and what leads them in ("for the three months ended ...")."""
    return _EXPRESSION.sub(" ", text)


def _end(date: str) -> str:
    year, _, rest = date.partition("-")
    return f"{year}-{3 * int(rest[1:]):02}" if rest.startswith("q") else date


def _quarters(text: str) -> list[tuple[str, str]]:
    return [(match[1], match[2]) for match in _QUARTER.finditer(text)]


def _century(year: str) -> str:
    return year if len(year) == 4 else f"20{year}"


def _widened(found: Iterable[str]) -> frozenset[str]:
    parts = [date.split("-") for date in found]
    return frozenset("-".join(some[:size]) for some in parts for size in range(1, len(some) + 1))

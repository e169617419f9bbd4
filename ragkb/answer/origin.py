"""How fresh a document is: its date, its version, whether it was replaced, of which series it is a version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ragkb.text.dates import dates
from ragkb.types import Scalar

HEAD = 800
"""Code points of a document's beginning that are read for "Effective from", "replaces", 执行日期."""

_DATE_KEYS = (
    "effective",
    "effective_date",
    "valid_from",
    "date",
    "published",
    "modified",
    "执行日期",
    "生效日期",
    "日期",
)
_VERSION_KEYS = ("version", "revision", "rev", "版本")
_GONE = re.compile(
    r"^(superseded|replaced|obsolete|withdrawn|expired|outdated|archived|void|no longer)\b|^(已)?(作废|废止|失效"
    r"|被取代|过期)",
    re.I,
)
_EFFECTIVE = re.compile(
    r"(?:effective|in force|valid|applies)\s+(?:from|as of|since)\s*:?\s*(.{4,24})|(?:执行日期|生效日期|施行日期"
    r"|自)[:：]?\s*(.{6,14})",
    re.I,
)
_VERSION = re.compile(
    r"(?:\bversion|\bver\.?|\brev(?:ision)?\.?|(?<![a-z])v)[ _-]?(\d+(?:\.\d+)*)|第([0-9]+)版",
    re.I,
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_MARKS = re.compile(
    r"[(（]?(?:\bversion|\bver\.?|\brev(?:ision)?\.?|(?<![a-z])v)[ _-]?\d+(?:\.\d+)*[)）]?|[(（]?(?:19"
    r"|20)\d\d[年版]*[)）]?|第\d+版"
    r"|\b(?:old|new|final|draft|superseded|obsolete)\b|[(（](?:旧|新)版?[)）]",
    re.I,
)
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a document's freshness.

    date: "2026-04-01", "2026-04" or "2026", '' if nothing says it. version: (2, 0), () if nothing says it.
    is_superseded: the document says so of itself. series: the same for versions of one document, '' for one without
    a mark of its version.
    """

    title: str
    date: str = ""
    version: tuple[int, ...] = ()
    is_superseded: bool = False
    series: str = ""

    def replaces(self, other: Origin) -> bool:
        """True if this is a newer version of the document that `other` is a version of."""
        if not self.series or self.series != other.series or self.is_superseded:
            return False
        return other.is_superseded or (self.version, self.date) > (other.version, other.date)


UNKNOWN = Origin("")


def origin(source: str, title: str, metadata: Mapping[str, Scalar], head: str = "") -> Origin:
    """Of a document: from its metadata, else its file name and title, else the first HEAD characters of its text."""
    name = source.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    values = {key.lower(): str(value) for key, value in metadata.items()}
    status = values.get("status", values.get("状态", ""))
    named = _VERSION.search(name) or _VERSION.search(title) or _VERSION.search(head[:200])
    version = next((values[key] for key in _VERSION_KEYS if values.get(key)), "") or (
        next(filter(None, named.groups())) if named else ""
    )
    return Origin(
        title,
        _date(values, name, title, head),
        tuple(int(part) for part in re.findall(r"\d+", version)[:3]),
        bool(_GONE.search(status.strip())),
        _series(source, name),
    )


def _date(values: Mapping[str, str], name: str, title: str, head: str) -> str:
    for key in _DATE_KEYS:
        found = sorted(date for date in dates(values.get(key, "")) if not date.startswith("--"))
        if found:
            return found[-1]
    match = _EFFECTIVE.search(head[:HEAD])
    if match and (found := sorted(date for date in dates(match[1] or match[2]) if not date.startswith("--"))):
        return found[-1]
    year = _YEAR.search(name) or _YEAR.search(title)
    return year[1] if year else ""


def _series(source: str, name: str) -> str:
    """The folder and the file name without marks of version and year; '' if it has no such mark."""
    bare = _MARKS.sub(" ", name.replace("_", " "))
    folder = source.rpartition("/")[0]
    stem = _NO_LETTER.sub(" ", bare).strip().casefold()
    return f"{folder}/{stem}" if stem and bare != name.replace("_", " ") else ""

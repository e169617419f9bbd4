"""How fresh a document is: its date, its version, whether it was replaced, and which document is newer than which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ragkb.store.reader import Reader
from ragkb.text.dates import dates
from ragkb.text.periods import latest, periods, without_periods
from ragkb.types import Principal, Scalar

BEGINNING = 3_000
"""Code points of a document that are read for the period that it reports on."""
HEAD = 800
"""Of these, those that are read for "Effective from", "replaces", 执行日期."""

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
    r"(?:\bversion|\bver\.?|\brev(?:ision)?\.?|\bedition|(?<![a-z])v)[ _-]?(\d+(?:\.\d+)*)|第([0-9]+)版",
    re.I,
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_PACKED_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")
_MARKS = re.compile(
    rf"[(（]?(?:{_VERSION.pattern})[)）]?|[(（]?{_YEAR.pattern}[年版]*[)）]?|版本?|年"
    r"|\b(?:old|new|final|draft|superseded|obsolete)\b|[(（](?:旧|新)版?[)）]",
    re.I,
)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a document's freshness.

    date: "2026-04-01", "2026-04" or "2026", '' if nothing says it. version: (2, 0), () if nothing says it.
    is_superseded: the document says so of itself. series: the same for documents whose sources differ in versions,
    years and dates alone, '' if nothing else is left. issue: "2026-q2" or "2026-09-24" if its name says which one of
    many it is; another issue is no version of it. period: the end of what it reports on, to be compared as text.
    """

    title: str
    source: str = ""
    date: str = ""
    version: tuple[int, ...] = ()
    is_superseded: bool = False
    series: str = ""
    issue: str = ""
    period: str = ""

    def replaces(self, other: Origin) -> bool:
        """True if this is a newer version of the document that `other` is a version of."""
        return self.issue == other.issue and self.is_newer(other)

    def is_newer(self, other: Origin) -> bool:
        """True if this is a newer version or a newer issue: by what they say, their versions, periods or dates.

        What only one of them says tells nothing.
        """
        if not self.series or self.series != other.series or self.source == other.source:
            return False
        if self.is_superseded or other.is_superseded:
            return not self.is_superseded
        if self.version and other.version and self.version != other.version and self.issue == other.issue:
            return self.version > other.version
        said = ((self.period, other.period), (self.date, other.date))
        return next((mine > theirs for mine, theirs in said if mine and theirs and mine != theirs), False)


UNKNOWN = Origin("")


def origin_of(reader: Reader, identity: str, as_: Principal) -> Origin:
    """The origin of a stored document. Raises NotFound."""
    info = reader.info(identity, as_)
    return origin(info.source, info.title, info.metadata, reader.span(identity, 0, BEGINNING).text)


def origin(source: str, title: str, metadata: Mapping[str, Scalar], head: str = "") -> Origin:
    """Of a document: from its metadata, else its file name and title, else the beginning of its text."""
    name = _EXTENSION.sub("", source.rsplit("/", 1)[-1])
    values = {key.lower(): str(value) for key, value in metadata.items()}
    status = values.get("status", values.get("状态", ""))
    named = _VERSION.search(name) or _VERSION.search(title) or _VERSION.search(head[:200])
    version = next((values[key] for key in _VERSION_KEYS if values.get(key)), "") or (
        next(filter(None, named.groups())) if named else ""
    )
    path = _path(source)
    return Origin(
        title,
        source,
        _date(values, name, title, head),
        tuple(int(part) for part in re.findall(r"\d+", version)[:3]),
        bool(_GONE.search(status.strip())),
        _series(path),
        max((one for one in periods(path) if "-" in one), key=len, default=""),
        latest(f"{title} {path}", head),
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


def series(source: str) -> str:
    """What the sources of all versions and issues of a document have in common; '' if nothing is left of the name."""
    return _series(_path(source))


def _path(source: str) -> str:
    return _PACKED_DATE.sub(r"\1-\2-\3", _EXTENSION.sub("", source))


@lru_cache(maxsize=4_000)
def _series(path: str) -> str:
    bare = _MARKS.sub(" ", without_periods(path.replace("_", " ")))
    folder, _, name = bare.rpartition("/")
    stem = _NO_LETTER.sub(" ", name).strip().casefold()
    return f"{' '.join(folder.split())}/{stem}" if stem else ""

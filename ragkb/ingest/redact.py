"""Personal data replaced in a document before anything of it is stored; the places in it move along."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate

from ragkb.ingest.personal import Span, found
from ragkb.types import Draft, Heading, Scalar, Table

KINDS = ("email", "phone", "iban", "card", "national_id")


def redact(draft: Draft, kinds: Sequence[str], regions: Sequence[str]) -> tuple[Draft, Counter[str]]:
    """The draft with `[email]`, `[phone]` .. in place of what was found, and how often each kind was, in all its parts.

    Text, title, headings, tables and the values of metadata are searched. What stands in the text and in a heading or
    a table's header counts once.
    """
    if not kinds:
        return draft, Counter()
    counts: Counter[str] = Counter()
    spans = found(draft.text, kinds, regions)
    counts.update(span.kind for span in spans)
    moved = _Moved(draft.text, spans)

    def again(text: str) -> str:
        return _replaced(text, found(text, kinds, regions))

    def counted(text: str) -> str:
        spans = found(text, kinds, regions)
        counts.update(span.kind for span in spans)
        return _replaced(text, spans)

    title_in_text = any(heading.title == draft.title for heading in draft.headings)
    done = replace(
        draft,
        text=moved.text,
        title=again(draft.title) if title_in_text else counted(draft.title),
        page_starts=tuple(moved.at(start) for start in draft.page_starts),
        headings=tuple(
            Heading(moved.at(one.start), one.level, moved.label(one.start, one.title) or again(one.title))
            for one in draft.headings
        ),
        tables=tuple(
            Table(moved.at(one.start), moved.at(one.end), moved.label(one.start, one.header) or again(one.header))
            for one in draft.tables
        ),
        units=tuple(
            replace(one, start=moved.at(one.start), end=moved.at(one.end), label=again(one.label))
            for one in draft.units
        ),
        contents=tuple((moved.at(start), moved.at(end)) for start, end in draft.contents),
        metadata={key: _value(value, counted) for key, value in draft.metadata.items()},
    )
    return done, counts


class _Moved:
    """A text with its spans replaced, and where each offset of the old one is in the new one."""

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self._old = text
        self._starts = [span.start for span in spans]
        self._ends = [span.end for span in spans]
        growth = (len(_mark(span)) - (span.end - span.start) for span in spans)
        self._growth = [0, *accumulate(growth)]
        self.text = _replaced(text, spans)

    def at(self, offset: int) -> int:
        """The new offset; one inside a replaced span goes to where its replacement begins."""
        before = bisect_right(self._starts, offset)
        if before and offset < self._ends[before - 1]:
            return self._starts[before - 1] + self._growth[before - 1]
        return offset + self._growth[before]

    def label(self, start: int, label: str) -> str:
        """What the text has now where it had `label` at `start`; '' if it had something else there."""
        if not self._old.startswith(label, start):
            return ""
        return self.text[self.at(start) : self.at(start + len(label))]


def _replaced(text: str, spans: Sequence[Span]) -> str:
    parts, last = [], 0
    for span in spans:
        parts += [text[last : span.start], _mark(span)]
        last = span.end
    return "".join([*parts, text[last:]])


def _mark(span: Span) -> str:
    return f"[{span.kind}]"


def _value(value: Scalar, counted: Callable[[str], str]) -> Scalar:
    """A number is replaced too, where its digits are found: a card number needs no quotes in front matter."""
    if isinstance(value, (bool, float)):
        return value
    text = counted(str(value))
    return text if text != str(value) else value

"""A language model's reply, read while it comes: sentences without marks and markup, with the numbers they cite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ragkb.answer.filler import without_filler
from ragkb.answer.hygiene import inert
from ragkb.answer.markers import Mark, without_marks
from ragkb.text.sentences import sentences

LOOKAHEAD = 24  # characters behind a full stop that tell whether it ends the sentence, and hold the marks behind it
LONGEST_LINE = 8_000  # characters; a longer line is broken, so that reading stays linear
_RAISED = re.compile(r"<sup[^<>\n]*>\s*\[?([\d,\s]+)\]?\s*</sup>", re.IGNORECASE)
_LIST_MARK = re.compile(r"\s*(?:[-*•–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")
_HEADING = re.compile(r"\s*(?:#{1,6}\s+|>\s*)+")
_OPEN = re.compile(r"!?\[[^\]\n]*\]?$|\]\([^)\n]*$|[<【［（(][^>】］）)\n]*$|&[#\w]*$|[!*]$")
_STOP = re.compile(r"[.。!！?？…;；:：]")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence. numbers: of its marks, in their order. before: white space and list mark before it."""

    text: str
    numbers: tuple[int, ...]
    before: str


class ReplyReader:
    """Gives the sentences of a reply as soon as they are finished; the same ones however the reply is cut in pieces."""

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._raw = ""
        self._taken = 0  # sentences of the unfinished line that were given
        self._before = ""
        self._held: Spoken | None = None  # it may get marks that stand on the next line

    def read(self, pieces: Iterable[str]) -> Iterator[Spoken]:
        """The sentences."""
        for piece in pieces:
            self._raw += piece
            yield from self._finished_lines()
            if self._raw and (self._held or _STOP.search(self._raw)):
                yield from self._line(self._raw, is_whole=False)
        self._raw += "\n"
        yield from self._finished_lines()
        if self._held:
            yield self._held

    def _finished_lines(self) -> Iterator[Spoken]:
        while "\n" in self._raw or len(self._raw) > LONGEST_LINE:
            line, _, rest = self._raw[:LONGEST_LINE].partition("\n")
            self._raw = rest + self._raw[LONGEST_LINE:]
            yield from self._line(line, is_whole=True)
            self._taken = 0
            self._before = "\n\n" if self._before.startswith("\n") else "\n"

    def _line(self, line: str, is_whole: bool) -> Iterator[Spoken]:
        """The sentences of a line that are finished and were not given yet."""
        if not is_whole and (unclosed := _OPEN.search(line)):
            line = line[: unclosed.start()]
        clean, marks = without_marks(inert(_RAISED.sub(r"[\1]", line.replace("**", ""))), self._passages)
        spans = _spans(clean)
        if not spans:
            self._add_to_held(marks if is_whole else [])
        elif self._held:
            yield self._held
            self._held = None
        for number in range(self._taken, len(spans)):
            start, end = spans[number]
            if not is_whole and end + LOOKAHEAD > len(clean.rstrip()):
                return
            self._taken += 1
            spoken = self._spoken(clean[start:end], _numbers(marks, spans, number), clean[:start])
            if spoken and number + 1 < len(spans):
                yield spoken
            else:
                self._held = spoken

    def _spoken(self, text: str, numbers: tuple[int, ...], ahead: str) -> Spoken | None:
        """The sentence; None for one that says nothing, as the rule below a table's header."""
        gap = self._before if not ahead.strip() else " " if ahead[-1:].isspace() else ""
        text = text[match.end() :] if (match := _HEADING.match(text)) else text
        if match := _LIST_MARK.match(text):
            gap, text = gap + match[0].lstrip(), text[match.end() :]
        text, named = without_filler(text)
        self._before = ""
        if not any(map(str.isalnum, text)):
            return None
        named = tuple(number for number in named if 1 <= number <= self._passages)
        return Spoken(text, tuple(dict.fromkeys((*numbers, *named))), gap)

    def _add_to_held(self, marks: list[Mark]) -> None:
        if self._held and marks:
            numbers = (*self._held.numbers, *(number for mark in marks for number in mark.numbers))
            self._held = replace(self._held, numbers=tuple(dict.fromkeys(numbers)))


def _spans(line: str) -> list[tuple[int, int]]:
    """The sentences of a line. One that does not end like a sentence is no heading: it may go on, or lack its stop."""
    if line.lstrip().startswith("|") or not line.strip():
        return sentences(line)
    return [(start, min(end, len(line))) for start, end in sentences(line + ".")]


def _numbers(marks: list[Mark], spans: list[tuple[int, int]], number: int) -> tuple[int, ...]:
    """The numbers of the marks of one sentence: those behind its beginning, up to the beginning of the next."""
    after = spans[number][0] if number else -1
    until = spans[number + 1][0] if number + 1 < len(spans) else float("inf")
    found = [n for mark in marks if after < mark.position <= until for n in mark.numbers]
    return tuple(dict.fromkeys(found))

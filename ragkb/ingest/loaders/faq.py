"""Questions with their answers, told by clear structure alone: a pair is one unit, found by its question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.normalise import one_line
from ragkb.types import Draft, Heading, Unit

_QUESTION_NAMES = frozenset("question q 问题 问 提问 标准问 标准问题 常见问题 問題".split())
_ANSWER_NAMES = frozenset("answer a 答案 答 回答 答复 解答 标准答案 回复 回答内容".split())
_NUMBER = r"(?:[ ]?\d{0,3}[ ]?[:：]|\d{1,3}[.、)])[ ]?"
_QUESTION_LINE = re.compile(rf"^(?:- )?(?:Q|Question|问题|问){_NUMBER}(?=\S)", re.MULTILINE | re.IGNORECASE)
_ANSWER_LINE = re.compile(rf"^(?:- )?(?:A|Answer|答案|回答|答){_NUMBER}", re.MULTILINE | re.IGNORECASE)
_LEVEL = 9  # of a question that stands as a heading: under every heading that the document can have
_FEWEST = 3


def columns(header: Sequence[str]) -> tuple[int, int] | None:
    """The columns of the question and of the answer, None unless there is exactly one of each."""
    names = [one_line(name).casefold().rstrip(":：") for name in header]
    questions = [index for index, name in enumerate(names) if name in _QUESTION_NAMES]
    answers = [index for index, name in enumerate(names) if name in _ANSWER_NAMES]
    return (questions[0], answers[0]) if len(questions) == len(answers) == 1 else None


def is_list(rows: Sequence[Sequence[str]], places: tuple[int, int]) -> bool:
    """True if nearly all rows, those below the header, have both a question and an answer."""
    full = sum(all(place < len(row) and row[place].strip() for place in places) for row in rows)
    return full > 0 and full * 5 >= len(rows) * 4


def write(builder: TextBuilder, header: Sequence[str], rows: Sequence[Sequence[str]], places: tuple[int, int]) -> None:
    """Writes each row as a unit: the question as a heading, the answer below it, then `name: value` of the others."""
    question, answer = places
    for row in rows:
        cells = [*row, *[""] * (len(header) - len(row))]
        with builder.unit(cells[question]):
            builder.heading(_LEVEL, cells[question])
            builder.paragraph(cells[answer])
            for index, name in enumerate(header):
                if index not in places and cells[index].strip():
                    builder.line(f"{name}: {cells[index]}")


def marked(draft: Draft) -> Draft:
    """The draft with the pairs that its text holds as units, beside those that the loader made."""
    units = [*draft.units, *_table_rows(draft), *_question_headings(draft), *_question_lines(draft)]
    return replace(draft, units=tuple(_apart(units))) if len(units) > len(draft.units) else draft


def _apart(units: Sequence[Unit]) -> Iterator[Unit]:
    """The units in order without those that overlap an earlier one."""
    end = 0
    for unit in sorted(units, key=lambda unit: unit.start):
        if unit.start >= end:
            end = unit.end
            yield unit


def _table_rows(draft: Draft) -> Iterator[Unit]:
    """The rows of tables whose header names a question and an answer."""
    for table in draft.tables:
        places = columns(_cells(table.header)) if table.header else None
        start = table.start
        if draft.text.startswith(table.header, start):  # it does not where the table goes on from the page before
            start += len(table.header) + 1
        lines = draft.text[start : table.end].split("\n") if places else []
        if places and is_list([_cells(line) for line in lines], places):
            for line in lines:
                yield Unit(start, start + len(line), _cells(line)[places[0]])
                start += len(line) + 1


def _cells(line: str) -> list[str]:
    return line.removeprefix("| ").removesuffix(" |").split(" | ")


def _question_headings(draft: Draft) -> Iterator[Unit]:
    """Headings of one level that are mostly questions, each with what stands under it."""
    of_level = Counter(heading.level for heading in draft.headings)
    asking = Counter(heading.level for heading in draft.headings if _asks(heading))
    levels = {level for level, count in asking.items() if count >= _FEWEST and count * 3 >= of_level[level] * 2}
    if not levels:
        return
    for index, heading in enumerate(draft.headings):
        if heading.level in levels and _asks(heading):
            end = _end(draft, index)
            end = heading.start + len(draft.text[heading.start : end].rstrip())
            if "\n" in draft.text[heading.start : end]:
                yield Unit(heading.start, end, heading.title)


def _end(draft: Draft, index: int) -> int:
    """Where the text under a heading ends."""
    level = draft.headings[index].level
    for number in range(index + 1, len(draft.headings)):
        if draft.headings[number].level <= level:
            return draft.headings[number].start
    return len(draft.text)


def _asks(heading: Heading) -> bool:
    return heading.title.rstrip().endswith(("?", "？"))


def _question_lines(draft: Draft) -> Iterator[Unit]:
    """Lines `Q: ..` that are followed by a line `A: ..`, with all of the answer."""
    text = draft.text
    starts = [match.start() for match in _QUESTION_LINE.finditer(text)]
    if len(starts) < 2:
        return
    borders = sorted({*starts, *(heading.start for heading in draft.headings), len(text)})
    asked = frozenset(starts)
    spans = {start: end for start, end in pairwise(borders) if start in asked}
    pairs = {start: end for start, end in spans.items() if _ANSWER_LINE.search(text, start, end)}
    if len(pairs) < 2 or len(pairs) * 5 < len(starts) * 4:
        return
    longest = max((_blocks(text[start:end]) for start, end in list(pairs.items())[:-1]), default=1)
    for start, end in pairs.items():
        blocks = text[start:end].rstrip().split("\n\n")[:longest]  # the end of the last answer is marked by nothing
        whole = "\n\n".join(blocks)
        question = whole.split("\n", 1)[0]
        yield Unit(start, start + len(whole), _QUESTION_LINE.sub("", question))


def _blocks(text: str) -> int:
    return text.rstrip().count("\n\n") + 1

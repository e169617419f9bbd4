"""The seam between evidence and words: what a generator is given, and what it gives."""

from __future__ import annotations

import collections.abc as abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ragkb.answer import extractive, phrases
from ragkb.answer.conflicts import Clash, clash, lead_in, newest_first
from ragkb.answer.evidence import Candidate
from ragkb.answer.question import Question
from ragkb.answer.units import Passage
from ragkb.models.chat import Usage

NO_TOKENS = Usage()


@dataclass(frozen=True, slots=True)
class Task:
    """A question and what there is to answer it from.

    asked: as the user wrote it. question: as it is read. passages: best first. found: their evidence, best first.
    """

    asked: str
    question: Question
    passages: Sequence[Passage]
    found: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class Span:
    """Code points start to end, end exclusive, of the document that a passage is from."""

    passage: Passage
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Draft:
    """One sentence before it is checked.

    text: as it reads, without citation marks. cited: what it rests on; not verified yet. context: further text that it
    rests on, not quoted. before: white space and list marks between it and the sentence before; None lets the
    sentences follow each other.
    """

    text: str
    cited: tuple[Span, ...]
    context: tuple[str, ...] = ()
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """One sentence in the generator's own words, before it is checked.

    passages: those that it says it rests on, rightly or wrongly. before: as in Draft.
    """

    text: str
    passages: tuple[Passage, ...]
    before: str


@dataclass(frozen=True, slots=True)
class Written:
    """Sentences that are finished at the same time. usage: all tokens so far; a later one replaces it."""

    drafts: tuple[Draft | Claimed, ...]
    usage: Usage = NO_TOKENS


class Generator(Protocol):
    """Writes an answer. name: for `model.generator`. least_confidence: under it there is nothing worth writing from."""

    @property
    def name(self) -> str: ...

    @property
    def least_confidence(self) -> float: ...

    def write(self, task: Task) -> abc.Generator[Written, None, None]:
        """The sentences of the answer as they are finished; none if the passages do not hold it. Raises ModelError."""


@dataclass(frozen=True, slots=True)
class Extractive:
    """Quotes the best evidence. sentences: at most."""

    sentences: int
    least_confidence: float
    name: str = "extractive"

    def write(self, task: Task) -> abc.Generator[Written, None, None]:
        """All sentences at once; each is made of spans of a document, so that its citations are exact."""
        found = newest_first(task.found)
        chosen = extractive.compose(found, self.sentences)
        clashes = [against for one in chosen if (against := clash(one, found))] if self.sentences > 1 else []
        drafts: list[Draft] = []
        for one in chosen:
            if clashes and one is clashes[0].other:
                continue
            drafts.append(_quoted(one, phrases.said(task.question, one)))
            if clashes and one is clashes[0].said:
                drafts.append(_disagreeing(clashes[0]))
        yield Written(tuple(drafts[: max(self.sentences, 2)] if clashes else tuple(drafts)))


def _quoted(one: Candidate, text: str) -> Draft:
    spans = tuple(Span(one.unit.passage, start, end) for start, end in one.unit.spans)
    return Draft(text, spans, (one.unit.evidence,) if one.unit.evidence else ())


def _disagreeing(against: Clash) -> Draft:
    """The statement that disagrees, led in by the document that makes it; the lead is no claim of the documents."""
    one = against.other
    lead = lead_in(against)
    draft = _quoted(one, lead + one.unit.said)
    return Draft(draft.text, draft.cited, (*draft.context, lead))

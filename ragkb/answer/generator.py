"""The seam between evidence and words: what a generator is given, and what it gives."""

from __future__ import annotations

import collections.abc as abc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ragkb.answer import extractive, phrases
from ragkb.answer.conflicts import Clash, clash, lead_in, newest_first
from ragkb.answer.evidence import Considered
from ragkb.answer.units import Passage, Unit
from ragkb.models.chat import Usage

NO_TOKENS = Usage()
Place = tuple[str, int, int]
"""Id of a document, start and end in it."""


@dataclass(frozen=True, slots=True)
class Task:
    """A question and what there is to answer it from.

    asked: as the user wrote it. read: as it is read, a follow-up with what it leans on. passages: best first.
    parts: of the question, each with its evidence.
    """

    asked: str
    read: str
    passages: Sequence[Passage]
    parts: Sequence[Considered]


@dataclass(frozen=True, slots=True)
class Span:
    """Code points start to end, end exclusive, of the document that a passage is from."""

    passage: Passage
    start: int
    end: int

    @property
    def place(self) -> Place:
        """Which document, and where in it."""
        return (self.passage.hit.document_id, self.start, self.end)


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
    """Sentences that are finished at the same time. usage: all tokens so far; a later one replaces it.

    unanswered: parts of the question, as they were asked, that the passages do not answer.
    """

    drafts: tuple[Draft | Claimed, ...]
    usage: Usage = NO_TOKENS
    unanswered: tuple[str, ...] = ()


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
        """All sentences at once; each is made of spans of a document, so that its citations are exact.

        Parts of the question are answered in their order, those without an answer are named.
        """
        answered = [part for part in task.parts if part.confidence >= self.least_confidence] or list(task.parts[:1])
        each = -(-self.sentences // len(answered))
        drafts = [draft for part in answered for draft in self._part(part, each)]
        said = {draft.cited[-1].place for draft in drafts}
        unanswered = tuple(part.question.asks for part in task.parts if part not in answered and not part.is_in(said))
        yield Written(_once(drafts), NO_TOKENS, unanswered)

    def _part(self, part: Considered, most: int) -> list[Draft]:
        """At most `most` statements, and one that disagrees."""
        found = newest_first(part.found)
        if steps := extractive.procedure(part.question, found, most):
            return [_quoted(unit, unit.said) for unit in steps]
        chosen = extractive.compose(found, most)
        against = next((one for one in (clash(one, found) for one in chosen) if one), None) if most > 1 else None
        drafts: list[Draft] = []
        for one in chosen:
            if against and one is against.other:
                continue
            if len(drafts) + 2 <= most and (before := extractive.leaned_on(one, chosen)):
                drafts.append(_quoted(before, before.said))
            drafts.append(_told(one.unit, phrases.said(part.question, one)))
            if against and one is against.said:
                drafts.append(_disagreeing(against))
        return drafts[: max(most, 2) if against else most]


def _once(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Without what quotes the same places as an earlier one: parts of a question may be answered by one sentence."""
    first: dict[tuple[Place, ...], Draft] = {}
    for draft in drafts:
        first.setdefault(tuple(span.place for span in draft.cited), draft)
    return tuple(first.values())


def _told(unit: Unit, text: str) -> Draft:
    """The unit as it is told; a value in front of it, such as "Yes: ", is no claim of the documents beside it."""
    draft = _quoted(unit, text)
    lead = text.removesuffix(unit.said) if not unit.cells else ""
    return replace(draft, context=(*draft.context, lead)) if lead else draft


def _quoted(unit: Unit, text: str) -> Draft:
    spans = tuple(Span(unit.passage, start, end) for start, end in unit.spans)
    return Draft(text, spans, (unit.evidence,) if unit.evidence else ())


def _disagreeing(against: Clash) -> Draft:
    """The statement that disagrees, led in by the document that makes it; the lead is no claim of the documents."""
    one = against.other
    lead = lead_in(against)
    draft = _quoted(one.unit, lead + one.unit.said)
    return Draft(draft.text, draft.cited, (*draft.context, lead))

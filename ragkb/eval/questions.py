"""An answers file: questions with gold answers and where these stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ragkb.errors import InputError
from ragkb.eval.files import Line, json_lines
from ragkb.types import Explain, Hit, Turn


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an answer stands. page: None where any page of the source will do. quote: "" where any text of it will."""

    source: str
    page: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """One row of an answers file. contexts: passages to answer from, None to search.

    slices: type and language where the row names them, format of its first evidence, groups of who asks.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    answerable: bool
    groups: tuple[str, ...]
    history: tuple[Turn, ...]
    contexts: tuple[Hit, ...] | None
    slices: Mapping[str, str]

    @property
    def cluster(self) -> str:
        """The document that the question is about: its first source; the question itself where it names none."""
        return self.evidence[0].source if self.evidence else f"question {self.id}"


def read_questions(file: Path, *, needs_contexts: bool = False) -> list[Question]:
    """The questions of an answers file, but those that still wait for a review: nobody knows what would be right.

    Raises InputError that names file and line where one cannot be used.
    """
    lines = (line for line in json_lines(file) if line.values.get("to_review") is not True)
    questions = [_question(line, needs_contexts) for line in lines]
    if not questions:
        raise InputError(f"{file}: no questions", 'give a line {"id", "question", ..} for each, not "to_review"')
    return questions


def _question(line: Line, needs_contexts: bool) -> Question:
    contexts = _contexts(line) if line.values.get("contexts") is not None else None
    if needs_contexts and contexts is None:
        raise InputError(f"{line.where}: no contexts and no knowledge base", "name one with --kb")
    answerable = line.values.get("answerable")
    if answerable not in (None, True, False):
        raise InputError(f"{line.where}: 'answerable' is {answerable!r}, not true or false")
    evidence = tuple(_evidence(Line(line.where, item)) for item in line.items("evidence", dict))
    return Question(
        id=line.text("id"),
        text=line.text("question"),
        answers=tuple(line.items("answers", str)),
        evidence=evidence,
        answerable=answerable is not False,
        groups=tuple(line.items("groups", str)),
        history=tuple(_turn(line, item) for item in line.items("history", object)),
        contexts=contexts,
        slices=_slices(line, evidence),
    )


def _slices(line: Line, evidence: tuple[Evidence, ...]) -> dict[str, str]:
    named = {name: line.text(name) for name in ("type", "language") if line.values.get(name) is not None}
    suffix = PurePosixPath(evidence[0].source).suffix.lstrip(".").lower() if evidence else ""
    groups = " ".join(sorted(line.items("groups", str))) or "everyone"
    return {**named, **({"format": suffix} if suffix else {}), "group": groups}


def _turn(line: Line, item: object) -> Turn:
    """A turn of `history`: {"role", "content"}, or a string, which the user said."""
    if isinstance(item, str):
        return Turn("user", item)
    turn = Line(line.where, item if isinstance(item, dict) else {})
    role = turn.text("role", "user")
    if role not in ("user", "assistant"):
        raise InputError(f"{line.where}: the role {role!r} in 'history' is neither 'user' nor 'assistant'")
    return Turn(role, turn.text("content"))


def _evidence(item: Line) -> Evidence:
    page = item.values.get("page")
    if page is not None and (isinstance(page, bool) or not isinstance(page, int)):
        raise InputError(f"{item.where}: 'page' of an evidence item is {page!r}, not a number or null")
    return Evidence(item.text("source"), page, item.text("quote", ""))


def _contexts(line: Line) -> tuple[Hit, ...]:
    """The given passages as hits, in their order; a passage's source is its title, or context-N where it has none."""
    given = [Line(line.where, item) for item in line.items("contexts", dict)]
    titles = [item.text("title", "") for item in given]
    texts = [item.text("text") for item in given]
    return tuple(
        Hit(
            rank=n,
            score=1.0,
            document_id=f"context-{n}",
            source=title or f"context-{n}",
            title=title,
            page=None,
            heading=(),
            start=0,
            end=len(text),
            text=text,
            explain=Explain(None, None, 0.0),
        )
        for n, (title, text) in enumerate(zip(titles, texts, strict=True), 1)
    )

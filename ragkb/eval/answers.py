"""Answers measured on questions with gold answers and gold evidence."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from ragkb.errors import InputError, RagkbError
from ragkb.eval.files import Line, json_lines
from ragkb.eval.measures import answer_hit, mean, percentile, quotes_overlap
from ragkb.eval.retrieval import Progress
from ragkb.types import Answer, Citation, Document, Explain, Hit, Principal, Turn, page_at

if TYPE_CHECKING:
    from ragkb.settings import Settings

PASSAGES = 5
"""Passages of an answer that page_hit@5 looks at."""


class Answerer(Protocol):
    """The part of KnowledgeBase that is measured."""

    def ask(
        self,
        question: str,
        /,
        *,
        as_: Principal = ...,
        history: Sequence[Turn] = ...,
        contexts: Sequence[Hit] | None = None,
    ) -> Answer: ...

    def document(self, identity: str, /, *, as_: Principal = ...) -> Document: ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where an answer stands. page: None where any page of the source will do. quote: "" where any text of it will."""

    source: str
    page: int | None
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """One row of an answers file. contexts: passages to answer from, None to search. slices: its type and language."""

    id: str
    text: str
    answers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    answerable: bool
    groups: tuple[str, ...]
    history: tuple[Turn, ...]
    contexts: tuple[Hit, ...] | None
    slices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AnswersResult:
    """summary: as docs/eval.md defines it. rows: one for each question, in the file's order, no timings."""

    summary: dict[str, Any]
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Judged:
    """The marks of one question, None where one does not apply, and (hits, of how many) pairs to be added up.

    milliseconds: of the whole answer; None when it failed, and then every mark is None.
    """

    row: dict[str, Any]
    slices: Mapping[str, str]
    milliseconds: float | None = None
    answer_hit: bool | None = None
    page_hit: float | None = None
    exact: tuple[int, int] = (0, 0)
    precise: tuple[int, int] = (0, 0)
    recalled: tuple[int, int] = (0, 0)
    false_answer: bool | None = None
    false_refusal: bool | None = None
    groundedness: float | None = None


def evaluate_answers(
    kb: Answerer | None, file: Path, settings: Settings, progress: Progress | None = None
) -> AnswersResult:
    """The measures of the answers to the questions in `file`; all None where there is nothing to average.

    answer_hit: share of the answerable questions with gold answers whose answer holds one; an abstention holds none.
    page_hit@5: mean share of a question's evidence items whose source and page are among the first five passages.
    citation_exact: share of all citations with document.text[start:end] == quote, on the page that they name.
    citation_precision: share of the citations, under answerable questions with evidence, that overlap an evidence
    quote of the same source, or stand on its source and page and hold a gold answer.
    citation_recall: share of the evidence items of answerable questions that some citation overlaps.
    false_answer: share of the questions that cannot be answered that were. false_refusal: share of the answerable
    ones that were not. groundedness: mean over the answers that were given.

    Questions that ended in an error are counted in "errors" and left out of every measure. kb may be None where every
    question carries its own contexts. Raises InputError that names file and line where a row cannot be used.
    """
    questions = read_questions(file, needs_contexts=kb is None)
    with _or_empty(kb, settings) as answerer:
        judged = []
        for done, question in enumerate(questions, 1):
            judged.append(_judged(answerer, question))
            if progress:
                progress("questions", done, len(questions))
    summary = {**_summary(judged), **_slices(judged), "k": settings.answer.passages}
    return AnswersResult(summary, tuple(one.row for one in judged))


@contextmanager
def _or_empty(kb: Answerer | None, settings: Settings) -> Iterator[Answerer]:
    """`kb`, or an empty knowledge base that answers from given contexts and is gone afterwards."""
    if kb is not None:
        yield kb
        return
    from ragkb.kb import KnowledgeBase

    with (
        TemporaryDirectory(prefix="ragkb-eval-") as path,
        KnowledgeBase.open(Path(path) / "kb", settings=settings) as empty,
    ):
        yield empty


def _judged(kb: Answerer, question: Question) -> _Judged:
    as_ = Principal.of_groups(question.groups)
    started = time.perf_counter()
    try:
        answer = kb.ask(question.text, as_=as_, history=question.history, contexts=question.contexts)
        milliseconds = 1000 * (time.perf_counter() - started)
        exact = [_is_exact(kb, citation, question, as_) for citation in answer.citations]
    except RagkbError as error:
        return _Judged({"id": question.id, "error": f"{type(error).__name__}: {error}"}, question.slices)
    return judge(question, answer, exact, milliseconds)


def judge(question: Question, answer: Answer, exact: Sequence[bool], milliseconds: float) -> _Judged:
    """The marks of an answer. exact: for each citation, whether its quote stands where it says."""
    answered, known = not answer.abstained, question.answerable and bool(question.evidence)
    precise = [_is_precise(citation, question) for citation in answer.citations] if known else []
    recalled = [_is_recalled(item, answer.citations) for item in question.evidence] if known else []
    hit = answered and answer_hit(answer.text, question.answers) if question.answerable and question.answers else None
    judged = _Judged(
        row={},
        slices=question.slices,
        milliseconds=milliseconds,
        answer_hit=hit,
        page_hit=page_hit(question.evidence, answer.passages) if known else None,
        exact=(sum(exact), len(exact)),
        precise=(sum(precise), len(precise)),
        recalled=(sum(recalled), len(recalled)),
        false_answer=None if question.answerable else answered,
        false_refusal=not answered if question.answerable else None,
        groundedness=answer.groundedness if answered else None,
    )
    judged.row.update(_row(question, answer, judged))
    return judged


def _row(question: Question, answer: Answer, judged: _Judged) -> dict[str, Any]:
    """What `--rows` writes of one question: nothing that another run would not write again."""
    return {
        "id": question.id,
        "question": question.text,
        **question.slices,
        "answerable": question.answerable,
        "answer": answer.text,
        "abstained": answer.abstained,
        "reason": answer.reason,
        "confidence": answer.confidence,
        "groundedness": answer.groundedness,
        "answer_hit": judged.answer_hit,
        "page_hit@5": judged.page_hit,
        "citations_exact": list(judged.exact),
        "citations_precise": list(judged.precise),
        "evidence_recalled": list(judged.recalled),
        "citations": [{"source": c.source, "page": c.page, "quote": c.quote} for c in answer.citations],
        "passages": [{"source": hit.source, "page": hit.page} for hit in answer.passages[:PASSAGES]],
    }


def page_hit(evidence: Sequence[Evidence], passages: Sequence[Hit]) -> float:
    """The share, 0 to 1, of the evidence items whose source and page are among the first five passages."""
    return sum(any(_same_place(item, hit) for hit in passages[:PASSAGES]) for item in evidence) / len(evidence)


def _same_place(item: Evidence, found: Hit | Citation) -> bool:
    return item.source == found.source and item.page in (None, found.page)


def _is_exact(kb: Answerer, citation: Citation, question: Question, as_: Principal) -> bool:
    """True if the quote stands at its offsets, and these on the page that the citation names."""
    if question.contexts is not None:
        texts = (hit.text for hit in question.contexts if hit.document_id == citation.document_id)
        return any(text[citation.start : citation.end] == citation.quote for text in texts)
    document = kb.document(citation.document_id, as_=as_)
    page = page_at(document.page_starts, citation.start)
    return document.text[citation.start : citation.end] == citation.quote and page == citation.page


def _is_precise(citation: Citation, question: Question) -> bool:
    """True if the citation overlaps evidence, or stands on its page and holds a gold answer."""
    if any(_overlaps(item, citation) for item in question.evidence):
        return True
    placed = any(_same_place(item, citation) for item in question.evidence)
    return placed and answer_hit(citation.quote, question.answers)


def _is_recalled(item: Evidence, citations: Iterable[Citation]) -> bool:
    return any(_overlaps(item, citation) for citation in citations)


def _overlaps(item: Evidence, citation: Citation) -> bool:
    """True if both are of one source and share text; evidence without a quote is met anywhere on its page."""
    if not item.quote:
        return _same_place(item, citation)
    return item.source == citation.source and quotes_overlap(item.quote, citation.quote)


def _summary(judged: Sequence[_Judged]) -> dict[str, Any]:
    milliseconds = [one.milliseconds for one in judged if one.milliseconds is not None]
    quantiles = {"p50": percentile(milliseconds, 0.5), "p95": percentile(milliseconds, 0.95)}
    return {
        "rows": len(judged),
        "errors": len(judged) - len(milliseconds),
        "answer_hit": mean(one.answer_hit for one in judged),
        "page_hit@5": mean(one.page_hit for one in judged),
        "citation_exact": _share(one.exact for one in judged),
        "citation_precision": _share(one.precise for one in judged),
        "citation_recall": _share(one.recalled for one in judged),
        "false_answer": mean(one.false_answer for one in judged),
        "false_refusal": mean(one.false_refusal for one in judged),
        "groundedness": mean(one.groundedness for one in judged),
        "latency_ms": {name: value and round(value, 2) for name, value in quantiles.items()},
    }


def _slices(judged: Sequence[_Judged]) -> dict[str, Any]:
    """The same summary of each type and each language of question, where the rows name them."""
    result: dict[str, Any] = {}
    for name in ("type", "language"):
        values = sorted({one.slices[name] for one in judged if name in one.slices})
        if values:
            result[f"by_{name}"] = {v: _summary([one for one in judged if one.slices.get(name) == v]) for v in values}
    return result


def _share(pairs: Iterable[tuple[int, int]]) -> float | None:
    """The sum of the first numbers by that of the second ones; None where that is 0."""
    hits, total = (sum(column) for column in zip(*pairs, strict=True))
    return round(hits / total, 6) if total else None


def read_questions(file: Path, *, needs_contexts: bool = False) -> list[Question]:
    """The questions of an answers file. Raises InputError that names file and line where one cannot be used."""
    questions = [_question(line, needs_contexts) for line in json_lines(file)]
    if not questions:
        raise InputError(f"{file}: no questions", 'give a line {"id", "question", ..} for each')
    return questions


def _question(line: Line, needs_contexts: bool) -> Question:
    contexts = _contexts(line) if line.values.get("contexts") is not None else None
    if needs_contexts and contexts is None:
        raise InputError(f"{line.where}: no contexts and no knowledge base", "name one with --kb")
    answerable = line.values.get("answerable")
    if answerable not in (None, True, False):
        raise InputError(f"{line.where}: 'answerable' is {answerable!r}, not true or false")
    return Question(
        id=line.text("id"),
        text=line.text("question"),
        answers=tuple(line.items("answers", str)),
        evidence=tuple(_evidence(Line(line.where, item)) for item in line.items("evidence", dict)),
        answerable=answerable is not False,
        groups=tuple(line.items("groups", str)),
        history=tuple(_turn(line, item) for item in line.items("history", object)),
        contexts=contexts,
        slices={name: line.text(name) for name in ("type", "language") if line.values.get(name) is not None},
    )


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
            score=1.0 / n,
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

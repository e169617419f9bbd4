"""Answers measured on questions with gold answers and gold evidence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol

from ragkb.errors import RagkbError
from ragkb.eval.measures import answer_hit, percentile, quotes_f1, quotes_overlap, token_f1
from ragkb.eval.questions import Evidence, Question, read_questions
from ragkb.eval.retrieval import Progress
from ragkb.eval.scores import ANSWERS, Row, total
from ragkb.types import Answer, Citation, Document, Duplicate, Hit, Principal, Turn, page_at

if TYPE_CHECKING:
    from ragkb.settings import Settings

PASSAGES = 5
"""Passages of an answer that page_hit@5 looks at."""

SLICES = ("type", "language", "format", "group")


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


Probe = Callable[[Question, Answer], Mapping[str, object]]
"""More measures of one answer, by name."""


@dataclass(frozen=True, slots=True)
class AnswersResult:
    """summary: as docs/eval.md defines it. rows: one for each question, in the file's order, no timings.

    milliseconds: of each row's whole answer, None where it failed.
    """

    summary: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    milliseconds: tuple[float | None, ...]


def evaluate_answers(
    kb: Answerer | None,
    file: Path,
    settings: Settings,
    progress: Progress | None = None,
    probe: Probe | None = None,
) -> AnswersResult:
    """The measures of the answers to the questions in `file`; all None where there is nothing to average.

    answer_hit: share of the answerable questions with gold answers whose answer holds one; an abstention holds none.
    token_f1: mean over the same questions of the words shared with the nearest gold answer; 0 for an abstention.
    page_hit@5: mean share of a question's evidence items whose source and page are among the first five passages.
    citation_exact: share of all citations with document.text[start:end] == quote, on the page that they name.
    citation_precision: share of the citations, under answerable questions with evidence, that overlap an evidence
    quote of the same source, or stand on its source and page and hold a gold answer.
    citation_recall: share of the evidence items of answerable questions that some citation overlaps.
    citation_f1: mean over the answers given to such questions of the words that quotes and evidence share.
    false_answer: share of the questions that cannot be answered that were. false_refusal: share of the answerable
    ones that were not. groundedness: mean over the answers that were given.

    Questions that ended in an error are counted in "errors" and left out of every measure. kb may be None where every
    question carries its own contexts. Raises InputError that names file and line where a row cannot be used.
    """
    questions = read_questions(file, needs_contexts=kb is None)
    rows, milliseconds = [], []
    with _or_empty(kb, settings) as answerer:
        for done, question in enumerate(questions, 1):
            row, taken = _row(answerer, question, probe)
            rows.append(row)
            milliseconds.append(taken)
            if progress:
                progress("questions", done, len(questions))
    summary = {**_summary(rows, milliseconds), **_slices(rows, milliseconds), "k": settings.answer.passages}
    return AnswersResult(summary, tuple(rows), tuple(milliseconds))


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


def _row(kb: Answerer, question: Question, probe: Probe | None) -> tuple[dict[str, Any], float | None]:
    """The row of a question, and the milliseconds of its answer; None for an error."""
    as_ = Principal.of_groups(question.groups)
    known = {
        "id": question.id,
        "question": question.text,
        "cluster": question.cluster,
        **question.slices,
        "answerable": question.answerable,
        "gold": list(question.answers) if question.answerable else [],
    }
    started = time.perf_counter()
    try:
        answer = kb.ask(question.text, as_=as_, history=question.history, contexts=question.contexts)
        milliseconds = 1000 * (time.perf_counter() - started)
        exact = [_is_exact(kb, citation, question, as_) for citation in answer.citations]
        more = probe(question, answer) if probe else {}
    except RagkbError as error:
        return {**known, "status": "error", "error": f"{type(error).__name__}: {error}"}, None
    return {**known, **_said(answer), **judge(question, answer, exact), **more, **_shown(answer)}, milliseconds


def _said(answer: Answer) -> dict[str, Any]:
    return {
        "status": "abstained" if answer.abstained else "scored",
        "answer": answer.text,
        "abstained": answer.abstained,
        "reason": answer.reason,
        "confidence": answer.confidence,
    }


def _shown(answer: Answer) -> dict[str, Any]:
    """What stood under the answer, for who reads the row."""
    return {
        "citations": [{"source": c.source, "page": c.page, "quote": c.quote} for c in answer.citations],
        "passages": [
            {"source": hit.source, "page": hit.page, "start": hit.start, "end": hit.end}
            for hit in answer.passages[:PASSAGES]
        ],
    }


def judge(question: Question, answer: Answer, exact: Sequence[bool]) -> dict[str, Any]:
    """The measures of an answer: a number, true or false, [hits, of how many], or None where one does not apply.

    exact: for each citation, whether its quote stands where it says.
    """
    answered, known = not answer.abstained, question.answerable and bool(question.evidence)
    precise = [_is_precise(citation, question) for citation in answer.citations] if known else []
    recalled = [_is_recalled(item, answer.citations) for item in question.evidence] if known else []
    gold = question.answers if question.answerable else ()
    quoted = [item.quote for item in question.evidence if item.quote] if known and answered else []
    return {
        "answer_hit": answered and answer_hit(answer.text, gold) if gold else None,
        "token_f1": round(token_f1(answer.text, gold), 6) if gold and answered else 0.0 if gold else None,
        "page_hit@5": page_hit(question.evidence, answer.passages) if known else None,
        "citation_exact": [sum(exact), len(exact)],
        "citation_precision": [sum(precise), len(precise)],
        "citation_recall": [sum(recalled), len(recalled)],
        "citation_f1": round(quotes_f1((one.quote for one in answer.citations), quoted), 6) if quoted else None,
        "false_answer": None if question.answerable else answered,
        "false_refusal": not answered if question.answerable else None,
        "groundedness": answer.groundedness if answered else None,
    }


def page_hit(evidence: Sequence[Evidence], passages: Sequence[Hit], k: int = PASSAGES) -> float:
    """The share, 0 to 1, of the evidence items whose source and page are among the first k passages.

    A passage stands for those that say the same and that it names.
    """
    return round(sum(any(_found_at(item, hit) for hit in passages[:k]) for item in evidence) / len(evidence), 6)


def reciprocal_rank(evidence: Sequence[Evidence], hits: Sequence[Hit], k: int) -> float:
    """1 / rank of the first of k hits that holds evidence, 0 where none does: MRR@k over passages.

    A hit holds an item whose quote it overlaps; one without a quote, if it stands on its source and page.
    """
    return round(next((1 / n for n, hit in enumerate(hits[:k], 1) if _holds(evidence, hit)), 0.0), 6)


def _holds(evidence: Sequence[Evidence], hit: Hit) -> bool:
    return any(_found_at(item, hit) and (not item.quote or quotes_overlap(item.quote, hit.text)) for item in evidence)


def _found_at(item: Evidence, hit: Hit) -> bool:
    return _same_place(item, hit) or any(_same_place(item, one) for one in hit.duplicates)


def _same_place(item: Evidence, found: Hit | Citation | Duplicate) -> bool:
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


def _is_recalled(item: Evidence, citations: Sequence[Citation]) -> bool:
    return any(_overlaps(item, citation) for citation in citations)


def _overlaps(item: Evidence, citation: Citation) -> bool:
    """True if both are of one source and share text; evidence without a quote is met anywhere on its page."""
    if not item.quote:
        return _same_place(item, citation)
    return item.source == citation.source and quotes_overlap(item.quote, citation.quote)


def _summary(rows: Sequence[Row], milliseconds: Sequence[float | None]) -> dict[str, Any]:
    return {
        "rows": len(rows),
        "errors": sum(row["status"] == "error" for row in rows),
        **{measure.name: total(measure.name, rows) for measure in ANSWERS},
        "latency_ms": latency([taken for taken in milliseconds if taken is not None]),
    }


def latency(milliseconds: Sequence[float]) -> dict[str, float | None]:
    """Median and 95th percentile by nearest rank, to a hundredth of a millisecond; None of nothing."""
    quantiles = {"p50": percentile(milliseconds, 0.5), "p95": percentile(milliseconds, 0.95)}
    return {name: value and round(value, 2) for name, value in quantiles.items()}


def _slices(rows: Sequence[Row], milliseconds: Sequence[float | None]) -> dict[str, Any]:
    """The same summary of each value of each slice."""
    result: dict[str, Any] = {}
    for name in SLICES:
        by_value: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            if name in row:
                by_value.setdefault(row[name], []).append(place)
        if by_value:
            result[f"by_{name}"] = {
                value: _summary([rows[i] for i in places], [milliseconds[i] for i in places])
                for value, places in sorted(by_value.items())
            }
    return result

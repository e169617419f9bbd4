"""Given answers scored against their contexts, and the scorer measured where people labelled them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkb.answer.grounding import SupportScorer
from ragkb.answer.verify import Verdict, answer_threshold, verify
from ragkb.errors import InputError, RagkbError
from ragkb.eval.classification import auroc, balanced_accuracy, hallucination_f1, placements
from ragkb.eval.files import Line, json_lines

if TYPE_CHECKING:
    from ragkb.eval.retrieval import Progress

_FIELDS = 'a line {"id", "question", "context", "response"} and, where known, "grounded" or "hallucination_spans"'


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """One row of a groundedness file. grounded: what people said, None where they were not asked. task: "" if none.

    cluster: its source; answers about one stand and fall together.
    """

    id: str
    question: str
    passages: tuple[str, ...]
    response: str
    grounded: bool | None
    task: str
    cluster: str


@dataclass(frozen=True, slots=True)
class GroundednessResult:
    """summary: as docs/eval.md defines it. rows: one for each answer, in the file's order, no timings.

    milliseconds: of scoring each, None where that failed.
    """

    summary: dict[str, Any]
    rows: tuple[dict[str, Any], ...]
    milliseconds: tuple[float | None, ...]


def evaluate_groundedness(file: Path, scorer: SupportScorer, progress: Progress | None = None) -> GroundednessResult:
    """The scores of the answers in `file`, and over the labelled ones the measures; None where a class is empty.

    auroc, balanced_accuracy: see eval/classification.py. f1: of the answers that are not grounded, as the papers have
    it. by_task: the same for each "task" that the rows name. An answer that cannot be scored counts in "errors" and in
    no measure. Raises InputError that names file and line where a row has not this form.
    """
    answers = read_given_answers(file)
    rows, milliseconds = [], []
    for number, answer in enumerate(answers, 1):
        started = time.perf_counter()
        rows.append(_row(answer, scorer))
        milliseconds.append(1000 * (time.perf_counter() - started) if "score" in rows[-1] else None)
        if progress:
            progress("answers", number, len(answers))
    tasks = sorted({answer.task for answer in answers if answer.task})
    by_task = {
        task: _summary([row for row in rows if row.get("task") == task], answer_threshold(scorer)) for task in tasks
    }
    summary = {**_summary(rows, answer_threshold(scorer)), "by_task": by_task}
    return GroundednessResult(summary, tuple(_placed(rows)), tuple(milliseconds))


def _row(answer: GivenAnswer, scorer: SupportScorer) -> dict[str, Any]:
    head = {
        "id": answer.id,
        "question": answer.question,
        "answer": answer.response,
        "cluster": answer.cluster,
        **({"task": answer.task} if answer.task else {}),
        "label": answer.grounded,
        "status": "error",
    }
    if not answer.response.strip():
        return {**head, "error": "the response is empty"}
    try:
        verdict = verify(answer.response, answer.passages, scorer, answer.question)
    except RagkbError as error:
        return {**head, "error": f"{type(error).__name__}: {error}"}
    return {**head, "status": "scored", **_judged(verdict, answer_threshold(scorer))}


def _placed(rows: Sequence[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """The rows with the measures that a nightly run compares: scores.GROUNDEDNESS."""
    known = [row for row in rows if "score" in row and row["label"] is not None]
    places = placements([row["label"] for row in known], [row["score"] for row in known])
    by_row = {id(row): place for row, place in zip(known, places, strict=True)}
    for row in rows:
        if "score" not in row:
            yield row
            continue
        yield {
            **row,
            "auroc": None if (place := by_row.get(id(row))) is None else round(place, 6),
            "grounded_recall": row["grounded"] if row["label"] is True else None,
            "hallucination_recall": not row["grounded"] if row["label"] is False else None,
            "support": row["score"],
        }


def _judged(verdict: Verdict, threshold: float) -> dict[str, Any]:
    sentences = [{"start": s.start, "end": s.end, "score": round(s.support, 6)} for s in verdict.sentences]
    score = round(verdict.score, 6)
    return {"score": score, "grounded": score >= threshold, "sentences": sentences}


def _summary(rows: Sequence[dict[str, Any]], threshold: float) -> dict[str, Any]:
    known = [row for row in rows if "score" in row and row["label"] is not None]
    labels, scores = [row["label"] for row in known], [row["score"] for row in known]
    return {
        "rows": len(rows),
        "errors": sum("error" in row for row in rows),
        "labelled": len(known),
        "auroc": auroc(labels, scores),
        "balanced_accuracy": balanced_accuracy(labels, scores, threshold),
        "f1": hallucination_f1(labels, scores, threshold),
        "threshold": threshold,
    }


def read_given_answers(file: Path) -> list[GivenAnswer]:
    """The rows of a groundedness file. Raises InputError that names file and line where one cannot be used."""
    answers = [given_answer(line) for line in json_lines(file)]
    if not answers:
        raise InputError(f"{file}: no answers", f"give {_FIELDS}")
    return answers


def given_answer(line: Line) -> GivenAnswer:
    """The answer of a line. Raises InputError that names file and line where it cannot be used."""
    for name in ("response", "context"):
        if name not in line.values:
            raise InputError(f"{line.where}: {name!r} is missing", f"give {_FIELDS}")
    passages = tuple(text for text in _passages(line) if text.strip())
    return GivenAnswer(
        id=line.text("id"),
        question=line.text("question", ""),
        passages=passages,
        response=line.text("response", ""),
        grounded=_label(line),
        task=line.text("task", ""),
        cluster=line.text("source_id", "") or hashlib.sha256("\n".join(passages).encode()).hexdigest()[:16],
    )


def _passages(line: Line) -> Iterable[str]:
    """The context: one text, or a list of texts or of {"title", "text"}; null is no evidence."""
    context = line.values["context"]
    if not isinstance(context, list):
        return [line.text("context", "")]
    passages = []
    for item in context:
        if isinstance(item, dict):
            part = Line(line.where, item)
            passages.append(f"{part.text('title', '')}\n{part.text('text')}".strip())
        elif isinstance(item, str):
            passages.append(item)
        else:
            raise InputError(
                f"{line.where}: a passage of 'context' is {item!r:.60}", 'give a text or {"title", "text"}'
            )
    return passages


def _label(line: Line) -> bool | None:
    grounded = line.values.get("grounded")
    if grounded is not None and not isinstance(grounded, bool):
        raise InputError(f"{line.where}: 'grounded' is {grounded!r:.60}, not true or false")
    if grounded is None and line.values.get("hallucination_spans") is not None:
        return not line.items("hallucination_spans", object)
    return grounded

"""The support scorer held against people's judgements, on public sets in the form of `ragkb eval groundedness`."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkb.answer.grounding import SupportScorer
from ragkb.answer.verify import answer_threshold, verify
from ragkb.errors import InputError
from ragkb.eval.classification import auroc, auroc_interval, balanced_accuracy, hallucination_f1, spearman
from ragkb.eval.files import Line, json_lines
from ragkb.eval.groundedness import GivenAnswer, given_answer

if TYPE_CHECKING:
    from ragkb.eval.retrieval import Progress

PROPORTIONS = {"QA": (740, 160), "Summary": (696, 204), "Data2txt": (321, 579)}
"""Clean and hallucinated answers in RAGTruth's own test set: Niu et al., ACL 2024, table 2."""
SETS = ("ragtruth", "mtrag", "wice", "begin", "summedits")


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that people judged. cluster: its source. part: the line of the table that it counts in.

    faithfulness: their mean mark, None where they gave none.
    """

    answer: GivenAnswer
    cluster: str
    faithfulness: float | None
    part: str


@dataclass(frozen=True, slots=True)
class Validation:
    """parts: the measures of each part. rows: a line for each answer. sentence_ms: mean time for a sentence."""

    parts: dict[str, dict[str, Any]]
    rows: tuple[dict[str, Any], ...]
    sentence_ms: float


def validate(folder: Path, scorer: SupportScorer, progress: Progress | None = None) -> Validation:
    """The measures of the scorer on each set of SETS that `folder` has, as FOLDER/SET/groundedness.jsonl.

    Only what the scorer was not fitted on: RAGTruth without its split "train", SummEdits without the texts of
    `fitted_on`. auroc_low, auroc_high: a 95 % interval by a bootstrap over sources. f1_official: f1 with the answers
    weighted to the proportions of RAGTruth's test set. spearman: with the mean mark of people. Raises InputError where
    no set is there.
    """
    judged = [one for name in SETS for one in _read(folder, name)]
    if not judged:
        raise InputError(f"{folder}: none of {', '.join(SETS)}", "each is a folder with a file groundedness.jsonl")
    threshold = answer_threshold(scorer)
    scores, sentences, started = [], 0, time.perf_counter()
    for number, one in enumerate(judged, 1):
        verdict = verify(one.answer.response, one.answer.passages, scorer, one.answer.question)
        sentences += len(verdict.sentences)
        scores.append(round(verdict.score, 6))
        if progress:
            progress("answers", number, len(judged))
    elapsed = time.perf_counter() - started
    rows = tuple(
        {"part": one.part, "id": one.answer.id, "label": one.answer.grounded, "score": score}
        for one, score in zip(judged, scores, strict=True)
    )
    parts = {part: _measures(part, judged, scores, threshold) for part in dict.fromkeys(one.part for one in judged)}
    return Validation(parts, rows, 1000 * elapsed / max(1, sentences))


def fitted_on(context: str) -> bool:
    """Whether the scorer may have been fitted on SummEdits' summaries of this text: three texts of five, by hash."""
    return int(hashlib.sha256(context.encode()).hexdigest(), 16) % 5 < 3


def _read(folder: Path, name: str) -> list[Judged]:
    path = folder / name / "groundedness.jsonl"
    if not path.exists():
        return []
    return [_judged(name, line) for line in json_lines(path) if not _was_fitted(name, line)]


def _was_fitted(name: str, line: Line) -> bool:
    if name == "ragtruth":
        return line.values.get("split") == "train"
    return name == "summedits" and fitted_on(line.text("context"))


def _judged(name: str, line: Line) -> Judged:
    answer = given_answer(line)
    marks = line.items("faithfulness", float)
    return Judged(
        answer,
        answer.cluster,
        sum(marks) / len(marks) if marks else None,
        f"{name} {answer.task}" if name == "ragtruth" else name,
    )


def _measures(part: str, judged: Sequence[Judged], scores: Sequence[float], threshold: float) -> dict[str, Any]:
    mine = [(one, score) for one, score in zip(judged, scores, strict=True) if one.part == part]
    known = [(one, score) for one, score in mine if one.answer.grounded is not None]
    labels, found = [bool(one.answer.grounded) for one, _ in known], [score for _, score in known]
    clusters = [one.cluster for one, _ in known]
    marks = [(one.faithfulness, score) for one, score in mine if one.faithfulness is not None]
    low, high = auroc_interval(labels, found, clusters) or (None, None)
    proportion = PROPORTIONS.get(part.partition(" ")[2])
    weights = _weights(labels, proportion) if proportion else None
    return {
        "rows": len(mine),
        "auroc": auroc(labels, found),
        "auroc_low": low,
        "auroc_high": high,
        "balanced_accuracy": balanced_accuracy(labels, found, threshold),
        "f1": hallucination_f1(labels, found, threshold),
        "f1_official": hallucination_f1(labels, found, threshold, weights) if weights else None,
        "spearman": spearman([mark for mark, _ in marks], [score for _, score in marks]) if marks else None,
    }


def _weights(labels: Sequence[bool], proportion: tuple[int, int]) -> list[float] | None:
    """A weight for each label, so that together they have the proportion; None where a class is empty."""
    clean = sum(labels)
    if not 0 < clean < len(labels):
        return None
    return [proportion[0] / clean if label else proportion[1] / (len(labels) - clean) for label in labels]

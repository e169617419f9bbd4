"""The threshold of abstention fitted to questions of one's own: what each one would cost, and the one to take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ragkb.errors import InputError
from ragkb.eval.answers import Answerer
from ragkb.eval.measures import answer_hit
from ragkb.eval.questions import read_questions
from ragkb.eval.retrieval import Progress
from ragkb.types import Principal

LEAST = 5
"""Questions of each kind, answerable and not, without which no threshold is fitted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered whatever the confidence. hit: None without gold answers, or if not answerable."""

    id: str
    confidence: float
    is_answerable: bool
    hit: bool | None


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold gives. coverage: share of all questions that are answered.

    false_answer: share of the questions that cannot be answered which are. false_refusal: share of the answerable ones
    that are refused. risk: share of the answers that are wrong: given to a question that cannot be answered, or
    without its gold answer; None where nothing is answered.
    """

    threshold: float
    coverage: float
    false_answer: float
    false_refusal: float
    risk: float | None


def asked(kb: Answerer, file: Path, progress: Progress | None = None) -> list[Asked]:
    """Each question of `file` with the confidence of its answer. kb: with a threshold of 0.

    Raises InputError with fewer than LEAST questions of either kind.
    """
    questions = read_questions(file)
    for kind, many in (
        ("can be answered", sum(one.answerable for one in questions)),
        ("cannot be answered", sum(not one.answerable for one in questions)),
    ):
        if many < LEAST:
            raise InputError(f"{file}: {many} questions that {kind}", f"give at least {LEAST}; see docs/answers.md")
    out = []
    for done, one in enumerate(questions, 1):
        answer = kb.ask(one.text, as_=Principal.of_groups(one.groups), history=one.history, contexts=one.contexts)
        hit = answer_hit(answer.text, one.answers) if one.answerable and one.answers else None
        out.append(Asked(one.id, answer.confidence, one.answerable, hit))
        if progress:
            progress("questions", done, len(questions))
    return out


def curve(found: Sequence[Asked]) -> list[Point]:
    """A point for each threshold that makes a difference, ascending: 0, between two confidences, over all of them."""
    values = sorted({one.confidence for one in found})
    middles = [round((low + high) / 2, 4) for low, high in pairwise(values)]
    return [point(found, threshold) for threshold in (0.0, *middles, 1.0)]


def point(found: Sequence[Asked], threshold: float) -> Point:
    """What this threshold gives."""
    answered = [one for one in found if one.confidence >= threshold]
    wrong = sum(not one.is_answerable or one.hit is False for one in answered)
    return Point(
        threshold,
        len(answered) / len(found),
        _share([one.confidence >= threshold for one in found if not one.is_answerable]),
        _share([one.confidence < threshold for one in found if one.is_answerable]),
        wrong / len(answered) if answered else None,
    )


def _share(marks: Sequence[bool]) -> float:
    return sum(marks) / len(marks) if marks else 0.0


def choose(points: Sequence[Point], most_false_answers: float | None = None) -> Point:
    """The point with the least mean of both rates; the least refusals under `most_false_answers`, if that is given.

    Among equals the one in the middle, so that the next question does not fall to the other side.
    """
    if most_false_answers is not None:
        allowed = [one for one in points if one.false_answer <= most_false_answers]
        return min(allowed or points[-1:], key=lambda one: (one.false_refusal, one.threshold))
    least = min(one.false_answer + one.false_refusal for one in points)
    equal = [one for one in points if one.false_answer + one.false_refusal <= least + 1e-9]
    return equal[len(equal) // 2]


def crossed(found: Sequence[Asked], most_false_answers: float | None = None, folds: int = 5) -> tuple[float, float]:
    """(false_answer, false_refusal) with each fifth of the questions judged by a threshold of the other four."""
    false_answer: list[bool] = []
    false_refusal: list[bool] = []
    kinds = [[one for one in found if one.is_answerable is kind] for kind in (True, False)]
    folded = [(number % folds, one) for kind in kinds for number, one in enumerate(kind)]
    for fold in range(folds):
        threshold = choose(curve([one for n, one in folded if n != fold]), most_false_answers).threshold
        for one in (one for n, one in folded if n == fold):
            answered = one.confidence >= threshold
            (false_refusal if one.is_answerable else false_answer).append(answered is not one.is_answerable)
    return _share(false_answer), _share(false_refusal)

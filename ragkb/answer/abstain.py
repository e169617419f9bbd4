"""Whether the passages hold the answer: a calibrated probability, and what to say when they do not."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ragkb.answer.evidence import Candidate
from ragkb.answer.question import Question
from ragkb.text.language import cjk_share
from ragkb.text.tokens import lexical_tokens

FEATURES = ("cosine", "coverage", "around", "passage", "missing", "margin")


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression. weights: one a feature of FEATURES, in their units. For one kind of question."""

    bias: float
    weights: tuple[float, ...]


def confidence(question: Question, found: Sequence[Candidate]) -> float:
    """Probability, 0 to 1, that the passages answer the question; 0 without evidence."""
    if not found or not question.weights:
        return 0.0
    kind = "words" if question.vector is None else "both"
    calibration = _calibrations()[kind]
    logit = calibration.bias + sum(
        weight * value for weight, value in zip(calibration.weights, features(question, found), strict=True)
    )
    return 1 / (1 + math.exp(-logit))


def features(question: Question, found: Sequence[Candidate]) -> tuple[float, ...]:
    """The values of FEATURES, each 0 to 1 (margin may be slightly negative).

    cosine, coverage, around: of the best sentence. passage: the best share of the question's information in one
    passage. missing: the weight of the question's rarest term that no passage holds. margin: the best cosine over the
    mean of the ten best.
    """
    best = found[0]
    passages = {id(one.unit.passage): one.unit.passage for one in found}.values()
    everything = {t for p in passages for t in lexical_tokens(f"{p.context}\n{p.hit.title}\n{p.hit.text}", "en")}
    cosines = sorted((one.signal("cosine") for one in found), reverse=True)[:10]
    return (
        cosines[0],
        best.signal("coverage"),
        best.signal("around"),
        max(one.signal("passage") for one in found),
        max((weight for term, weight in question.weights.items() if term not in everything), default=0.0),
        cosines[0] - sum(cosines) / len(cosines),
    )


def refusal(question: str, nearest: Sequence[str]) -> str:
    """What to say instead of an answer, in the question's language. nearest: titles of what was found."""
    if cjk_share(question) > 0.3:
        text = "知识库中的文档没有给出这个问题的答案。"
        return text + (f"最接近的内容见：{'、'.join(nearest)}。" if nearest else "")
    text = "The documents do not say."
    return text + (f" The closest that was found: {'; '.join(nearest)}." if nearest else "")


@cache
def _calibrations() -> dict[str, Calibration]:
    raw = json.loads(files("ragkb.answer").joinpath("calibration.json").read_text("utf-8"))
    return {
        kind: Calibration(raw[kind]["bias"], tuple(raw[kind]["weights"][name] for name in FEATURES))
        for kind in ("both", "words")
    }

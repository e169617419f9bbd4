"""Whether the passages hold the answer: a calibrated probability, and what to say when they do not."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ragkb.answer.evidence import Candidate
from ragkb.answer.question import About, Question
from ragkb.text.language import cjk_share

FEATURES = (
    "nearest",  # greatest cosine of any unit
    "margin",  # that, over the mean of the ten greatest
    "cosine",  # of the best unit: its signals, see evidence.SIGNALS
    "coverage",
    "around",
    "passage",
    "expected",
    "rank",
    "named",
    "least_named",
    "has_names",  # 1 if the question names something
    "together",  # share of the question's information in the three best units
    "elsewhere",  # share of it that the best unit's passage lacks and other documents hold
    "nowhere",  # share of it that the best unit's passage lacks and no document holds
    "unknown",  # share of the question's terms that no document holds
    "gap",  # score of the best unit over the second
    "terms",  # content terms of the question, in twenties
    "unexpected",  # 1 if the best unit holds nothing of the kind asked for: no number, date, name, reason
    "passage_squared",
)


NEAR = 0.45  # cosine of a paraphrase; what has nothing in common stays well under it


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression. weights: one a feature of FEATURES, in their units."""

    bias: float
    weights: tuple[float, ...]


def confidence(question: Question, found: Sequence[Candidate], kind: str) -> float:
    """Probability, 0 to 1, that the passages answer the question; 0 without evidence.

    kind: "searched" if the passages were found in a knowledge base, "given" if they came with the question. Fitted by
    logistic regression on questions with and without an answer; see docs/architecture.md.
    """
    if not found or not question.weights or _is_strange(question, found):
        return 0.0
    used = _calibrations()[f"{kind}, {'words' if question.vector is None else 'both'}"]
    logit = used.bias + sum(w * v for w, v in zip(used.weights, features(question, found), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def _is_strange(question: Question, found: Sequence[Candidate]) -> bool:
    """True if the documents hold no term of the question and nothing that means nearly the same."""
    nearest = max(one.signal("cosine") for one in found)
    return question.unknown >= question.weights.keys() and nearest < NEAR


def features(question: Question, found: Sequence[Candidate]) -> tuple[float, ...]:
    """The values of FEATURES for evidence that is sorted, best first, and not empty."""
    best = found[0]
    cosines = sorted((one.signal("cosine") for one in found), reverse=True)[:10]
    held = About.of(f"{best.unit.passage.context}\n{best.unit.passage.hit.title}\n{best.unit.passage.hit.text}").terms
    lacking = question.weights.keys() - held
    together = frozenset().union(*(About.of(one.unit.reads).terms for one in found[:3]))
    signals = ("cosine", "coverage", "around", "passage", "expected", "rank", "named", "least_named")
    return (
        cosines[0],
        cosines[0] - sum(cosines) / len(cosines),
        *(best.signal(name) for name in signals),
        float(bool(question.named or question.dates)),
        question.covered(together),
        sum(question.weights[term] for term in lacking - question.unknown),
        sum(question.weights[term] for term in lacking & question.unknown),
        len(question.unknown) / len(question.weights),
        best.score - found[1].score if len(found) > 1 else 0.0,
        len(question.weights) / 20,
        float(best.signal("expected") == 0),
        best.signal("passage") ** 2,
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
    """By kind and signal: "searched, both", "searched, words", "given, both", "given, words"."""
    raw = json.loads(files("ragkb.answer").joinpath("calibration.json").read_text("utf-8"))
    return {
        name: Calibration(one["bias"], tuple(one["weights"][feature] for feature in FEATURES))
        for name, one in raw["models"].items()
    }

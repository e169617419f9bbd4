"""The fitted part of the scorer, read from support.json: trees over words, logistic regressions over what they give."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted regression trees as arrays, shape (trees, nodes); a leaf is its own child.

    A row goes left where its feature is at most the cut.
    """

    base: float
    feature: NDArray[np.int64]
    cut: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats
    depth: int

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Trees:
        """values: {"base", "depth", "trees": [[[feature, cut, left, right, value], ..], ..]}."""
        most = max(map(len, values["trees"]))
        table = np.zeros((len(values["trees"]), most, 5))
        for n, tree in enumerate(values["trees"]):
            table[n, : len(tree)] = tree
        feature, left, right = (table[:, :, k].astype(np.int64) for k in (0, 2, 3))
        return cls(values["base"], feature, table[:, :, 1], left, right, table[:, :, 4], values["depth"])

    def __call__(self, rows: Floats) -> Floats:
        """The log odds for each row."""
        tree = np.arange(len(self.value))[None, :]
        row = np.arange(len(rows))[:, None]
        node = np.zeros((len(rows), len(self.value)), np.int64)
        for _ in range(self.depth):
            goes_left = rows[row, self.feature[tree, node]] <= self.cut[tree, node]
            node = np.where(goes_left, self.left[tree, node], self.right[tree, node])
        return np.asarray(self.base + self.value[tree, node].sum(axis=1))


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: bias and one weight for each named value."""

    weights: Mapping[str, float]
    bias: float

    def __call__(self, values: Mapping[str, float]) -> float:
        """The probability, 0 to 1; the weights' names have to be among the values'."""
        odds = self.bias + math.fsum(weight * values[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


@dataclass(frozen=True, slots=True)
class Model:
    """words: log odds that a word is made up. sentence, answer: the probability that it is supported."""

    words: Trees
    linear: tuple[Floats, float]
    sentence: Logistic
    answer: Logistic

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Model:
        linear = np.array(values["linear"]["weights"]), float(values["linear"]["bias"])
        return cls(Trees.read(values["words"]), linear, _logistic(values["sentence"]), _logistic(values["answer"]))

    def made_up(self, rows: Floats) -> Floats:
        """The probability, 0 to 1, that each word is made up: the mean of the log odds of trees and linear model."""
        weights, bias = self.linear
        odds = (self.words(rows) + (rows * weights).sum(axis=1) + bias) / 2
        return np.asarray(1 / (1 + np.exp(-np.clip(odds, -50, 50))))


@dataclass(frozen=True, slots=True)
class Fitted:
    """support.json. threshold: of a sentence's support; answer_threshold: of an answer's score. models by name."""

    version: str
    threshold: float
    answer_threshold: float
    models: Mapping[str, Model]


def _logistic(values: Mapping[str, Any]) -> Logistic:
    return Logistic(values["weights"], values["bias"])


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    """The model that comes with ragkb."""
    values = json.loads(files("ragkb.answer.support").joinpath("support.json").read_text("utf-8"))
    models = {name: Model.read(one) for name, one in values["models"].items()}
    return Fitted(values["version"], values["threshold"], values["answer_threshold"], models)


def summary_of_words(made_up: Floats) -> dict[str, float]:
    """What the probabilities of some words say together: log odds of means, and how many are expected."""
    ordered = np.sort(made_up)[::-1]
    return {
        "mean": _odds(float(made_up.mean())),
        "top3": _odds(float(ordered[:3].mean())),
        "top_tenth": _odds(float(ordered[: max(1, len(ordered) // 10)].mean())),
        "expected": math.sqrt(-float(np.log1p(-np.minimum(made_up, 1 - 1e-9)).sum())),
        "length": math.log(len(made_up)),
    }


def _odds(share: float) -> float:
    return math.log((share + 0.003) / (1.003 - share))


def strongest(values: Sequence[float], how_many: int) -> float:
    """The mean of the largest values."""
    return math.fsum(sorted(values, reverse=True)[:how_many]) / min(how_many, len(values))

"""The scorer that comes with ragkb: deterministic, without PyTorch, without a network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.answer.grounding import Claim
from ragkb.answer.support.evidence import gather, packed
from ragkb.answer.support.facts import CEILINGS, Facts, wrongs
from ragkb.answer.support.features import ALIGNED, PLAIN, word_features
from ragkb.answer.support.model import Fitted, fitted, summary_of_words
from ragkb.answer.support.quotes import is_quoted
from ragkb.answer.support.words import Words, hedges, is_stop
from ragkb.models import Embedder
from ragkb.models.states import States, TokenReader

READABLE = 0.5
"""An answer that the embedder's vocabulary reads worse than this is judged without its states."""
SHORT = 2
"""Most sentences of an answer that cannot pass as a whole when one of them gets a fact wrong. In a long one a number
may be worked out or rounded, and the model weighs that: with all answers bounded by their worst fact, AUROC on RAGTruth
was .80 (QA) and .64 (Summary) instead of .83 and .69."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Observed:
    """An answer beside its evidence. rows: features of its words, named by `columns`; wrong: for each sentence."""

    sentences: tuple[str, ...]
    words: Words
    rows: Floats
    columns: tuple[str, ...]
    wrong: tuple[tuple[str, ...], ...]

    @property
    def model(self) -> str:
        """The name of the fitted model that fits the columns."""
        return "aligned" if len(self.columns) > len(PLAIN) else "plain"


class BuiltinScorer:
    """Support by a fitted model over the words of an answer; docs/eval.md says how well it does.

    threshold: under it a sentence counts as not supported. answer_threshold: the same for a whole answer's score.
    """

    def __init__(self, embedder: Embedder | None, model: Fitted | None = None) -> None:
        self._embedder = embedder
        self._fitted = model or fitted()
        self.threshold = self._fitted.threshold
        self.answer_threshold = self._fitted.answer_threshold

    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        """See SupportScorer."""
        return self.score_answer(claims, passages, question)[0]

    def score_answer(
        self, claims: Sequence[Claim], passages: Sequence[str], question: str = ""
    ) -> tuple[list[float], float]:
        """See AnswerScorer. Where every sentence is quoted word for word, no model runs."""
        texts = list(dict.fromkeys([*passages, *(text for claim in claims for text in claim.evidence)]))
        texts = [text for text in texts if text.strip()]
        if not texts or not claims:
            return [0.0] * len(claims), 0.0 if claims else 1.0
        quoted = [is_quoted(claim.text, claim.evidence, passages) for claim in claims]
        if all(quoted):
            return [1.0] * len(claims), 1.0
        seen = observe([claim.text for claim in claims], texts, question, self._embedder)
        if not len(seen.words):
            return [1.0] * len(claims), 1.0
        model = self._fitted.models[seen.model]
        made_up = model.made_up(seen.rows)
        values = sentence_values(seen, made_up)
        supports = [
            _support(model.sentence(one) if one else 1.0, claim, wrong, is_quote)
            for one, claim, wrong, is_quote in zip(values, claims, seen.wrong, quoted, strict=True)
        ]
        score = model.answer(answer_values(seen, made_up, values))
        if len(claims) <= SHORT and _is_wrong(seen.wrong, quoted):
            score = min(score, self.answer_threshold - 0.01)
        return supports, score


def observe(sentences: Sequence[str], passages: Sequence[str], question: str, embedder: Embedder | None) -> Observed:
    """The sentences of an answer beside the passages; without columns of ALIGNED where the embedder does not help."""
    words = Words.of(sentences)
    reader = embedder if isinstance(embedder, TokenReader) else None
    if embedder is None or embedder.readable(" ".join(sentences)) < READABLE:
        reader = None
    facts = Facts.of(passages)
    wrong = tuple(tuple(wrongs(sentence, facts, question)) for sentence in sentences)
    if not len(words):
        return Observed(tuple(sentences), words, np.zeros((0, len(PLAIN))), tuple(PLAIN), wrong)
    states = States.joined([(reader.token_states(g), len(g)) for g in packed(sentences)]) if reader else None
    rows = word_features((sentences, words, states), gather(passages, words, reader), question)
    columns = (*PLAIN, *ALIGNED) if rows.shape[1] > len(PLAIN) else tuple(PLAIN)
    return Observed(tuple(sentences), words, rows, columns, wrong)


def sentence_values(seen: Observed, made_up: Floats) -> list[dict[str, float]]:
    """What the model's `sentence` weighs, for each sentence; {} for one without words."""
    number = np.array(seen.words.sentence)
    shared = [
        name for name in ("sentence_held", "sentence_in_best", "vector", "sentence_middle") if name in seen.columns
    ]
    out: list[dict[str, float]] = []
    for n, (sentence, wrong) in enumerate(zip(seen.sentences, seen.wrong, strict=True)):
        mine = np.flatnonzero(number == n)
        if not len(mine):
            out.append({})
            continue
        rows = seen.rows[mine]
        values = summary_of_words(made_up[mine])
        values |= {name: float(rows[0, seen.columns.index(name)]) for name in shared}
        values |= {"ngram": float(rows[:, seen.columns.index("ngram")].mean()), "hedge": float(hedges(sentence))}
        out.append(values | _wrong_values(wrong))
    return out


def _wrong_values(wrong: Sequence[str]) -> dict[str, float]:
    return {
        "wrong_number": float(any(name in wrong for name in ("number", "unit", "date"))),
        "wrong_name": float("name" in wrong),
        "denied": float("negation" in wrong or "opposite" in wrong),
    }


def answer_values(seen: Observed, made_up: Floats, sentences: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What the model's `answer` weighs: the whole answer's words, its worst sentences and the means of all."""
    known = [one for one in sentences if one]
    values = summary_of_words(made_up)
    means = sorted((one["mean"] for one in known), reverse=True)
    values["worst_mean"] = means[0]
    values["worst_two"] = math.fsum(means[:2]) / len(means[:2])
    values["worst_top3"] = max(one["top3"] for one in known)
    for name in known[0]:
        if name.startswith("wrong") or name in ("denied", "hedge"):
            values[f"most_{name}"] = max(one[name] for one in known)
        if name in ("sentence_held", "sentence_in_best", "vector", "sentence_middle"):
            values[f"least_{name}"] = min(one[name] for one in known)
        values[f"all_{name}"] = math.fsum(one[name] for one in known) / len(known)
    return values


def _support(probability: float, claim: Claim, wrong: Sequence[str], is_quote: bool) -> float:
    """1 for a quote; else the probability, lowered by what the citations leave out, bounded by what is wrong."""
    if is_quote:
        return 1.0
    return min([probability * _cited_share(claim), *(CEILINGS[name] for name in wrong)])


def _is_wrong(wrong: Sequence[Sequence[str]], quoted: Sequence[bool]) -> bool:
    """Whether a sentence that is no quote gets a fact wrong; names aside, which answers take from elsewhere."""
    return any(set(names) - {"name"} for names, is_quote in zip(wrong, quoted, strict=True) if not is_quote)


def _cited_share(claim: Claim) -> float:
    """1 where the citations hold as many of the claim's content words as can be expected, down to 0.5 where none."""
    if not claim.evidence:
        return 1.0
    words = Words.of([claim.text])
    content = {stem for stem, word in zip(words.stems, words.texts, strict=True) if not is_stop(word)}
    held = set(Words.of(claim.evidence).stems)
    share = len(content & held) / len(content) if content else 1.0
    return 0.5 + 0.5 * min(1.0, share / 0.5)

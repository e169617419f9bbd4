"""How the tokens of an answer match those of its evidence, as BERTScore's precision does: by cosines of their states.

Zhang et al., "BERTScore: Evaluating Text Generation with BERT", ICLR 2020, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.answer.support.words import Words
from ragkb.models.states import States

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alignment:
    """For each word of the answer, means over its tokens.

    middle, last: the best cosine with any token of the evidence, by layer. *_best: the best one within the evidence
    sentence that matches the word's sentence best; middle_near: in that and its neighbours. least: its worst token's.
    exact: share of its tokens that stand in the evidence. rank: logarithm of the token's number in the vocabulary,
    which lists frequent ones first. For each sentence of the answer: best, the index of that evidence sentence; vector,
    vector_best: the best cosine of sentence vectors, and that with `best`; weighted: the mean of `middle` by rank.
    """

    middle: Floats
    last: Floats
    middle_best: Floats
    last_best: Floats
    middle_near: Floats
    least: Floats
    exact: Floats
    rank: Floats
    best: NDArray[np.int64]
    vector: Floats
    vector_best: Floats
    weighted: Floats


def align(answer: States, words: Words, evidence: States, sentences: tuple[int, int]) -> Alignment:
    """sentences: how many the answer has, and the evidence."""
    count, held = sentences
    middle = _by_sentence(answer.middle @ evidence.middle.T, evidence.text, held)
    last = _by_sentence(answer.last @ evidence.last.T, evidence.text, held)
    rank = np.log1p(answer.ids.astype(np.float64))
    best = _sums((middle + 0.5 * last) * rank[:, None], answer.text, count).argmax(axis=1)
    mine = best[answer.text]
    rows = np.arange(len(mine))
    near = np.stack([middle[rows, np.clip(mine + step, 0, held - 1)] for step in (-1, 0, 1)]).max(axis=0)
    cosines = _vectors(answer, count) @ _vectors(evidence, held).T
    owner = _owners(answer, words)
    sums = np.bincount(answer.text, rank, count)
    weighted = np.bincount(answer.text, middle.max(axis=1) * rank, count) / np.where(sums > 0, sums, 1)

    def mean(values: NDArray[np.float64]) -> Floats:
        return _mean_by(values, owner, len(words), 1.0)

    least = np.ones(len(words))
    inside = owner >= 0
    np.minimum.at(least, owner[inside], middle.max(axis=1)[inside])
    return Alignment(
        mean(middle.max(axis=1)),
        mean(last.max(axis=1)),
        mean(middle[rows, mine]),
        mean(last[rows, mine]),
        mean(near),
        least,
        mean(np.isin(answer.ids, evidence.ids).astype(np.float64)),
        mean(rank),
        best,
        cosines.max(axis=1),
        cosines[np.arange(count), best],
        np.where(sums > 0, weighted, 1.0),
    )


def _by_sentence(cosines: NDArray[np.float32], sentence: NDArray[np.int64], count: int) -> Floats:
    """The best cosine of each row within each sentence; -1 where a sentence has no token."""
    first = np.flatnonzero(np.r_[True, sentence[1:] != sentence[:-1]])
    out = np.full((len(cosines), count), -1.0)
    out[:, sentence[first]] = np.maximum.reduceat(cosines, first, axis=1)
    return out


def _sums(values: Floats, text: NDArray[np.int64], count: int) -> Floats:
    """The sum of the rows of each text; 0 where it has none."""
    first = np.flatnonzero(np.r_[True, text[1:] != text[:-1]])
    out = np.zeros((count, values.shape[1]))
    out[text[first]] = np.add.reduceat(values, first, axis=0)
    return out


def _vectors(states: States, count: int) -> Floats:
    out = _sums(states.last.astype(np.float64), states.text, count)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9))


def _owners(states: States, words: Words) -> NDArray[np.int64]:
    """The index of each token's word, -1 where it stands in none."""
    key = np.array(words.sentence, np.int64) * 1_000_000 + np.array(words.starts, np.int64)
    end = key + np.array([len(one) for one in words.texts], np.int64)
    place = states.text * 1_000_000 + states.start
    owner = np.searchsorted(key, place, side="right") - 1
    return np.where((owner >= 0) & (place < end[np.maximum(owner, 0)]), owner, -1)


def _mean_by(values: Floats, owner: NDArray[np.int64], count: int, default: float) -> Floats:
    inside = owner >= 0
    number: NDArray[np.int64] = np.bincount(owner[inside], minlength=count)
    total = np.bincount(owner[inside], values[inside], count)
    return np.asarray(np.where(number > 0, total / np.maximum(number, 1), default))

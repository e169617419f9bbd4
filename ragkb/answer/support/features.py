"""What is known of each word of an answer: whether, where and in what company the evidence holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ragkb.answer.support.align import Alignment, Floats, align
from ragkb.answer.support.evidence import Evidence
from ragkb.answer.support.words import Words, hedges, is_negation, is_stop
from ragkb.models.states import States

PLAIN = (
    "held ngram number capital stop negation streak position sentence_length hedge spread in_best sentence_held "
    "sentence_in_best in_question number_company"
).split()
"""Features that need no model. held: the evidence has the word. ngram: words of the longest run around it that the
evidence has, at most LONGEST. streak: words in a row that it lacks. spread: how many of its sentences have the word.
in_best: the sentence of the evidence that fits best has it. sentence_*: shares of the sentence's content words.
number_company: share of a number's neighbours that are neighbours of the same number in the evidence."""
ALIGNED = (
    "middle last middle_best last_best middle_near least exact rank middle_5 last_9 best_7 vector vector_best "
    "sentence_middle answer_middle"
).split()
"""Features of an Alignment; *_5, *_9, *_7: means over so many words around."""
LONGEST = 8
NEIGHBOURS = 3


def word_features(answer: tuple[Sequence[str], Words, States | None], evidence: Evidence, question: str) -> Floats:
    """Shape (words, PLAIN and, where both sides have states, ALIGNED). answer: its sentences, words and states."""
    sentences, words, states = answer
    aligned = None
    if states is not None and evidence.states is not None and len(states.ids) and len(evidence.states.ids):
        aligned = align(states, words, evidence.states, (len(sentences), len(evidence.sentences)))
    best = aligned.best if aligned else _best_by_words(words, len(sentences), evidence)
    plain = _plain(sentences, words, evidence, best, Words.of([question]))
    table = [*plain.values(), *(_aligned(aligned, words, plain["stop"]).values() if aligned else ())]
    return np.stack(table, axis=1)


def _plain(
    sentences: Sequence[str], words: Words, evidence: Evidence, best: NDArray[np.int64], question: Words
) -> dict[str, Floats]:
    held = set(evidence.words.stems)
    by_sentence = sets_by_sentence(evidence)
    spread = Counter(stem for stems in by_sentence for stem in stems)
    sentence = np.array(words.sentence, np.int64)
    stop = _flags(map(is_stop, words.texts))
    holds = _flags(stem in held for stem in words.stems)
    fits = _flags(stem in by_sentence[best[n]] for stem, n in zip(words.stems, words.sentence, strict=True))
    first = np.r_[True, sentence[1:] != sentence[:-1]]
    asked = set(question.stems)
    features = {
        "held": holds,
        "ngram": runs(words.stems, evidence.words.stems),
        "number": _flags(any(map(str.isdigit, word)) for word in words.texts),
        "capital": _flags(word[0].isupper() for word in words.texts) * (1 - 0.5 * first),
        "stop": stop,
        "negation": _flags(map(is_negation, words.texts)),
        "streak": _streaks(holds, stop),
        "position": sentence / max(1, len(sentences)),
        "sentence_length": np.log1p(np.bincount(sentence, minlength=len(sentences)))[sentence],
        "hedge": _flags(map(hedges, sentences))[sentence],
        "spread": np.log1p([spread[stem] for stem in words.stems]),
        "in_best": fits,
        "sentence_held": share_by_sentence(holds, sentence, 1 - stop),
        "sentence_in_best": share_by_sentence(fits, sentence, 1 - stop),
        "in_question": _flags(stem in asked for stem in words.stems),
        "number_company": _number_company(words, evidence.words),
    }
    return features


def _aligned(found: Alignment, words: Words, stop: Floats) -> dict[str, Floats]:
    sentence = np.array(words.sentence, np.int64)
    return {
        "middle": found.middle,
        "last": found.last,
        "middle_best": found.middle_best,
        "last_best": found.last_best,
        "middle_near": found.middle_near,
        "least": found.least,
        "exact": found.exact,
        "rank": found.rank,
        "middle_5": _around(found.middle, stop, 2),
        "last_9": _around(found.last, stop, 4),
        "best_7": _around(found.middle_best, stop, 3),
        "vector": found.vector[sentence],
        "vector_best": found.vector_best[sentence],
        "sentence_middle": found.weighted[sentence],
        "answer_middle": np.full(len(words), (found.middle * found.rank).sum() / found.rank.sum()),
    }


def _flags(values: object) -> Floats:
    return np.array(list(values), np.float64)  # type: ignore[call-overload]


def sets_by_sentence(evidence: Evidence) -> list[set[str]]:
    """The stems of each sentence of the evidence; one empty set where there is none."""
    out: list[set[str]] = [set() for _ in evidence.sentences] or [set()]
    for stem, n in zip(evidence.words.stems, evidence.words.sentence, strict=True):
        out[n].add(stem)
    return out


def _best_by_words(words: Words, count: int, evidence: Evidence) -> NDArray[np.int64]:
    """For each sentence of the answer, that of the evidence which holds most of its words, each by its rarity."""
    by_sentence = sets_by_sentence(evidence)
    spread = Counter(stem for stems in by_sentence for stem in stems)
    mine: list[set[str]] = [set() for _ in range(count)]
    for stem, n in zip(words.stems, words.sentence, strict=True):
        mine[n].add(stem)
    worth = [[sum(1 / spread[one] for one in sorted(stems & other)) for other in by_sentence] for stems in mine]
    return np.asarray(np.array(worth).argmax(axis=1), np.int64)


def runs(answer: Sequence[str], evidence: Sequence[str]) -> Floats:
    """For each word of the answer, the length of the longest run around it that the evidence has, 0 to LONGEST."""
    number = {stem: n for n, stem in enumerate(dict.fromkeys(evidence))}
    a, b = (np.array([number.get(one, -1) for one in side], np.int64) for side in (answer, evidence))
    same = a[:, None] == b[None, :] if len(b) else np.zeros((len(a), 1), bool)
    out: Floats = np.asarray(same.any(axis=1), np.float64)
    whole = same
    for length in range(2, LONGEST + 1):
        if min(whole.shape) < 2:
            break
        whole = whole[:-1, :-1] & same[length - 1 :, length - 1 :]
        for begin in np.flatnonzero(whole.any(axis=1)):
            out[begin : begin + length] = length
    return out


def _streaks(held: Floats, stop: Floats) -> Floats:
    """For each missing word, and the stop words between such, how many in a row are missing."""
    out = np.zeros(len(held))
    run: list[int] = []
    for i in [*range(len(held)), -1]:
        if i >= 0 and (stop[i] or not held[i]):
            run.append(i)
            continue
        out[run] = sum(not held[j] for j in run)
        run = []
    return out


def share_by_sentence(values: Floats, sentence: NDArray[np.int64], weights: Floats) -> Floats:
    """For each word the weighted mean of its sentence's values; 0 where all weights are 0."""
    count = int(sentence[-1]) + 1
    total = np.bincount(sentence, values * (weights + 1e-6), count)
    return (total / np.maximum(np.bincount(sentence, weights + 1e-6, count), 1e-9))[sentence]


def _around(values: Floats, stop: Floats, reach: int) -> Floats:
    """The mean over up to `reach` words on either side, stop words counting 0.3."""
    weight = np.where(stop > 0, 0.3, 1.0)
    kernel = np.ones(2 * reach + 1)
    total, sums = (np.convolve(one, kernel, "full")[reach:-reach] for one in (values * weight, weight))
    return np.asarray(total / sums)


def _number_company(answer: Words, evidence: Words) -> Floats:
    company: dict[str, set[str]] = {}
    for i, (word, stem) in enumerate(zip(evidence.texts, evidence.stems, strict=True)):
        if any(map(str.isdigit, word)):
            company.setdefault(stem, set()).update(evidence.stems[max(0, i - NEIGHBOURS) : i + NEIGHBOURS + 1])
    out = np.ones(len(answer))
    for i, (word, stem) in enumerate(zip(answer.texts, answer.stems, strict=True)):
        if any(map(str.isdigit, word)):
            near = {*answer.stems[max(0, i - NEIGHBOURS) : i], *answer.stems[i + 1 : i + NEIGHBOURS + 1]}
            out[i] = len(near & company.get(stem, set())) / max(1, len(near))
    return out

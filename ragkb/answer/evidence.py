"""Candidate evidence: every sentence of the passages, with how well it fits the question.

Two signals, as for passages: meaning (cosine of the question's and the sentence's embedding) and words (how much of the
question's information the sentence holds, each term weighted by its rarity). A question that the embedder cannot read
is judged by words alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.models import Embedder
from ragkb.retrieve.search import LEAST_READABLE
from ragkb.text.sentences import sentences
from ragkb.text.tokens import lexical_tokens
from ragkb.types import Hit

Idf = Callable[[str], float]

# Words that say how a question is asked, not what about: they never count as covered or missing.
_ASKING = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its many may me
much must my of on or our shall should tell that the their them there these they this to us was we were what when where
which who whom whose why will with would you your please about any
的 了 吗 呢 是 在 我 有 和 与 就 都 请问 什么 多少 哪 哪些 哪个 谁 怎么 如何 为什么 何时 几 个 可以 需要 应该 能
会 吧 么 这 那 被 把 对 从 到 由 于
""".split()
_IGNORED = frozenset(_ASKING) | {term for word in _ASKING for term in lexical_tokens(word, "en")}


@dataclass(frozen=True, slots=True)
class Passage:
    """A hit to answer from. context: what the index knew beside its text: title, headings, table header."""

    hit: Hit
    context: str = ""

    @property
    def table_header(self) -> str:
        """The header row of the table that the passage continues; '' if none."""
        last = self.context.rsplit("\n", 1)[-1]
        return last if last.startswith("|") else ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One sentence of a passage. start, end: in the document. cosine: 0 where the embedder cannot read the question.

    coverage: 0 to 1, share of the question's information in the sentence itself. around: the same, with the passage's
    context counted too. score: higher is better evidence; comparable within one question.
    """

    passage: Passage
    start: int
    end: int
    text: str
    cosine: float
    coverage: float
    around: float
    score: float


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the evidence is weighed against it. weights: each content term's share of its information."""

    text: str
    vector: NDArray[np.float32] | None
    weights: Mapping[str, float]

    def covered(self, terms: set[str]) -> float:
        """Share, 0 to 1, of the question's information in `terms`."""
        return sum(weight for term, weight in self.weights.items() if term in terms)


def read_question(text: str, embedder: Embedder, idf: Idf) -> Question:
    """The question with its embedding (None if the embedder cannot read it) and the weights of its terms."""
    raw = {term: max(idf(term), 0.05) for term in content_terms(text)}
    total = sum(raw.values()) or 1.0
    readable = embedder.readable(text) >= LEAST_READABLE
    vector = embedder.embed([text], query=True)[0] if readable else None
    return Question(text, vector, {term: weight / total for term, weight in raw.items()})


def content_terms(text: str) -> set[str]:
    """The terms of a question that say what it is about."""
    return set(lexical_tokens(text, "en")) - _IGNORED


def candidates(question: Question, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """All sentences of the passages, best first; one that says the same as an earlier one is left out."""
    spans: list[tuple[Passage, int, int, str]] = []
    seen: set[str] = set()
    for passage in passages:
        for start, end in sentences(passage.hit.text):
            text = passage.hit.text[start:end]
            key = "".join(text.split()).casefold()
            if key not in seen and any(map(str.isalnum, text)) and text != passage.table_header:
                seen.add(key)
                spans.append((passage, passage.hit.start + start, passage.hit.start + end, text))
    cosines = _cosines(question, [_readable(passage, text) for passage, _, _, text in spans], embedder)
    found = [_candidate(question, *span, cosine) for span, cosine in zip(spans, cosines, strict=True)]
    return sorted(found, key=lambda one: (-one.score, one.passage.hit.rank, one.start))


def local_idf(texts: Sequence[str]) -> Idf:
    """Rarity of a term among `texts`: for passages that come without a knowledge base."""
    frequency = Counter(term for text in texts for term in set(lexical_tokens(text, "en")))
    return lambda term: math.log(1 + (len(texts) - frequency[term] + 0.5) / (frequency[term] + 0.5))


def _cosines(question: Question, texts: Sequence[str], embedder: Embedder) -> list[float]:
    if question.vector is None or not texts:
        return [0.0] * len(texts)
    return [float(value) for value in embedder.embed(texts) @ question.vector]


def _readable(passage: Passage, text: str) -> str:
    return f"{passage.table_header}\n{text}" if passage.table_header and text.startswith("|") else text


def _candidate(question: Question, passage: Passage, start: int, end: int, text: str, cosine: float) -> Candidate:
    terms = set(lexical_tokens(text, "en"))
    context = set(lexical_tokens(f"{passage.context}\n{' '.join(passage.hit.heading)}\n{passage.hit.title}", "en"))
    coverage = question.covered(terms)
    around = question.covered(terms | context)
    words = 0.5 * coverage + 0.5 * around
    meaning = 0.0 if question.vector is None else cosine
    score = words + 0.9 * meaning + 0.3 * passage.hit.score
    if not text.startswith("|") and _is_bare_heading(passage, text):
        score -= 1.0
    return Candidate(passage, start, end, text, cosine, coverage, around, score)


def _is_bare_heading(passage: Passage, text: str) -> bool:
    stripped = text.strip("#* \t:：").casefold()
    return stripped in {title.casefold() for title in passage.hit.heading} or text.rstrip().endswith(("?", "？"))

"""How well a unit fits a question, as numbers: by words, and by meaning where the embedder reads the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ragkb.answer.kinds import KINDS, counted, is_counted
from ragkb.answer.question import About, Question
from ragkb.answer.units import Unit
from ragkb.models import Embedded
from ragkb.text.asking import content_terms, without_asking
from ragkb.text.tokens import lexical_tokens

BY_WORDS = (
    "coverage",  # share of the question's information in the unit
    "around",  # the same, with title, headings and column names
    "before",  # the same, with the unit before it
    "passage",  # the same, in the whole passage
    "rarest",  # 1 if the unit, title or headings hold the question's rarest term
    "sharp",  # coverage with title and headings, rare terms weighing more: squared weights
    "numbers",  # share of the question's numbers in the unit, title or headings; 1 if it has none
    "pairs",  # share of the question's neighbouring terms that are neighbours in the unit
    "worded",  # share of the information of the question's Chinese words in the unit; 0 if it has none
    "begins",  # share of the question's information in the unit's first six terms
    "rank",  # score of the passage as a share of the best one's
    "top",  # 1 if the passage is the first
    "early",  # 1 / place of the unit in its passage
    "back",  # 1 if it begins with a word that points back: it, this, 该
    "statement",  # 0 for headings and questions
    "row",  # 1 for a row of a table
    "length",  # logarithm of its characters, in sixths
    "new",  # share of its terms that the question lacks
    "named",  # mean mark of what the question names, see Question.met_by
    "least_named",  # mark of the worst of these
    "expected",  # 1 if it holds the kind of thing asked for, 0 if not, 0.5 where no rule tells
    "counted",  # 1 if a number stands before the thing that is counted
    *(f"{kind}_expected" for kind in KINDS[:7]),  # `expected`, for one kind of question alone
)
BY_MEANING = (
    "cosine",  # of the question's and the unit's vectors
    "aligned",  # mean over the question's tokens, by rarity, of the nearest token of the unit: BERTScore's recall
    "aligned_before",  # the same, with the unit before it
    "worst",  # of the rarest half of the question's tokens, the worst aligned one
    "heading",  # cosine of the question and what stands over the unit: its headings, else its title
    "under",  # cosine of the question and the unit's vector with that of what stands over it
    "aligned_under",  # as `aligned`, with what stands over the unit
)
SIGNALS = (*BY_WORDS, *BY_MEANING)
SHORT = 8  # characters; a longer line that stands in a heading is a part of it
LEAST_WEIGHT = 0.02  # of a token, so that a question of common words still has weights
_BACK = re.compile(
    r"^(it|its|he|his|him|she|her|they|their|them|this|that|these|those|such|both)\b|^(它|他|她|该|此|这|其|两者"
    r"|二者)",
    re.I,
)
_CJK = re.compile("[\u3400-\u9fff]+")
_NUMBERED = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2})*[.、)]?|[一二三四五六七八九十]+[、.])\s*")
_MARKED = re.compile(r"#{1,6} \S")  # a heading of Markdown


@dataclass(frozen=True, slots=True)
class Place:
    """A unit where it stands. number: from 0, in its passage. before: the unit before it there, None for the first.

    rank: score of the passage as a share of the best one's, 0 to 1. section: texts of all passages under its heading.
    """

    unit: Unit
    number: int
    before: Unit | None
    rank: float
    section: str

    @property
    def context(self) -> str:
        """What stands above the unit: file name, title, headings, column names."""
        passage = self.unit.passage
        return f"{passage.context}\n{' '.join(passage.hit.heading)}\n{passage.hit.title}\n{passage.file}"

    @property
    def over(self) -> str:
        """What stands right over the unit: the headings, else the title, else the unit itself."""
        hit = self.unit.passage.hit
        return " ".join(hit.heading) or hit.title or self.unit.reads

    @property
    def says_something(self) -> bool:
        """False for a heading and for a question."""
        return not _is_heading(self.unit) and not self.unit.asks


def by_words(question: Question, place: Place) -> tuple[float, ...]:
    """The values of BY_WORDS, each about 0 to 1."""
    unit = place.unit
    here, context = About.of(unit.reads), About.of(place.context)
    if within := question.within(unit.said):
        here = About(here.terms | within, here.dates)
    above = here | context
    with_before = above.terms | (About.of(place.before.reads).terms if place.before else frozenset())
    nearby = context | About.of(place.section)
    met_nearby = context | About.of(_without_rows(place.section)) if unit.cells else nearby
    expected, asked = question.expects(unit.said), neighbours(question.text)
    said = lexical_tokens(unit.said, "en")
    return (
        question.covered(here.terms),
        question.covered(above.terms),
        question.covered(with_before),
        question.covered(nearby.terms),
        float(question.rarest in above.terms),
        question.sharply_covered(above.terms),
        _share([term for term in question.weights if term[0].isdigit()], above.terms),
        len(asked & neighbours(unit.reads)) / len(asked) if asked else 0.0,
        question.worded(unit.reads),
        question.covered(frozenset(said[:6])),
        place.rank,
        float(unit.passage.hit.rank == 1),
        1 / (1 + place.number),
        float(bool(_BACK.search(unit.said))),
        float(unit.is_statement and not _is_heading(unit)),
        float(bool(unit.cells)),
        math.log(1 + len(unit.said)) / 6,
        sum(term not in question.weights for term in said) / max(1, len(said)),
        *question.met_by(above, met_nearby),
        expected,
        float(is_counted(unit.said, counted(question.asks))),
        *(expected if question.kind == kind else 0.0 for kind in KINDS[:7]),
    )


def _without_rows(text: str) -> str:
    """What stands around a table: what another row is about, this row is not."""
    return "\n".join(line for line in text.split("\n") if not line.startswith("|"))


def by_meaning(
    question: Question, places: Sequence[Place], read: Sequence[Embedded], over: Sequence[Embedded]
) -> list[tuple[float, ...]]:
    """The values of BY_MEANING for each place. read, over: each place's unit.reads and .over, embedded.

    The question has a vector.
    """
    if question.vector is None:
        return [(0.0,) * len(BY_MEANING)] * len(places)
    vector = question.vector
    whole = [(float(one.vector @ vector), float(above.vector @ vector)) for one, above in zip(read, over, strict=True)]
    both = [_cosine(one.vector + above.vector, vector) for one, above in zip(read, over, strict=True)]
    none = [(0.0,) * 4] * len(places)
    aligned = none if question.read is None else _aligned(question.read, places, read, over)
    return [
        (cosine, *one[:3], heading, under, one[3])
        for (cosine, heading), under, one in zip(whole, both, aligned, strict=True)
    ]


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(one @ other / max(float(np.linalg.norm(one)), 1e-9))


def _aligned(
    question: Embedded, places: Sequence[Place], read: Sequence[Embedded], over: Sequence[Embedded]
) -> list[tuple[float, float, float, float]]:
    """For each place `aligned`, `aligned_before`, `worst` and `aligned_under`."""
    weights = _token_weights(question, read)
    important = weights >= np.median(weights)
    nearest = [_nearest(question, one) for one in read]
    known = {id(place.unit): one for place, one in zip(places, nearest, strict=True)}
    out: list[tuple[float, float, float, float]] = []
    for place, one, head in zip(places, nearest, over, strict=True):
        before = known.get(id(place.before), one) if place.before else one
        out.append(
            (
                float(one @ weights),
                float(np.maximum(one, before) @ weights),
                float(one[important].min(initial=1.0)),
                float(np.maximum(one, _nearest(question, head)) @ weights),
            )
        )
    return out


def _nearest(question: Embedded, unit: Embedded) -> NDArray[np.float32]:
    """For each token of the question the cosine of the unit's nearest one, shape (tokens,)."""
    if not len(unit.ids):
        return np.zeros(len(question.ids), np.float32)
    return np.asarray((question.states @ unit.states.astype(np.float32).T).max(axis=1))


def _token_weights(question: Embedded, read: Sequence[Embedded]) -> NDArray[np.float32]:
    """Rarity of the question's tokens among the units, as shares, shape (tokens,)."""
    frequency = Counter(token for one in read for token in set(one.ids.tolist()))
    many = len(read)
    rarity = [math.log(1 + (many - frequency[t] + 0.5) / (frequency[t] + 0.5)) for t in question.ids.tolist()]
    weights = np.maximum(np.asarray(rarity, np.float32), LEAST_WEIGHT)
    return np.asarray(weights / weights.sum(), np.float32)


@lru_cache(maxsize=4_000)
def neighbours(text: str) -> frozenset[object]:
    """Pairs of content terms that follow each other, common words left out, and runs of three Chinese characters."""
    bare = without_asking(text)
    wanted = content_terms(text)
    terms = [term for term in lexical_tokens(_CJK.sub(" ", bare), "en") if term in wanted]
    runs = {run[i : i + 3] for run in _CJK.findall(bare) for i in range(len(run) - 2)}
    return frozenset([*pairwise(terms), *runs])


def _share(wanted: Sequence[str], held: Set[str]) -> float:
    return sum(term in held for term in wanted) / len(wanted) if wanted else 1.0


def _is_heading(unit: Unit) -> bool:
    if _MARKED.match(unit.said):
        return True
    titles = (*unit.passage.hit.heading, unit.passage.hit.title)
    said = _bare(unit.said)
    return any(said == bare or (len(said) > SHORT and said in bare) for bare in map(_bare, titles))


def _bare(heading: str) -> str:
    """Without marks and number: "2.1 Oil" and "# Oil:" are "oil"."""
    return _NUMBERED.sub("", heading.strip("#* \t:：")).casefold()

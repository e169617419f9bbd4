"""What a sentence must not get wrong: numbers, units, dates, names, negation, opposites. Each bounds its support."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ragkb.answer.support.words import Words, is_stop
from ragkb.text.asking import named_terms
from ragkb.text.dates import agrees, dates
from ragkb.text.quantities import quantities, rounds_to
from ragkb.text.sentences import sentences
from ragkb.text.tokens import lexical_tokens

CEILINGS = {"number": 0.15, "unit": 0.15, "date": 0.15, "negation": 0.25, "opposite": 0.25, "name": 0.35}
"""The most support that a sentence can have which gets this wrong."""
COVERED = 0.7
"""Least share of a sentence's content words that another one holds to speak of the same thing."""

_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|without|cannot|unable)\b|n['’]t\b"
    r"|不(?!但|仅|过|同|断|少|锈|管|论|久|如)|没|未(?!来)|无(?!锡|线|论)|勿|非(?!常|洲)|禁止",
    re.IGNORECASE,
)
_OPPOSITES = [
    tuple(side.split("/") for side in pair.split("|"))
    for pair in """
    increase/rise/raise/grow/higher|decrease/fall/lower/reduce/decline/drop
    more/above/over/exceed|less/below/under
    maximum/most|minimum/least
    before/prior|after
    allow/permit/may|forbid/prohibit
    accept|reject/refuse
    include|exclude
    open|close
    enable|disable
    profit|loss
    first|last
    mandatory/required/compulsory|optional/voluntary
    提高/增加/上升/增长|降低/减少/下降
    以上/高于/超过|以下/低于
    最多/至多|最少/至少
    之前/以前|之后/以后
    允许/可以|禁止/不得
    包括|不含/除外
    """.split("\n")
    if pair.strip()
    for pair in [pair.strip()]
]
_SIDES = [[{t for word in side for t in [word, *lexical_tokens(word, "en")]} for side in pair] for pair in _OPPOSITES]


@dataclass(frozen=True, slots=True)
class Facts:
    """What passages state. values: each number with the units that follow it somewhere, "" for none."""

    values: dict[Decimal, frozenset[str]]
    dates: frozenset[str]
    terms: frozenset[str]
    sentences: tuple[tuple[str, frozenset[str]], ...]

    @classmethod
    def of(cls, passages: Iterable[str]) -> Facts:
        parts = [_facts(passage) for passage in passages]
        values: dict[Decimal, frozenset[str]] = {}
        for part in parts:
            for value, units in part.values.items():
                values[value] = values.get(value, frozenset()) | units
        return cls(
            values,
            frozenset(one for part in parts for one in part.dates),
            frozenset(one for part in parts for one in part.terms),
            tuple(one for part in parts for one in part.sentences),
        )


@lru_cache(maxsize=256)
def _facts(passage: str) -> Facts:
    values: dict[Decimal, frozenset[str]] = {}
    for one in quantities(passage):
        values[one.value] = values.get(one.value, frozenset()) | {one.unit}
    parts = [passage[a:b] for a, b in sentences(passage)]
    return Facts(
        values, dates(passage), frozenset(lexical_tokens(passage, "en")), tuple((one, _content(one)) for one in parts)
    )


def wrongs(claim: str, facts: Facts, question: str = "") -> list[str]:
    """The names in CEILINGS of what `claim` states and the facts do not, or deny."""
    found = list(dict.fromkeys(_quantities(claim, facts)))
    held = facts.dates | dates(question)
    if any(agrees(one, held) == 0 for one in dates(claim)):
        found.append("date")
    known = facts.terms | set(lexical_tokens(question, "en"))
    if any(term not in known for term in named_terms(claim)):
        found.append("name")
    return found + _denied(claim, facts.sentences)


def _quantities(claim: str, facts: Facts) -> Iterable[str]:
    for one in quantities(claim):
        if one.written and not one.unit:
            continue  # "one of the"
        units = facts.values.get(one.value)
        if units is None:
            if not any(rounds_to(value, one.value) for value in facts.values):
                yield "number"
        elif one.unit and one.unit not in units and "" not in units:
            yield "unit"


def _content(text: str) -> frozenset[str]:
    words = Words.of([text])
    content = {stem for stem, word in zip(words.stems, words.texts, strict=True) if not is_stop(word)}
    return frozenset(content - {"不", "没", "未", "无", "非", "勿", "never", "none", "without", "cannot", "unabl"})


def _denied(claim: str, held: Sequence[tuple[str, frozenset[str]]]) -> list[str]:
    """Compares the claim with the sentences that speak of the same thing; one that agrees is enough."""
    content = _content(claim)
    if len(content) < 2:
        return []
    cover = [len(content & other) / len(content) for _, other in held]
    top = max(cover, default=0.0)
    if top < COVERED:
        return []
    near = [text for (text, other), share in zip(held, cover, strict=True) if _same(content, other, share, top)]
    found = []
    denies = bool(_NEGATION.search(claim))
    if near and all(bool(_NEGATION.search(text)) is not denies for text in near):
        found.append("negation")
    if near and all(_opposed(claim, text) for text in near):
        found.append("opposite")
    return found


def _same(content: frozenset[str], other: frozenset[str], share: float, top: float) -> bool:
    return share >= top - 0.1 and len(content & other) >= 0.5 * len(other)


def _opposed(claim: str, text: str) -> bool:
    said, held = _with_han(claim), _with_han(text)
    for left, right in _SIDES:
        for here, there in ((left, right), (right, left)):
            if _has(said, here) and not _has(held, here) and _has(held, there) and not _has(said, there):
                return True
    return False


def _with_han(text: str) -> tuple[frozenset[str], str]:
    return frozenset(lexical_tokens(text, "en")), text


def _has(text: tuple[frozenset[str], str], side: set[str]) -> bool:
    return any(word in text[0] if word.isascii() else word in text[1] for word in side)

"""Statements that disagree: the same thing said in two documents with other numbers, dates or names of days.

Two kinds: a newer version of a document says it otherwise ("superseded"), or two documents that are both in force do
("disagree"). Which of the latter is right cannot be known from the texts; both are said, with their dates.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragkb.answer.evidence import Candidate
from ragkb.answer.question import About
from ragkb.answer.units import Unit
from ragkb.text.language import cjk_share

ALIKE = 0.55  # least share of common terms, numbers aside, of two statements about one thing
ALIKE_IN_VERSIONS = 0.3  # the same, for two versions of one document
LOOKED_AT = 12  # candidates that may disagree with what is said
LEAST_TERMS = 4  # a statement with fewer says too little to be compared
_NUMBER = re.compile(r"\d")
_WORDS = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "no", "not"}
_CJK_NUMBERS = set("一二三四五六七八九十百千万两半不无")


@dataclass(frozen=True, slots=True)
class Clash:
    """A statement and one that disagrees with it. is_superseded: `other` stands in an older version."""

    said: Candidate
    other: Candidate
    is_superseded: bool


def clash(said: Candidate, found: Sequence[Candidate]) -> Clash | None:
    """What disagrees most alike with `said` among the best candidates; None if nothing does."""
    best: tuple[float, Clash] | None = None
    for other in found[:LOOKED_AT]:
        if other.unit.passage.hit.document_id == said.unit.passage.hit.document_id:
            continue
        alike = likeness(said.unit, other.unit)
        is_old = said.unit.passage.origin.replaces(other.unit.passage.origin)
        if alike >= (ALIKE_IN_VERSIONS if is_old else ALIKE) and (best is None or alike > best[0]):
            best = (alike, Clash(said, other, is_old))
    return best[1] if best else None


def lead_in(against: Clash) -> str:
    """What introduces the other statement: which document makes it, of when, and that it is superseded or disagrees."""
    known = against.other.unit.passage.origin
    title = known.title or against.other.unit.passage.hit.title
    if cjk_share(against.other.unit.said) > 0.3:
        when = f"（{known.date}）" if known.date else ""
        return f"已被取代的《{title}》{when}曾规定：" if against.is_superseded else f"但《{title}》{when}的说法不同："
    when = f" ({known.date})" if known.date else ""
    return f"Superseded, “{title}”{when}: " if against.is_superseded else f"But “{title}”{when} says: "


def newest_first(found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, each from a superseded version behind what a newer version says of the same thing."""
    out = list(found)
    for old in found[:LOOKED_AT]:
        place = out.index(old)
        for newer in out[place + 1 : LOOKED_AT]:
            if newer.unit.passage.origin.replaces(old.unit.passage.origin) and (
                likeness(newer.unit, old.unit) >= ALIKE_IN_VERSIONS
            ):
                out.remove(newer)
                out.insert(place, newer)
                break
    return out


def likeness(one: Unit, other: Unit) -> float:
    """Share, 0 to 1, of the terms that two statements have in common, numbers aside; 0 if their numbers do not differ."""
    left, right = About.of(one.said).terms, About.of(other.said).terms
    left_numbers, right_numbers = {t for t in left if _is_number(t)}, {t for t in right if _is_number(t)}
    if not left_numbers or not right_numbers or left_numbers == right_numbers:
        return 0.0
    if not left_numbers - right_numbers or not right_numbers - left_numbers:
        return 0.0
    left, right = left - left_numbers, right - right_numbers
    if min(len(left), len(right)) < LEAST_TERMS:
        return 0.0
    return len(left & right) / len(left | right)


def _is_number(term: str) -> bool:
    return bool(_NUMBER.search(term)) or term in _WORDS or bool(_CJK_NUMBERS & set(term))

"""Statements that disagree: the same thing said in two documents with other numbers, dates or names of days.

Two kinds: a newer version of a document says it otherwise ("superseded"), or two documents that are both in force do
("disagree"). Which of the latter is right cannot be known from the texts; both are said, with their dates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragkb.answer.evidence import Candidate
from ragkb.answer.units import Unit
from ragkb.text.language import cjk_share
from ragkb.text.tokens import lexical_tokens
from ragkb.types import Citation, Conflict

ALIKE = 0.55  # least share of common terms, numbers aside, of two statements about one thing
ALIKE_IN_VERSIONS = 0.5  # of two versions of one document: of the shorter one's terms
LOOKED_AT = 12  # candidates that may disagree with what is said
LEAST_TERMS = 4  # a statement with fewer says too little to be compared
_NUMBER = re.compile(r"\d")
_WORDS = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "no", "not"}
_OF_DATES = {"年", "月", "日", "号", "期", "日期", "时", "间", "时间"}  # "日期：5月2日" states no fact to differ in
_CJK_NUMBERS = set("一二三四五六七八九十百千万两半不无")


@dataclass(frozen=True, slots=True)
class Clash:
    """A statement and one that disagrees with it. is_superseded: `other` stands in an older version."""

    said: Candidate
    other: Candidate
    is_superseded: bool

    @property
    def kind(self) -> str:
        """As in Conflict."""
        return "superseded" if self.is_superseded else "disagree"


def clash(said: Candidate, found: Sequence[Candidate]) -> Clash | None:
    """What disagrees most alike with `said` among the best candidates; None if nothing does."""
    best: tuple[float, Clash] | None = None
    for other in found[:LOOKED_AT]:
        if other.unit.passage.hit.document_id == said.unit.passage.hit.document_id:
            continue
        if other.unit.passage.origin.replaces(said.unit.passage.origin):
            continue  # the older statement is said beside the newer one, never the other way round
        is_old = said.unit.passage.origin.replaces(other.unit.passage.origin)
        alike = likeness_in_versions(said.unit, other.unit) if is_old else likeness(said.unit, other.unit)
        if alike >= (ALIKE_IN_VERSIONS if is_old else ALIKE) and (best is None or alike > best[0]):
            best = (alike, Clash(said, other, is_old))
    return best[1] if best else None


def conflicts(found: Sequence[Candidate], cited: Mapping[tuple[str, int, int], Citation]) -> tuple[Conflict, ...]:
    """The pairs of citations of an answer that disagree. cited: by document and span."""
    numbered = [(one, cited[key].n) for one in found if (key := _key(one)) in cited]
    out: dict[frozenset[int], Conflict] = {}
    for said, n in numbered:
        if against := clash(said, [one for one, _ in numbered]):
            other = cited[_key(against.other)].n
            dates = (said.unit.passage.origin.date, against.other.unit.passage.origin.date)
            out.setdefault(frozenset((n, other)), Conflict(against.kind, (n, other), dates))
    return tuple(out.values())


def _key(one: Candidate) -> tuple[str, int, int]:
    return (one.unit.passage.hit.document_id, *one.unit.spans[-1])


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
                likeness_in_versions(newer.unit, old.unit) >= ALIKE_IN_VERSIONS
            ):
                out.remove(newer)
                out.insert(place, newer)
                break
    return out


def likeness(one: Unit, other: Unit) -> float:
    """Share, 0 to 1, of the terms that two statements share, numbers aside; 0 if their numbers do not differ."""
    left, right = frozenset(lexical_tokens(one.said, "en")), frozenset(lexical_tokens(other.said, "en"))
    left_numbers, right_numbers = {t for t in left if _is_number(t)}, {t for t in right if _is_number(t)}
    if not left_numbers or not right_numbers or left_numbers == right_numbers:
        return 0.0
    if not left_numbers - right_numbers or not right_numbers - left_numbers:
        return 0.0
    left, right = left - left_numbers - _OF_DATES, right - right_numbers - _OF_DATES
    if min(len(left), len(right)) < LEAST_TERMS:
        return 0.0
    return len(left & right) / len(left | right)


def likeness_in_versions(one: Unit, other: Unit) -> float:
    """Share, 0 to 1, of the shorter statement's terms that the other one holds; 0 for statements that are the same."""
    left, right = frozenset(lexical_tokens(one.said, "en")), frozenset(lexical_tokens(other.said, "en"))
    least = min(len(left), len(right))
    return len(left & right) / least if least >= LEAST_TERMS and left != right else 0.0


def _is_number(term: str) -> bool:
    return bool(_NUMBER.search(term)) or term in _WORDS or bool(_CJK_NUMBERS & set(term))

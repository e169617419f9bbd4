"""Hits that say the same: one of them stands for all, and says where the others are.

The same paragraph in many documents would else fill the list. What differs in a number, a name or a "not", or has them
in another order, is never taken for the same: there two documents disagree, and both have to be shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ragkb.types import Duplicate, Hit

CHANGED = 0.05  # greatest share of the words of both texts that stand in one of them alone
LEAST = 20  # words of a text; a shorter one, a row of a table say, means what it does by where it stands
PROBED = 12  # words of a text of which three quarters have to stand in the other
COMPARED = 50  # hits that a text which is not equal to one is compared with
_WORD = re.compile(r"[\u3041-\u9fff]|[^\W_\u3041-\u9fff]+(?:[.,]\d+)*")
_TELLING = re.compile(r"[\d一二三四五六七八九十百千万亿两半零不无非未没禁]")
_WORDS = frozenset(
    "no not never without none nor except unless only must may one two three four five six seven eight nine ten eleven"
    " twelve hundred thousand million first second third fourth before after more less under over until from up down"
    " increase increased decrease decreased higher lower yes".split()
)


@dataclass(slots=True)
class _Group:
    """A hit that stays, with those that say the same. words: of its text, each once, as written."""

    hit: Hit
    words: frozenset[str]
    others: list[Duplicate] = field(default_factory=list)


def collapsed(hits: Sequence[Hit]) -> list[Hit]:
    """The hits in order without those that say what one before them says; that one names them in `duplicates`."""
    groups: list[_Group] = []
    by_text: dict[str, _Group] = {}
    for hit in hits:
        words = hit.text.split()
        plain = " ".join(words)
        if " " not in plain[:100]:
            words = list(map("".join, pairwise(plain)))
        found = (by_text.get(plain) or _alike(hit, words, groups[:COMPARED])) if len(words) >= LEAST else None
        if found is None:
            found = _Group(hit, frozenset(words))
            groups.append(found)
        else:
            found.others.append(Duplicate(hit.document_id, hit.source, hit.page, hit.start, hit.end))
        by_text.setdefault(plain, found)
    return [
        replace(group.hit, rank=rank, duplicates=tuple(group.others))
        if group.others or group.hit.rank != rank
        else group.hit
        for rank, group in enumerate(groups, 1)
    ]


def _alike(hit: Hit, words: Sequence[str], groups: Iterable[_Group]) -> _Group | None:
    """The first group whose text is nearly that of the hit.

    Looks at a few words first: most pairs have nothing in common, and this stands in the way of each search.
    """
    few = frozenset(words[:: max(1, len(words) // PROBED)])
    least = (1 - 3 * CHANGED) * len(set(words))
    for group in groups:
        if 4 * len(few & group.words) < 3 * len(few):
            continue
        if len(group.words.intersection(words)) >= least and same(hit.text, group.hit.text):
            return group
    return None


def same(one: str, other: str) -> bool:
    """Whether two texts say the same: hardly a word differs, and none that is a number, a name or turns the sense.

    A name is any word with a capital, also at the beginning of a sentence.
    """
    left, right = _WORD.findall(one), _WORD.findall(other)
    if left == right:
        return True
    if list(filter(_is_telling, left)) != list(filter(_is_telling, right)):
        return False
    first, second = Counter(left), Counter(right)
    changed = (first - second) + (second - first)
    return sum(changed.values()) <= CHANGED * (len(left) + len(right))


def _is_telling(word: str) -> bool:
    return word != word.lower() or word in _WORDS or _TELLING.search(word) is not None

"""Whether a sentence stands in a text word for word."""

from __future__ import annotations

import re
from collections.abc import Sequence

_CJK = "\u3000-\u9fff\uf900-\ufaff\uff00-\uffef"
_SPACE_AT_CJK = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_PART = re.compile(r"[;；:：|]")
_MARGIN = " \t\n.,;:!?。，；：！？|-*•\"'“”"


def is_quoted(claim: str, cited: Sequence[str], passages: Sequence[str]) -> bool:
    """True if the claim stands in a text; or each of its parts does in what it cites: a lead-in and an item, a row."""
    texts = [_flat(text) for text in cited]
    if any(_holds(text, _flat(claim)) for text in (*texts, *map(_flat, passages))):
        return True
    parts = [part for part in map(_flat, _PART.split(claim)) if part]
    return len(parts) > 1 and all(any(_holds(text, part) for text in texts) for part in parts)


def _flat(text: str) -> str:
    return _SPACE_AT_CJK.sub("", " ".join(text.split())).strip(_MARGIN).casefold()


def _holds(text: str, part: str) -> bool:
    """True if `part` stands in `text` between word boundaries."""
    begin = text.find(part) if part else -1
    while begin >= 0:
        end = begin + len(part)
        if not (_joins(text[begin - 1 : begin], part[0]) or _joins(part[-1], text[end : end + 1])):
            return True
        begin = text.find(part, begin + 1)
    return False


def _joins(left: str, right: str) -> bool:
    """True if the two characters belong to one word or number."""
    if not left or not right or re.match(f"[{_CJK}]", left) or re.match(f"[{_CJK}]", right):
        return False
    return (left.isalnum() and right.isalnum()) or (left in "-.,€$£" and right.isdigit())

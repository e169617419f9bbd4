"""The extractive generator: the best evidence, quoted, composed so that it reads as an answer.

Every sentence of the answer is made of spans of a document, so its citations are exact by construction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragkb.answer.evidence import Candidate

_CJK_END = re.compile("[\u3400-\u9fff」』）】]$")
_ENDED = re.compile(r"[.!?。！？…;；:：][\"'”’)）]*$")
LEAST_SHARE = 0.06
"""Probability of holding the answer that another unit needs to be added to the best one."""


def compose(found: Sequence[Candidate], most: int) -> list[Candidate]:
    """Up to `most` units to say: the best first, then others that may hold the answer, in reading order."""
    if not found:
        return []
    rest = [one for one in found[1:most] if one.share >= LEAST_SHARE and one.signal("statement")]
    return [found[0], *sorted(rest, key=lambda one: (one.unit.passage.hit.rank, one.unit.start))]


def running_text(sentences: Sequence[str]) -> str:
    """The sentences one after the other, each with an end; Chinese ones without spaces between them."""
    text = ""
    for sentence in sentences:
        is_chinese = bool(_CJK_END.search(sentence.rstrip("。！？；：")))
        ended = sentence if _ENDED.search(sentence) else sentence + ("。" if is_chinese else ".")
        gap = "" if not text or (is_chinese and text.endswith(("。", "！", "？", "；", "："))) else " "
        text += gap + ended
    return text

"""The extractive generator: the best evidence, quoted, composed so that it reads as an answer.

Every sentence of the answer is made of spans of a document, so its citations are exact by construction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragkb.answer.evidence import Candidate
from ragkb.text.language import cjk_share

_CJK_END = re.compile("[\u3400-\u9fff」』）】]$")
_ENDED = re.compile(r"[.!?。！？…;；:：][\"'”’)）]*$")
LEAST_SHARE = 0.03
"""Probability of holding the answer that another unit needs to be added to the best one."""
LEAST_SHARE_OF_ROW = 0.15
"""The same for another row of the table that the best unit is a row of."""


def compose(found: Sequence[Candidate], most: int) -> list[Candidate]:
    """Up to `most` units to say: the best first, then others that may hold the answer, in reading order."""
    if not found:
        return []
    rest = [one for one in found[1:most] if one.share >= _least(found[0], one) and one.signal("statement")]
    return [found[0], *sorted(rest, key=lambda one: (one.unit.passage.hit.rank, one.unit.start))]


def _least(best: Candidate, one: Candidate) -> float:
    """A table has one row for the question as a rule: a second one needs more to be said."""
    same_table = bool(best.unit.cells and one.unit.cells) and best.unit.evidence == one.unit.evidence
    return LEAST_SHARE_OF_ROW if same_table else LEAST_SHARE


def running_text(sentences: Sequence[str]) -> str:
    """The sentences one after the other, each with an end; Chinese ones without spaces between them."""
    text = ""
    for sentence in sentences:
        is_chinese = bool(_CJK_END.search(sentence.rstrip("。！？；：")) or cjk_share(sentence) > 0.5)
        ended = sentence if _ENDED.search(sentence) else sentence + ("。" if is_chinese else ".")
        gap = "" if not text or (is_chinese and text.endswith(("。", "！", "？", "；", "："))) else " "
        text += gap + ended
    return text

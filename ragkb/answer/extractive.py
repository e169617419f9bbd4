"""The extractive generator: the best evidence, quoted, composed so that it reads as an answer.

Every sentence of the answer is made of spans of a document, so its citations are exact by construction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragkb.answer.evidence import Candidate
from ragkb.answer.question import Question
from ragkb.answer.units import Unit, units
from ragkb.text.language import cjk_share

_CJK_END = re.compile("[\u3400-\u9fff」』）】]$")
_STEPS = re.compile(r"\bsteps?\b|\bprocedure\b|\bprocess\b|步骤|流程|怎么|怎样|如何", re.IGNORECASE)
_NUMBERED = re.compile(r"\(?(\d{1,2})(?:[.)、]|\s(?=[A-Z\u4e00-\u9fff]))")
_ENDED = re.compile(r"[.!?。！？…;；:：][\"'”’)）]*$")
LEAST_SHARE = 0.03
"""Probability of holding the answer that another unit needs to be added to the best one."""
LOOKED_AT = 4  # best units among which a step of a procedure is looked for
LEAST_SHARE_OF_ROW = 0.15
"""The same for another row of the table that the best unit is a row of."""


def compose(found: Sequence[Candidate], most: int) -> list[Candidate]:
    """Up to `most` units to say: the best first, then others that may hold the answer, in reading order."""
    if not found:
        return []
    rest = [one for one in found[1:most] if one.share >= _least(found[0], one) and one.signal("statement")]
    return [found[0], *sorted(rest, key=lambda one: (one.unit.passage.hit.rank, one.unit.start))]


def procedure(question: Question, found: Sequence[Candidate], most: int) -> list[Unit]:
    """The steps of a procedure from the first one on, at most `most`, where it is asked how something is done.

    Of the first numbered item among the LOOKED_AT best units that may hold the answer; [] where there is none.
    """
    if most < 2 or not (question.kind == "way" or _STEPS.search(question.asks)):
        return []
    likely = [one for one in found[:LOOKED_AT] if one.share >= LEAST_SHARE]
    best = next((one.unit for one in likely if _number(one.unit)), None)
    if best is None:
        return []
    steps: list[Unit] = []
    for unit in units(best.passage):
        number = _number(unit)
        if number == 1 and steps and steps[-1].start < best.start and unit.start <= best.start:
            steps = []
        if number == len(steps) + 1:
            steps.append(unit)
    return steps[:most] if best.spans in [unit.spans for unit in steps] else []


def _number(unit: Unit) -> int:
    """Of a numbered item; 0 for anything else."""
    hit = unit.passage.hit
    match = _NUMBERED.match(hit.text[unit.start - hit.start :])
    return int(match[1]) if match and not unit.cells else 0


def leaned_on(one: Candidate, chosen: Sequence[Candidate]) -> Unit | None:
    """The statement before one that begins with "it" or "this", without which it cannot be understood.

    None if it begins otherwise, or if that statement is said anyway or is none.
    """
    before = one.before
    if not one.signal("back") or before is None or not before.is_statement or before.cells:
        return None
    return None if any(other.unit.spans == before.spans for other in chosen) else before


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

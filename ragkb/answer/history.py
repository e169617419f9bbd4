"""Follow-up questions: what a question leaves out is taken from the question before it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragkb.text.asking import content_terms
from ragkb.types import Turn

FEW = 3  # content terms; a question with fewer may lean on what was said before
_POINTS_BACK = re.compile(
    r"^\s*(and|but|also|so|or|what about|how about|then)\b"
    r"|\b(it|its|they|them|their|that|this|those|these|there|same|ones?|he|she|him|her|his)\b"
    r"|^[那还又]|[它他她这那其]|呢[？?]?$|(同样|上述|前者|后者|该)",
    re.IGNORECASE,
)


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question with what it leaves out: the last question of the user before it, if it leans on that one."""
    asked = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not asked or not (_POINTS_BACK.search(question) or len(content_terms(question)) < FEW):
        return question
    return f"{asked[-1].strip()} {question.strip()}"

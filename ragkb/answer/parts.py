"""Questions that ask for more than one thing: "What is X, and who approves it?" is answered part by part.

By rules: things with codes that "and" or "or" joins are looked up one by one; else a part begins where a question ends,
or where "and", a comma or 和 is followed by words that ask while those before them ask as well. A part that leans on
the one before is read with it, as a follow-up is (history.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragkb.answer.history import standalone
from ragkb.text.asking import content_terms
from ragkb.types import Turn

MOST = 3
"""Parts that are told apart; what comes after belongs to the last one."""

_WORDS = (
    "who|whom|whose|what|when|where|why|how|which|(?:until|since|by|from|to|for|at|in|on|with) (?:when|what|which|whom"
    "|where|how)"
)
_VERBS = "is|are|was|were|does|do|did|can|may|must|should|will|has|have"
_AND = re.compile(
    rf"(?:\s*[,;]\s*(?:and|but|or)?|\s+and|\s+but)\s+(?:also\s+|then\s+|if so,?\s+)?(?=(?:{_WORDS}|{_VERBS})\b)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    rf"^(?:and |so |but |then |please )*(?:{_WORDS}|{_VERBS})\b|[,.!]\s+(?:{_WORDS}|{_VERBS})\b", re.IGNORECASE
)
_AND_CJK = re.compile("[，,；;、]\\s*(?:以及|并且|而且|还有|另外|同时|和|那么?)?|(?:以及|还有)")
_ASKS_CJK = re.compile(
    "什么|谁|哪|几|多少|多久|多长|多大|多高|怎么|怎样|如何|何时|为何|吗|是否|能否|能不能|可不可以|是不是|有没有|呢[？?]?$"
)
_CODED = r"[A-Z][A-Z0-9]*(?:[-/][A-Z0-9]+)*"
_PAIR = re.compile(  # two things with codes, of which the same is asked: each is looked up by itself
    rf"(?<!between )(?<!between the )(?<![A-Za-z0-9-])(?P<one>(?=[A-Z/-]*\d){_CODED})"
    r"\s*(?:,?\s(?:and|or|vs\.?|versus)\s(?:of\s)?(?:the\s|an?\s)?|和|与|及|或|还是|、)\s*"
    rf"(?P<other>(?=[A-Z/-]*\d){_CODED})(?![A-Za-z0-9-])"
)
_QUESTION = re.compile("[^?？]+[?？]*")
_HAN = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Part:
    """One of the things asked for. text: the question with what it leans on. asks: the words that ask for it alone."""

    text: str
    asks: str


def parts(question: str, asked: str = "") -> tuple[Part, ...]:
    """The parts of a question, at least one. asked: a follow-up as it came; what stands before it was answered."""
    if asked and asked != question and question.endswith(asked.strip()):
        before = question[: len(question) - len(asked.strip())].strip()
        return tuple(Part(_with(before, one), one) for one in _split(asked.strip()))
    first, *rest = _split(question)
    if not rest and (pair := _PAIR.search(question)):
        each = [f"{question[: pair.start()]}{pair[name]}{question[pair.end() :]}" for name in ("one", "other")]
        return tuple(Part(one, one) for one in each)
    return (Part(first, first), *(Part(_with(first, one), one) for one in rest))


def _with(before: str, question: str) -> str:
    return standalone(question, [Turn("user", before)])


def _split(question: str) -> list[str]:
    """The pieces that ask, in order; what asks nothing stays with what comes after, or before at the end."""
    pieces: list[str] = []
    waiting = ""
    for match in _QUESTION.finditer(question):
        for piece in _clauses(match.group()):
            waiting = f"{waiting}{piece}" if waiting else piece
            if _is_question(waiting):
                pieces.append(waiting.strip(" ,;，；、"))
                waiting = ""
    if not pieces:
        return [question]
    if waiting.strip():
        pieces[-1] += waiting
    return [*pieces[: MOST - 1], " ".join(pieces[MOST - 1 :])] if len(pieces) > MOST else pieces


def _clauses(question: str) -> list[str]:
    """Cut where a conjunction or a comma stands between two clauses that both ask."""
    separator, asks = (_AND_CJK, _ASKS_CJK) if len(_HAN.findall(question)) > 3 else (_AND, _ASKS)
    clauses: list[str] = []
    begin = 0
    for match in separator.finditer(question):
        left, right = question[begin : match.start()], question[match.end() :]
        if len(clauses) < MOST and _asks(left, asks) and _asks(right, asks):
            clauses.append(left)
            begin = match.end()
    return [*clauses, question[begin:]]


def _asks(text: str, asks: re.Pattern[str]) -> bool:
    return bool(asks.search(text.strip())) and bool(content_terms(text))


def _is_question(text: str) -> bool:
    return "?" in text or "？" in text or bool(_ASKS.search(text.strip()) or _ASKS_CJK.search(text))

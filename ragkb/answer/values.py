"""The value that a question asks for, said before the statement that holds it: a number, a date, a name, yes or no.

By rules that say nothing where two values could be meant, or where a condition goes with a yes or a no.
"""

from __future__ import annotations

import re

from ragkb.answer.evidence import Candidate
from ragkb.answer.kinds import Held
from ragkb.answer.question import About, Question
from ragkb.text.dates import MONTH, dates
from ragkb.text.language import cjk_share

SURE = 0.5  # least share of the best unit whose value is said first
SOON = 30  # characters; a value that stands before them is read at once
SOON_CJK = 12
SAYS_THE_SAME = 0.75  # least share of the question's information in a statement that confirms or denies it
_NUMBER = re.compile(
    r"(?:[€$£¥]\s?)?(?<![\w.,-])\d[\d.,]*"
    r"(?:\s?(?:%|°C|€|\$)|\s(?:per cent|percent|[a-zA-Z]{1,12}\b)(?:\s(?:days?|months?|weeks?|years?|hours?)\b)?)?"
    r"|\d[\d.,]*\s?[\u4e00-\u9fff%]{0,2}"
)
_NO_UNIT = frozenset(
    "and or of in to for from by at on with the a an is are was were per if when than as which who".split()
)
_DATE = re.compile(
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s)?{MONTH}(?:\s\d{{1,2}}(?:st|nd|rd|th)?(?!\d))?,?(?:\s\d{{4}})?|\d{{4}}-\d\d-\d\d"
    r"|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{4}年",
    re.IGNORECASE,
)
_PERSON = re.compile(r"(?<![.!?]\s)(?<!^)\b(?:(?:Dr|Prof|Mr|Ms|Mrs)\.?\s)?[A-ZÀ-Þ][\w'’-]+(?:\s[A-ZÀ-Þ][\w'’-]+)+")
_DENIES = re.compile(
    r"\b(?:not|never|no|nobody|none|neither|cannot|excluded|prohibited|forbidden|refused)\b|n[’']t\b"
    r"|不|未|无|没|禁止|严禁|谢绝",
    re.IGNORECASE,
)
_CLAUSES = re.compile("[,;:，；：、]")
_CONDITION = re.compile(
    r"\b(?:only|unless|except|if|when|until|before|after|up to|at most|at least|more than|less than|provided|some|must"
    r"|without|from)\b|只|仅|除|如|若|须|以内|以上|以下|超过|至多|经|凭|方可",
    re.IGNORECASE,
)


def direct_value(question: Question, one: Candidate) -> str:
    """What the question asks for, if the statement holds one such value that the question lacks; else ''.

    A yes or a no, where the statement says the same as the question, or denies it, without a condition.
    """
    if one.share < SURE:
        return ""
    if question.kind == "polar":
        return _verdict(question, one)
    if one.signal("expected") < 1:
        return ""
    said = one.unit.said
    found = {"number": _numbers, "date": _dates, "person": _people}.get(question.kind, _nothing)(question, said)
    far = SOON_CJK if cjk_share(said) > 0.3 else SOON
    return found[0] if len(found) == 1 and said.find(found[0]) >= far else ""


def _numbers(question: Question, said: str) -> list[str]:
    """All numbers with their units; none if the question names one of them."""
    asked = Held.of(question.text).numbers
    found = [match.group().strip(" .,") for match in _NUMBER.finditer(said)]
    if any(number in asked for value in found for number in Held.of(value).numbers):
        return []
    return [_with_unit(value) for value in found]


def _with_unit(value: str) -> str:
    words = value.split()
    return " ".join(words[:-1]) if words[-1].lower() in _NO_UNIT else value


def _dates(question: Question, said: str) -> list[str]:
    asked = dates(question.text)
    found = [match.group().strip(" ,") for match in _DATE.finditer(said)]
    return found if not any(dates(value) & asked for value in found) else []


def _people(question: Question, said: str) -> list[str]:
    """English names of two words and more; where a Chinese name begins is not told surely enough."""
    names = dict.fromkeys(match.group() for match in _PERSON.finditer(said))
    return [name for name in names if name.lower() not in question.text.lower()]


def _nothing(question: Question, said: str) -> list[str]:
    return []


def _verdict(question: Question, one: Candidate) -> str:
    """Yes or no in the question's language; '' where the statement says something else, or gives a condition."""
    said = one.unit.said
    if (
        question.covered(About.of(said).terms) < SAYS_THE_SAME
        or _CONDITION.search(said)
        or _DENIES.search(question.text)
    ):
        return ""
    denials = len(_DENIES.findall(said))
    if denials > 1 or (denials and _CLAUSES.search(said)):
        return ""
    yes, no = ("是", "否") if cjk_share(question.text) > 0.3 else ("Yes", "No")
    return no if denials else yes

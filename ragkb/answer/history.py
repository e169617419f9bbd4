"""Follow-up questions made into questions that stand alone, by rules: "and for ...?", "what about ...?", it, 那…呢.

What a follow-up leaves out is taken from the question before it. Three forms are told apart: one that only names
another thing ("And for contractors?", "那苏州呢？") takes the place of that thing in the question before; one that
points back ("Who approves it?", "它多重？") gets what it points to; anything else that leans on what was said gets the
question before it put in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragkb.text.asking import content_terms, named_terms, without_asking
from ragkb.text.dates import dates
from ragkb.types import Turn

FEW = 3  # content terms; a question with fewer may lean on what was said before
FEW_CJK = 6  # Chinese characters beside those that ask
LONG = 7  # content terms; a question with as many stands alone even if a pronoun is in it
_POINTS_BACK = re.compile(
    r"^\s*(and|but|also|so|or|what about|how about|then)\b"
    r"|\b(it|its|they|them|their|that|this|those|these|there|same|ones?|he|she|him|her|his)\b"
    r"|^[那还又]|[它他她这那其]|呢[？?]?$|(同样|上述|前者|后者|该)",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    r"^\s*(?:(?:and|but|or|so|then|ok|okay|well)[\s,]+)*(?:what about|how about|and)?\s*"
    r"(?P<preposition>(?:for|in|at|on|of|from|to|with|by|under|after|before"
    r"|during)\s+)?(?P<thing>[^?？]+?)\s*\??\s*$",
    re.IGNORECASE,
)
_ELLIPSIS_CJK = re.compile(r"^(?:那么?|还有|如果是?|换成)?(?P<thing>[^？?，,]{1,20}?)的?呢[？?]?\s*$")
_ASKS = re.compile(
    r"\b(who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|may|must|should|will"
    r"|would|has|have)\b"
    r"|[什谁哪几吗]|多少|多久|多长|多大|怎|如何|何时|为何|是否|能否",
    re.IGNORECASE,
)
_LEADS = re.compile(r"^\s*(and|but|also|so|or|then|ok|okay)[\s,]+|^(那么?|还有|另外|然后)[，,]?", re.IGNORECASE)
_PREPOSITIONS = "for|in|at|on|of|from|to|with|by|under|after|before|during|about"
_PHRASE = re.compile(
    rf"\b(?P<preposition>{_PREPOSITIONS})\s+(?P<thing>(?:(?:the|an?|our|my"
    rf"|your)\s+)?[\w'’/&.-]+(?:\s+(?!(?:{_PREPOSITIONS}|and|or|is|are|"
    r"was|were|do|does|did|can|may|must|should|will|if|when|that|per|each|a)\b)[\w'’/&.-]+){0,3})",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(  # what is asked of a thing: "the revenue" of "What was the revenue in 2026?"
    rf"\s*(?:what|which)\s+(?:is|are|was|were)\s+(?P<thing>the\s+[\w'’-]+(?:\s+[\w'’-]+){{0,2}}?)\s+(?:{_PREPOSITIONS})\b",
    re.IGNORECASE,
)
_NAMED_END = re.compile(r"(?:\S+\s+)*[A-Z][\w'’/&.-]*(?=\s+[a-z])")  # "a TVA" of "a TVA cost"
_ARTICLE = re.compile(r"(?:the|its|their)\s", re.IGNORECASE)
_PERIOD = re.compile(
    r"\b(?:(?:the )?(?:first|second|third|fourth) quarter(?: of)? )?(?:q[1-4] )?(?:19|20)\d\d\b|\bq[1-4]\b|(?:19"
    r"|20)\d\d年?(?:第?[一二三四1-4]季度|\d{1,2}月)?",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![A-Za-z0-9-])(?=[A-Z/-]*\d)[A-Z][A-Z0-9]*(?:[-/][A-Z0-9]+)*(?![A-Za-z0-9])")
_NAME = re.compile(r"(?<=[\w,] )[A-Z][\w-]+(?: [A-Z][\w-]+)*")
_KINDS_CJK = (  # things of one kind take each other's place
    re.compile(
        "(?!普通|部门|正式|新)[\u4e00-\u9fff]{2}(?=工厂|厂房|办事处|分公司|公司|员工|市|省)(?:工厂|厂房|办事处"
        "|分公司|公司)?"
    ),
    re.compile("普通员工|部门经理|总监|经理|主管|实习生|经销商|分销商|供应商|客户|班组长|正式员工|新员工"),
    re.compile("[A-Z]级|[金银铜]牌|第[一二三四五六七八九十]+年|[一二三四五六七八九十]+线"),
)
_CITY_CJK = re.compile("[\u4e00-\u9fff]{2}")
_PRONOUN_CJK = re.compile("[它他她那这其]")
_HAN = re.compile("[\u4e00-\u9fff]")


def points_back(question: str) -> bool:
    """True if a word of the question stands for something that was said before: it, this, 它, 该."""
    return bool(_POINTS_BACK.search(question))


def standalone(question: str, history: Sequence[Turn]) -> str:
    """The question with what it leaves out; as it came if it leans on nothing.

    The result is a question of its own where a rule can make one, else the last question of the user before it,
    itself standing alone, followed by this one.
    """
    asked = [turn.content.strip() for turn in history if turn.role == "user" and turn.content.strip()]
    before = ""
    for one in asked:
        before = _standing(one, before)
    return _standing(question, before)


def _standing(question: str, before: str) -> str:
    if not before or not _leans(question):
        return question
    return _replaced(question, before) or f"{before} {question.strip()}"


def _leans(question: str) -> bool:
    terms = content_terms(question)
    is_whole = bool(_ASKS.search(question)) and bool(named_terms(question))
    if (
        _LEADS.search(question)
        or question.rstrip("？? ").endswith("呢")
        or re.match(r"\s*(what|how) about\b", question, re.I)
    ):
        return True
    han = len(_HAN.findall(without_asking(question)))
    if han > 1:
        return (han <= FEW_CJK and not is_whole) or bool(_POINTS_BACK.search(question) or re.search("[也还]", question))
    return (len(terms) < FEW and not is_whole) or (bool(_POINTS_BACK.search(question)) and len(terms) < LONG)


def _replaced(question: str, before: str) -> str:
    """The question before with the thing that the ellipsis names in the place of its like; '' if none is found."""
    thing, preposition = _thing(question)
    if not thing:
        return ""
    for pattern, is_like in (
        (_PERIOD, bool(dates(thing)) or bool(_PERIOD.fullmatch(thing))),
        (_CODE, bool(_CODE.fullmatch(re.sub(r"^(the|an?)\s+", "", thing, flags=re.I)))),
    ):
        found = list(pattern.finditer(before))
        if is_like and found:
            last = found[-1]
            bare = re.sub(r"^(the|an?)\s+", "", thing, flags=re.I)
            return _whole(f"{before[: last.start()]}{bare}{before[last.end() :]}")
    if re.search("[\u4e00-\u9fff]", thing):
        return _replaced_cjk(thing, before)
    return _replaced_phrase(thing, preposition, before)


def _thing(question: str) -> tuple[str, str]:
    """(what an ellipsis names, the preposition before it); ('', '') for a question with a verb of its own."""
    if match := _ELLIPSIS_CJK.match(question.strip()):
        thing = match["thing"]
        return ("", "") if _ASKS.search(thing) or _PRONOUN_CJK.search(thing) else (thing, "")
    match = _ELLIPSIS.match(question)
    if not match or len(match["thing"].split()) > 6:
        return "", ""
    rest = match["thing"]
    if _ASKS.search(rest) or _POINTS_BACK.search(rest) or re.search("[\u4e00-\u9fff]", rest):
        return "", ""
    return rest, (match["preposition"] or "").strip().lower()


def _replaced_phrase(thing: str, preposition: str, before: str) -> str:
    """With `thing` in the place of the phrase with the same preposition, or of a name, or at the end."""
    phrases = [one for one in _PHRASE.finditer(before) if one["preposition"].lower() == preposition]
    names = [one for one in _NAME.finditer(before) if not _PERIOD.fullmatch(one.group())]
    head = thing.split()[-1]
    if len(thing.split()) > 1 and (
        same := re.search(rf"\b(?:(?:the|an?|our|my|your)\s+)?[\w'’-]+\s+{re.escape(head)}\b", before, re.I)
    ):
        return _whole(f"{before[: same.start()]}{thing}{before[same.end() :]}")
    if not preposition and (asked := _ATTRIBUTE.match(before)) and _ARTICLE.match(thing):
        return _whole(f"{before[: asked.start('thing')]}{thing}{before[asked.end('thing') :]}")
    if preposition and phrases:
        last = phrases[-1]
        named = _NAMED_END.match(last["thing"]) if thing[-1:].isdigit() or thing.split()[-1][:1].isupper() else None
        end = last.start("thing") + named.end() if named else last.end("thing")
        return _whole(f"{before[: last.start('thing')]}{thing}{before[end:]}")
    if names and (thing[:1].isupper() or named_terms(f"x {thing}")):
        last = names[-1]
        return _whole(f"{before[: last.start()]}{thing}{before[last.end() :]}")
    if preposition:
        return f"{before.rstrip('?？ .')} {preposition} {thing}?"
    return ""


def _replaced_cjk(thing: str, before: str) -> str:
    """With `thing` in the place of a site, a role or a grade, or of what ends with the same character."""
    for number, kind in enumerate(_KINDS_CJK):
        named, found = kind.search(thing), kind.search(before)
        if found and named:
            return f"{before[: found.start()]}{named.group()}{before[found.end() :]}"
        if found and number == 0 and _CITY_CJK.fullmatch(thing) and not any(one.search(thing) for one in _KINDS_CJK):
            return f"{before[: found.start()]}{thing}{before[found.end() :]}"
    like = re.search(rf"(?:^|(?<=[的，,在去有]))[\u4e00-\u9fff]{{1,4}}?{re.escape(thing[-1])}", before)
    return f"{before[: like.start()]}{thing}{before[like.end() :]}" if like and len(thing) <= 5 else ""


def _whole(text: str) -> str:
    return " ".join(text.split())

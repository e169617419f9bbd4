"""The kind of thing that a question asks for, and whether a text holds one that the question does not name itself.

After the answer types of question classification (Li and Roth, "Learning question classifiers", 2002), by rules: the
weights that say how much a kind counts are fitted, see evidence.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from functools import lru_cache

from ragkb.text.dates import dates
from ragkb.text.words import tagged_words

KINDS = ("number", "date", "person", "place", "reason", "way", "meaning", "polar", "thing")
"""polar: yes or no. thing: whatever is none of the others."""

_ASKS = (
    (
        "reason",
        re.compile(
            r"\bwhy\b|\bwhat (was |is |were |are )?(the )?(main )?(cause|reason)|\bhow come\b|为什么|为何|原因|缘由"
        ),
    ),
    (
        "number",
        re.compile(
            r"\bhow (many|much|long|often|far|old|big|large|high|tall|deep|wide|heavy|fast|late|early|soon)\b"
            r"|\b(what|which) (is |was |are |were )?(the )?(\w+ )?(percent(age)?|share|number|amount|price|cost"
            r"|rate|size|limit|"
            r"population|speed|height|weight|length|distance|age|temperature|score|voltage|pressure|fee|salary"
            r"|budget|total)\b"
            r"|多少|多久|多长|多大|多高|多重|多远|多快|几(?![乎何月号])|价格|比例|百分之"
        ),
    ),
    (
        "date",
        re.compile(
            r"\b(when|what (date|year|day|month|time|decade|century)|which (day|month|year|date|decade|century)"
            r"|until when|deadline|by when)\b|何时|什么时[候间]|哪[一个]*[天年月日]|几[号月]|日期|年份"
        ),
    ),
    (
        "person",
        re.compile(
            r"\b(who|whom|whose|which (person|player|actor|actress|singer|king|president))\b|谁|哪位|什么人|哪个人"
        ),
    ),
    (
        "place",
        re.compile(
            r"\bwhere\b|\b(what|which) (is the )?(country|city|state|county|town|place|region|river|continent"
            r"|location|island)\b"
            r"|哪里|哪儿|何处|在哪|什么地方|哪[一个座]*(国家|城市|省|地区|地方|岛)|位于"
        ),
    ),
    ("way", re.compile(r"^(and |but )?how\b|\bhow (do|does|did|can|is|are|was|were|to|should|must)\b|怎么|怎样|如何")),
    (
        "polar",
        re.compile(
            r"^(and |but |so )?(is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had)\b"
            r"|吗|是否|能否|可否|是不是|有没有|能不能|可不可以|要不要"
        ),
    ),
    (
        "meaning",
        re.compile(
            r"\bwhat (is|are|was|were) (an? |the )?(?:[\w'’./-]+ ?){1,3}\??$"
            r"|\bwhat do(es)? .* (mean|stand for)\b|\bdefin"
            r"|是什么[？?]?$|什么是|含义|意思"
        ),
    ),
)
_NUMBER = re.compile(
    r"\d[\d.,]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?"
    r"|millions?|"
    r"billions?|half|once|twice|daily|weekly|monthly|yearly|no|none|nobody)\b"
    r"|[一二三四五六七八九十百千万亿两半零]+(?=[\u4e00-\u9fff])",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|spring|summer|autumn|fall|winter|century|noon|midnight|today)\b"
    r"|\b\d{1,2}[:.]\d\d\b|\b1?\d{3}s?\b|\d+\s*(?:年|月|日|世纪|点|时)|[一二三四五六七八九十]+(?:年|月|日|世纪)"
    r"|[春夏秋冬]季|星期|周[一二三四五六日]",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-ZÀ-Þ][\w'’.-]+(?:\s+(?:(?:of|the|de|von|van|da|bin|al)\s+)?[A-ZÀ-Þ][\w'’.-]+)*|\b[A-Z]{2,}\b")
_TITLE_CJK = re.compile(  # a title, a name written with a dot, a Latin name
    "《[^》]+》|[\u4e00-\u9fff]{1,8}[·•‧-][\u4e00-\u9fff·•‧-]{1,16}|[A-Z][A-Za-z]+"
)
_PLACE = re.compile(
    r"\b(?:in|at|from|near|to|on|of|between|across|into|through)\s+(?:the\s+)?(?:[a-z]+ern\s+)?[A-ZÀ-Þ][\w'’-]+"
)
_REASON = re.compile(
    r"\b(because|since|due to|reasons?|causes?|caused|owing|therefore|so that|in order to|as a result|led to"
    r"|resulting)\b"
    r"|因为|由于|原因|所以|导致|因此|为了|以便|引起|造成",
    re.IGNORECASE,
)
_WAY = re.compile(
    r"\b(by|using|via|through|with|must|press|click|open|enter|send|select|method|process|use|then|first)\b"
    r"|通过|采用|使用|利用|应当|必须|按照|方法|方式|填写|提交|点击|以",
    re.IGNORECASE,
)
_IS_A = re.compile(
    r"\b(is|are|was|were|means?|refers? to|stands? for|called|known as|defined)\b|是|指|即|意思|称为|又称",
    re.IGNORECASE,
)
_MEASURES = (  # what a number is of: how a question asks for it, how a text gives it
    (
        "time",
        re.compile(
            r"\bhow (long|often|old)\b|\bhow many (seconds|minutes|hours|days|weeks|months|years)\b|\bat what age\b"
            r"|多久|多长时间|几[个]?(?:小时|分钟|天|周|月|年)|多少(?:小时|分钟|天|周|个月|年)"
        ),
        re.compile(
            r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|few|several)\b)"
            r"[\w\s-]{0,20}?\b(?:seconds?|minutes?|min|hours?|h|days?|weeks?|months?|years?|yrs?|decades?|centur\w+)\b"
            r"|\b(?:once|twice|daily|weekly|monthly|quarterly|yearly|annually|every|until|since|(?:1[5-9]|20)\d\d)\b"
            r"|[\d一二三四五六七八九十百半两]\s*(?:个)?(?:秒|分钟|小时|天|日|周|星期|月|年)|每[天日周月年季]",
            re.IGNORECASE,
        ),
    ),
    (
        "money",
        re.compile(
            r"\bhow (much|high|expensive)\b.*\b(cost|price|pay|paid|charge|rent|fee|salary|earn|allowance|money|worth"
            r"|spen[dt]|compensation|budget)|\b(what|which) (is |was |are |were |does |did )?(the )?([\w-]+ ){0,3}?"
            r"(price|cost|fee|rent|salary|budget)\b|多少钱|多少[元块]|(?:价格?|租金|房租|费用?|工资|津贴|补贴|奖金|预算|罚款|单价)(?:是|为)?多少"
        ),
        re.compile(
            r"[€$£¥%]|\b(?:EUR|USD|CNY|RMB|GBP|CHF|JPY|euros?|dollars?|pounds?|yuan|cents?|free|percent)\b|\d\s*万?元|元[）)/]|万元"
            r"|免费|[一二三四五六七八九十百千万]+元",
            re.IGNORECASE,
        ),
    ),
    (
        "share",
        re.compile(r"\bwhat (percent|percentage|share|proportion|fraction)|百分之几|百分之多少|比例|占比"),
        re.compile(r"%|\bper ?cent|\bpercent|\b(?:half|third|quarter|majority)\b|百分之|成", re.IGNORECASE),
    ),
)
_MANY_OF = re.compile(r"\bhow many (\w+)|(?:多少|几)\s*([\u4e00-\u9fff])", re.IGNORECASE)
_CJK = re.compile("[\u4e00-\u9fff]")


def kind_of(question: str) -> str:
    """One of KINDS."""
    lowered = question.lower().strip()
    kind = next((kind for kind, asks in _ASKS if asks.search(lowered)), "thing")
    return "number" if kind in ("meaning", "place", "thing") and measure_of(question) else kind


@lru_cache(maxsize=1_000)
def measure_of(question: str) -> str:
    """What the number that a question asks for measures: "time", "money", "share"; "" where that is open."""
    lowered = question.lower()
    return next((name for name, asks, _ in _MEASURES if asks.search(lowered)), "")


def counted(question: str) -> str:
    """What a question counts: "tackles" of "How many tackles ...", "次" of "多少次"; "" if it counts nothing."""
    match = _MANY_OF.search(question)
    return (match[1] or match[2]).lower() if match else ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a text holds of each kind, in lower case, for telling what is new in it."""

    numbers: frozenset[str]
    dates: frozenset[str]
    names: frozenset[str]
    places: frozenset[str]
    has_reason: bool
    has_way: bool
    has_meaning: bool
    measures: frozenset[str]

    @staticmethod
    @lru_cache(maxsize=4_000)
    def of(text: str) -> Held:
        """Of the text; a capital at its beginning marks no name."""
        cjk = bool(_CJK.search(text))
        inner = text[:1].lower() + text[1:]
        names = {match.group().lower() for match in _NAME.finditer(inner)}
        places = {match.group().lower() for match in _PLACE.finditer(text)}
        if cjk:
            tagged = tagged_words(text)
            names |= {match.group() for match in _TITLE_CJK.finditer(text)}
            names |= {word for word, part in tagged if part.startswith("nr") and len(word) > 1}
            places |= {word for word, part in tagged if part in ("ns", "nt")}
        return Held(
            frozenset(match.group().lower().rstrip(".,") for match in _NUMBER.finditer(text)),
            frozenset(match.group().lower() for match in _DATE.finditer(text)) | dates(text),
            frozenset(names),
            frozenset(places),
            bool(_REASON.search(text)),
            bool(_WAY.search(text)),
            bool(_IS_A.search(text)),
            frozenset(name for name, _, gives in _MEASURES if gives.search(text)),
        )


_NEW: dict[str, Callable[[Held, Held, str], bool]] = {
    "date": lambda held, asked, _: bool(held.dates - asked.dates),
    "person": lambda held, _, question: _is_new(held.names, question),
    "place": lambda held, _, question: _is_new(held.places, question),
    "reason": lambda held, *_: held.has_reason,
    "way": lambda held, *_: held.has_way,
    "meaning": lambda held, *_: held.has_meaning,
}


def _is_new_number(held: Held, asked: Held, measure: str) -> bool:
    return bool(held.numbers - asked.numbers) and (not measure or measure in held.measures)


def _is_new(names: Set[str], question: str) -> bool:
    return any(name not in question for name in names)


def fits(kind: str, held: Held, asked: Held, question: str, measure: str) -> float:
    """1 if a text holds a thing of the kind that the question lacks, 0 if not, 0.5 where no rule tells.

    held, asked: of the text and of the question; question: in lower case. measure: of a number, see measure_of.
    """
    if kind == "number":
        return float(_is_new_number(held, asked, measure))
    rule = _NEW.get(kind)
    return 0.5 if rule is None else float(rule(held, asked, question))


def is_counted(text: str, noun: str) -> bool:
    """True if a number stands at most three words before `noun` in `text`."""
    if not noun:
        return False
    if _CJK.match(noun):
        return bool(re.search(rf"[\d一二三四五六七八九十百千万亿两半]\s*[余多来]?\s*{noun}", text))
    stem = re.escape(noun[: max(3, len(noun) - 2)])
    return bool(re.search(rf"(?:{_NUMBER.pattern})(?:[\s-]+\w+){{0,3}}?[\s-]+{stem}", text, re.IGNORECASE))

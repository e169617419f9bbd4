"""Numbers with their units, as they stand in English and Chinese text, in one form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ragkb.text.tokens import lexical_tokens

_UNITS = {
    "second": "seconds second secs sec s 秒钟 秒",
    "minute": "minutes minute mins min 分钟",
    "hour": "hours hour hrs hr h 个小时 小时",
    "day": "days day 个工作日 工作日 天 日",
    "week": "weeks week 个星期 星期 周",
    "month": "months month 个月 月",
    "year": "years year yrs yr 年",
    "percent": "percent per\\ cent pct % ％",
    "dollar": "dollars dollar usd us\\$ $ 美元",
    "euro": "euros euro eur € 欧元",
    "pound": "pounds pound gbp £ 英镑",
    "yuan": "yuan rmb cny ¥ ￥ 人民币 元",
    "millimetre": "millimetres millimeters mm 毫米",
    "centimetre": "centimetres centimeters cm 厘米",
    "metre": "metres meters metre meter m 米",
    "kilometre": "kilometres kilometers kilometre kilometer km 公里 千米",
    "milligram": "milligrams mg 毫克",
    "gram": "grams gram g 克",
    "kilogram": "kilograms kilogram kg 千克 公斤",
    "tonne": "tonnes tonne tons ton t 吨",
    "millilitre": "millilitres milliliters ml 毫升",
    "litre": "litres liters litre liter l 升",
    "bar": "bar 巴",
    "psi": "psi",
    "kilopascal": "kpa 千帕",
    "megapascal": "mpa 兆帕",
    "celsius": "°c ℃ 摄氏度",
    "fahrenheit": "°f ℉ 华氏度",
    "volt": "volts volt v 伏",
    "ampere": "amperes amps amp a 安",
    "watt": "watts watt w 瓦",
    "kilowatt": "kilowatts kw 千瓦",
    "kilowatt-hour": "kwh 千瓦时 度",
    "newton-metre": "nm",
    "hertz": "hz 赫兹",
    "megabyte": "mb",
    "gigabyte": "gb",
    "terabyte": "tb",
}
FORMS = {
    unit: tuple(
        form
        for form in re.split(r"(?<!\\) ", forms)
        if "$" not in form and "\\" not in form and (len(form) == 2 or (len(form) > 2 and form.isascii()))
    )
    for unit, forms in _UNITS.items()
}
"""How each unit can be written, Chinese forms of three characters and single characters left out."""
_CANONICAL = {form.replace("\\ ", " "): unit for unit, forms in _UNITS.items() for form in re.split(r"(?<!\\) ", forms)}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "万": 10**4, "亿": 10**8, "千": 10**3, "百万": 10**6}
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_WRITTEN = {word: n for n, word in enumerate(f"{_ONES} eighteen nineteen".split())}
_WRITTEN |= {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_WRITTEN |= {"hundred": 100, "thousand": 1000}
WRITTEN = {number: word for word, number in _WRITTEN.items()}
"""The English word of each number that has one."""
_HAN_DIGITS = {digit: n for n, digit in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_STEPS = {"十": 10, "百": 100, "千": 1000}

_AFTER = "|".join(sorted(map(re.escape, _CANONICAL), key=len, reverse=True))
_UNIT = rf"(?P<unit>{_AFTER})(?![a-z])"
_SCALE = rf"(?:\s?(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))}))?"
_NUMBER = re.compile(
    rf"(?P<before>us\$|[$€£¥￥]|(?:usd|eur|gbp|rmb|cny) )?(?P<number>\d+(?:[.,'’]\d+)*){_SCALE}(?:[\s-]?{_UNIT})?"
)
_WORD = re.compile(
    rf"\b(?P<number>{'|'.join(_WRITTEN)})\b(?:-(?P<ones>{'|'.join(_WRITTEN)})\b)?{_SCALE}(?:[\s-]{_UNIT})?"
)
_HAN = re.compile(rf"(?P<number>[零〇一二两三四五六七八九十百千]+){_SCALE}(?:{_UNIT})?")
_MARKER = re.compile(r"^\s*(?:[-*•]\s*)?\(?\d{1,2}[.)、]\s+|\[\d{1,3}(?:[,–-]\s?\d{1,3})*\]")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number. unit: "" where none that is known follows. written: in words, such as "fourteen" or 十四."""

    value: Decimal
    unit: str
    written: bool = False


def quantities(text: str) -> Iterator[Quantity]:
    """The numbers in `text`, list markers and [1] left out; "1.2 million" is 1200000, "$5" has the unit "dollar"."""
    lowered = _MARKER.sub(" ", text).lower()
    for match in _NUMBER.finditer(lowered):
        value = _decimal(match["number"])
        if value is not None:
            unit = _CANONICAL.get((match["before"] or "").strip() or match["unit"] or "", "")
            yield Quantity(_scaled(value, match["scale"]), unit)
    for match in _WORD.finditer(lowered):
        value = Decimal(_WRITTEN[match["number"]] + _WRITTEN.get(match["ones"] or "", 0))
        yield Quantity(_scaled(value, match["scale"]), _CANONICAL.get(match["unit"] or "", ""), True)
    for match in _HAN.finditer(lowered):
        value = Decimal(_han(match["number"]))
        yield Quantity(_scaled(value, match["scale"]), _CANONICAL.get(match["unit"] or "", ""), True)


def rounds_to(exact: Decimal, said: Decimal) -> bool:
    """True if `said` is `exact` with fewer decimals."""
    exponent = said.as_tuple().exponent
    return isinstance(exponent, int) and exact.is_finite() and abs(exact) < 10**15 and round(exact, -exponent) == said


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(lexical_tokens(text)[0])
    except InvalidOperation:  # a date such as 2026.01.15
        return None


def _scaled(value: Decimal, scale: str | None) -> Decimal:
    return value * _SCALES[scale] if scale else value


def _han(text: str) -> int:
    """十四 is 14, 四百五十 is 450, 二零二六 is 2026."""
    if not any(one in _HAN_STEPS for one in text):
        return int("".join(str(_HAN_DIGITS[one]) for one in text))
    total, digit = 0, 0
    for one in text:
        if one in _HAN_STEPS:
            total += (digit or 1) * _HAN_STEPS[one]
            digit = 0
        else:
            digit = _HAN_DIGITS[one]
    return total + digit

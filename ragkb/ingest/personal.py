"""Where personal data stand in a text. Formats and check digits are those of phonenumbers and python-stdnum.

What has no check digit and no form of its own (nine digits in a row) counts only behind a word that announces it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from ragkb.errors import InputError

_BEFORE = 40  # characters in front of a number in which a word may announce it


@dataclass(frozen=True, slots=True)
class Span:
    """text[start:end] is of that kind."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Id:
    """A national id. module: of stdnum. pattern: where to look. cue: what must stand before it, None if it needs none.

    formed: what its written form looks like; then it needs no cue.
    """

    module: str
    pattern: re.Pattern[str]
    cue: re.Pattern[str] | None = None
    formed: re.Pattern[str] | None = None


def _id(module: str, pattern: str, cue: str = "", formed: str = "") -> _Id:
    bounded = rf"(?<![\w.,/-]){pattern}(?![\w/]|[.,-]\w)"
    return _Id(
        module,
        re.compile(bounded, re.ASCII),
        re.compile(cue, re.IGNORECASE) if cue else None,
        re.compile(formed, re.ASCII) if formed else None,
    )


_IDS = (
    _id("us.ssn", r"\d{3}-?\d{2}-?\d{4}", r"\bssn\b|social security", r"\d{3}-\d{2}-\d{4}"),
    _id("us.itin", r"9\d{2}-\d{2}-\d{4}"),
    _id("cn.ric", r"[1-9]\d{16}[\dXx]"),
    _id("de.idnr", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", r"steuer|idnr|\btin\b|tax id|identifikation", r"\d\d( \d{3}){3}"),
    _id("fr.nir", r"[12378] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}"),
    _id("it.codicefiscale", r"[A-Z]{6}\d[\dL-V][A-EHLMPRST][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]"),
    _id("es.dni", r"\d{8}-?[A-HJ-NP-TV-Z]"),
    _id("es.nie", r"[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]"),
    _id("nl.bsn", r"\d{4}\.?\d{2}\.?\d{3}", r"\bbsn\b|burgerservice|sofi"),
    _id("pl.pesel", r"\d{11}", r"pesel"),
    _id("br.cpf", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", r"\bcpf\b", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    _id("ca.sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", r"\bsin\b|social insurance|assurance sociale"),
    _id("ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}"),
    _id("kr.rrn", r"\d{6}-\d{7}"),
    _id("se.personnummer", r"(?:\d{2})?\d{6}[-+]\d{4}"),
    _id("fi.hetu", r"\d{6}[-+ABCDEFYXWVU]\d{3}[0-9A-Y]"),
    _id("ie.pps", r"\d{7}[A-W][A-IW]?", r"\bpps"),
    _id("au.tfn", r"\d{3} ?\d{3} ?\d{3}", r"\btfn\b|tax file"),
    _id("za.idnr", r"\d{13}", r"\bid\b|identity"),
    _id("gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", r"\bnhs\b"),
)
_NINO = re.compile(  # stdnum does not know it; the prefixes are those that are never given out
    r"(?<![\w-])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    r"(?P<gap> ?)\d{2} ?\d{2} ?\d{2} ?[A-D](?![\w-])",
    re.ASCII,
)
_NINO_CUE = re.compile(r"national insurance|\bnino?\b|\bni (?:no|number)", re.IGNORECASE)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_%+'-][A-Za-z0-9._%+'-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}"
    r"(?!(?:png|jpe?g|gif|svg|webp|css|js)\b)[A-Za-z]{2,24}(?![A-Za-z0-9-]|\.[A-Za-z0-9])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![a-z])", re.ASCII)
_CARD = re.compile(r"(?<![\w.,/-])\d(?:[ -]?\d){11,18}(?![\w/]|[.,-]\d)", re.ASCII)
_ISSUER = re.compile(
    r"4\d{15}(?:\d{3})?|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
_PHONE = re.compile(
    r"(?<![\w.,/#$€£¥:+-])(?:\+ ?|\((?=\+?\d{1,5}\))\+?)?\d(?:[ ()./-]{0,3}\d){5,16}"
    r"(?![\w%€$£¥°]|[.,:-]\d| ?(?:%|€|EUR|USD|RMB|CNY|元))",
    re.ASCII,
)
_MOBILE_CN = re.compile(r"(?<![\w.,/#-])1[3-9]\d{9}(?![\w/]|[.,-]\d)", re.ASCII)
_PHONE_CUE = re.compile(
    r"(?:\b(?:tel|telephone|phone|fon|telefon|call|mobile|cell|handy|fax|whatsapp|sms|hotline|ext|tél"
    r"|reach \w+ (?:at|on))"
    r"|电话|手机|手机号|座机|传真|致电|热线|联系方式|拨打)[^\d+\n]{0,16}$",
    re.IGNORECASE,
)
_NOT_PHONE = re.compile(
    r"(?:\b(?:order|invoice|part|item|article|art|serial|sku|ref|reference|case|ticket|tracking|batch|lot"
    r"|po|isbn|issn|doi|id|version|account|acct|customer|model|no|number|nr|zip|page|rev)\b\.?|订单|单号|编号|型号|发票|批号|序列|账号|合同|物料|工单|#)"
    r"[^\d\n]{0,12}$",
    re.IGNORECASE,
)
_NATIONAL_CN = re.compile(r"\(?0\d|1[3-9]|[48]00")


def found(text: str, kinds: Sequence[str], regions: Sequence[str]) -> list[Span]:
    """The spans in their order; none reaches over another, over a line end or over the bar between two cells."""
    taken: list[Span] = []
    finders = {"email": _emails, "iban": _ibans, "national_id": _ids, "card": _cards}
    for kind, finder in finders.items():
        if kind in kinds:
            taken += [Span(start, end, kind) for start, end in finder(text)]
    if "phone" in kinds:
        taken += [Span(start, end, "phone") for start, end in _phones(text, tuple(regions))]
    return _apart(taken)


def _apart(spans: list[Span]) -> list[Span]:
    """The spans without those that overlap one that was found by a stricter rule."""
    kept: list[Span] = []
    covered: set[int] = set()
    for span in spans:
        if covered.isdisjoint(range(span.start, span.end)):
            covered.update(range(span.start, span.end))
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if "@" in text:
        yield from (match.span() for match in _EMAIL.finditer(text))


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """Of each candidate the length that its country has: what follows can look as if it went on."""
    for match in _IBAN.finditer(text):
        ends = [at for at in range(14, len(match[0])) if match[0][at] != " "]
        for at in ends:
            if _is_valid("iban", match[0][: at + 1]) and not match[0][at + 1 : at + 2].isalnum():
                yield match.start(), match.start() + at + 1
                break


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUER.fullmatch(digits) and _is_valid("luhn", digits) and _is_grouped(match[0]):
            yield match.span()


def _is_grouped(number: str) -> bool:
    """True for digits without gaps, or with one kind of gap in groups of three to six."""
    groups = re.split(r"[ -]", number)
    gaps = set(re.sub(r"\d", "", number))
    return len(groups) == 1 or (len(gaps) == 1 and all(3 <= len(group) <= 7 for group in groups[:-1]))


def _ids(text: str) -> Iterator[tuple[int, int]]:
    for one in _IDS:
        for match in one.pattern.finditer(text):
            free = one.cue is None or (one.formed is not None and one.formed.fullmatch(match[0]))
            if (free or _announced(text, match.start(), one.cue)) and _is_valid(one.module, match[0]):
                yield match.span()
    for match in _NINO.finditer(text):
        if match["gap"] or _announced(text, match.start(), _NINO_CUE):
            yield match.span()


def _announced(text: str, start: int, cue: re.Pattern[str] | None) -> bool:
    """True if the cue stands in the same line not far before `start`."""
    line = text.rfind("\n", 0, start) + 1
    return cue is not None and cue.search(text[max(line, start - _BEFORE) : start]) is not None


def _is_valid(module: str, number: str) -> bool:
    return bool(_module(module).is_valid(number))


@cache
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def _phones(text: str, regions: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    if "CN" in regions:
        for match in _MOBILE_CN.finditer(text):
            if not _announced(text, match.start(), _NOT_PHONE) or _announced(text, match.start(), _PHONE_CUE):
                yield match.span()
    for match in _PHONE.finditer(text):
        digits = sum(character.isdigit() for character in match[0])
        if digits < 7 or digits > 15:
            continue
        is_announced = _announced(text, match.start(), _PHONE_CUE)
        if is_announced or match[0].startswith("+") or _may_be_national(text, match):
            for start, end in _numbers(match[0], regions, is_announced):
                yield match.start() + start, match.start() + end


def _may_be_national(text: str, match: re.Match[str]) -> bool:
    """True for a number with the gaps of a telephone number that nothing calls an order, a part or the like."""
    return not match[0].isdigit() and not _announced(text, match.start(), _NOT_PHONE)


@lru_cache(10_000)
def _numbers(candidate: str, regions: tuple[str, ...], is_announced: bool) -> tuple[tuple[int, int], ...]:
    """The telephone numbers in it, by phonenumbers; one without country code in the groups that its country uses."""
    from phonenumbers import SUPPORTED_REGIONS, Leniency, PhoneNumberMatcher

    unknown = set(regions) - SUPPORTED_REGIONS
    if unknown:
        raise InputError(f"ingest.redact_regions: {min(unknown)!r} is no country", "write codes like 'US' and 'CN'")
    is_loose = is_announced or candidate.startswith(("+", "(+"))
    leniency = Leniency.VALID if is_loose else Leniency.STRICT_GROUPING
    for region in regions or (None,):
        if region == "CN" and not is_loose and not _NATIONAL_CN.match(candidate):
            continue
        spans = tuple((one.start, one.end) for one in PhoneNumberMatcher(candidate, region, leniency, 20))
        if spans:
            return spans
    return ()

"""Which characters the bytes of a text file stand for."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from contextlib import suppress

from ragkb.errors import DocumentRefused

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # subtle: before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 65_536
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Common Chinese characters and Japanese kana: what tells double-byte text from an accident that decodes.
_COMMON_HAN = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多"
    "经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性"
    "知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次"
    "度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建"
    "务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路"
    "记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运，。、；：？！“”（）《》"
)


def decode(data: bytes, declared: str = "") -> str:
    """The text of `data`: by byte order mark, as UTF-8, by `declared`, then by guess (GB18030, Shift-JIS, cp1252 ..).

    Raises DocumentRefused if it is not text.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _strict(data, name).removeprefix("\ufeff")
    if data.count(0) * 100 <= len(data):  # more is UTF-16 or UTF-32 of plain English
        text = data.decode("utf-8", "replace")
        wrong = text.count("\ufffd")
        if wrong == 0 or wrong * 50 <= len(text.encode()) - len(text):  # a few bytes of a UTF-8 file are damaged
            return _refuse_binary(text, data)
    return _guess(data, declared)


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"not valid {name.upper()}: {error.reason} at byte {error.start}") from None


def _refuse_binary(text: str, data: bytes) -> str:
    sample = data[:_SAMPLE]
    if len(_CONTROL.findall(sample)) * 50 > len(sample):
        raise DocumentRefused("it is binary, not text")
    return text


def _guess(data: bytes, declared: str) -> str:
    text = _first_that_fits(data, filter(None, (declared, _wide(data))))
    if text is not None:
        return text
    sample = data[:_SAMPLE]
    if b"\0" in sample or len(_CONTROL.findall(sample)) * 50 > len(sample):
        raise DocumentRefused("it is binary, not text")
    text = _first_that_fits(data, (*_east_asian(data), *_detected(sample), "cp1252"))
    return data.decode("latin-1") if text is None else text


def _first_that_fits(data: bytes, names: Iterable[str]) -> str | None:
    for name in names:
        with suppress(LookupError, UnicodeError):
            return data.decode(name)
    return None


def _wide(data: bytes) -> str:
    """utf-16 without a mark: every other byte of European text is zero."""
    sample = data[: _SAMPLE & ~1]
    for name, zeros in (("utf-16-le", sample[1::2].count(0)), ("utf-16-be", sample[::2].count(0))):
        if len(data) % 2 == 0 and zeros * 10 > len(sample) * 3 and sample.count(0) == zeros:
            return name
    return ""


def _east_asian(data: bytes) -> list[str]:
    """GB18030 or Shift-JIS where the text reads as Chinese or Japanese, surest first."""
    scores = {}
    for name in ("gb18030", "shift_jis"):
        try:
            text = data.decode(name)
        except UnicodeError:
            continue
        wide = [character for character in text[:_SAMPLE] if character > "\x7f"]
        common = sum(c in _COMMON_HAN if name == "gb18030" else "\u3001" <= c <= "\u30ff" for c in wide)
        scores[name] = common / len(wide) if wide else 0.0
    return sorted((name for name, score in scores.items() if score > 0.25), key=lambda name: -scores[name])


def _detected(sample: bytes) -> list[str]:
    """What charset-normalizer thinks, unless cp1252 fits: it takes short European texts for Cyrillic or Chinese."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is None or (len(sample) < 200 and sample.decode("cp1252", "ignore").isprintable()):
        return []
    return [best.encoding]

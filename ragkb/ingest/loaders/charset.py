"""Which characters the bytes of a text file stand for."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from ragkb.errors import DocumentRefused
from ragkb.ingest.loaders import letters

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # subtle: before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 65_536
_JUDGED = 8_000
_SURE = 0.5
_STRANGE = re.compile("[^\0-\x7f]")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(data: bytes, declared: str = "") -> str:
    """The text of `data`: by byte order mark, as UTF-8, by `declared`, then by which codec gives the likeliest text.

    Raises DocumentRefused if it is not text.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _strict(data, name).removeprefix("\ufeff")
    if data.count(0) * 100 <= len(data):  # more is UTF-16 or UTF-32 of plain English
        text = data.decode("utf-8", "replace")
        wrong = text.count("\ufffd")
        few = wrong * 50 <= len(text.encode()) - len(text)  # a few bytes of a UTF-8 file are damaged
        if (wrong == 0 or few) and not _is_binary(data):
            return text
    return _guess(data, declared)


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"not valid {name.upper()}: {error.reason} at byte {error.start}") from None


def _is_binary(data: bytes) -> bool:
    """True if it is no text of one byte a character, nor of UTF-8."""
    sample = data[:_SAMPLE]
    return sample.count(0) * 200 > len(sample) or len(_CONTROL.findall(sample)) * 50 > len(sample)


def _guess(data: bytes, declared: str) -> str:
    text = _first_that_fits(data, filter(None, (declared,)))
    if text is not None:
        return text
    sample = data[:_SAMPLE]
    is_binary = _is_binary(data)
    names = [*_wide(data), *(() if is_binary else letters.CODECS)]
    ranked = sorted(((-letters.likeness(text, name), number, name) for number, name, text in _sampled(data, names)))
    likely = [name for score, _, name in ranked if -score >= _SURE]
    if is_binary and not likely:
        raise DocumentRefused("it is binary, not text")
    text = _first_that_fits(data, (*likely, *_detected(sample), "cp1252"))
    return data.decode("latin-1") if text is None else text


def _first_that_fits(data: bytes, names: Iterable[str]) -> str | None:
    for name in names:
        with suppress(LookupError, UnicodeError):
            return data.decode(name)
    return None


def _sampled(data: bytes, names: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """(number, codec, a part of the text with letters beyond ASCII) for each codec that takes all of the data."""
    for number, name in enumerate(names):
        with suppress(LookupError, UnicodeError):
            text = data.decode(name)
            first = _STRANGE.search(text)
            start = max(0, first.start() - 20) if first else 0
            yield number, name, text[start : start + _JUDGED]


def _wide(data: bytes) -> list[str]:
    """The codecs of two or four bytes a character that the length and the zeros allow."""
    names = []
    if len(data) % 4 == 0 and data.count(0) * 4 >= len(data):
        names += ["utf-32-le", "utf-32-be"]
    if len(data) % 2 == 0:
        names += ["utf-16-le", "utf-16-be"]
    return names


def _detected(sample: bytes) -> list[str]:
    """What charset-normalizer thinks, unless cp1252 fits: it takes short European texts for Cyrillic or Chinese."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is None or (len(sample) < 200 and sample.decode("cp1252", "ignore").isprintable()):
        return []
    return [best.encoding]

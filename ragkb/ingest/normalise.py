"""One normal form for every document's text, so that offsets, hashes and searches agree."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_NEWLINES = "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_SPACES = "\t\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\ufeff\uffa0\ufffe\uffff"
    + "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))))
    + "".join(map(chr, (*range(0xFFF0, 0xFFFC), *range(0xE0000, 0xE0200))))  # tags, used to smuggle text
)
_FOLDED = (*range(0x2E80, 0x2FD6), *range(0xFB00, 0xFB07), *range(0xFF10, 0xFF1A))
_FULL_WIDTH_LETTERS = (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))


def _mapping() -> Iterator[tuple[int, str | None]]:
    yield from ((code, None) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)))
    yield from ((ord(character), None) for character in _INVISIBLE)
    yield from ((ord(character), "\n") for character in _NEWLINES + "\n")
    yield from ((ord(character), " ") for character in _SPACES)
    # Ligatures, full-width letters and digits, and the radicals that PDFs hold in place of Chinese characters.
    yield from ((code, unicodedata.normalize("NFKC", chr(code))) for code in (*_FOLDED, *_FULL_WIDTH_LETTERS))


_TABLE = dict(_mapping())
_SPECIAL = frozenset(chr(code) for code in _TABLE if chr(code) != "\n")
# subtle: at most eight marks a letter, since sorting a flood of combining marks takes quadratic time.
_COMPOSABLE = re.compile("\\w[\u0300-\u036f\u3099\u309a]{1,8}|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")
_RUN_OF_SPACES = re.compile(" {2,}")
_AROUND_NEWLINE = re.compile(" *\n *")
_MANY_NEWLINES = re.compile("\n{3,}")


def characters(text: str) -> str:
    """`text` with every character in its normal form; spaces and lines stay where they are.

    Newlines become \\n; control, zero-width, bidirectional and tag characters, soft hyphens and lone surrogates go;
    every space becomes a plain one; ligatures and full-width letters and digits are expanded; letters and their
    accents are composed. Chinese punctuation stays.
    """
    text = text.replace("\r\n", "\n")
    if not _SPECIAL.isdisjoint(text):
        text = text.translate(_TABLE)
    if text.isascii():
        return text
    return _COMPOSABLE.sub(lambda match: unicodedata.normalize("NFC", match.group()), text)


def normalise(text: str) -> str:
    """`text` in normal form: as `characters`, one space at a time, none around newlines, at most one blank line."""
    text = characters(text)
    if "\n" not in text and "  " not in text:
        return text.strip()
    text = _RUN_OF_SPACES.sub(" ", text)
    return _MANY_NEWLINES.sub("\n\n", _AROUND_NEWLINE.sub("\n", text)).strip()


def one_line(text: str) -> str:
    """`text` in normal form on one line."""
    return " ".join(characters(text).split())

"""Lexical tokens: the terms of the BM25 leg, the same at index and at query time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from ragkb.text.stems import ENGLISH, stem

LONGEST = 64
"""Most code points of a term; longer ones (hashes, base64) are cut, so that no text makes a term of a megabyte."""

# Scripts written without spaces (Han, kana) or with endings glued on (hangul), and those of South-East Asia.
_UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3041-\u3096\u309d-\u309f"
    "\u30a1-\u30fa\u30fc-\u30ff\u3105-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff"
    "\uf900-\ufaff\uff66-\uffdc\U00020000-\U000323af"
)
_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")
_INDIC = "\u0900-\u0963\u0966-\u0dff"  # vowel signs are marks, which \w leaves out
_LETTER = rf"[^\W_{_UNSPACED}{_INDIC}]"
_TOKEN = re.compile(
    rf"({_LETTER}+(?:(?:[-‐‑/._:@'’&]|(?<=\d),(?=\d)){_LETTER}+)*(?:\+\+|\#(?!\w))?)|([{_UNSPACED}]+)|([{_INDIC}]+)"
)
# Soft hyphen, zero-width characters, accents written apart, Hebrew and Arabic vowel points, tatweel.
_IGNORED = re.compile(
    "[\u00ad\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u200b-\u200f\u2060\ufeff]"
)
_SPACED_THOUSANDS = re.compile("(?<!\\d)\\d{1,3}(?:[\u00a0\u2009\u202f]\\d{3})+(?!\\d)")
_NUMBER_SPACE = re.compile("[\u00a0\u2009\u202f]")
_ACCENT = re.compile("[\u0300-\u036f]")
_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "‐": "-", "‑": "-"}
)


_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_THOUSANDS = re.compile(r"(\d{1,3}(?:[,'’]\d{2,3})*[,'’]\d{3})(\.\d+)?")
_DOTTED_THOUSANDS = re.compile(r"(\d{1,3}(?:\.\d{3})+),(\d+)|\d{1,3}(?:\.\d{3}){2,}")
_PERHAPS_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_DECIMAL_COMMA = re.compile(r"\d+,\d+")
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_DOTTED_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MEASURED = re.compile(r"(\d+(?:[.,]\d+)*)[^\W\d_]{1,4}")
_VERSION = re.compile(r"v(\d+(?:\.\d+)+)")
_ACRONYM = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_COMPACTABLE = re.compile(r"(?=.*\d)(?=.*[^\W\d_])[^\W_]+(?:[-/_][^\W_]+)+")
_PARTS = re.compile(r"[^\W_]+(?:[.,][^\W_]+)*")
_PIECES = re.compile(r"[^\W_]+")
_IDENTIFIER_MARK = re.compile(r"[\d_@.&]")


Word = tuple[str, ...]
"""The terms that one word of a question may have in the index: a stem for each language, English first."""

_STOP_WORDS = """
a about after against all also an and any are as at be been before between both but by can could did do does
during each few for from had has have he her him his how i if in into is it its just me more most my no not of
on only or other our over own same she should so some such than that the their them then there these they this
to too under very was we were what when where which who why will with would you your
"""


def is_unspaced(text: str) -> bool:
    """Whether `text` holds letters of a script without spaces between words: Chinese, Japanese, Korean, Thai, ..."""
    return _UNSPACED_LETTER.search(text) is not None


def lexical_tokens(text: str, language: str = "") -> list[str]:
    """The terms of `text` in reading order, with repetitions; none holds white space or is empty.

    Words: case folded, NFKC, accents dropped (é -> e, ß -> ss); stemmed if `language` is one of stems.STEMMED.
    Numbers: whole, in one form (1,234.50 and 1.234,50 -> 1234.50). Dates and identifiers (2026-01-15, HX-200/4B,
    v2.3, settings.py): whole, then their parts. Han, kana, hangul: each character and each pair of neighbours.
    """
    if not text.isascii():
        text = _IGNORED.sub("", unicodedata.normalize("NFC", text))
        text = _SPACED_THOUSANDS.sub(lambda match: _NUMBER_SPACE.sub("", match.group()), text)
    terms: list[str] = []
    for word, unspaced, indic in _TOKEN.findall(text):
        if word:
            terms.extend(_word_terms(word, language) if len(word) <= LONGEST else _long_terms(word, language))
        elif unspaced:
            terms.extend(_ngrams(unspaced))
        else:
            terms.append(stem(unicodedata.normalize("NFKC", indic)[:LONGEST], language))
    return terms


def query_words(text: str, languages: Sequence[str] = ()) -> list[Word]:
    """The words of a question, each with its English term and with those of other languages where they differ.

    A question is too short to tell its language by, so it is looked up in those of the texts. English stop words are
    left out unless nothing else would remain; the index keeps them, so that a title of stop words can still be found.
    """
    stemmed = [lexical_tokens(text, language) for language in (ENGLISH, *languages)]
    words: list[Word] = [tuple(dict.fromkeys(terms)) for terms in zip(*stemmed, strict=True)]
    return [word for word in words if word[0] not in _stop_terms()] or words


@lru_cache(maxsize=1)
def _stop_terms() -> frozenset[str]:
    return frozenset(stem(word, ENGLISH) for word in _STOP_WORDS.split())


@lru_cache(maxsize=200_000)
def _word_terms(word: str, language: str) -> tuple[str, ...]:
    if not word.isascii() and word.isalpha() and language != ENGLISH:  # endings are told with their accents
        return (_fold(stem(unicodedata.normalize("NFKC", word).casefold(), language)),)
    return tuple(_analyse(_fold(word), language))


def _long_terms(word: str, language: str) -> list[str]:
    """The terms of a word of more than LONGEST code points: of its parts alone, each cut to LONGEST."""
    return [term for part in _PIECES.findall(word) for term in _word_terms(part[:LONGEST], language)]


def _fold(word: str) -> str:
    """`word` in the form in which words are compared."""
    if word.isascii():
        return word.lower()
    word = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).casefold())
    word = unicodedata.normalize("NFKC", _ACCENT.sub("", word)).translate(_WITHOUT_DECOMPOSITION)
    return "".join(word.split())


def _analyse(word: str, language: str) -> list[str]:
    """The terms of one folded word."""
    if word.isalpha():
        return [stem(word, language) if word.isascii() or language != ENGLISH else word]
    numbers = _numbers(word)
    if numbers or word.endswith(("#", "++")):
        return numbers or [word]
    if _ACRONYM.fullmatch(word):
        return [word.replace(".", "")]
    if word.endswith(("'s", "’s")):
        return _analyse(word[:-2], language)
    return _identifier(word, language)


def _numbers(word: str) -> list[str]:
    """The terms of a number or date, the usual form first; [] if `word` is neither."""
    if _PLAIN_NUMBER.fullmatch(word):
        return [word, word.replace(".", "")] if _PERHAPS_THOUSANDS.fullmatch(word) else [word]
    if match := _THOUSANDS.fullmatch(word):
        return ["".join(_PIECES.findall(match[1])) + (match[2] or "")]
    if match := _DOTTED_THOUSANDS.fullmatch(word):
        return [f"{match[1].replace('.', '')}.{match[2]}" if match[1] else word.replace(".", "")]
    if _DECIMAL_COMMA.fullmatch(word):  # or two numbers of a list
        return [word.replace(",", "."), *word.split(",")]
    if match := _DATE.fullmatch(word):
        return ["-".join(match.groups()), *match.groups()]
    if match := _DOTTED_DATE.fullmatch(word):
        return [f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}", *match.groups()]
    return []


def _identifier(word: str, language: str) -> list[str]:
    """`word` whole where it looks like an identifier, then its parts; letters joined by - or / are parts alone."""
    terms = [word] if _IDENTIFIER_MARK.search(word) else []
    if match := _MEASURED.fullmatch(word):
        return terms + _analyse(match[1], language)
    if match := _VERSION.fullmatch(word):
        terms.append(match[1])
    parts = _PARTS.findall(word)
    if len(parts) == 1:
        parts = _PIECES.findall(word)
    if parts != [word]:
        terms += [term for part in parts for term in _analyse(part, language)]
    if _COMPACTABLE.fullmatch(word):  # E-4711 is found as E4711
        terms.append("".join(parts))
    return terms


def _ngrams(run: str) -> list[str]:
    """Each character of `run` and each pair of neighbours, in reading order."""
    run = unicodedata.normalize("NFKC", run)
    run = "".join(run.split())
    pairs = [run[i : i + 2] for i in range(len(run) - 1)]
    return [*run, *pairs]

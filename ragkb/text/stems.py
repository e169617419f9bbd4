"""Stems of words, by Snowball's algorithms (Porter, "Snowball: a language for stemming algorithms", 2001)."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import Protocol

ENGLISH = "en"
_ALGORITHMS = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "ca": "catalan",
    "ro": "romanian",
    "sv": "swedish",
    "da": "danish",
    "no": "norwegian",
    "fi": "finnish",
    "hu": "hungarian",
    "pl": "polish",
    "cs": "czech",
    "tr": "turkish",
    "el": "greek",
    "ru": "russian",
    "ar": "arabic",
    "hi": "hindi",
}
STEMMED = frozenset(_ALGORITHMS)
"""Languages whose words have stems, by ISO 639-1 code."""
_OTHER_LETTERS = frozenset(("el", "ru", "ar", "hi"))


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...


_stemmers: dict[str, _Stemmer] = {}
_stemming = Lock()  # subtle: a Snowball stemmer keeps the word in itself, so two threads must not share it


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """The stem of a word in small letters; the word itself in a language that is not in STEMMED.

    English knows words without accents alone, other languages want theirs. A word in Latin letters in Greek, Russian,
    Arabic or Hindi is taken for an English one.
    """
    if word.isascii() and language in _OTHER_LETTERS:
        language = ENGLISH
    if language not in STEMMED:
        return word
    with _stemming:
        if language not in _stemmers:
            _stemmers[language] = _load(_ALGORITHMS[language])
        return _stemmers[language].stemWord(word)


def _load(algorithm: str) -> _Stemmer:
    # subtle: not by snowballstemmer.stemmer(), which takes PyStemmer where it is installed, in whatever version: the
    # terms of an index would then depend on who wrote it
    module = import_module(f"snowballstemmer.{algorithm}_stemmer")
    made: _Stemmer = getattr(module, f"{algorithm.capitalize()}Stemmer")()
    return made

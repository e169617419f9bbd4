"""Hyphens at line ends: part of the word (`third-party`), or only of its setting (`exam-ple`)."""

from __future__ import annotations

import re
from collections.abc import Iterable

HYPHEN = "\x02"
"""Stands where a line ended in a hyphen, in place of the hyphen and the line break."""

_BROKEN = re.compile(f"([^\\W_]*){HYPHEN}\\s*([^\\W_]*)")
_PUNCTUATION = ".,:;!?()[]{}\"'“”‘’«»…/*"
_PREFIXES = frozenset(
    "all anti best by co cross ex first for full half high in inter long low mark mid multi near non off on one over "
    "part post pre pro quasi re second self semi short single so state sub third top two ultra un up well year".split()
)


class Hyphens:
    """Decides by the document's own words, and where they are silent as most of its other line ends were decided."""

    def __init__(self, lines: Iterable[str]) -> None:
        broken: list[str] = []
        whole: list[str] = []
        for line in lines:
            (broken if HYPHEN in line else whole).append(line)
        if not broken:
            return
        text = "\n".join(broken)
        known_text = "\n".join([*whole, _BROKEN.sub(" ", text)])
        words = {word.strip(_PUNCTUATION) for word in set(known_text.lower().split())}
        self._words = words.union(*(word.split("-") for word in words if "-" in word))
        known = [self._known(left, right) for left, right in _BROKEN.findall(text)]
        self._keeps = known.count("-") > known.count("")

    def joined(self, line: str) -> str:
        """`line` with every broken word whole."""
        return _BROKEN.sub(self._join, line) if HYPHEN in line else line

    def _join(self, match: re.Match[str]) -> str:
        left, right = match[1], match[2]
        hyphen = self._known(left, right)
        if hyphen is None:
            hyphen = "-" if self._keeps else ""
        return f"{left}{hyphen}{right}"

    def _known(self, left: str, right: str) -> str | None:
        """'-' if the hyphen is part of the word, '' if it is not, None if the document does not tell."""
        if not left.isalpha() or not right[:1].islower():
            return "-"
        left, right = left.lower(), right.lower()
        if left + right in self._words:
            return ""
        if f"{left}-{right}" in self._words or left in _PREFIXES:
            return "-"
        return "-" if left in self._words and right in self._words and len(right) > 3 else None

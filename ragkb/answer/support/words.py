"""Words of a text with what their form tells: a character of Han or kana is a word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ragkb.text.tokens import lexical_tokens

_HAN = "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+(?:[.,'’:/-][^\W_{_HAN}]+)*")
_STOP = frozenset(
    """
    a an the of to in on at for and or is are was were be been by with from as that this these those it its he she they
    we you i his her their our your not no do does did has have had will would can could may might should also if then
    than so such which who whom what when where how there here into about over under up out off only very just more most
    some any each other both all while during between through after before because but however
    的 了 是 在 和 与 或 等 也 都 就 还 及 其 之 这 那 个 为 以 于 并 而 对 中 可 将 被 把 从 向 到 有
    """.split()
)
_NEGATIONS = frozenset(
    """
    not no never none nor without neither cannot n't don't doesn't isn't aren't wasn't weren't didn't won't can't
    couldn't shouldn't wouldn't hasn't haven't hadn't unable 不 没 未 无 非 勿
    """.split()
)
_HEDGE = re.compile(
    r"unable to (?:answer|determine|find)|not (?:explicitly )?(?:mention|provide|specif|state|contain|clear|possible)"
    r"|no (?:information|mention|specific)|based on the (?:given|provided)"
    r"|do(?:es)?(?:n't| not) (?:say|have|provide|mention|specify|contain|include)|sorry|cannot|I don't"
    r"|未提|没有提|无法|不清楚|未说明",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of sentences, in order. starts: of each word in its sentence; sentence: the index of its sentence."""

    texts: tuple[str, ...]
    stems: tuple[str, ...]
    starts: tuple[int, ...]
    sentence: tuple[int, ...]

    @classmethod
    def of(cls, sentences: Sequence[str]) -> Words:
        found = [(m.group(), m.start(), n) for n, text in enumerate(sentences) for m in _WORD.finditer(text)]
        texts, starts, numbers = zip(*found, strict=True) if found else ((), (), ())
        return cls(texts, tuple(map(stem, texts)), starts, numbers)

    def __len__(self) -> int:
        return len(self.texts)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The form in which words are compared: that of the lexical index."""
    terms = lexical_tokens(word, "en")
    return terms[0] if terms else word.lower()


def is_stop(word: str) -> bool:
    """True for words that carry hardly any content."""
    return word.lower() in _STOP


def is_negation(word: str) -> bool:
    """True for words that deny."""
    return word.lower().replace("’", "'") in _NEGATIONS


def hedges(sentence: str) -> bool:
    """True for a sentence that says that something is not known, or where it is said."""
    return _HEDGE.search(sentence) is not None

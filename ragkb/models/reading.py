"""How well the vocabulary of a tokenizer reads a text: what it was not made for, it spells in pieces."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from ragkb.text.tokens import is_unspaced

FLUENT = 0.8  # share of whole words from which a text counts as read: English questions have .8 and more, German .4

Piece = tuple[int | None, str, bool]  # number of the word it belongs to; its text; whether the vocabulary holds it


def readable(pieces: Iterable[Piece]) -> float:
    """0 to 1: the share of the words that are one token, as a part of FLUENT; 1 for a text without words.

    In scripts without spaces two letters count as a word, and are read if a token of at least two letters holds them.
    """
    total = known = 0.0
    for word, group in groupby(pieces, key=lambda piece: piece[0]):
        texts = [(text, held) for _, text, held in group if word is not None]
        letters = sum(character.isalpha() for text, _ in texts for character in text)
        if not letters:
            continue
        if any(is_unspaced(text) for text, _ in texts):
            total += letters / 2
            known += sum(len(text) for text, held in texts if held and len(text) > 1) / 2
        else:
            total += 1
            known += len(texts) == 1 and texts[0][1]
    return min(1.0, known / total / FLUENT) if total else 1.0

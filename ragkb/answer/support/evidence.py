"""Evidence made ready: the blocks of all passages that have most to do with an answer, their words and token states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np

from ragkb.answer.support.words import Words, is_stop
from ragkb.models.states import States, TokenReader
from ragkb.text.sentences import sentences

BLOCK_WORDS = 110
"""Most words of a block; a longer sentence is one by itself."""
MOST_WORDS = 560
"""Most words of evidence that are read for an answer; the blocks with most of its rare words are."""


@dataclass(frozen=True, slots=True)
class Block:
    """Sentences in a row of one passage."""

    sentences: tuple[str, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of an answer. words.sentence and states.text count the sentences of all blocks together."""

    sentences: tuple[str, ...]
    words: Words
    states: States | None


def gather(passages: Sequence[str], answer: Words, reader: TokenReader | None) -> Evidence:
    """The evidence for the words of an answer. Without a reader it has no states."""
    blocks = _chosen([block for passage in passages for block in _blocks(passage)], answer)
    texts = tuple(text for block in blocks for text in block.sentences)
    words = _joined([(block.words, len(block.sentences)) for block in blocks])
    states = (
        States.joined([_states(block.sentences, cast(Hashable, reader)) for block in blocks])
        if reader and blocks
        else None
    )
    return Evidence(texts, words, states)


@lru_cache(maxsize=64)
def _states(texts: tuple[str, ...], reader: Hashable) -> tuple[States, int]:
    """subtle: each block is read alone, since int8 rounds a batch as a whole; so its states never depend on others."""
    assert isinstance(reader, TokenReader)
    return reader.token_states(texts), len(texts)


@lru_cache(maxsize=256)
def _blocks(passage: str) -> tuple[Block, ...]:
    return tuple(Block(texts, Words.of(texts)) for texts in packed([passage[a:b] for a, b in sentences(passage)]))


def packed(texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The texts in groups of at most BLOCK_WORDS words."""
    group: list[str] = []
    size = 0
    for text in texts:
        count = len(Words.of([text]))
        if group and size + count > BLOCK_WORDS:
            yield tuple(group)
            group, size = [], 0
        group.append(text)
        size += count
    if group:
        yield tuple(group)


def _chosen(blocks: Sequence[Block], answer: Words) -> list[Block]:
    """The blocks that hold most of the answer's words, each by its rarity, within MOST_WORDS; in their order."""
    if sum(len(block.words) for block in blocks) <= MOST_WORDS:
        return list(blocks)
    held = [frozenset(block.words.stems) for block in blocks]
    spread = Counter(one for stems in held for one in stems)
    wanted = {one for one, text in zip(answer.stems, answer.texts, strict=True) if not is_stop(text)}
    worth = [sum(1 / spread[one] for one in sorted(wanted & stems)) for stems in held]
    chosen: set[int] = set()
    left = MOST_WORDS
    for n in sorted(range(len(blocks)), key=lambda n: (-worth[n], n)):
        if len(blocks[n].words) <= left or not chosen:
            chosen.add(n)
            left -= len(blocks[n].words)
    return [blocks[n] for n in sorted(chosen)]


def _joined(parts: Sequence[tuple[Words, int]]) -> Words:
    """parts: words, and how many sentences they are of."""
    firsts = np.cumsum([0, *(count for _, count in parts)]).tolist()
    return Words(
        tuple(one for words, _ in parts for one in words.texts),
        tuple(one for words, _ in parts for one in words.stems),
        tuple(one for words, _ in parts for one in words.starts),
        tuple(first + one for (words, _), first in zip(parts, firsts, strict=False) for one in words.sentence),
    )

"""What to divide the channels of an encoder's activations by before they become 8-bit numbers.

SmoothQuant (Xiao et al. 2023): a channel's activations are divided by s, its row of the weights multiplied by s, with
s = max|activation|^a / max|weight|^(1 - a). The maxima are taken over probe texts and over random tokens, so that every
language of the vocabulary takes part. English prose in the place of
the random tokens was no better.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragkb.cores import usable_cores
from ragkb.models.bert import Bert
from ragkb.models.graph import PRODUCTS, Floats
from ragkb.models.probes import PROBES
from ragkb.models.session import open_session

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SMOOTHED = {"attention": "", "inner": "_middle", "outer": "_wide"}
"""Products whose input is smoothed, and how that ends in its name. The mixing's gains nothing."""
STRENGTH = 0.75
LENGTHS = (8, 16, 32, 64, 128, 250)
ROUNDS = 20
SMALLEST = 1e-4


def probed(bert: Bert) -> list[str]:
    """The states that `channel_scales` wants of the float32 model."""
    return sorted({_input(number, name) for number in range(bert.layers) for name in SMOOTHED})


def channel_scales(bert: Bert, exact: Path, rows: list[NDArray[np.int64]]) -> dict[str, Floats]:
    """By the name of a product (see graph.py), shape (channels,). exact: the float32 model.

    It has the outputs `probed`.
    """
    largest = _largest(rows, exact, probed(bert))
    return {
        f"layer{number}_{name}": _scale(bert, number, name, largest[_input(number, name)])
        for number in range(bert.layers)
        for name in SMOOTHED
    }


def _input(number: int, product: str) -> str:
    if product == "attention":
        return f"layer{number - 1}" if number else "normed"
    return f"layer{number}{SMOOTHED[product]}"


def _scale(bert: Bert, number: int, product: str, largest: Floats) -> Floats:
    weights = np.max([np.abs(bert.layer(number, f"{part}.weight")).max(1) for part in PRODUCTS[product]], axis=0)
    logs = STRENGTH * np.log(np.maximum(largest, SMALLEST)) - (1 - STRENGTH) * np.log(np.maximum(weights, SMALLEST))
    return np.asarray(np.exp(logs - logs.mean()), np.float32)


def _largest(rows: list[NDArray[np.int64]], exact: Path, names: list[str]) -> dict[str, Floats]:
    """The largest absolute value of each channel of these states."""
    session = open_session(exact, usable_cores())
    found: dict[str, Floats] = {}
    for row in rows:
        for name, states in zip(names, session.run(names, {"input_ids": row[None]}), strict=True):
            found[name] = np.maximum(found.get(name, np.float32(0)), np.abs(states[0]).max(0))
    return found


def likely_rows(tokenizer: Tokenizer, longest: int) -> list[NDArray[np.int64]]:
    """Rows of token numbers as a model may meet them: PROBES, and tokens drawn by Zipf's law, up to `longest` a row.

    A vocabulary is in the order of frequency, for the tokens that are text. Reserved ones are not drawn: no text has
    them, and their states are like no text's.
    """
    vocabulary = tokenizer.get_vocab()
    words = sorted(number for token, number in vocabulary.items() if not token.startswith(("[", "<")))
    around, random = tokenizer.encode("").ids, np.random.default_rng(0)
    rows = [tokenizer.encode(probe).ids for probe in PROBES]
    for length in LENGTHS * ROUNDS:
        drawn = np.exp(random.uniform(0, np.log(len(words)), min(length, longest - len(around)))).astype(np.int64) - 1
        rows.append([*around[:1], *(words[rank] for rank in drawn), *around[1:]])
    return [np.array(row, np.int64) for row in rows]

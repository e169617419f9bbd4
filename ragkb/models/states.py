"""What an encoder thinks of each token of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class States:
    """Tokens of texts that were read together, in order.

    ids: of the vocabulary. text, start: the index of each token's text, and the code point where it begins there.
    middle, last: the states of that layer, float32, shape (tokens, dim), rows of unit length.
    """

    ids: NDArray[np.int64]
    text: NDArray[np.int64]
    start: NDArray[np.int64]
    middle: NDArray[np.float32]
    last: NDArray[np.float32]

    @classmethod
    def joined(cls, parts: Sequence[tuple[States, int]]) -> States:
        """One value of several. parts: states, and how many texts they are of."""
        firsts = np.cumsum([0, *(count for _, count in parts[:-1])])
        return cls(
            np.concatenate([one.ids for one, _ in parts]),
            np.concatenate([one.text + first for (one, _), first in zip(parts, firsts, strict=True)]),
            np.concatenate([one.start for one, _ in parts]),
            np.concatenate([one.middle for one, _ in parts]),
            np.concatenate([one.last for one, _ in parts]),
        )


@runtime_checkable
class TokenReader(Protocol):
    """An embedder that also gives the states of its tokens."""

    def token_states(self, texts: Sequence[str]) -> States:
        """The states of the tokens of texts that are read together; the same for the same texts."""

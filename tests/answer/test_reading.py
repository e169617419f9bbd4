"""Texts that are kept for the next question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ragkb.answer import reading


class Counting:
    """An embedder that notes what it reads."""

    id, dim = "counting", 4

    def __init__(self) -> None:
        self.read: list[str] = []

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        self.read += texts
        return np.ones((len(texts), self.dim), np.float32)


def test_a_text_is_read_once_until_others_took_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "KEPT", 3 * (4 * 1 + 4 * 4))  # three texts of one letter, with vectors of four floats
    embedder = Counting()
    for text in ("a", "b", "a", "c", "a", "d", "a", "b"):
        reading.encoded(embedder, [text])  # type: ignore[arg-type]
    assert embedder.read == ["a", "b", "c", "d", "b"]


def test_long_texts_take_more_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "KEPT", 1000)
    embedder = Counting()
    for text in ("a", "x" * 400, "a"):
        reading.encoded(embedder, [text])  # type: ignore[arg-type]
    assert embedder.read == ["a", "x" * 400, "a"]

"""What several tests share: an embedder that needs no model, and the real one, loaded once."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder, load_embedder

os.environ.setdefault("RAGKB_INGEST__NICE", "0")  # else a test that ingests would slow down all that come after it

CORPUS = Path(__file__).parents[1] / "sample_corpus"


class WordHashes:
    """An Embedder that counts words in 64 buckets: texts with the same words are near, and no model is needed."""

    id, dim, precision = "word-hashes", 64, "exact"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        out = np.full((len(texts), self.dim), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                out[row, zlib.crc32(word.encode()) % self.dim] += 1
        return out / np.linalg.norm(out, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"[\u4e00-\u9fff]|\w+|[^\w\s]", text))

    def readable(self, text: str) -> float:
        return sum(character.isascii() for character in text) / max(1, len(text))


@pytest.fixture
def words() -> WordHashes:
    return WordHashes()


@pytest.fixture(scope="session")
def minilm() -> Embedder:
    return load_embedder("minilm")


@pytest.fixture(scope="session")
def sample_kb(tmp_path_factory: pytest.TempPathFactory, minilm: Embedder) -> KnowledgeBase:
    """The sample corpus, ingested with the real model; read only."""
    kb = KnowledgeBase.open(tmp_path_factory.mktemp("sample") / "kb", embedder=minilm)
    report = kb.ingest(CORPUS)
    assert not report.refused
    return kb

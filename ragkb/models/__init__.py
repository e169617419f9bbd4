"""Embedders: text in, unit vectors out. The default needs no network, no key and no PyTorch at run time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragkb.settings import EmbeddingSettings


DEFAULT = "minilm"


class Embedder(Protocol):
    """Turns texts into vectors.

    id: the same for the same weights, whatever runs them; stored with every vector. dim: length of a vector.
    precision: what runs, for people: "int8", "float32".
    """

    id: str
    dim: int
    precision: str

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Shape (len(texts), dim), rows of unit length. query: questions, where a model treats them differently."""

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` without the special ones."""

    def readable(self, text: str) -> float:
        """How well the vocabulary reads `text`, 0 to 1: see models/reading.py."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text as its vector, of unit length, its token ids, and their states, of unit length; no special tokens."""

    vector: NDArray[np.float32]
    ids: NDArray[np.int64]
    states: NDArray[np.floating[Any]]


@runtime_checkable
class TokenEmbedder(Protocol):
    """An Embedder that also gives the states of the tokens, for aligning words."""

    def embed_with_tokens(self, texts: Sequence[str]) -> list[Embedded]:
        """For each text its vector and the states of its tokens; the query prompt is not used."""


def load_embedder(name: str, threads: int = 0, settings: EmbeddingSettings | None = None) -> Embedder:
    """The embedder that the setting `embedder` names.

    'minilm', or '': the default. 'torch:NAME': run by sentence-transformers (any architecture, a GPU if there is one).
    'openai:MODEL@URL': a server of OpenAI's protocol, which is asked at once. Anything else: a sentence-transformers
    model by name or folder, exported to ONNX once. settings: those of `embedding`, by default theirs.
    Raises InputError, ModelError.
    """
    from ragkb.settings import EmbeddingSettings

    name, settings = name or DEFAULT, settings or EmbeddingSettings()
    kind, _, rest = name.partition(":")
    if kind == "openai":
        from ragkb.models.openai_embedder import OpenAIEmbedder

        return OpenAIEmbedder(rest, settings)
    if kind == "torch":
        from ragkb.models.torch import TorchEmbedder

        return TorchEmbedder(rest, settings.precision)
    from ragkb.models.onnx import OnnxEmbedder
    from ragkb.models.prepare import prepared

    return OnnxEmbedder(prepared(name, settings.precision), threads)

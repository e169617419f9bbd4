"""Any sentence-transformers model, run by sentence-transformers itself: any architecture, any device, slow to start."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import InputError, ModelError
from ragkb.models.reading import readable
from ragkb.settings import Precision


class TorchEmbedder:
    """A sentence-transformers model by name or folder as an Embedder."""

    precision = "float32"

    def __init__(self, name: str, precision: Precision = "auto") -> None:
        if precision == "int8":
            raise InputError("embedding.precision is int8, and torch: runs float32", "leave it at auto, or drop torch:")
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(name)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"embedder 'torch:{name}' cannot be loaded ({reason})", "name a folder or a known model"
            ) from None
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self.id = f"{name.rstrip('/').rsplit('/', 1)[-1]}@{self._digest()}"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """float32, shape (len(texts), dim), rows of unit length."""
        encode = self._model.encode_query if query else self._model.encode_document
        vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dim)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, not cut, without the special ones."""
        return len(self._model.tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def readable(self, text: str) -> float:
        """How well the vocabulary reads `text`, 0 to 1: see models/reading.py."""
        tokenizer = self._model.tokenizer
        if not tokenizer.is_fast:
            return 1.0  # it does not say which tokens make a word
        read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        parts = zip(read.word_ids(), read["offset_mapping"], read["input_ids"], strict=True)
        return readable((word, text[start:end], token != tokenizer.unk_token_id) for word, (start, end), token in parts)

    def _digest(self) -> str:
        """Of the weights, in the order of their names, so that another model under the same name is another id."""
        digest = hashlib.sha256()
        for key, value in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(value.detach().cpu().float().numpy().tobytes())
        return digest.hexdigest()[:12]

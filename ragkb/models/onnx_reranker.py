"""A cross-encoder on ONNX Runtime and tokenizers alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb.cores import usable_cores
from ragkb.errors import ModelError
from ragkb.models.session import open_session, open_tokenizer


class OnnxReranker:
    """A prepared folder (see prepare_reranker.py) as a Reranker. Safe to call from several threads.

    precision: what runs, "int8" or "float32".
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        info = json.loads((folder / "info.json").read_text("utf-8"))
        self.precision: str = info["precision"]
        self._pairs = Pairs(folder / "tokenizer.json", info["max_tokens"])
        self._session = open_session(folder / "encoder.onnx", threads or usable_cores())

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """See Reranker. Raises ModelError for scores that are no numbers."""
        found = [float(one) for one in self._pairs.scores(self._session, query, texts)]
        if not all(map(math.isfinite, found)):
            raise ModelError("search.rerank gave a score that is no number", "take another model")
        return found


class Pairs:
    """Question and text as a cross-encoder reads them; of a pair that is too long the longer part is cut."""

    def __init__(self, tokenizer: Path, limit: int) -> None:
        self._tokenizer = open_tokenizer(tokenizer, limit)

    def scores(self, run: Any, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32, shape (len(texts),).

        Each pair is a run of its own: 8-bit activations are scaled by all that is read at once, so that a text would
        have another score beside other texts.
        """
        names = [item.name for item in run.get_inputs()]
        read = self._tokenizer.encode_batch([(query, text) for text in texts])
        return np.array([run.run(None, _feed(one, names))[0][0] for one in read], np.float32)


def _feed(read: Any, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    values = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
    return {name: np.array([values[name]], np.int64) for name in names}

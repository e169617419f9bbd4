"""Rerankers: question and text read together, which tells more than two vectors do, and costs a run for each text."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from ragkb.errors import ModelError


class Reranker(Protocol):
    """Says how well texts fit a question."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """One for each text, higher is better, finite; comparable between the calls for one query."""


@lru_cache(maxsize=2)
def load_reranker(name: str) -> Reranker:
    """The reranker that the setting `search.rerank` names, loaded once in a process. Raises ModelError.

    A cross-encoder by name or folder, exported to ONNX once, int8 where that gives the same scores; 'torch:NAME': the
    same by sentence-transformers.
    """
    kind, _, rest = name.partition(":")
    if kind == "torch":
        return CrossEncoderReranker(rest)
    from ragkb.models.onnx_reranker import OnnxReranker
    from ragkb.models.prepare_reranker import prepared_reranker

    return OnnxReranker(prepared_reranker(name))


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers by name or folder, with one output; on a GPU if there is one."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self._model: Any = CrossEncoder(name)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0][:200]
            raise ModelError(
                f"search.rerank {name!r} cannot be loaded ({reason})", "name a cross-encoder's folder"
            ) from None
        outputs = int(self._model.config.num_labels)
        if outputs != 1:
            raise ModelError(
                f"search.rerank {name!r} has {outputs} outputs, not one", "name a cross-encoder for search"
            )
        self._name, self._lock = name, threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """See Reranker. Raises ModelError for scores that are no numbers."""
        with self._lock:  # subtle: its tokenizer fails with "Already borrowed" when two threads use it
            found = self._model.predict([(query, text) for text in texts], show_progress_bar=False)
        scores = [float(one) for one in found]
        if not all(map(math.isfinite, scores)):
            raise ModelError(f"search.rerank {self._name!r} gave a score that is no number", "take another model")
        return scores

"""A cross-encoder on ONNX Runtime and tokenizers alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import ModelError
from ragkb.models.onnx import load_tokenizer, usable_cores


class OnnxReranker:
    """A prepared folder (see prepare_reranker.py) as a Reranker. Safe to call from several threads.

    precision: what runs, "int8" or "float32".
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        info = json.loads((folder / "info.json").read_text("utf-8"))
        self.precision: str = info["precision"]
        self._pairs = Pairs(folder / "tokenizer.json", info["max_tokens"])
        self._session = session(folder / "encoder.onnx", threads)

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """See Reranker. Raises ModelError for scores that are no numbers."""
        found = [float(one) for one in self._pairs.scores(self._session, query, texts)]
        if not all(map(math.isfinite, found)):
            raise ModelError("search.rerank gave a score that is no number", "take another model")
        return found


class Pairs:
    """Question and text as a cross-encoder reads them; of a pair that is too long the longer part is cut."""

    def __init__(self, tokenizer: Path, limit: int) -> None:
        self._tokenizer = load_tokenizer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(limit, strategy="longest_first")

    def scores(self, run: Any, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """One run of the model for all texts. float32, shape (len(texts),)."""
        read = self._tokenizer.encode_batch([(query, text) for text in texts])
        shape = len(read), max((len(one.ids) for one in read), default=0)
        feed = {name: np.zeros(shape, np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
        for row, one in enumerate(read):
            size = len(one.ids)
            feed["input_ids"][row, :size] = one.ids
            feed["attention_mask"][row, :size] = 1
            feed["token_type_ids"][row, :size] = one.type_ids
        wanted = {item.name: feed[item.name] for item in run.get_inputs()}
        return np.asarray(run.run(None, wanted)[0], np.float32)


def session(path: Path, threads: int) -> Any:
    """The model in ONNX Runtime. Raises ModelError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"{path}: the prepared model cannot be loaded ({error})", "delete its folder") from error

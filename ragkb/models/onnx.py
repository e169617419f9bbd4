"""An encoder on ONNX Runtime and tokenizers alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import ModelError
from ragkb.models import Embedded
from ragkb.models.reading import readable
from ragkb.models.states import States
from ragkb.models.turns import Turns

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Tokens of a batch, padding included. Measured on two cores: 4 to 8 texts of 256 tokens are fastest, since larger
# batches leave the processor's cache.
BATCH_TOKENS = 1536


class OnnxEmbedder:
    """A prepared model folder (see prepare.py) as an Embedder. Safe to call from several threads."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        import onnxruntime

        info = json.loads((folder / "info.json").read_text("utf-8"))
        self.id: str = info["id"]
        self.dim: int = info["dim"]
        self.precision: str = info["precision"]
        self._prompts: dict[str, str] = info["prompts"]
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._tokenizer.no_padding()  # subtle: the file itself may ask for padding, which ruins the vectors
        self._tokenizer.enable_truncation(info["max_tokens"])
        self._counter = load_tokenizer(folder / "tokenizer.json")
        self._counter.no_padding()
        self._counter.no_truncation()
        self._unknown = info["unknown_token"]
        self._room = info["max_tokens"] - len(self._tokenizer.encode("").ids)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.log_severity_level = 3
        # subtle: threads that spin while they wait take the cores from other requests. With eight callers on two cores
        # busy with other programs, sleeping gave 1.4 to 2.3 times the queries a second, and no case was slower.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(
                f"{folder}: the prepared model cannot be loaded ({error})", "delete that folder"
            ) from error
        self._turns = Turns()
        self._inputs = [item.name for item in self._session.get_inputs()]

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """float32, shape (len(texts), dim), rows of unit length; a text longer than the model reads is cut."""
        return np.asarray(self._run(texts, "sentence", query))

    def embed_tokens(self, texts: Sequence[str]) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """For each text its token ids and their unit states (middle layer), special tokens left out."""
        out: list[tuple[NDArray[np.int64], NDArray[np.float32]]] = [None] * len(texts)  # type: ignore[list-item]
        encoded = [item.ids for item in self._tokenizer.encode_batch(list(texts))]
        for batch in _batches([len(ids) for ids in encoded]):
            states = self._infer("tokens", [encoded[i] for i in batch])
            for row, i in enumerate(batch):
                inner = states[row, 1 : len(encoded[i]) - 1]
                out[i] = np.asarray(encoded[i][1:-1]), inner / np.linalg.norm(inner, axis=1, keepdims=True)
        return out

    def token_states(self, texts: Sequence[str]) -> States:
        """The states of all tokens of `texts`, which are read as one text, up to the longest that the model reads.

        Each run holds one row without padding, so that the states are the same whatever else is read before or after.
        """
        encoded = self._counter.encode_batch(list(texts), add_special_tokens=False)
        ids = np.array([i for one in encoded for i in one.ids], np.int64)
        text = np.array([n for n, one in enumerate(encoded) for _ in one.ids], np.int64)
        start = np.array([begin for one in encoded for begin, _ in one.offsets], np.int64)
        around = self._tokenizer.encode("").ids
        room = self._room
        runs = [self._states([*around[:1], *ids[i : i + room].tolist(), *around[1:]]) for i in range(0, len(ids), room)]
        empty = [np.zeros((0, self.dim), np.float32)]
        middle, last = (np.concatenate(part) for part in (zip(*runs, strict=True) if runs else (empty, empty)))
        return States(ids, text, start, middle, last)

    def _states(self, row: list[int]) -> list[NDArray[np.float32]]:
        with self._turns:
            states = self._session.run(["tokens", "last"], self._feed([row]))
        inner = [one[0, 1:-1] for one in states]
        return [one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-9) for one in inner]

    def embed_with_tokens(self, texts: Sequence[str]) -> list[Embedded]:
        """For each text what embed() and embed_tokens() give, by one run of the model."""
        out: list[Embedded] = [None] * len(texts)  # type: ignore[list-item]
        encoded = [item.ids for item in self._tokenizer.encode_batch(list(texts))]
        for batch in _batches([len(ids) for ids in encoded]):
            vectors, states = self._session.run(["sentence", "tokens"], self._feed([encoded[i] for i in batch]))
            for row, i in enumerate(batch):
                inner = states[row, 1 : len(encoded[i]) - 1]
                unit = inner / np.linalg.norm(inner, axis=1, keepdims=True)
                out[i] = Embedded(vectors[row], np.asarray(encoded[i][1:-1]), unit)
        return out

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, not cut, without the special ones."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def readable(self, text: str) -> float:
        """How well the vocabulary reads `text`, 0 to 1: see models/reading.py."""
        read = self._counter.encode(text, add_special_tokens=False)
        parts = zip(read.word_ids, read.offsets, read.tokens, strict=True)
        return readable((word, text[start:end], token != self._unknown) for word, (start, end), token in parts)

    def _run(self, texts: Sequence[str], output: str, query: bool) -> NDArray[np.float32]:
        prompt = self._prompts.get("query" if query else "document", "")
        encoded = [item.ids for item in self._tokenizer.encode_batch([prompt + text for text in texts])]
        out = np.zeros((len(texts), self.dim), np.float32)
        for batch in _batches([len(ids) for ids in encoded]):
            out[batch] = self._infer(output, [encoded[i] for i in batch])
        return out

    def _infer(self, output: str, rows: list[list[int]]) -> NDArray[np.float32]:
        """subtle: each run takes all cores, so batches at the same time only take the cache from each other: in turn
        they were twice as fast for eight callers. A single text, a question mostly, does not wait for them."""
        if len(rows) == 1:
            return np.asarray(self._session.run([output], self._feed(rows))[0])
        with self._turns:
            return np.asarray(self._session.run([output], self._feed(rows))[0])

    def _feed(self, rows: list[list[int]]) -> dict[str, NDArray[np.int64]]:
        ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return {name: feed[name] for name in self._inputs}


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in a file. Raises ModelError."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # subtle: the library raises nothing narrower
        raise ModelError(f"{path}: cannot be read ({error})", "delete that folder; it is made again") from error


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Indexes grouped by length, so that little is spent on padding. Order within equal lengths is kept."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def usable_cores() -> int:
    """Cores that this process may run on; 0 (ONNX Runtime's own choice) where the system does not tell."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0

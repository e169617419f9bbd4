"""An encoder on ONNX Runtime and tokenizers alone."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.cores import usable_cores
from ragkb.models import Embedded
from ragkb.models.reading import readable
from ragkb.models.session import open_session, open_tokenizer
from ragkb.models.states import States
from ragkb.pool import Pool

Floats = NDArray[np.float32]


class OnnxEmbedder:
    """A prepared model folder (see prepare.py) as an Embedder. Safe to call from several threads.

    Each text is a run of its own, on one core: there is no padding, and a vector does not depend on the texts beside it
    (8-bit activations are scaled by all that is read at once). Several texts are read on all cores; texts of several
    callers take turns, so that a question does not wait for a whole document. A single text, a question mostly, is read
    in the thread that asks.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        info = json.loads((folder / "info.json").read_text("utf-8"))
        self.id: str = info["id"]
        self.dim: int = info["dim"]
        self.precision: str = info["precision"]
        self._prompts: dict[str, str] = info["prompts"]
        self._tokenizer = open_tokenizer(folder / "tokenizer.json", info["max_tokens"])
        self._counter = open_tokenizer(folder / "tokenizer.json")
        self._unknown = info["unknown_token"]
        self._around = self._tokenizer.encode("").ids
        self._room = info["max_tokens"] - len(self._around)
        self._session = open_session(folder / "encoder.onnx", 1)
        self._inputs = [item.name for item in self._session.get_inputs()]
        self._threads = threads or usable_cores()
        self._pool = Pool(self._threads, "ragkb-embedder")

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Floats:
        """float32, shape (len(texts), dim), rows of unit length; a text longer than the model reads is cut."""
        prompt = self._prompts.get("query" if query else "document", "")
        rows = self._rows([prompt + text for text in texts])
        vectors = [vector[0] for (vector,) in self._runs(rows, ["sentence"])]
        return np.array(vectors, np.float32).reshape(len(texts), self.dim)

    def embed_with_tokens(self, texts: Sequence[str]) -> list[Embedded]:
        """For each text its vector, token ids and unit states (middle layer), special tokens left out."""
        rows = self._rows(texts)
        runs = zip(rows, self._runs(rows, ["sentence", "tokens"]), strict=True)
        return [Embedded(vector[0], np.asarray(row[1:-1]), _unit(states[0, 1:-1])) for row, (vector, states) in runs]

    def token_states(self, texts: Sequence[str]) -> States:
        """The states of all tokens of `texts`, which are read as one text, in runs of the most that the model reads."""
        encoded = self._counter.encode_batch(list(texts), add_special_tokens=False)
        ids = np.array([i for one in encoded for i in one.ids], np.int64)
        text = np.array([n for n, one in enumerate(encoded) for _ in one.ids], np.int64)
        start = np.array([begin for one in encoded for begin, _ in one.offsets], np.int64)
        parts = [ids[i : i + self._room].tolist() for i in range(0, len(ids), self._room)]
        rows = [[*self._around[:1], *part, *self._around[1:]] for part in parts]
        runs = [[_unit(states[0, 1:-1]) for states in run] for run in self._runs(rows, ["tokens", "last"])]
        empty = [np.zeros((0, self.dim), np.float32)]
        middle, last = (np.concatenate(part) for part in (zip(*runs, strict=True) if runs else (empty, empty)))
        return States(ids, text, start, middle, last)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, not cut, without the special ones."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def readable(self, text: str) -> float:
        """How well the vocabulary reads `text`, 0 to 1: see models/reading.py."""
        read = self._counter.encode(text, add_special_tokens=False)
        parts = zip(read.word_ids, read.offsets, read.tokens, strict=True)
        return readable((word, text[start:end], token != self._unknown) for word, (start, end), token in parts)

    def _rows(self, texts: Sequence[str]) -> list[list[int]]:
        return [item.ids for item in self._tokenizer.encode_batch(list(texts))]

    def _runs(self, rows: Sequence[list[int]], outputs: list[str]) -> Iterator[list[Floats]]:
        """These outputs for each row, in order; shape (1, ..) each.

        subtle: no more than two runs a core wait at once, so that those of another caller come between them.
        """
        if len(rows) == 1:
            yield self._run(rows[0], outputs)
            return
        left = iter(rows)
        waiting: deque[Future[list[Floats]]] = deque()
        for row in islice(left, 2 * self._threads):
            waiting.append(self._pool.submit(self._run, row, outputs))
        while waiting:
            done = waiting.popleft().result()
            for row in islice(left, 1):
                waiting.append(self._pool.submit(self._run, row, outputs))
            yield done

    def _run(self, row: list[int], outputs: list[str]) -> list[Floats]:
        ids = np.array([row], np.int64)
        known = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        found: list[Floats] = self._session.run(outputs, {name: known[name] for name in self._inputs})
        return found


def _unit(states: Floats) -> Floats:
    return np.asarray(states / np.maximum(np.linalg.norm(states, axis=1, keepdims=True), 1e-9))

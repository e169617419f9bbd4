"""Any server that speaks OpenAI's embeddings over HTTP: vLLM, Ollama, text-embeddings-inference, a cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import httpx
import numpy as np
from numpy.typing import NDArray

from ragkb import stop
from ragkb.errors import InputError, ModelError
from ragkb.models.chat import estimated_tokens
from ragkb.models.openai_errors import Failed, Names
from ragkb.models.openai_http import Endpoint, address, excerpt, pause
from ragkb.settings import EmbeddingSettings

LONGEST_REPLY = 400_000_000  # bytes; 2,048 texts of 4,096 dimensions take some 180,000,000
NAMES = Names(
    server="embeddings server",
    url="the address in `embedder`",
    model="`embedder`",
    key="RAGKB_EMBEDDING__API_KEY",
    size="embedding.batch or chunk.tokens",
    timeout="embedding.timeout",
    seconds="embedding.seconds",
)


class OpenAIEmbedder:
    """A model behind a URL as an Embedder. Safe to call from several threads.

    id: the model's name and its dimension. The server does not tell which weights it runs: serve other weights under
    another name.
    """

    precision = "the server's"

    def __init__(self, named: str, settings: EmbeddingSettings) -> None:
        """named: MODEL@URL. Asks the server once, for the dimension."""
        model, _, rest = named.partition("@http")
        if not model or not rest:
            raise InputError(f"embedder 'openai:{named}' cannot be read", "write openai:MODEL@http://HOST:PORT/v1")
        if settings.precision != "auto":
            raise InputError("embedding.precision is set, and the server decides it", "leave it at auto")
        self._model, self._settings = model, settings
        url = address(f"http{rest}", "/embeddings", NAMES)
        self._endpoint = Endpoint(url, model, settings.key(), NAMES, settings.timeout)
        self.dim = 0
        self.dim = self.embed(["dimension"]).shape[1]
        self.id = f"{model}@openai-{self.dim}"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """float32, shape (len(texts), dim), rows of unit length; what is too long is for the server to cut.

        Raises ModelError that says what the server did and what to do about it.
        """
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        with self._endpoint.client() as client:
            size = self._settings.batch
            parts = [texts[start : start + size] for start in range(0, len(texts), size)]
            return np.concatenate([self._batch(client, part) for part in parts])

    def count_tokens(self, text: str) -> int:
        """An estimate, rather too high: the server has the tokenizer."""
        return estimated_tokens(text) if text else 0

    def readable(self, text: str) -> float:
        """1: the server does not tell what its vocabulary reads."""
        return 1.0

    def _batch(self, client: httpx.Client, texts: Sequence[str]) -> NDArray[np.float32]:
        deadline = time.monotonic() + self._settings.seconds
        attempt = 0
        while True:
            stop.check()
            try:
                return self._attempt(client, texts, deadline)
            except Failed as failure:
                pause(failure, attempt, self._settings.retries, deadline)
            attempt += 1

    def _attempt(self, client: httpx.Client, texts: Sequence[str], deadline: float) -> NDArray[np.float32]:
        body = {"model": self._model, "input": [text or " " for text in texts]}  # subtle: some refuse an empty one
        request = self._endpoint.request(client, body)
        with self._endpoint.answered(client, lambda: client.send(request, stream=True), deadline) as response:
            data = self._endpoint.body(response, LONGEST_REPLY, deadline)
        vectors = _vectors(data, len(texts))
        if self.dim and vectors.shape[1] != self.dim:
            found = f"{vectors.shape[1]} dimensions, and had {self.dim}"
            raise ModelError(
                f"the embeddings of {self._model!r} now have {found}", "does the server run another model?"
            )
        return vectors


def _vectors(data: bytes, count: int) -> NDArray[np.float32]:
    """The rows of the reply in the order of the texts, of unit length. Raises Failed for what is none."""
    try:
        rows = sorted(json.loads(data)["data"], key=lambda row: int(row["index"]))
        numbers = [row["index"] for row in rows]
        vectors = np.array([row["embedding"] for row in rows], np.float64)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Failed(
            f"what the embeddings server sent is no list of embeddings: {excerpt(data)}",
            "the address in `embedder` has to be that of OpenAI's protocol; it usually ends in /v1",
        ) from None
    if numbers != list(range(count)):
        raise Failed(f"the embeddings server sent {len(rows)} embeddings for {count} texts", "look at its log")
    if not np.isfinite(lengths).all() or not lengths.all():
        raise Failed("the embeddings server sent an embedding that is zero or not finite", "look at its log")
    return np.asarray(vectors / lengths, np.float32)

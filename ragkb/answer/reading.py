"""Texts as vectors and tokens, kept for the next question: popular passages are read again and again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from ragkb.models import Embedded, Embedder, TokenEmbedder

KEPT = 50_000_000
"""Bytes that are kept for each embedder: some 4,000 sentences with the default one, or a few hundred long passages."""


class _Kept:
    """The texts that were used last. Safe to use from several threads."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, Embedded] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def held(self, texts: Sequence[str]) -> dict[str, Embedded]:
        with self._lock:
            found = {text: self._texts[text] for text in texts if text in self._texts}
            for text in found:
                self._texts.move_to_end(text)
            return found

    def keep(self, read: dict[str, Embedded]) -> None:
        with self._lock:
            for text, one in read.items():
                if text not in self._texts:  # another thread may have read it meanwhile
                    self._texts[text] = one
                    self._bytes += _size(text, one)
            while self._bytes > KEPT:
                self._bytes -= _size(*self._texts.popitem(last=False))


def _size(text: str, read: Embedded) -> int:
    return 4 * len(text) + read.vector.nbytes + read.ids.nbytes + read.states.nbytes


_kept: WeakKeyDictionary[Embedder, _Kept] = WeakKeyDictionary()
_making = Lock()


def encoded(embedder: Embedder, texts: Sequence[str]) -> list[Embedded]:
    """Each text as vector and tokens, states in half precision; no tokens from an embedder that gives none."""
    with _making:
        kept = _kept.setdefault(embedder, _Kept())
    found = kept.held(texts)
    missing = [text for text in dict.fromkeys(texts) if text not in found]
    if missing:
        read = dict(zip(missing, _read(embedder, missing), strict=True))
        kept.keep(read)
        found.update(read)
    return [found[text] for text in texts]


def _read(embedder: Embedder, texts: Sequence[str]) -> list[Embedded]:
    if isinstance(embedder, TokenEmbedder):
        return [
            # subtle: a row of a batch would keep the whole batch
            Embedded(one.vector.copy(), one.ids, one.states.astype(np.float16))
            for one in embedder.embed_with_tokens(texts)
        ]
    none, bare = np.zeros(0, np.int64), np.zeros((0, embedder.dim), np.float16)
    return [Embedded(vector, none, bare) for vector in embedder.embed(texts)]

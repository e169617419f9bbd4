"""Bugs put into what is indexed on purpose: chunks, their context, pages, words and vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluation.swap import Bug, swapped
from ragkb.ingest import chunk as chunking
from ragkb.ingest import pipeline
from ragkb.retrieve import current
from ragkb.settings import Settings
from ragkb.text import sentences, tokens
from ragkb.types import Chunk


def headings_lost() -> Any:
    """Chunks are indexed with title and table header, but without the headings above them."""

    def bare(kept: Callable[..., str]) -> Callable[..., str]:
        return lambda self, path, header: kept(self, (), header)

    return swapped(chunking._Contexts, "of", bare)


def table_headers_lost() -> Any:
    """The later parts of a long table are indexed without the names of its columns."""

    def bare(kept: Callable[..., str]) -> Callable[..., str]:
        return lambda self, path, header: kept(self, path, "")

    return swapped(chunking._Contexts, "of", bare)


def pages_shifted() -> Any:
    """Pages count from 2."""

    def shifted(kept: Callable[..., int | None]) -> Callable[..., int | None]:
        return lambda starts, offset: None if (page := kept(starts, offset)) is None else page + 1

    return swapped(chunking, "page_at", shifted)


def tails_lost() -> Any:
    """The last third of a document's chunks never arrives, where it has more than ten."""

    def cut(kept: Callable[..., list[Chunk]]) -> Callable[..., list[Chunk]]:
        def first(*arguments: Any) -> list[Chunk]:
            made = kept(*arguments)
            return made if len(made) <= 10 else made[: len(made) * 2 // 3]

        return first

    return swapped(pipeline, "chunk", cut)


def chinese_uncut() -> Any:
    """Chinese text is taken for words with spaces between them, as by a usual tokeniser."""
    return swapped(tokens, "_ngrams", lambda kept: lambda run: [run])


def chinese_sentences_uncut() -> Any:
    """A Chinese full stop ends no sentence."""
    return swapped(sentences, "_ends_without_space", lambda kept: lambda *arguments: False)


@contextmanager
def identifiers_cut() -> Iterator[None]:
    """Part numbers and codes are cut into their pieces."""

    def pieces(kept: Callable[..., list[str]]) -> Callable[..., list[str]]:
        return lambda word, english: [piece for piece in tokens._PIECES.findall(word) if piece != word] or [word]

    with _fresh_words(), swapped(tokens, "_identifier", pieces):
        yield


@contextmanager
def words_unstemmed() -> Iterator[None]:
    """Words are compared as they are written."""
    with _fresh_words(), swapped(tokens, "stem", lambda kept: lambda word, language: word):
        yield


@contextmanager
def _fresh_words() -> Iterator[None]:
    """Nothing is remembered of words, before and after."""
    tokens._word_terms.cache_clear()
    try:
        yield
    finally:
        tokens._word_terms.cache_clear()


class _Unnormalised:
    """An embedder whose vectors of documents are the shorter the longer the text is."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        vectors: NDArray[np.float32] = self._inner.embed(texts, query=query)
        if query:
            return vectors
        return np.asarray(vectors / np.sqrt([[1 + len(text) / 100] for text in texts]), np.float32)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def vectors_not_normalised() -> Any:
    """Vectors are stored as long as they come out of the model."""
    return swapped(current, "shared_embedder", lambda kept: lambda *arguments: _Unnormalised(kept(*arguments)))


def context_lost(settings: Settings) -> Settings:
    """Chunks are indexed without title, headings and table header."""
    return settings.model_copy(update={"chunk": settings.chunk.model_copy(update={"context_tokens": 0})})


def chunks_too_long(settings: Settings) -> Settings:
    """Chunks are four times as long, more than the embedder reads."""
    return settings.model_copy(update={"chunk": settings.chunk.model_copy(update={"tokens": 800})})


BUGS: dict[str, Bug] = {
    "headings lost": headings_lost,
    "table headers lost": table_headers_lost,
    "page numbers off by one": pages_shifted,
    "ends of long documents lost": tails_lost,
    "Chinese indexed as words with spaces": chinese_uncut,
    "Chinese sentences not cut": chinese_sentences_uncut,
    "identifiers cut apart": identifiers_cut,
    "words not stemmed": words_unstemmed,
    "vectors not normalised": vectors_not_normalised,
}
SETTINGS: dict[str, Callable[[Settings], Settings]] = {
    "context of chunks lost": context_lost,
    "chunks longer than the embedder reads": chunks_too_long,
}

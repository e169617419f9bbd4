"""What the lexical index holds of a document: the terms of its chunks, stemmed by the language of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from ragkb.store import chunks, documents
from ragkb.store.documents import StoredText
from ragkb.store.lexical import TERMS, LexicalRow
from ragkb.store.lexical_search import stemmed
from ragkb.text.about import about_terms
from ragkb.text.language import stemmed_as
from ragkb.text.stems import ENGLISH
from ragkb.text.tokens import lexical_tokens

_AS_BEFORE = "('en', 'zh', 'ja', 'ko')"  # languages of documents whose terms 1 and 2 make alike


def rows_of(document: StoredText, texts: Sequence[tuple[int, str]]) -> Iterator[LexicalRow]:
    """The rows of a document. texts: of each chunk its number, and what is indexed of it."""
    languages = [stemmed_as(text, document.language) for _, text in texts]
    about = about_terms(document.title, document.source, document.text) if texts else []
    about += [stemmed(language) for language in sorted(set(languages) - {ENGLISH})]
    for (number, text), language in zip(texts, languages, strict=True):
        yield LexicalRow(number, document.number, document.groups, lexical_tokens(text, language), about)
        about = []


def stored_rows(at: sqlite3.Connection) -> Iterator[LexicalRow]:
    """The rows of all documents, made of the catalogue alone. Raises StorageError."""
    for document in documents.texts(at):
        yield from rows_of(document, _texts(at, document))


def is_stale(at: sqlite3.Connection, terms: str) -> bool:
    """Whether some of the terms would be others now. terms: how those of the index were made, "" for 1."""
    if terms == TERMS:
        return False
    return any(
        stemmed_as(text, document.language) != ENGLISH
        for document in documents.texts(at, f"WHERE language NOT IN {_AS_BEFORE}")
        for _, text in _texts(at, document)
    )


def _texts(at: sqlite3.Connection, document: StoredText) -> list[tuple[int, str]]:
    spans = chunks.spans(at, document.number)
    return [(number, f"{context}\n{document.text[start:end]}") for number, start, end, context in spans]

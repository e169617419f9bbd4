"""What the lexical index holds of a document: the terms of its chunks, stemmed by the language of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from ragkb.store import chunks, documents
from ragkb.store.documents import StoredText
from ragkb.store.lexical import LexicalRow
from ragkb.store.lexical_search import stemmed
from ragkb.text.about import about_terms
from ragkb.text.language import stemmed_as
from ragkb.text.stems import ENGLISH
from ragkb.text.tokens import lexical_tokens

CONTEXT = 2
"""How often a term of title, headings and table header counts: BM25F's weight of a field (Robertson, Zaragoza, Taylor,
"Simple BM25 extension to multiple weighted fields", CIKM 2004)."""


def rows_of(document: StoredText, texts: Sequence[tuple[int, str, str]]) -> Iterator[LexicalRow]:
    """The rows of a document. texts: of each chunk its number, its context and its own text."""
    languages = [stemmed_as(f"{context}\n{text}", document.language) for _, context, text in texts]
    about = about_terms(document.title, document.source, document.text) if texts else []
    about += [stemmed(language) for language in sorted(set(languages) - {ENGLISH})]
    for (number, context, text), language in zip(texts, languages, strict=True):
        terms = CONTEXT * lexical_tokens(context, language) + lexical_tokens(text, language)
        yield LexicalRow(number, document.number, document.groups, terms, about)
        about = []


def stored_rows(at: sqlite3.Connection) -> Iterator[LexicalRow]:
    """The rows of all documents, made of the catalogue alone. Raises StorageError."""
    for document in documents.texts(at):
        spans = chunks.spans(at, document.number)
        yield from rows_of(document, [(n, context, document.text[a:b]) for n, a, b, context in spans])

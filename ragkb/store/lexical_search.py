"""Searching the lexical index: BM25 over chunks, and which documents are about something."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tantivy
from numpy.typing import NDArray

from ragkb.text.stems import ENGLISH, STEMMED
from ragkb.text.tokens import Word
from ragkb.types import Principal

K1 = 1.2  # of BM25, as tantivy has it
PUBLIC = "public"
MOSTLY = 0.8  # share of the rows from which a reader is taken to see nearly everything

Weights = Mapping[str, float]
"""Terms and what each counts."""
Words = Mapping[Word, float]
"""Words of a question and what each counts."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look. allowed: bitmap over chunk numbers, `count` of them set. documents: in these alone, if any."""

    as_: Principal
    allowed: NDArray[np.uint8]
    count: int
    documents: tuple[int, ...] = ()


class LexicalSearcher:
    """One consistent view of the lexical index."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema) -> None:
        self._searcher = searcher
        self._schema = schema

    @property
    def rows(self) -> int:
        return int(self._searcher.num_docs)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages other than English by which words in the index are stemmed."""
        other = sorted(STEMMED - {ENGLISH})
        return tuple(one for one in other if self._searcher.doc_freq("about", stemmed(one)))

    def search(self, words: Words, k: int, scope: Scope) -> list[tuple[int, float]]:
        """Up to k (chunk number, BM25 times the words' weights), best first, ties by number.

        A word counts as one term, in whatever form it stands: by the number of rows that hold any of its forms.
        """
        terms: defaultdict[str, float] = defaultdict(float)
        for word, weight in words.items():
            rarity, held = self._rarity_of(word)
            for form, rows in held.items():
                terms[form] += weight if len(held) == 1 else weight * rarity / self._rarity(rows)
        return self._best(self._any("terms", terms), k, scope) if terms else []

    def about(self, terms: Weights, k: int, scope: Scope) -> list[tuple[int, float]]:
        """Up to k (first chunk of a document, weight of the terms that it is about), best first, ties by number."""
        exact = {term: weight for term, weight in terms.items() if weight > 0}
        return self._best(self._any("about", exact, exact=True), k, scope) if exact else []

    def most(self, words: Words) -> float:
        """The limit of `search` for these words, reached by no text: (k1 + 1) times the sum of their rarities."""
        return (K1 + 1) * sum(weight * self._rarity_of(word)[0] for word, weight in words.items())

    def frequency(self, term: str, as_: Principal, field: str = "terms") -> int:
        """In how many rows that the principal may see the term stands. field: "terms", or "about" of documents."""
        if not self._searcher.doc_freq(field, term):
            return 0
        query = self._visible(self._any(field, {term: 1.0}), as_)
        return int(self._searcher.search(query, 1, count=True).count)  # type: ignore[attr-defined]  # its stub forgets it

    def chunk_numbers(self) -> list[int]:
        """All chunk numbers in the index, unsorted."""
        found = self._searcher.search(tantivy.Query.all_query(), max(1, self.rows), count=False).hits
        return [int(n or 0) for n in self._searcher.fast_field_values("chunk", [address for _, address in found])]

    def _best(self, wanted: tantivy.Query, k: int, scope: Scope) -> list[tuple[int, float]]:
        if not self.rows:
            return []
        # Who sees nearly everything is served faster without the filter in the query: tantivy can then skip rows that
        # cannot be among the best (3 ms instead of 12 at a million). The bitmap decides in both cases.
        few = scope.count < MOSTLY * self.rows
        query = self._inside(wanted, scope.documents) if scope.documents else wanted
        query = self._visible(query, scope.as_) if few and not scope.documents else query
        limit = k if few else math.ceil(k / MOSTLY)
        while True:
            found = self._searcher.search(query, min(limit, self.rows), count=False).hits
            numbers = self._searcher.fast_field_values("chunk", [address for _, address in found])
            hits = [
                (int(n), float(s))
                for n, (s, _) in zip(numbers, found, strict=True)
                if n is not None and _is_set(scope.allowed, int(n))
            ]
            if len(hits) >= k or len(found) < limit:
                return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
            limit *= 4

    def _rarity_of(self, word: Word) -> tuple[float, dict[str, int]]:
        """The rarity of a word in any of its forms, and the rows that hold each of those that there are."""
        held = {form: rows for form in word if (rows := self._searcher.doc_freq("terms", form))}
        return self._rarity(sum(held.values())), held

    def _rarity(self, holding: int) -> float:
        rows = max(self.rows, holding)  # subtle: what was deleted still counts for a term, but not as a row
        return math.log(1 + (rows - holding + 0.5) / (holding + 0.5))

    def _any(self, field: str, terms: Weights, exact: bool = False) -> tantivy.Query:
        """Rows with any of the terms. exact: each counts its weight, however often it stands in however many rows."""
        query, parts = tantivy.Query, []
        for term, weight in terms.items():
            one = query.term_query(self._schema, field, term, index_option="basic" if exact else "freq")
            if exact:
                one = query.const_score_query(one, float(weight))
            elif weight != 1:
                one = query.boost_query(one, float(weight))
            parts.append((tantivy.Occur.Should, one))
        return query.boolean_query(parts)

    def _visible(self, wanted: tantivy.Query, as_: Principal) -> tantivy.Query:
        """`wanted` among what the principal may see."""
        if as_.is_admin:
            return wanted
        return self._among(wanted, "access", [PUBLIC, *map(group_term, as_.groups)])

    def _inside(self, wanted: tantivy.Query, documents: Sequence[int]) -> tantivy.Query:
        """`wanted` in these documents."""
        return self._among(wanted, "document", documents)

    def _among(self, wanted: tantivy.Query, field: str, values: Sequence[str] | Sequence[int]) -> tantivy.Query:
        query, must = tantivy.Query, tantivy.Occur.Must
        filtered = query.const_score_query(query.term_set_query(self._schema, field, values), 0.0)
        return query.boolean_query([(must, wanted), (must, filtered)])


def stemmed(language: str) -> str:
    """What the first row of a document is about that has chunks with stems of that language."""
    return f"stems:{language}"


def group_term(group: str) -> str:
    """The indexed form of a group."""
    return f"group:{group}"  # subtle: the prefix keeps a group named "public" apart from PUBLIC


def _is_set(bitmap: NDArray[np.uint8], number: int) -> bool:
    return number >> 3 < len(bitmap) and bool(bitmap[number >> 3] >> (number & 7) & 1)

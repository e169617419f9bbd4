"""The lexical index: BM25 (k1 = 1.2, b = 0.75) by tantivy over the terms that `text.tokens` makes.

Every row carries the groups that may read it, so that a search sees only what its principal may see. Rows that the
catalogue does not show (deleted, or not committed yet) are dropped by the caller's bitmap.
"""

from __future__ import annotations

import errno
import json
import math
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

from ragkb.errors import StorageError
from ragkb.store.crashpoints import reached
from ragkb.store.files import sha256_file, storage_errors, sync_folder
from ragkb.store.records import IndexFile
from ragkb.types import Principal

K1 = 1.2  # of BM25, as tantivy has it
ANALYZER = "terms"
PUBLIC = "public"
HEAP = 64_000_000
MOSTLY = 0.8  # share of the rows from which a reader is taken to see nearly everything
_SEGMENT_FILE = re.compile(r"[0-9a-f]{32}\..*")
REPAIR = "run `ragkb doctor --rebuild`"


def new_lexical_folder() -> str:
    """A name that no lexical index had before."""
    return f"lexical-{secrets.token_hex(8)}"


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk", indexed=True, fast=True)
    builder.add_unsigned_field("document", indexed=True)
    builder.add_text_field("access", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("terms", tokenizer_name=ANALYZER, index_option="freq")
    return builder.build()


class LexicalIndex:
    """The index in one folder. Reading is safe from several threads; writing needs the writer's lock."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Raises FileNotFoundError if there is none and `create` is false, StorageError."""
        self.folder = folder
        if create:
            with storage_errors(folder):
                folder.mkdir(parents=True)
                sync_folder(folder.parent)
        elif not (folder / "meta.json").exists():
            raise FileNotFoundError(errno.ENOENT, "no lexical index", str(folder))
        try:
            self._index = tantivy.Index(_schema(), path=str(folder))
        except (ValueError, OSError) as error:
            raise StorageError(
                f"{folder / 'meta.json'}: the lexical index cannot be opened ({error})", REPAIR
            ) from None
        whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self._index.register_tokenizer(ANALYZER, whitespace)

    def searcher(self) -> LexicalSearcher:
        """A view of the last commit; it does not change when the index does. Raises FileNotFoundError, StorageError."""
        try:
            self._index.reload()
            return LexicalSearcher(self._index.searcher(), self._index.schema)
        except ValueError as error:
            if not (self.folder / "meta.json").exists():  # a rebuild has put another folder in its place
                raise FileNotFoundError(errno.ENOENT, "no lexical index", str(self.folder)) from None
            raise StorageError(f"{self.folder}: the lexical index cannot be read ({error})", REPAIR) from None

    def write(
        self,
        rows: Iterable[tuple[int, int, tuple[str, ...], Sequence[str]]],
        removed_documents: Iterable[int] = (),
        phantoms_above: int | None = None,
    ) -> None:
        """Adds (chunk, document, groups, terms) rows, removes documents, commits durably, waits for merges.

        phantoms_above: also removes every chunk with a greater number, left by a writer that died.
        """
        writer = None
        try:
            writer = self._index.writer(HEAP, 1)
            for document in removed_documents:
                writer.delete_documents_by_term("document", document)
            if phantoms_above is not None:
                kind = tantivy.FieldType.Unsigned
                query = tantivy.Query.range_query(self._index.schema, "chunk", kind, lower_bound=phantoms_above + 1)
                writer.delete_documents_by_query(query)
            for chunk, document, groups, terms in rows:
                row = tantivy.Document()
                row.add_unsigned("chunk", chunk)
                row.add_unsigned("document", document)
                for access in map(_group_term, groups) if groups else (PUBLIC,):
                    row.add_text("access", access)
                row.add_text("terms", " ".join(terms))
                writer.add_document(row)
            reached("lexical: rows handed over")
            writer.commit()
            reached("lexical: committed")
            writer.wait_merging_threads()
            sync_folder(self.folder)  # subtle: tantivy renames meta.json last and does not make that durable
        except (ValueError, OSError) as error:
            # subtle: tantivy reports every failure, a full disk included, as ValueError; the writer is dead afterwards
            raise StorageError(
                f"{self.folder}: the lexical index cannot be written ({error})", "check the disk"
            ) from None
        finally:
            del writer  # subtle: it holds tantivy's lock for as long as the error's traceback holds it

    def remove_remains(self) -> None:
        """Removes the files that the last commit does not name. Needs the writer's lock. Raises StorageError.

        subtle: tantivy names a file of deletions after a number that counts what was written. A writer that died
        between that file and meta.json leaves it under the name that the next one wants, which would then be refused.
        """
        with storage_errors(self.folder):
            named = _named((self.folder / "meta.json").read_bytes())
            for path in self.folder.iterdir():
                if _SEGMENT_FILE.fullmatch(path.name) and not named(path.name):
                    path.unlink(missing_ok=True)

    def files(self, known: Mapping[str, IndexFile]) -> list[IndexFile]:
        """The files that make up the index, by name; locks and what tantivy had begun to write are left out.

        known: what was found before, by name. A file that never changes under its name is not read again.
        """
        paths = (path for path in self.folder.iterdir() if path.is_file())
        kept = sorted(path for path in paths if path.suffix != ".lock" and not path.name.startswith(".tmp"))
        return [_listed(path, known.get(path.name)) for path in kept]


def _named(meta: bytes) -> Callable[[str], bool]:
    """Whether tantivy's meta.json names a segment's file: `ID.extension`, or `ID.number.del`. Raises StorageError."""
    try:
        segments = json.loads(meta)["segments"]
        deletions = {one["segment_id"].replace("-", ""): (one["deletes"] or {}).get("opstamp") for one in segments}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(f"meta.json of the lexical index cannot be understood ({error})", REPAIR) from None

    def named(name: str) -> bool:
        segment, _, rest = name.partition(".")
        return segment in deletions and (not rest.endswith(".del") or rest == f"{deletions[segment]}.del")

    return named


def _listed(path: Path, old: IndexFile | None) -> IndexFile:
    size = path.stat().st_size
    if old and old.bytes == size and path.suffix != ".json":
        return old
    return IndexFile(path.name, sha256_file(path), size, 0)


class LexicalSearcher:
    """One consistent view of the lexical index."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema) -> None:
        self._searcher = searcher
        self._schema = schema

    @property
    def rows(self) -> int:
        return int(self._searcher.num_docs)

    def search(
        self, terms: Sequence[str], k: int, as_: Principal, allowed: NDArray[np.uint8], count: int
    ) -> list[tuple[int, float]]:
        """Up to k (chunk number, BM25), best first, ties by number. allowed: bitmap over chunk numbers, `count` set."""
        if not terms or not self.rows:
            return []
        # Who sees nearly everything is served faster without the filter in the query: tantivy can then skip rows that
        # cannot be among the best (3 ms instead of 12 at a million). The bitmap decides in both cases.
        few = count < MOSTLY * self.rows
        query = self._query(terms, as_ if few else Principal.admin())
        limit = k if few else math.ceil(k / MOSTLY)
        while True:
            found = self._searcher.search(query, min(limit, self.rows), count=False).hits
            numbers = self._searcher.fast_field_values("chunk", [address for _, address in found])
            hits = [
                (int(n), float(s))
                for n, (s, _) in zip(numbers, found, strict=True)
                if n is not None and _is_set(allowed, int(n))
            ]
            if len(hits) >= k or len(found) < limit:
                return sorted(hits, key=lambda hit: (-hit[1], hit[0]))[:k]
            limit *= 4

    def most(self, terms: Sequence[str]) -> float:
        """The limit of BM25 for these terms, reached by no text: (k1 + 1) times the sum of their rarities."""
        rarity = (count * self._rarity(term) for term, count in Counter(terms).items())
        return (K1 + 1) * sum(rarity)

    def _rarity(self, term: str) -> float:
        holding = self._searcher.doc_freq("terms", term)
        rows = max(self.rows, holding)  # subtle: what was deleted still counts for a term, but not as a row
        return math.log(1 + (rows - holding + 0.5) / (holding + 0.5))

    def frequency(self, term: str, as_: Principal) -> int:
        """In how many rows that the principal may see the term stands."""
        query = self._query([term], as_)
        return int(self._searcher.search(query, 1, count=True).count)  # type: ignore[attr-defined]  # its stub forgets it

    def chunk_numbers(self) -> list[int]:
        """All chunk numbers in the index, unsorted."""
        found = self._searcher.search(tantivy.Query.all_query(), max(1, self.rows), count=False).hits
        return [int(n or 0) for n in self._searcher.fast_field_values("chunk", [address for _, address in found])]

    def _query(self, terms: Sequence[str], as_: Principal) -> tantivy.Query:
        query, should = tantivy.Query, tantivy.Occur.Should
        parts = []
        for term, count in Counter(terms).items():
            one = query.term_query(self._schema, "terms", term, index_option="freq")
            parts.append((should, one if count == 1 else query.boost_query(one, float(count))))
        wanted = query.boolean_query(parts)
        if as_.is_admin:
            return wanted
        access = [PUBLIC, *map(_group_term, as_.groups)]
        filtered = query.const_score_query(query.term_set_query(self._schema, "access", access), 0.0)
        return query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, filtered)])


def _group_term(group: str) -> str:
    return f"group:{group}"  # subtle: the prefix keeps a group named "public" apart from PUBLIC


def _is_set(bitmap: NDArray[np.uint8], number: int) -> bool:
    return number >> 3 < len(bitmap) and bool(bitmap[number >> 3] >> (number & 7) & 1)

"""Reading: one generation, by one transaction."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import NotFound, StorageError
from ragkb.store import chunks, documents, embeddings, meta, originals
from ragkb.store.catalogue import sound
from ragkb.store.chunks import ChunkRow, StoredSpan
from ragkb.store.files import storage_errors
from ragkb.store.lexical import REPAIR
from ragkb.store.lexical_search import Scope, Weights, Words
from ragkb.store.models import Model
from ragkb.store.records import IndexFile
from ragkb.store.snapshot import Snapshot, Visible
from ragkb.store.vectors import GATHERED, nearest, nearest_of
from ragkb.store.where import Where
from ragkb.text.about import BEGINNING
from ragkb.text.stems import stem
from ragkb.types import Document, DocumentInfo, Original, Principal

if TYPE_CHECKING:
    from ragkb.store.store import Store


@dataclass(frozen=True, slots=True)
class Reader:
    """One generation, read by one transaction."""

    store: Store
    at: sqlite3.Connection
    snapshot: Snapshot

    @property
    def model(self) -> Model:
        """What made the vectors of this generation."""
        return self.snapshot.model

    def visible(self, as_: Principal, where: Where | None = None) -> Visible:
        """The chunks that the principal may see and whose documents match `where`."""
        return self.snapshot.visible(self.at, as_, where)

    def dense(self, vector: NDArray[np.float32], k: int, visible: Visible) -> list[tuple[int, float]]:
        """Up to k visible (chunk number, cosine), best first, ties by number."""
        return nearest(self.snapshot.segments, vector, k, visible.bitmap) if visible.count else []

    def dense_inside(self, vector: NDArray[np.float32], k: int, rows: Sequence[int]) -> list[tuple[int, float]]:
        """As `dense`, among the chunks of the documents in these rows of `snapshot.documents`."""
        numbers = self.snapshot.documents.numbers_of(rows)
        if len(numbers) <= GATHERED:
            return nearest_of(self.snapshot.segments, vector, k, numbers)
        return nearest(self.snapshot.segments, vector, k, self.snapshot.chunks_of(rows).bitmap)

    def lexical(
        self, words: Words, k: int, as_: Principal, visible: Visible, documents: Sequence[int] = ()
    ) -> list[tuple[int, float]]:
        """Up to k visible (chunk number, BM25), best first, ties by number. documents: numbers of those to look in."""
        with self._readable():
            scope = Scope(as_, visible.bitmap, visible.count, tuple(documents))
            return self.snapshot.lexical.search(words, k, scope) if visible.count else []

    def most(self, words: Words) -> float:
        """The greatest BM25 that any text could have for these words: the limit for endless repetition of each."""
        return self.snapshot.lexical.most(words)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages other than English by whose stems the texts are found."""
        return self.snapshot.lexical.languages

    def about(self, terms: Weights, k: int, as_: Principal, visible: Visible) -> list[tuple[int, float]]:
        """Up to k (row of a visible document in `snapshot.documents`, weight of the terms that it is about).

        Best first, ties by row. Terms as text/about.py makes them.
        """
        with self._readable():
            scope = Scope(as_, visible.bitmap, visible.count)
            found = self.snapshot.lexical.about(terms, k, scope) if visible.count else []
        rows = self.snapshot.documents.rows_of(np.array([chunk for chunk, _ in found], np.int64))
        return list(zip(rows.tolist(), (weight for _, weight in found), strict=True))

    def about_frequency(self, term: str, as_: Principal) -> int:
        """How many documents that the principal may see are about the term."""
        with self._readable():
            return self.snapshot.lexical.frequency(term, as_, "about")

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise StorageError(f"{self.store.folder}: the lexical index cannot be read ({error})", REPAIR) from None

    def background(self) -> float:
        """The cosine of chunks that have nothing to do with each other, as a writer last measured it.

        It tells how far the embedder can tell the texts of this knowledge base apart: .08 for passages about everything
        in English, .33 for papers on one subject, .64 for Chinese with an English model.
        """
        return float(meta.values(self.at)["background"])

    def chunks(self, numbers: Sequence[int]) -> dict[int, ChunkRow]:
        """The chunks with these numbers."""
        with sound(self.store.catalogue.path):
            return chunks.rows(self.at, numbers)

    def places(self, numbers: Sequence[int]) -> dict[int, tuple[int, int | None]]:
        """(document number, page) of the chunks with these numbers."""
        with sound(self.store.catalogue.path):
            return chunks.places(self.at, numbers)

    def said(self, document: int | str) -> tuple[str, str]:
        """(title and source, beginning of the text) of the document with this number or id."""
        with sound(self.store.catalogue.path):
            return documents.said(self.at, document, BEGINNING)

    def documents(self, as_: Principal) -> Iterator[DocumentInfo]:
        """The visible documents, by source."""
        with sound(self.store.catalogue.path):
            return iter(list(documents.info(self.at, as_)))

    def document(self, identity: str, as_: Principal) -> Document:
        """The document. Raises NotFound if it is absent or not visible: the two look the same."""
        with sound(self.store.catalogue.path):
            found = documents.document(self.at, identity, as_)
        if found is None:
            raise _absent(identity)
        return found

    def info(self, identity: str, as_: Principal) -> DocumentInfo:
        """The document without its text. Raises NotFound if it is absent or not visible: the two look the same."""
        with sound(self.store.catalogue.path):
            found = documents.summary(self.at, identity, as_)
        if found is None:
            raise _absent(identity)
        return found[1]

    def counts(self) -> dict[str, int]:
        """How many documents and chunks are stored."""
        return {
            table: int(self.at.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in ("documents", "chunks")
        }

    def original(self, identity: str, as_: Principal) -> Original:
        """The file that the document was made of. Raises NotFound, also where it was not kept, StorageError."""
        with sound(self.store.catalogue.path):
            found = documents.summary(self.at, identity, as_)
            file = originals.of(self.at, found[0]) if found else None
        if found is None:
            raise _absent(identity)
        if file is None:
            raise NotFound(
                f"the file of document {identity!r} was not kept",
                "set ingest.originals and ingest it again; text that was added, and what is redacted, has none",
            )
        name = found[1].source.rpartition("/")[2]
        return Original(name, found[1].media_type, self._bytes(identity, file))

    def _bytes(self, identity: str, file: IndexFile) -> bytes:
        try:
            with storage_errors(self.store.originals.folder):
                return self.store.originals.read(file)
        except StorageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                with self.store.catalogue.read() as now:  # removed since this transaction began?
                    if not originals.is_listed(now, file.sha256):
                        raise _absent(identity) from None
            raise

    def context(self, identity: str, start: int) -> str:
        """What was indexed beside the text of the chunk of that document that begins at `start`."""
        return chunks.context(self.at, identity, start)

    def span(self, identity: str, start: int, end: int) -> StoredSpan:
        """A span of a document, cut at its end, as the catalogue holds it now. Raises NotFound."""
        with sound(self.store.catalogue.path):
            found = chunks.span(self.at, identity, start, end)
        if found is None:
            raise NotFound(f"document {identity!r} was not found")
        return found

    def rarity(self, as_: Principal) -> Callable[[str], float]:
        """Rarity of an English term among what the principal may see, as BM25 counts it: 0 and up.

        Rows that hold its stem in another language of the texts count as well. subtle: counted over the visible rows
        alone, so that a hidden document cannot change an answer.
        """
        total = self.visible(as_).count

        def idf(term: str) -> float:
            forms = {term, *(stem(term, language) for language in self.languages)}
            holding = min(sum(self.snapshot.lexical.frequency(form, as_) for form in forms), total)
            return math.log(1 + (total - holding + 0.5) / (holding + 0.5))

        return idf

    def centroid(self, identity: str) -> NDArray[np.float32]:
        """The mean of the embeddings of a document's chunks, of unit length."""
        with sound(self.store.catalogue.path):
            return embeddings.centroid(self.at, identity, self.snapshot.model.key)

    def embeddings(self, digests: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        """Stored vectors among `digests`."""
        return embeddings.held(self.at, digests, self.snapshot.model.key)


def _absent(identity: str) -> NotFound:
    return NotFound(f"document {identity!r} was not found", "list the documents that you can see")

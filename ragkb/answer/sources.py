"""Where an answer may come from: passages, the stored text around them, and how rare a term is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragkb.answer.generator import Span
from ragkb.answer.question import Idf, local_idf
from ragkb.answer.units import Passage
from ragkb.errors import StorageError
from ragkb.retrieve.origin import BEGINNING, origin, origin_of
from ragkb.text import hidden
from ragkb.text.sentences import sentences
from ragkb.types import Citation, Hit, Principal, headings_at, page_at

if TYPE_CHECKING:
    from ragkb.store.chunks import StoredSpan
    from ragkb.store.reader import Reader

FEW = 5  # given passages; among fewer, how rare a term is is counted in their sentences
HEADER_REACH = (2_000, 20_000, 200_000)  # characters before a passage in which its table may begin
NEARBY = 2_000  # characters before and behind a passage that may be cited too


@dataclass(frozen=True, slots=True)
class Sources:
    """What an answer may come from. It is read by one transaction and needs the store no longer.

    kind: "searched" or "given". stored: what the catalogue holds of each passage and around it, by document and start
    of the passage; empty where the passages were given.
    """

    kind: str
    passages: Sequence[Passage]
    idf: Idf
    stored: Mapping[tuple[str, int], StoredSpan]

    def text(self, span: Span) -> str:
        """What stands there in the stored document. Raises StorageError if it cannot be read there."""
        hit = span.passage.hit
        start, held = hit.start, hit.text
        if self.kind == "searched":
            stored = self.stored[hit.document_id, hit.start]
            start, held = stored.start, stored.text
        text = held[max(0, span.start - start) : max(0, span.end - start)]
        if len(text) != span.end - span.start or not text:
            raise StorageError(f"{hit.source}: nothing is stored at {span.start} to {span.end}", "run `ragkb verify`")
        return text

    def _marked(self, span: Span) -> Span:
        """The span, from the mark on where it begins within a line of hidden text."""
        hit = span.passage.hit
        stored = self.stored.get((hit.document_id, hit.start))
        start, held = (stored.start, stored.text) if stored else (hit.start, hit.text)
        return replace(span, start=start + hidden.whole(held, span.start - start))

    def cite(self, n: int, span: Span) -> Citation:
        """The citation. Raises StorageError as text() does."""
        span = self._marked(span)
        hit, quote = span.passage.hit, self.text(span)
        page, heading = hit.page, hit.heading
        if self.kind == "searched":
            stored = self.stored[hit.document_id, hit.start]
            page, heading = page_at(stored.page_starts, span.start), headings_at(stored.headings, span.start)
        return Citation(n, hit.document_id, hit.source, hit.title, page, heading, span.start, span.end, quote)


def searched(reader: Reader, hits: Sequence[Hit], as_: Principal) -> Sources:
    """The hits as sources. Raises StorageError if the index does not agree with the documents."""
    stored = {(hit.document_id, hit.start): _stored(reader, hit) for hit in hits}
    origins = {
        identity: origin_of(reader, identity, as_) for identity in dict.fromkeys(hit.document_id for hit in hits)
    }
    passages = [Passage(hit, _context(reader, hit), origins[hit.document_id]) for hit in hits]
    rarity = reader.rarity(as_)
    known: dict[str, float] = {}

    def idf(term: str) -> float:
        if term not in known:
            known[term] = rarity(term)
        return known[term]

    return Sources("searched", passages, idf, stored)


def given(contexts: Sequence[Hit]) -> Sources:
    """Passages that came with the question; each is a document of its own, and offsets count in its text."""
    texts = [hit.text for hit in contexts]
    if len(texts) < FEW:
        texts = [text[start:end] for text in texts for start, end in sentences(text)]
    idf = local_idf(texts)
    origins = [origin(hit.title or hit.source, hit.title, {}, hit.text[:BEGINNING]) for hit in contexts]
    return Sources("given", [Passage(hit, "", known) for hit, known in zip(contexts, origins, strict=True)], idf, {})


def _context(reader: Reader, hit: Hit) -> str:
    """What the index knew beside the text, with the whole header row where the passage goes on with a table.

    The index keeps as much of a header as leaves room for rows.
    """
    context = reader.context(hit.document_id, hit.start)
    above, _, header = context.rpartition("\n")
    if not header.startswith("|") or not hit.text.startswith("|"):
        return context
    for reach in HEADER_REACH:
        text = reader.span(hit.document_id, max(0, hit.start - reach), hit.start).text
        at = text.rfind(header.rstrip(" |"))
        if at >= 0:
            row = text[at:].split("\n", 1)[0]
            return f"{above}\n{row}" if row.endswith("|") else context
    return context


def _stored(reader: Reader, hit: Hit) -> StoredSpan:
    found = reader.span(hit.document_id, max(0, hit.start - NEARBY), hit.end + NEARBY)
    if found.text[hit.start - found.start : hit.end - found.start] != hit.text:
        raise StorageError(f"{hit.source}: the index and the document disagree at {hit.start}", "run `ragkb verify`")
    return found

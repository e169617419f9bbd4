"""The vocabulary of ragkb as frozen values.

Offsets (`start`, `end`) count code points of a document's text, end exclusive. Pages count from 1: the page of a PDF,
the slide of a presentation, the sheet of a workbook; None where a format has none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

Scalar = Union[str, int, float, bool]  # noqa: UP007  (used at run time on 3.10)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. A document without groups is for everyone, one with groups for whoever shares one of them."""

    user: str = ""
    groups: tuple[str, ...] = ()
    is_admin: bool = False

    @classmethod
    def admin(cls) -> Principal:
        """Sees every document."""
        return cls(user="admin", is_admin=True)

    @classmethod
    def of_groups(cls, groups: tuple[str, ...]) -> Principal:
        """Who belongs to `groups`; '*' among them is the administrator."""
        return cls.admin() if "*" in groups else cls(groups=groups)

    def may_read(self, groups: tuple[str, ...]) -> bool:
        """True if a document with these groups is visible."""
        return self.is_admin or not groups or not set(groups).isdisjoint(self.groups)


NOBODY = Principal()


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said before the question. role: "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at `start`. level: 1 is the highest."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table rendered as lines `| a | b |` in text[start:end].

    header: its first line, '' if that names no columns; of one that goes on from the page before, the line there.
    """

    start: int
    end: int
    header: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch text[start:end] that is found and cited as a whole: a question with its answer, a record.

    label: what it is about, its question; it leads the later parts of one that is too long for a chunk.
    """

    start: int
    end: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a loader gives: the text of one document and the places in it. Nothing is stored yet.

    page_starts: ascending offsets, one a page, the first 0; empty where the format has no pages.
    headings, tables, units: ascending by start; units do not overlap, and are used for cutting alone.
    warnings: what a reader of the report should know, one line each. ocr_pages: whose text was read from their picture.
    language, groups: what the document says of itself, '' and None if nothing; groups can only narrow who may read it.
    contents: (start, end) of tables of contents, ascending: part of the text, but not worth finding.
    pictures: pages that are pictures and were not read yet.
    """

    text: str
    title: str = ""
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    units: tuple[Unit, ...] = ()
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    contents: tuple[tuple[int, int], ...] = ()
    pictures: int = 0
    ocr_pages: int = 0
    language: str = ""
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """One document of the knowledge base, without its text.

    source: relative to the ingested root, with '/'. pages: None where the format has none. sha256: of the file's bytes.
    original: the file itself is kept: it can be had, and the pages of a PDF drawn.
    """

    id: str
    source: str
    title: str
    groups: tuple[str, ...]
    pages: int | None
    chunks: int
    characters: int
    media_type: str
    language: str
    sha256: str
    metadata: Mapping[str, Scalar]
    ingested_at: str
    original: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One document with its text. Invariant: every citation's quote is text[start:end]."""

    info: DocumentInfo
    text: str
    page_starts: tuple[int, ...]
    headings: tuple[Heading, ...]
    tables: tuple[Table, ...]

    @property
    def id(self) -> str:
        return self.info.id

    @property
    def source(self) -> str:
        return self.info.source

    @property
    def title(self) -> str:
        return self.info.title

    @property
    def groups(self) -> tuple[str, ...]:
        return self.info.groups


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a document was made of, as it came. name: without folders."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document that is indexed.

    context: title, heading path and table header; embedded and indexed with the text, never quoted.
    """

    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    context: str
    text: str


@dataclass(frozen=True, slots=True)
class Explain:
    """Why a hit is where it is. dense, lexical: each leg's score scaled to 0..1, None if the leg did not find it.

    weight: share of the dense leg, 0 to 1. document: how much of what the question names its document is about, 0 to 1.
    dense_rank, lexical_rank: place in the list of that leg, from 1. reason: for weight and document, in words.
    rerank: what a reranker gave, higher is better; then it decides the rank. score: of both legs and `document`, before
    the hit was reranked or put behind others; None for a passage that was not searched.
    """

    dense: float | None
    lexical: float | None
    weight: float
    document: float = 0.0
    dense_rank: int | None = None
    lexical_rank: int | None = None
    reason: str = ""
    rerank: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Where the text of a hit stands once more, word for word or nearly so."""

    document_id: str
    source: str
    page: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One retrieved chunk.

    rank: from 1. score: 0 to 1, never rises with the rank, comparable only within one result list. A hit put behind
    others (at most so many of a page or a document come first) has at most the score of these; see explain.score.
    start, end: code points of the document's text, end exclusive; text == document.text[start:end].
    superseded_by: source of a newer version of the document, among the hits, that says the same; "" if there is none.
    duplicates: chunks that were found too and say the same, best first; they are no hits of their own.
    """

    rank: int
    score: float
    document_id: str
    source: str
    title: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int
    text: str
    explain: Explain
    superseded_by: str = ""
    duplicates: tuple[Duplicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Related:
    """A document that is like another one. score: 0 to 1, higher is nearer, comparable only within one list."""

    document: DocumentInfo
    score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """A verified quote: quote == document.text[start:end]. n: its number in the answer, from 1."""

    n: int
    document_id: str
    source: str
    title: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer.

    citations: numbers of the evidence. support: 0 to 1, 1 is entailed. supported: it cites something, and its support
    reaches the threshold (answer.least_support).
    """

    text: str
    citations: tuple[int, ...]
    support: float
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two citations of one answer that disagree.

    kind: "superseded" where the second stands in an older version of the first one's document, "disagree" where both
    are in force. citations: their numbers. dates: of their documents, "2026-04-01", '' where none is known.
    """

    kind: str
    citations: tuple[int, int]
    dates: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, or an honest abstention.

    question: as it was asked. standalone: as it was read, a follow-up with what it leans on.
    text: what a person reads. abstained: the documents do not hold the answer; reason says why, '' otherwise.
    confidence: 0 to 1, that the visible documents hold the answer. groundedness: support of the worst sentence,
    None when abstained. timings_ms: by stage, and "total". dropped: sentences that were left out because no passage
    supports them (answer.policy). unanswered: parts of the question, as they were asked, that the documents do not
    answer while they answer others; `text` names them.
    """

    question: str
    standalone: str
    text: str
    abstained: bool
    reason: str
    confidence: float
    groundedness: float | None
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Hit, ...]
    model: Mapping[str, str]
    timings_ms: Mapping[str, float]
    usage: Mapping[str, int]
    conflicts: tuple[Conflict, ...] = ()
    dropped: int = 0
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PassagesFound:
    """The first event of a streamed answer: the hits that it is made from."""

    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class SentenceScored:
    """A sentence of a streamed answer, once it is scored. citations: those that no sentence before it had."""

    sentence: Sentence
    citations: tuple[Citation, ...]


AnswerEvent = Union[PassagesFound, SentenceScored, Answer]  # noqa: UP007  (used at run time on 3.10)


def page_at(page_starts: tuple[int, ...], offset: int) -> int | None:
    """The page, from 1, that holds the code point at `offset`; None where the document has no pages."""
    return bisect_right(page_starts, offset) or 1 if page_starts else None


def headings_at(headings: tuple[Heading, ...], offset: int) -> tuple[str, ...]:
    """The path of headings over the code point at `offset`, outermost first."""
    path: list[Heading] = []
    for heading in headings:
        if heading.start > offset:
            break
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
    return tuple(heading.title for heading in path)

"""What responses hold, for OpenAPI. ragkb.render makes them; a test checks that the two agree."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from ragkb.types import Citation, Conflict, DocumentInfo, Heading, Hit, Sentence


class Shape(BaseModel):
    """An object with these fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """type: the kind in snake case. message: what happened. hint: what to do, may be empty."""

    type: str
    message: str
    hint: str


class ErrorShape(Shape):
    """Every error."""

    error: Problem


class SearchShape(Shape):
    """Hits, best first."""

    query: str
    hits: list[Hit]
    timings_ms: dict[str, float]


class AnswerShape(Shape):
    """An answer with its citations, or an abstention with its reason."""

    question: str
    standalone: str
    answer: str
    abstained: bool
    reason: str
    confidence: float
    groundedness: float | None
    sentences: list[Sentence]
    citations: list[Citation]
    passages: list[Hit]
    model: dict[str, str]
    timings_ms: dict[str, float]
    usage: dict[str, int]
    conflicts: list[Conflict]
    dropped: int
    unanswered: list[str]


class DocumentsShape(Shape):
    """One page of the documents, by source. total: all that the caller may read. next: cursor, null at the end."""

    documents: list[DocumentInfo]
    total: int
    next: str | None


class RelatedRowShape(Shape):
    """A document with its rank, from 1, and how near it is, 0 to 1."""

    rank: int
    score: float
    document: DocumentInfo


class RelatedShape(Shape):
    """Documents like the one with that id, nearest first."""

    document_id: str
    related: list[RelatedRowShape]


class DocumentShape(Shape):
    """One document. Offsets count code points of `text`; page n begins at page_starts[n - 1].

    original: the file itself is kept, so that it can be downloaded, and the pages of a PDF drawn.
    """

    id: str
    source: str
    title: str
    groups: list[str]
    pages: int | None
    chunks: int
    characters: int
    media_type: str
    language: str
    sha256: str
    metadata: dict[str, Any]
    ingested_at: str
    original: bool
    text: str
    page_starts: list[int]
    headings: list[Heading]


class FileShape(Shape):
    """What became of one file."""

    source: str
    status: str
    reason: str
    document_id: str | None
    pages: int | None
    chunks: int
    seconds: float
    ocr_pages: int
    redacted: dict[str, int]


class IngestShape(Shape):
    """What became of the files: how many of each status, and a row each."""

    ingested: int
    partial: int
    unchanged: int
    refused: int
    removed: int
    chunks: int
    pages: int
    redacted: dict[str, int]
    seconds: float
    files: list[FileShape]


class JobMadeShape(Shape):
    """The id of a job."""

    job: str


class JobShape(Shape):
    """An ingest that nobody waits for. report: once it is done. error: once it failed."""

    id: str
    status: Literal["queued", "running", "done", "failed"]
    created_at: str
    files_done: int
    files_total: int
    pages: int
    report: IngestShape | None
    error: Problem | None


class JobsShape(Shape):
    """Jobs, the newest first."""

    jobs: list[JobShape]


class DeletedShape(Shape):
    """The id of the document that is gone."""

    deleted: str


class MeShape(Shape):
    """The caller. groups: `*` is every document. kb: of the path; kbs: all that the caller reaches."""

    user: str
    groups: list[str]
    role: Literal["reader", "writer", "admin"]
    kb: str
    kbs: list[str]
    auth: Literal["open", "key", "oidc", "proxy"]


class KeyShape(Shape):
    """What is known of a key. Times are ISO 8601 in UTC, null: never."""

    id: str
    name: str
    role: Literal["reader", "writer", "admin"]
    groups: list[str]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    state: Literal["active", "expired", "revoked"]


class KeysShape(Shape):
    """Every key that was ever made, oldest first."""

    keys: list[KeyShape]


class MadeKeyShape(KeyShape):
    """A new key, which is shown this once."""

    key: str


class StatusShape(Shape):
    """What a knowledge base holds. keys: how many of each state. running: calls at work in the whole server."""

    kb: str
    documents: int
    chunks: int
    characters: int
    groups: list[str]
    languages: dict[str, int]
    embedder: str
    precision: str
    dim: int
    generation: int
    disk: dict[str, int]
    memory: dict[str, int]
    keys: dict[str, int]
    running: int


class FeedbackShape(Shape):
    """The id under which it is kept."""

    id: str


class HealthShape(Shape):
    """`ok` or `ready`."""

    status: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for OpenAPI."""
    words = {
        401: "No key, or none that is valid here.",
        403: "The caller's role does not allow it.",
        404: "Absent, or not visible to the caller: the two look the same.",
        409: "Another process writes; Retry-After says when to come back.",
        413: "A limit was passed.",
        422: "The input cannot be used.",
        503: "The store or the model cannot be used.",
    }
    return {status: {"model": ErrorShape, "description": words[status]} for status in statuses}

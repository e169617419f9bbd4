"""The JSON of the contract, in one place: the command prints it and the server returns it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ragkb.errors import RagkbError
from ragkb.ingest.report import STATUSES, IngestReport
from ragkb.store.keys import Key
from ragkb.types import Answer, Document, DocumentInfo, Hit, Related

ANSWER = """
question standalone answer abstained reason confidence groundedness sentences citations passages model timings_ms usage
conflicts dropped unanswered
""".split()


def hit_json(hit: Hit) -> dict[str, Any]:
    """One hit."""
    return record_json(hit)


def search_json(query: str, hits: list[Hit], milliseconds: float) -> dict[str, Any]:
    """`search --json` and POST /v1/search."""
    return {"query": query, "hits": [hit_json(hit) for hit in hits], "timings_ms": {"total": round(milliseconds, 2)}}


def answer_json(answer: Answer) -> dict[str, Any]:
    """`ask --json` and POST /v1/query."""
    raw = record_json(answer)
    raw["answer"] = raw.pop("text")
    return {key: raw[key] for key in ANSWER}


def document_json(info: DocumentInfo) -> dict[str, Any]:
    """One row of `GET /v1/documents`."""
    return record_json(info)


def related_json(id: str, found: Sequence[Related]) -> dict[str, Any]:
    """`related --json` and `GET /v1/documents/{id}/related`."""
    rows = [{"rank": rank, **record_json(one)} for rank, one in enumerate(found, 1)]
    return {"document_id": id, "related": rows}


def full_document_json(document: Document) -> dict[str, Any]:
    """`GET /v1/documents/{id}`: the row, the text that offsets count in, and the places in it."""
    return {
        **document_json(document.info),
        "text": document.text,
        "page_starts": list(document.page_starts),
        "headings": [asdict(heading) for heading in document.headings],
    }


def report_json(report: IngestReport) -> dict[str, Any]:
    """`ingest --json` and the answer to an upload."""
    return {
        **{status: report.count(status) for status in STATUSES},
        "chunks": report.chunks,
        "pages": report.pages,
        "redacted": dict(report.redacted),
        "seconds": report.seconds,
        "files": [record_json(file) for file in report.files],
    }


def error_json(error: RagkbError) -> dict[str, Any]:
    """The one shape of every error."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in type(error).__name__).lstrip("_")
    return {"error": {"type": name, "message": " ".join(error.message.split()), "hint": error.hint}}


def key_json(key: Key) -> dict[str, Any]:
    """What is known of a key, its state among it; the key itself is not."""
    return {**record_json(key), "state": key.state}


def record_json(value: Any) -> dict[str, Any]:
    """A frozen value as a plain dictionary."""
    return {key: _plain(item) for key, item in asdict(value).items()}


def _plain(value: Any) -> Any:
    """Tuples as lists, mappings as dictionaries."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value

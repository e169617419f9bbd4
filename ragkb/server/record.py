"""What one request did: noted while it works, kept in the ledger before its answer is complete."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from ragkb.ingest.report import IngestReport, NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.server.metrics import Metrics
from ragkb.server.tracing import Tracing
from ragkb.store.audit import Seen
from ragkb.types import Answer, AnswerEvent, Document, Hit, Original, PassagesFound


@dataclass(slots=True)
class Record:
    """What is known of a request so far. caller: whose it is; '' for everybody. documents: shown or
    changed, by id.
    """

    caller: str = ""
    question: str = ""
    outcome: str = ""
    documents: dict[str, str] = field(default_factory=dict)
    questions: int = 0
    abstentions: int = 0
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def hits(self, question: str, hits: Iterable[Hit]) -> None:
        """Notes a question and the passages that were found for it."""
        self.question = question
        self.outcome = self.outcome or "found"
        self.documents.update((hit.document_id, hit.source) for hit in hits)

    def answer(self, answer: Answer) -> None:
        """Notes an answer and what it took."""
        self.hits(answer.question, answer.passages)
        self.outcome = "abstained" if answer.abstained else "answered"
        self.questions += 1
        self.abstentions += answer.abstained
        self.model = answer.model.get("generator", "")
        self.prompt_tokens += answer.usage.get("prompt_tokens", 0)
        self.completion_tokens += answer.usage.get("completion_tokens", 0)

    def seen(self) -> tuple[Seen, ...]:
        """The documents, in the order in which they came up."""
        return tuple(Seen(id, source) for id, source in self.documents.items())


_current: ContextVar[Record | None] = ContextVar("record", default=None)


def begin(caller: str) -> Record:
    """The record of the request that begins in this context."""
    made = Record(caller)
    _current.set(made)
    return made


def resume(record: Record) -> None:
    """Makes it the record of this context."""
    _current.set(record)


def current() -> Record:
    """The record of the request at hand; one that nobody keeps outside of a request."""
    return _current.get() or Record()


class Watched:
    """A knowledge base whose use is noted, whichever route uses it. What notes nothing passes through as it is."""

    def __init__(self, kb: KnowledgeBase, metrics: Metrics, tracing: Tracing) -> None:
        self._kb, self._metrics, self._tracing = kb, metrics, tracing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kb, name)

    def search(self, query: str, **given: Any) -> list[Hit]:
        started = time.perf_counter()
        found = self._kb.search(query, **given)
        milliseconds = (time.perf_counter() - started) * 1000
        self._metrics.stages({"search": milliseconds})
        self._tracing.searched(milliseconds, len(found))
        current().hits(query, found)
        return found

    def ask(self, question: str, **given: Any) -> Answer:
        found = self._kb.ask(question, **given)
        self._answered(current(), found)
        return found

    def stream(self, question: str, **given: Any) -> Iterator[AnswerEvent]:
        return self._noting(current(), question, self._kb.stream(question, **given))

    def document(self, id: str, **given: Any) -> Document:
        found = self._kb.document(id, **given)
        current().documents[found.id] = found.source
        return found

    def original(self, id: str, **given: Any) -> Original:
        found = self._kb.original(id, **given)
        current().documents[id] = found.name
        return found

    def page_picture(self, id: str, page: int, **given: Any) -> bytes:
        found = self._kb.page_picture(id, page, **given)
        current().documents.setdefault(id, "")
        return found

    def ingest_bytes(self, name: str, data: bytes, **given: Any) -> IngestReport:
        return self._ingested(self._kb.ingest_bytes(name, data, **given))

    def add(self, documents: Sequence[NewDocument], **given: Any) -> IngestReport:
        return self._ingested(self._kb.add(documents, **given))

    def _noting(self, record: Record, question: str, events: Iterator[AnswerEvent]) -> Iterator[AnswerEvent]:
        """The events; each is noted before it is handed on. subtle: they may be read in another context."""
        for event in events:
            if isinstance(event, PassagesFound):
                record.hits(question, event.hits)
            elif isinstance(event, Answer):
                self._answered(record, event)
            yield event

    def _answered(self, record: Record, answer: Answer) -> None:
        record.answer(answer)
        self._metrics.answer(answer, self._kb.settings.usage)
        self._tracing.answered(answer)

    def _ingested(self, report: IngestReport) -> IngestReport:
        found = ((file.document_id, file.source) for file in report.files)
        current().documents.update((id, source) for id, source in found if id)
        self._metrics.ingest(report)
        self._tracing.ingested(report)
        return report


def watched(kb: KnowledgeBase, metrics: Metrics, tracing: Tracing) -> KnowledgeBase:
    """The knowledge base, with its use noted."""
    return cast(KnowledgeBase, Watched(kb, metrics, tracing))

"""KnowledgeBase: the façade. Each method is a few lines over the layer that does the work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ragkb.errors import InputError, LimitExceeded, NotFound
from ragkb.models import Embedder
from ragkb.retrieve.current import Current, opened
from ragkb.retrieve.recent import Recent
from ragkb.settings import Precision, Settings
from ragkb.status import Counts, Status, status
from ragkb.store import reports
from ragkb.store.models import Model
from ragkb.store.records import Problem
from ragkb.store.store import Store
from ragkb.store.where import Where
from ragkb.types import NOBODY, Answer, AnswerEvent, Document, DocumentInfo, Hit, Original, Principal, Related, Turn

if TYPE_CHECKING:
    from ragkb.answer.ask import Evidence, Tools
    from ragkb.ingest.pictures import Pictures
    from ragkb.ingest.pipeline import Ingest
    from ragkb.ingest.reembed import OnReembed, Reembedded
    from ragkb.ingest.report import IngestReport, NewDocument, OnProgress
    from ragkb.retrieve.search import Leg, Query
    from ragkb.store.backup import Backup
    from ragkb.store.ledger import Ledger
    from ragkb.store.reader import Reader


class KnowledgeBase:
    """One knowledge base in one folder. Reading is safe from several threads and processes; one process writes."""

    def __init__(self, store: Store, current: Current, settings: Settings) -> None:
        self._store, self._current, self.settings = store, current, settings
        self._pictures: Pictures | None = None
        self._counts: Counts | None = None
        self._recent = Recent()
        self._lock = threading.Lock()

    @cached_property
    def ledger(self) -> Ledger:
        """Keys, audit, usage and feedback of this knowledge base; the file is made when it is first needed."""
        from ragkb.store.ledger import LEDGER, Ledger

        return Ledger(self._store.folder / LEDGER)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool = True,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
    ) -> KnowledgeBase:
        """Opens the knowledge base, making it if it is absent and `create` is true.

        Raises NotFound, InputError for a folder that is something else, ModelError if it was made with another
        embedder, StorageError.
        """
        settings = settings or Settings.load()
        if not create:
            Store.open(Path(path)).close()
        store, current = opened(Path(path), settings, embedder)
        return cls(store, current, settings)

    def use(self, settings: Settings) -> None:
        """Puts other settings into force. The embedder stays: another one comes by `reembed`."""
        self.settings = settings
        self.__dict__.pop("_tools", None)

    def close(self) -> None:
        """Frees files and memory."""
        with self._lock:
            if self._pictures:
                self._pictures.close()
                self._pictures = None
        self._store.close()
        self.ledger.close()

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._store.folder

    # --- writing --------------------------------------------------------------------------------------------------

    def ingest(
        self,
        *paths: str | Path,
        groups: Sequence[str] = (),
        prune: bool = False,
        redact: bool = False,
        on_progress: OnProgress | None = None,
    ) -> IngestReport:
        """Ingests files, folders and addresses; what is stored already is recognised. Returns one row a file.

        groups: who may read documents for which no manifest says it. prune: also removes documents of the same roots
        that are not there any more. redact: replaces personal data, of all kinds if no setting names some.
        Raises NotFound if none of the paths exists, InputError for an address that cannot be used, Busy, StorageError;
        a file that cannot be read is a row with status "refused".
        """
        settings = self.settings.redacting() if redact else self.settings
        with self._ingesting(on_progress, settings) as run:
            return run.files(paths, tuple(groups), prune)

    def ingest_bytes(
        self,
        name: str,
        data: bytes,
        *,
        groups: Sequence[str] = (),
        title: str = "",
        as_: Principal | None = None,
        on_progress: OnProgress | None = None,
    ) -> IngestReport:
        """Ingests one file from memory. name: with the extension that tells its format; its folders are ignored.

        The same name replaces the file. as_: who hands it in; then it replaces only what they see and what has the same
        groups, and says nothing of other files with that name.
        """
        from ragkb.ingest.recognise import Attributes

        with self._ingesting(on_progress) as run:
            return run.upload(name, data, Attributes(tuple(groups), title), as_)

    def add(self, documents: Iterable[NewDocument], *, as_: Principal | None = None) -> IngestReport:
        """Ingests documents that are text already; one with a `source` that is stored replaces it.

        as_: who hands them in, as for `ingest_bytes`.
        """
        with self._ingesting() as run:
            return run.documents(documents, as_)

    @contextmanager
    def _ingesting(self, on_progress: OnProgress | None = None, settings: Settings | None = None) -> Iterator[Ingest]:
        from ragkb.ingest.pipeline import Ingest

        used = settings or self.settings
        with (
            self._store.writing() as writer,
            Ingest(self._store, writer, self._embedder_of(self._store.model()), used, on_progress) as run,
        ):
            yield run

    def delete(self, id: str) -> None:
        """Removes a document; it is invisible at the next request of any process. Raises NotFound, Busy."""
        with self._store.writing() as writer:
            if not writer.remove([id]):
                raise NotFound(f"document {id!r} was not found", "list the documents")

    def purge(self, *ids: str) -> None:
        """Removes documents and every trace of what was removed before: no byte of their text is left in any file.

        Rewrites the whole knowledge base. Raises NotFound (then nothing is removed), Busy.
        """
        with self._store.writing() as writer:
            with self._store.reading() as reader:
                for id in ids:
                    reader.document(id, Principal.admin())
            if ids:
                writer.remove(ids)
            writer.compact()
        self.ledger.forget({info.source for info in self.documents(as_=Principal.admin())})
        reports.forget(self._store.folder)

    def compact(self) -> None:
        """Rewrites the whole knowledge base in as little space as it needs; as purge() does. Raises Busy."""
        self.purge()

    def rebuild(self) -> None:
        """Makes both indexes anew from the catalogue, without embedding; repairs them if they are damaged."""
        with self._store.writing(recover=False) as writer:
            writer.rebuild()

    def reembed(
        self,
        model: str = "",
        *,
        precision: Precision = "auto",
        embedder: Embedder | None = None,
        on_progress: OnReembed | None = None,
    ) -> Reembedded:
        """Makes the vectors anew with another model, while the old ones answer; one commit changes their places.

        model: as the setting `embedder`, by default the one that it names, else that of the knowledge base. embedder:
        one of your own. A run that was interrupted goes on where it was; other processes may write meanwhile, and
        follow. Raises Busy, ModelError, InputError, StorageError.
        """
        from ragkb.ingest.reembed import Wanted, reembed, wanted

        if embedder:
            used = Wanted(embedder, "", embedder.precision)
        else:
            used = wanted(self._store, self.settings, model, precision)
        done = reembed(self._store, used, on_progress)
        self._current.use(used.embedder)
        self.__dict__.pop("_tools", None)
        return done

    def backup(self, file: str | Path) -> Backup:
        """Writes one file that holds this moment, while others read and write. Raises InputError, StorageError."""
        from ragkb.store.backup import backup

        return backup(self._store, Path(file))

    # --- reading --------------------------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        *,
        k: int | None = None,
        where: Where | None = None,
        as_: Principal = NOBODY,
        leg: Leg = "hybrid",
    ) -> list[Hit]:
        """Up to k hits, best first, of the documents that `as_` may read and that match `where`.

        where: metadata key, or id, source, title, media_type, language, ingested_at, to a value or a list of them (one
        must match); a key may end with an operator: {"year>=": 2024, "status!=": "draft"} (store/where.py).
        Raises InputError for an empty query or a k under 1, LimitExceeded.
        """
        from ragkb.retrieve.search import Query

        wanted = self._checked_k(k, self.settings.search.k)
        asked = Query(self._checked_text(query, "query"), wanted, as_, where, leg)
        with self._store.reading() as reader:
            return self._search(reader, self._embedder_of(reader.model), asked)

    def _search(self, reader: Reader, embedder: Embedder, query: Query) -> list[Hit]:
        from ragkb.retrieve.search import search

        settings = self.settings.search
        return self._recent.get(reader, query, settings, lambda: search(reader, embedder, query, settings))

    def ask(
        self,
        question: str,
        *,
        k: int | None = None,
        where: Where | None = None,
        as_: Principal = NOBODY,
        history: Sequence[Turn] = (),
        contexts: Sequence[Hit] | None = None,
    ) -> Answer:
        """An answer with checked citations, or an abstention.

        k: passages to read. history: what was said before, oldest first; a follow-up is read with the question that it
        leans on. contexts: answers from these alone, without a search; citations then count in their texts.
        Raises InputError for an empty question, LimitExceeded.
        """
        from ragkb.answer.ask import answer

        evidence = self._evidence(question, k, where, as_, history, contexts)
        return answer(evidence, self._tools)

    def stream(
        self,
        question: str,
        *,
        k: int | None = None,
        where: Where | None = None,
        as_: Principal = NOBODY,
        history: Sequence[Turn] = (),
        contexts: Sequence[Hit] | None = None,
    ) -> Iterator[AnswerEvent]:
        """The answer as it is made: PassagesFound, SentenceScored for each sentence once it is scored, the Answer.

        Takes what ask() takes, and ends with what ask() returns. The search is done when this returns, so that its
        errors are raised here and the store is not held while the events are read, which may be in other threads.
        """
        from ragkb.answer.ask import stream

        evidence = self._evidence(question, k, where, as_, history, contexts)
        return stream(evidence, self._tools)

    def _evidence(
        self,
        question: str,
        k: int | None,
        where: Where | None,
        as_: Principal,
        history: Sequence[Turn],
        contexts: Sequence[Hit] | None,
    ) -> Evidence:
        from ragkb.answer.ask import Asked, weigh
        from ragkb.answer.gather import given, searched
        from ragkb.retrieve.search import Query

        started = time.perf_counter()
        question = self._checked_text(question, "question")
        asked = Asked(question, *self._tools.completed(question, history), started)
        if contexts is not None:
            return weigh(asked, given(contexts, asked.parts), self._embedder)
        query = Query(asked.standalone, self._checked_k(k, self.settings.answer.passages), as_, where)
        with self._store.reading() as reader:
            embedder = self._embedder_of(reader.model)
            return weigh(asked, searched(reader, asked.parts, query, partial(self._search, reader, embedder)), embedder)

    @property
    def _embedder(self) -> Embedder:
        return self._current.held

    def _embedder_of(self, model: Model) -> Embedder:
        """The embedder that made the vectors of a generation; loaded where it changed."""
        before, found = self._current.held, self._current.of(model)
        if found is not before:
            self.__dict__.pop("_tools", None)
        return found

    @cached_property
    def _tools(self) -> Tools:
        from ragkb.answer.tools import load_tools

        return load_tools(self.settings, self._embedder, self._store.folder)

    def related(self, id: str, *, k: int = 5, as_: Principal = NOBODY) -> list[Related]:
        """Up to k other documents that are like this one, nearest first. Raises NotFound, InputError, LimitExceeded."""
        from ragkb.retrieve.related import related

        wanted = self._checked_k(k, k)
        with self._store.reading() as reader:
            return related(reader, self._embedder_of(reader.model), id, wanted, as_, self.settings.search)

    def documents(self, *, as_: Principal = NOBODY) -> Iterator[DocumentInfo]:
        """The documents that `as_` may read, by source."""
        with self._store.reading() as reader:
            found = reader.documents(as_)
        yield from found  # the transaction has ended: a caller may take its time, and write

    def document(self, id: str, *, as_: Principal = NOBODY) -> Document:
        """The document with its text. Raises NotFound: absent and not visible look the same."""
        with self._store.reading() as reader:
            return reader.document(id, as_)

    def original(self, id: str, *, as_: Principal = NOBODY) -> Original:
        """The file that the document was made of, as it came. Kept are PDFs: see the setting `ingest.originals`.

        Raises NotFound if the document is absent or not visible, and where its file was not kept; StorageError.
        """
        with self._store.reading() as reader:
            return reader.original(id, as_)

    def page_picture(
        self,
        id: str,
        page: int,
        *,
        quote: str = "",
        span: tuple[int, int] | None = None,
        scale: float = 2.0,
        as_: Principal = NOBODY,
    ) -> bytes:
        """A page of a PDF as PNG, `scale` pixels a point, with a quote marked.

        page: from 1. quote: text to mark; or span: (start, end) of it in the document's text. What stands nowhere on
        the page is not marked. Drawn in a process with limits. Raises NotFound as `original` does, for a document
        without pages to draw and for a page that it does not have; InputError, DocumentRefused, StorageError.
        """
        from ragkb.ingest.pictures import Pictures, quoted

        with self._store.reading() as reader:
            wanted = quoted(reader.document(id, as_), page, quote, span, scale)
            original = reader.original(id, as_)
        with self._lock:
            if self._pictures is None:
                self._pictures = Pictures(self.settings)
        return self._pictures.draw(original.data, wanted)

    def status(self) -> Status:
        """What the knowledge base holds and how large it is."""
        with self._store.reading() as reader:
            return status(reader, self._embedder_of(reader.model))

    def counts(self) -> Counts:
        """How much it holds, without looking at every document: made anew after a commit alone. Raises StorageError."""
        with self._store.reading() as reader:
            generation = reader.snapshot.generation
            if self._counts is None or self._counts.held["generation"] != generation:
                self._counts = Counts({"generation": generation, **reader.counts()}, self._store.bytes_on_disk())
            return self._counts

    def verify(self) -> list[Problem]:
        """Every inconsistency of the store; an empty list is a proof that index and catalogue agree."""
        from ragkb.store.verify import verify

        return verify(self._store)

    # --- checks ---------------------------------------------------------------------------------------------------

    def _checked_text(self, text: str, name: str) -> str:
        if not text.strip():
            raise InputError(f"the {name} is empty", "write what you want to know")
        longest = self.settings.limits.question_characters
        if len(text) > longest:
            message = f"the {name} has {len(text)} characters, the limit is {longest}"
            raise LimitExceeded(message, "shorten it, or raise limits.question_characters")
        return text.encode("utf-8", "replace").decode("utf-8")

    def _checked_k(self, k: int | None, default: int) -> int:
        wanted = default if k is None else k
        if wanted < 1:
            raise InputError(f"k is {wanted}", "ask for at least 1")
        if wanted > self.settings.limits.k:
            raise LimitExceeded(f"k is {wanted}, the limit is {self.settings.limits.k}", "raise limits.k")
        return wanted

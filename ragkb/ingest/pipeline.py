"""From files to commits: recognise what is stored, have the rest parsed, cut it, embed what is new, commit in batches.

Parsing, embedding and all else run at the same time, and everything is committed in the order in which the files were
found. An ingest that dies loses at most the two batches at hand: what was committed is recognised the next time.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

import numpy as np

from ragkb.errors import DocumentRefused, InputError, LimitExceeded, RagkbError
from ragkb.ingest import sources
from ragkb.ingest.access import AccessUnclear, is_group, narrowed
from ragkb.ingest.batches import Batches, Made, digest
from ragkb.ingest.chunk import chunk
from ragkb.ingest.handed_in import root_for
from ragkb.ingest.loaders import check_name, suffix_of
from ragkb.ingest.members import Member, holds, may_hold
from ragkb.ingest.recognise import Attributes, Identity, Stored, fingerprint
from ragkb.ingest.redact import redact
from ragkb.ingest.report import FileReport, IngestReport, Ledger, NewDocument, OnProgress
from ragkb.ingest.sandbox import Outcome, default_workers, parser
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.store.records import Entry, Known
from ragkb.store.store import Store
from ragkb.store.writer import Writer
from ragkb.text.language import detect
from ragkb.types import Draft, Principal

MOST_PARSED = 64
"""Documents that are parsed, or wait for one before them, at once."""
MOST_PARSED_BYTES = 12_000_000
"""Bytes of those, for each parser; a larger file goes alone."""
_PATIENCE = 0.2  # seconds between two tellings of the progress, while a parser is waited for


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A document that is parsed now, or waits for those before it. row: of the report. data: of its file."""

    row: int
    data: bytes
    identity: Identity
    about: Attributes
    future: Future[Outcome]


class Ingest:
    """One run over files or documents, under the writer's lock, within a `with` block."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        embedder: Embedder,
        settings: Settings,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._writer, self._embedder, self._settings = writer, embedder, settings
        self._ledger = Ledger(on_progress)
        self._parsed: deque[_Parsed] = deque()
        parsers = default_workers() if settings.ingest.workers < 0 else settings.ingest.workers
        self._most_bytes = MOST_PARSED_BYTES * max(1, parsers)
        self._store, self._stored = store, Stored(store)
        with ExitStack() as opened:
            self._parser = opened.enter_context(parser(settings.ingest, settings.limits))
            self._batches = opened.enter_context(Batches(store, writer, embedder, self._ledger))
            self._opened = opened.pop_all()

    def __enter__(self) -> Ingest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the parsers and the embedder, also in the middle of their work."""
        self._opened.__exit__(kind, error, trace)

    def files(self, paths: Iterable[str | Path], groups: tuple[str, ...], prune: bool) -> IngestReport:
        """Ingests files and folders. groups: of documents for which no manifest names any."""
        there, missing = sources.existing(paths)
        found = list(sources.find(there, self._settings.ingest, self._settings.limits))
        self._ledger.expect(len(found) + len(missing), sum(file.size for file in found))
        seen: set[tuple[str, str]] = set()
        for path in missing:
            self._ledger.add(FileReport(str(path), "refused", "no such file or folder"))
        for file in found:
            self._ledger.tell(file.source)
            seen |= self._file(file, groups)
        self._finish()
        if prune:
            self._prune(there, seen)
        return self._ledger.report()

    def documents(self, documents: Iterable[NewDocument], as_: Principal | None = None) -> IngestReport:
        """Ingests documents that are text already. Their root is empty, or that of who hands them in."""
        for document in documents:
            self._ledger.tell(document.source)
            if not _is_unicode(document.source):
                nameless = FileReport(ascii(document.source)[1:-1], "refused", "its name is not Unicode: give another")
                self._ledger.add(nameless)
                continue
            root = root_for(self._store, "text", document.source, document.groups, as_) if as_ else ""
            self._document(root, document)
        self._finish()
        return self._ledger.report()

    def upload(self, name: str, data: bytes, about: Attributes, as_: Principal | None = None) -> IngestReport:
        """Ingests one file that was handed over, under its name alone."""
        self._ledger.expect(1, len(data))
        source = Path(name.replace("\\", "/")).name
        if not source or not _is_unicode(source):
            raise InputError("an upload needs a file name", "name it in Unicode, with its extension")
        root = root_for(self._store, "file", source, about.groups, as_) if as_ else "upload:"
        self._expanded((root, source), sources.Fetched(data, source), 0, about)
        self._finish()
        return self._ledger.report()

    # --- one document ---------------------------------------------------------------------------------------------

    def _file(self, file: sources.SourceFile, groups: tuple[str, ...]) -> set[tuple[str, str]]:
        """Recognises the file or has it parsed. Returns the places of the documents that it is or holds."""
        started = time.perf_counter()
        place = self._stored.place(file)
        try:
            file.check()
            given = sources.attributes(file)
            readers = narrowed(groups if given.groups is None else given.groups, given.own_groups)
            about = Attributes(readers, given.title, given.language, given.metadata)
            is_whole = not may_hold(place[1]) or (suffix_of(place[1]) == ".pdf" and not self._stored.beneath(place))
            known = self._stored.untouched(place, file, self._fingerprint(about, place[1])) if is_whole else None
            if not known or self._lacks_original(known):
                return self._expanded(place, sources.fetch(file, self._settings.limits), file.mtime_ns, about)
            self._unchanged(self._ledger.open(file.size), known, place[1])
        except (DocumentRefused, LimitExceeded) as error:
            self._refuse(self._ledger.open(file.size), place, error, time.perf_counter() - started)
        return {place, *self._stored.beneath(place)}

    def _expanded(
        self, place: tuple[str, str], fetched: sources.Fetched, mtime_ns: int, about: Attributes
    ) -> set[tuple[str, str]]:
        """Takes a file's bytes, and what it holds as documents of their own. Returns their places."""
        started = time.perf_counter()
        places: set[tuple[str, str]] = set()
        try:
            for member in self._members(fetched):
                inside = member.source[len(fetched.name) :]
                own = (place[0], f"{place[1]}{inside}")
                row = self._ledger.open(len(member.data), more=bool(inside and places))
                places.add(own)
                if member.refused:
                    self._refuse(row, own, DocumentRefused(member.refused), time.perf_counter() - started)
                else:
                    said = replace(about, title="") if inside else about
                    self._loaded(row, own, sources.Fetched(member.data, member.source), mtime_ns, said)
        except (DocumentRefused, LimitExceeded) as error:
            self._refuse(self._ledger.open(more=bool(places)), place, error, time.perf_counter() - started)
            places |= {place, *self._stored.beneath(place)}
        return places

    def _members(self, fetched: sources.Fetched) -> Iterable[Member]:
        """The file itself, and what it may hold, which a parser takes out of it."""
        if fetched.data and holds(fetched.name, fetched.data):
            return self._parser.open(fetched.data, fetched.name)
        return [Member(fetched.name, fetched.data)]

    def _loaded(
        self, row: int, place: tuple[str, str], fetched: sources.Fetched, mtime_ns: int, about: Attributes
    ) -> None:
        """Takes a file's bytes: recognised by content, or handed to a parser."""
        started = time.perf_counter()
        (root, source), data = place, fetched.data
        try:
            check_name(fetched.name)
            identity = Identity(root, source, "", hashlib.sha256(data).hexdigest(), len(data), mtime_ns)
            known = self._stored.same(identity, self._fingerprint(about, identity.source))
            if known:
                self._keep(known.media_type, identity, data)
                self._seen_again(row, known, identity)
            else:
                self._make_room(len(data))
                self._parsed.append(_Parsed(row, data, identity, about, self._parser.submit(data, fetched.name)))
        except (DocumentRefused, LimitExceeded) as error:
            self._refuse(row, place, error, time.perf_counter() - started)

    def _keep(self, media: str, identity: Identity, data: bytes) -> None:
        """Puts the file itself down where files of its type are kept."""
        if self._settings.keeps(media):
            self._writer.keep(identity.sha256, data)

    def _seen_again(self, row: int, known: Known, identity: Identity) -> None:
        """The bytes are stored already: at this place, or at one that is gone."""
        moved = (known.root, known.source) != (identity.root, identity.source)
        if moved:
            self._stored.leave(known)
        place = identity.root, identity.source
        self._batches.touch((known.id, *place, identity.size, identity.mtime_ns, identity.sha256))
        self._unchanged(row, known, identity.source, f"moved from {known.source}" if moved else "")

    def _document(self, root: str, document: NewDocument) -> None:
        started = time.perf_counter()
        text = document.text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
        data = text.encode()
        identity = Identity(root, document.source, "text/plain", hashlib.sha256(data).hexdigest(), len(data), 0)
        about = Attributes(document.groups, document.title, "", document.metadata)
        row = self._ledger.open(len(data))
        try:
            if not document.source:
                raise DocumentRefused("a document without a source", "give it a name")
            known = self._stored.same(identity, self._fingerprint(about, identity.source))
            if known:
                self._unchanged(row, known, document.source)
                return
            if not text.strip():
                raise DocumentRefused("no text found")
            self._queue(row, Draft(text), identity, about, time.perf_counter() - started)
        except DocumentRefused as error:
            self._refuse(row, (root, document.source), error, time.perf_counter() - started)

    # --- what is parsed -------------------------------------------------------------------------------------------

    def _make_room(self, size: int) -> None:
        """Takes what is parsed, and waits for more of it while too much is under way."""
        while self._parsed and (self._parsed[0].future.done() or self._is_full(size)):
            self._take()

    def _is_full(self, size: int) -> bool:
        under_way = sum(_weight(item) for item in self._parsed)
        return len(self._parsed) >= MOST_PARSED or under_way + size > self._most_bytes

    def _take(self) -> None:
        """Takes the first document that is parsed; waits until it is."""
        item = self._parsed[0]
        while not wait([item.future], _PATIENCE).done:
            self._ledger.tell(item.identity.source)
        self._parsed.popleft()
        outcome = item.future.result()
        identity = replace(item.identity, media_type=outcome.media)
        try:
            draft = outcome.document()
            self._keep(outcome.media, identity, item.data)
            self._queue(item.row, draft, identity, item.about, outcome.seconds)
        except (DocumentRefused, LimitExceeded) as error:
            self._refuse(item.row, (item.identity.root, item.identity.source), error, outcome.seconds)

    def _queue(self, row: int, draft: Draft, identity: Identity, about: Attributes, seconds: float) -> None:
        """Cuts the document and puts it in line for its vectors. seconds: that it took until here."""
        started = time.perf_counter()
        ingest = self._settings.ingest
        draft, readers = _merged(draft, identity, about)
        draft, redacted = redact(draft, ingest.redact, ingest.redact_regions)
        entry = self._entry(draft, identity, about, readers)
        if not entry.chunks:
            raise DocumentRefused("no text found")
        seconds += time.perf_counter() - started
        self._batches.add(Made(row, entry, draft.warnings, draft.ocr_pages, redacted, seconds))

    def _entry(self, draft: Draft, identity: Identity, about: Attributes, readers: tuple[str, ...]) -> Entry:
        chunks = tuple(chunk(draft, draft.title, self._embedder.count_tokens, self._settings.chunk))
        return Entry(
            root=identity.root,
            source=identity.source,
            title=draft.title,
            text=draft.text,
            groups=tuple(sorted(set(_checked_groups(readers)))),
            metadata=draft.metadata,
            media_type=identity.media_type,
            language=draft.language or detect(draft.text),
            sha256=identity.sha256,
            size=identity.size,
            mtime_ns=identity.mtime_ns,
            fingerprint=self._fingerprint(about, identity.source),
            page_starts=draft.page_starts,
            headings=draft.headings,
            tables=draft.tables,
            chunks=chunks,
            digests=tuple(map(digest, chunks)),
            vectors=np.empty((0, self._embedder.dim), np.float16),
            ingested_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )

    def _finish(self) -> None:
        while self._parsed:
            self._take()
        self._batches.finish()
        self._writer.tidy()
        self._ledger.tell("")

    def _lacks_original(self, known: Known) -> bool:
        """A document that was stored before files like its own were kept."""
        return self._settings.keeps(known.media_type) and not self._stored.has_original(known)

    # --- what needs no parser -------------------------------------------------------------------------------------

    def _fingerprint(self, about: Attributes, source: str) -> str:
        return fingerprint(about, source, self._settings)

    def _unchanged(self, row: int, known: Known, source: str, reason: str = "") -> None:
        self._ledger.settle(row, FileReport(source, "unchanged", reason, known.id, known.pages, known.chunks))

    def _refuse(self, row: int, place: tuple[str, str], error: RagkbError, seconds: float) -> None:
        """A row with the reason. What is stored of a document goes if nobody can tell any more who may read it."""
        self._ledger.settle(row, FileReport(place[1], "refused", str(error), seconds=round(seconds, 3)))
        known = self._stored.at(place)
        if known and isinstance(error, AccessUnclear):
            self._writer.remove([known.id])
            self._stored.leave(known)

    def _prune(self, places: Sequence[str | Path], seen: set[tuple[str, str]]) -> None:
        """Removes the documents that came from these places and that this run did not find there any more."""
        gone = list(self._stored.gone(places, seen))
        if gone:
            self._writer.remove([item.id for item in gone])
        for item in gone:
            self._ledger.add(FileReport(item.source, "removed", "not there any more", item.id))


def _is_unicode(name: str) -> bool:
    """False for a name with bytes that are part of no character."""
    return not any("\ud800" <= one <= "\udfff" for one in name)


def _weight(item: _Parsed) -> int:
    """About the bytes of memory that the document holds: of its file, and of its text once that is there."""
    if not item.future.done() or item.future.exception():
        return item.identity.size
    loaded = item.future.result().loaded
    return item.identity.size + (len(loaded.draft.text) if loaded else 0)


def _merged(draft: Draft, identity: Identity, about: Attributes) -> tuple[Draft, tuple[str, ...]]:
    """(the draft with what is said about it from outside, who may read it). Raises AccessUnclear."""
    merged = replace(
        draft,
        title=about.title or draft.title or Path(identity.source).stem,
        language=about.language or draft.language,
        metadata={**draft.metadata, **(about.metadata or {})},
    )
    return merged, narrowed(tuple(about.groups), draft.groups)


def _checked_groups(groups: Iterable[str]) -> Iterable[str]:
    for group in groups:
        if not is_group(group):
            raise InputError(f"group {group!r} cannot be used", "a group is a name without '*', ',' and line breaks")
        yield group

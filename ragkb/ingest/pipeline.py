"""From files to commits: recognise what is stored, read and cut the rest, embed what is new, commit in batches.

An ingest that dies loses at most the batch at hand: what was committed is recognised the next time.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from ragkb.errors import DocumentRefused, InputError, LimitExceeded, NotFound, RagkbError
from ragkb.ingest import sources
from ragkb.ingest.chunk import chunk
from ragkb.ingest.loaders import load, media_type
from ragkb.ingest.report import FileReport, IngestReport, NewDocument, OnProgress, Progress
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.store.records import Entry, Known
from ragkb.store.store import Store, Writer
from ragkb.text.language import detect
from ragkb.types import Chunk, Draft, Scalar

RECIPE = "3"  # part of every fingerprint: raise it when loaders or the chunker change what is stored
BATCH_CHUNKS = 512
BATCH_DOCUMENTS = 256


@dataclass(frozen=True, slots=True)
class Identity:
    """What a document is stored under, and what is known of its bytes."""

    root: str
    source: str
    media_type: str
    sha256: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is said about a document from outside of it; empty title and language are taken from the document."""

    groups: tuple[str, ...] = ()
    title: str = ""
    language: str = ""
    metadata: Mapping[str, Scalar] | None = None


@dataclass(frozen=True, slots=True)
class _Pending:
    """A document that waits for its vectors."""

    entry: Entry
    warnings: tuple[str, ...]
    seconds: float
    ocr_pages: int


class Ingest:
    """One run over files or documents, under the writer's lock."""

    def __init__(
        self,
        store: Store,
        writer: Writer,
        embedder: Embedder,
        settings: Settings,
        on_progress: OnProgress | None = None,
    ) -> None:
        self._store, self._writer, self._embedder, self._settings = store, writer, embedder, settings
        self._on_progress = on_progress
        self._started = time.perf_counter()
        self._reports: list[FileReport] = []
        self._pending: list[_Pending] = []
        self._touched: list[tuple[str, str, str, int, int]] = []
        self._moved: set[str] = set()  # ids of documents whose file was found under another name
        self._total = 0
        with store.reading() as reader:
            self._known = {(item.root, item.source): item for item in reader.known()}
        self._roots = {root for root, _ in self._known}
        self._by_content: dict[str, list[Known]] = {}
        for item in self._known.values():
            self._by_content.setdefault(item.sha256, []).append(item)

    def files(self, paths: Iterable[str | Path], groups: tuple[str, ...], prune: bool) -> IngestReport:
        """Ingests files and folders. groups: of documents for which no manifest names any."""
        there, missing = _existing(paths)
        found = list(sources.find(there))
        self._total = len(found)
        seen: set[tuple[str, str]] = set()
        for path in missing:
            self._reports.append(FileReport(str(path), "refused", "no such file or folder"))
        for file in found:
            self._tell(file.source)
            seen.add(self._file(file, groups))
            self._commit_when_full()
        self._commit()
        if prune:
            self._prune([path.resolve() for path in there if path.is_dir()], seen)
        return self._report()

    def documents(self, documents: Iterable[NewDocument]) -> IngestReport:
        """Ingests documents that are text already. Their root is empty."""
        for document in documents:
            self._tell(document.source)
            self._document(document)
            self._commit_when_full()
        self._commit()
        return self._report()

    def upload(self, name: str, data: bytes, groups: tuple[str, ...], title: str) -> IngestReport:
        """Ingests one file that was handed over, under its name alone."""
        self._total = 1
        source = Path(name.replace("\\", "/")).name
        if not source:
            raise InputError("an upload needs a file name", "name it, with its extension")
        self._loaded("upload:", source, data, 0, Attributes(groups, title))
        self._commit()
        return self._report()

    # --- one document ---------------------------------------------------------------------------------------------

    def _file(self, file: sources.SourceFile, groups: tuple[str, ...]) -> tuple[str, str]:
        started = time.perf_counter()
        root, source = self._place(file)
        try:
            if file.refused:
                raise DocumentRefused(file.refused)
            given = sources.attributes(file)
            about = Attributes(
                groups if given.groups is None else given.groups, given.title, given.language, given.metadata
            )
            known = self._known.get((root, source))
            print_ = self._fingerprint(about)
            if known and (known.size, known.mtime_ns, known.fingerprint) == (file.size, file.mtime_ns, print_):
                self._unchanged(known, source)
            else:
                self._loaded(root, source, sources.read(file, self._settings.limits), file.mtime_ns, about)
        except (DocumentRefused, LimitExceeded) as error:
            self._refuse(source, error, started)
        return root, source

    def _loaded(self, root: str, source: str, data: bytes, mtime_ns: int, about: Attributes) -> None:
        """Takes a file's bytes: recognised by content, or read, cut and put in line."""
        started = time.perf_counter()
        try:
            media = media_type(data, source)
            identity = Identity(root, source, media, hashlib.sha256(data).hexdigest(), len(data), mtime_ns)
            known = self._same(identity, self._fingerprint(about))
            if known:
                self._seen_again(known, identity)
            else:
                draft = load(data, source, self._settings.limits, self._settings.ingest.ocr)
                self._queue(draft, identity, about, started)
        except (DocumentRefused, LimitExceeded) as error:
            self._refuse(source, error, started)

    def _seen_again(self, known: Known, identity: Identity) -> None:
        """The bytes are stored already: at this place, or at one that is gone."""
        moved = (known.root, known.source) != (identity.root, identity.source)
        if moved:
            self._moved.add(known.id)
        self._touched.append((known.id, identity.root, identity.source, identity.size, identity.mtime_ns))
        self._unchanged(known, identity.source, f"moved from {known.source}" if moved else "")

    def _document(self, document: NewDocument) -> None:
        started = time.perf_counter()
        text = document.text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        identity = Identity("", document.source, "text/plain", digest, len(data), 0)
        about = Attributes(document.groups, document.title, "", document.metadata)
        try:
            if not document.source:
                raise DocumentRefused("a document without a source", "give it a name")
            known = self._same(identity, self._fingerprint(about))
            if known:
                self._unchanged(known, document.source)
                return
            if not text.strip():
                raise DocumentRefused("no text found")
            self._queue(Draft(text), identity, about, started)
        except DocumentRefused as error:
            self._refuse(document.source, error, started)

    def _queue(self, draft: Draft, identity: Identity, about: Attributes, started: float) -> None:
        entry = self._entry(draft, identity, about)
        if not entry.chunks:
            raise DocumentRefused("no text found")
        self._pending.append(_Pending(entry, draft.warnings, time.perf_counter() - started, draft.ocr_pages))

    def _entry(self, draft: Draft, identity: Identity, about: Attributes) -> Entry:
        title = about.title or draft.title or Path(identity.source).stem
        chunks = tuple(chunk(draft, title, self._embedder.count_tokens, self._settings.chunk))
        return Entry(
            root=identity.root,
            source=identity.source,
            title=title,
            text=draft.text,
            groups=tuple(sorted(set(_checked_groups(about.groups)))),
            metadata={**draft.metadata, **(about.metadata or {})},
            media_type=identity.media_type,
            language=about.language or detect(draft.text),
            sha256=identity.sha256,
            size=identity.size,
            mtime_ns=identity.mtime_ns,
            fingerprint=self._fingerprint(about),
            page_starts=draft.page_starts,
            headings=draft.headings,
            tables=draft.tables,
            chunks=chunks,
            digests=tuple(hashlib.sha256(embedded_text(item).encode()).digest()[:16] for item in chunks),
            vectors=np.empty((0, self._embedder.dim), np.float16),
            ingested_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )

    # --- recognising ----------------------------------------------------------------------------------------------

    def _place(self, file: sources.SourceFile) -> tuple[str, str]:
        """(root, source) of the file: those under which it is stored already from a higher folder, else its own."""
        for parent in (parent for parent in file.root.parents if str(parent) in self._roots):
            source = file.path.relative_to(parent).as_posix()
            if (str(parent), source) in self._known:
                return str(parent), source
        return str(file.root), file.source

    def _fingerprint(self, about: Attributes) -> str:
        settings = self._settings.chunk.model_dump()
        said = [sorted(about.groups), about.title, about.language, dict(about.metadata or {})]
        return hashlib.sha256(json.dumps([RECIPE, settings, said], sort_keys=True).encode()).hexdigest()[:32]

    def _same(self, identity: Identity, fingerprint: str) -> Known | None:
        """The stored document with these bytes: at this place, or at one whose file is gone."""
        at_place = self._known.get((identity.root, identity.source))
        if at_place:
            return at_place if (at_place.sha256, at_place.fingerprint) == (identity.sha256, fingerprint) else None
        for known in self._by_content.get(identity.sha256, []):
            path = Path(known.root) / known.source
            if known.id in self._moved:
                continue
            if known.fingerprint == fingerprint and Path(known.root).is_absolute() and not path.exists():
                return known
        return None

    def _prune(self, folders: Sequence[Path], seen: set[tuple[str, str]]) -> None:
        """Removes the documents that came from these folders and that this run did not find there any more."""
        gone = [
            item
            for key, item in self._known.items()
            if key not in seen
            and item.id not in self._moved
            and any((Path(item.root) / item.source).is_relative_to(folder) for folder in folders)
        ]
        if gone:
            self._writer.remove([item.id for item in gone])
            self._reports += [FileReport(item.source, "removed", "not there any more", item.id) for item in gone]

    # --- committing -----------------------------------------------------------------------------------------------

    def _commit_when_full(self) -> None:
        chunks = sum(len(item.entry.chunks) for item in self._pending)
        if chunks >= BATCH_CHUNKS or len(self._pending) >= BATCH_DOCUMENTS:
            self._commit()

    def _commit(self) -> None:
        pending, self._pending = self._pending, []
        touched, self._touched = self._touched, []
        if pending:
            started = time.perf_counter()
            entries = self._with_vectors([item.entry for item in pending])
            share = (time.perf_counter() - started) / sum(len(entry.chunks) for entry in entries)
            for item, identity in zip(pending, self._writer.commit(entries), strict=True):
                self._stored(item, identity, item.seconds + share * len(item.entry.chunks))
        self._writer.touch(touched)
        self._tell("")

    def _with_vectors(self, entries: Sequence[Entry]) -> list[Entry]:
        """The entries with their vectors: from the store where the same text was embedded before."""
        texts = {d: embedded_text(c) for entry in entries for d, c in zip(entry.digests, entry.chunks, strict=True)}
        with self._store.reading() as reader:
            vectors = reader.embeddings(list(texts))
        missing = [digest for digest in texts if digest not in vectors]
        made = self._embedder.embed([texts[digest] for digest in missing]).astype(np.float16)
        vectors.update(zip(missing, made, strict=True))
        return [replace(entry, vectors=np.stack([vectors[digest] for digest in entry.digests])) for entry in entries]

    def _stored(self, item: _Pending, identity: str, seconds: float) -> None:
        entry = item.entry
        self._reports.append(
            FileReport(
                source=entry.source,
                status="partial" if item.warnings else "ingested",
                reason="; ".join(item.warnings),
                document_id=identity,
                pages=len(entry.page_starts) or None,
                chunks=len(entry.chunks),
                seconds=round(seconds, 3),
                ocr_pages=item.ocr_pages,
            )
        )

    def _unchanged(self, known: Known, source: str, reason: str = "") -> None:
        self._reports.append(FileReport(source, "unchanged", reason, known.id, known.pages, known.chunks))

    def _refuse(self, source: str, error: RagkbError, started: float) -> None:
        self._reports.append(FileReport(source, "refused", str(error), seconds=round(time.perf_counter() - started, 3)))

    def _tell(self, source: str) -> None:
        if self._on_progress:
            chunks = sum(report.chunks for report in self._reports if report.status in ("ingested", "partial"))
            self._on_progress(Progress(len(self._reports), self._total, chunks, source))

    def _report(self) -> IngestReport:
        return IngestReport(tuple(self._reports), round(time.perf_counter() - self._started, 3))


def embedded_text(item: Chunk) -> str:
    """What the embedder reads of a chunk."""
    return f"{item.context}\n{item.text}" if item.context else item.text


def _checked_groups(groups: Iterable[str]) -> Iterable[str]:
    for group in groups:
        broken = len(group.splitlines()) != 1 or any(ord(c) < 32 for c in group)
        if not group.strip() or group != group.strip() or broken or set(group) & set("*,"):
            raise InputError(f"group {group!r} cannot be used", "a group is a name without '*', ',' and line breaks")
        yield group


def _existing(paths: Iterable[str | Path]) -> tuple[list[Path], list[Path]]:
    """(paths that exist, paths that do not). Raises NotFound if none exists."""
    given = [Path(path) for path in paths]
    there = [path for path in given if path.exists()]
    missing = [path for path in given if not path.exists()]
    if missing and not there:
        raise NotFound(f"{missing[0]}: no such file or folder", "check the path")
    return there, missing

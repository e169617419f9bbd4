"""What an ingest need not read again: files that are stored already, at their place or at one that is gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragkb.ingest import ocr
from ragkb.ingest.loaders import MAY_BE_PICTURES, MAY_HAVE_HIDDEN_TEXT, suffix_of
from ragkb.ingest.members import may_hold
from ragkb.ingest.sources import SourceFile, places
from ragkb.ingest.sources import covering as covering_of
from ragkb.settings import Settings
from ragkb.store.documents import HANDED_IN
from ragkb.store.records import Known
from ragkb.store.store import Store
from ragkb.types import Scalar

RECIPE = "4"  # part of every fingerprint: raise it when loaders or the chunker change what is stored


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


def fingerprint(about: Attributes, source: str, settings: Settings) -> str:
    """A hash of everything but the bytes that decides how a document is stored.

    Whether OCR reads pictures, and whether hidden text is kept, is part of it for the formats alone that may have such.
    """
    said = [sorted(about.groups), about.title, about.language, dict(about.metadata or {})]
    kinds, regions = sorted(settings.ingest.redact), sorted(settings.ingest.redact_regions)
    decided = [RECIPE, settings.chunk.model_dump(), said, [kinds, regions] if kinds else []]
    mode = settings.ingest.ocr
    if suffix_of(source) in MAY_BE_PICTURES and (mode == "on" or (mode == "auto" and ocr.enabled("auto"))):
        decided.append("ocr")
    if settings.ingest.hidden_text == "mark" and suffix_of(source) in MAY_HAVE_HIDDEN_TEXT:
        decided.append("hidden")
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()[:32]


class Stored:
    """What the knowledge base holds of files, and which of it was found under another name in this ingest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._roots = set(store.roots())
        self._left: set[str] = set()

    def place(self, file: SourceFile) -> tuple[str, str]:
        """(root, source) of the file: those under which it is stored already from a higher folder, else its own."""
        for place in places(file, self._roots):
            if self.at(place) or self.beneath(place):
                return place
        return file.root, file.source

    def untouched(self, place: tuple[str, str], file: SourceFile, print_: str) -> Known | None:
        """The document of a file that has the size and the time of change that it had; its bytes are not looked at."""
        known = self.at(place)
        same = known and (known.size, known.mtime_ns, known.fingerprint) == (file.size, file.mtime_ns, print_)
        return known if same else None

    def same(self, identity: Identity, print_: str) -> Known | None:
        """The document with these bytes: at this place, or at one whose file is gone."""
        at_place = self.at((identity.root, identity.source))
        if at_place:
            return at_place if (at_place.sha256, at_place.fingerprint) == (identity.sha256, print_) else None
        if identity.root.startswith(HANDED_IN):
            return None  # what somebody hands in takes no other document's place
        for known in self._store.known_by_content(identity.sha256):
            path = Path(known.root) / known.source
            if known.id in self._left:
                continue
            there = path.exists() or any(parent.is_file() for parent in path.parents)  # a file, or inside one
            if known.fingerprint == print_ and Path(known.root).is_absolute() and not there:
                return known
        return None

    def at(self, place: tuple[str, str]) -> Known | None:
        """The document that is stored there."""
        return self._store.known_at(*place)

    def beneath(self, place: tuple[str, str]) -> set[tuple[str, str]]:
        """The places of the stored documents that the file at that place held: an archive, a message."""
        if not may_hold(place[1]):
            return set()
        return {(known.root, known.source) for known in self._store.known_beneath(*place)}

    def has_original(self, known: Known) -> bool:
        """Whether the file itself is kept."""
        return self._store.keeps_original(known.sha256)

    def leave(self, known: Known) -> None:
        """The document is not at its place any more: its file has another name, or it was removed."""
        self._left.add(known.id)

    def gone(self, covered: Sequence[str | Path], seen: set[tuple[str, str]]) -> Iterator[Known]:
        """The documents that came from these places, whose files were not seen, under whatever name."""
        covering = [covering_of(place) for place in covered]
        for item in self._store.known():
            key = item.root, item.source
            if key not in seen and item.id not in self._left and any(holds(*key) for holds in covering):
                yield item

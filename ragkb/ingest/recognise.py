"""What an ingest need not read again: files that are stored already, at their place or at one that is gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragkb.ingest.sources import SourceFile
from ragkb.settings import ChunkSettings
from ragkb.store.records import Known
from ragkb.types import Scalar

RECIPE = "2"  # part of every fingerprint: raise it when loaders or the chunker change what is stored


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


def fingerprint(about: Attributes, chunking: ChunkSettings) -> str:
    """A hash of everything but the bytes that decides how a document is stored."""
    said = [sorted(about.groups), about.title, about.language, dict(about.metadata or {})]
    return hashlib.sha256(json.dumps([RECIPE, chunking.model_dump(), said], sort_keys=True).encode()).hexdigest()[:32]


class Stored:
    """What the knowledge base held when the ingest began, and which of it was found under another name since."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._at = {(item.root, item.source): item for item in known}
        self._roots = {root for root, _ in self._at}
        self._moved: set[str] = set()
        self._by_content: dict[str, list[Known]] = {}
        for item in self._at.values():
            self._by_content.setdefault(item.sha256, []).append(item)

    def place(self, file: SourceFile) -> tuple[str, str]:
        """(root, source) of the file: those under which it is stored already from a higher folder, else its own."""
        for parent in (parent for parent in file.root.parents if str(parent) in self._roots):
            source = file.path.relative_to(parent).as_posix()
            if (str(parent), source) in self._at:
                return str(parent), source
        return str(file.root), file.source

    def untouched(self, place: tuple[str, str], file: SourceFile, print_: str) -> Known | None:
        """The document of a file that has the size and the time of change that it had; its bytes are not looked at."""
        known = self._at.get(place)
        same = known and (known.size, known.mtime_ns, known.fingerprint) == (file.size, file.mtime_ns, print_)
        return known if same else None

    def same(self, identity: Identity, print_: str) -> Known | None:
        """The document with these bytes: at this place, or at one whose file is gone."""
        at_place = self._at.get((identity.root, identity.source))
        if at_place:
            return at_place if (at_place.sha256, at_place.fingerprint) == (identity.sha256, print_) else None
        for known in self._by_content.get(identity.sha256, []):
            path = Path(known.root) / known.source
            if known.id in self._moved:
                continue
            if known.fingerprint == print_ and Path(known.root).is_absolute() and not path.exists():
                return known
        return None

    def move(self, known: Known) -> None:
        """The document's file has another name now."""
        self._moved.add(known.id)

    def gone(self, folders: Sequence[Path], seen: set[tuple[str, str]]) -> Iterator[Known]:
        """The documents that came from these folders, whose files were not seen, under whatever name."""
        for key, item in self._at.items():
            if key not in seen and item.id not in self._moved:
                path = Path(item.root) / item.source
                if any(path.is_relative_to(folder) for folder in folders):
                    yield item

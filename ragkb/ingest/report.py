"""What goes into an ingest from memory, and what an ingest says of every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ragkb.types import Scalar

Status = Literal["ingested", "partial", "unchanged", "refused", "removed"]
STATUSES: tuple[Status, ...] = ("ingested", "partial", "unchanged", "refused", "removed")


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that an application hands over as text. `source` is its identity: the same source replaces it."""

    source: str
    text: str
    title: str = ""
    groups: tuple[str, ...] = ()
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file.

    status: ingested; partial (ingested, but `reason` says what is missing); unchanged; refused (`reason` says why);
    removed (its file is gone, with prune). document_id is None when refused. seconds: reading, cutting and embedding.
    ocr_pages: of its pages, how many were read from their picture.
    """

    source: str
    status: Status
    reason: str = ""
    document_id: str | None = None
    pages: int | None = None
    chunks: int = 0
    seconds: float = 0.0
    ocr_pages: int = 0


@dataclass(frozen=True, slots=True)
class IngestReport:
    """One row a file, in the order in which the files were found, and the whole time."""

    files: tuple[FileReport, ...]
    seconds: float

    def count(self, status: Status) -> int:
        """How many files have that status."""
        return Counter(file.status for file in self.files)[status]

    @property
    def refused(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if file.status == "refused")

    @property
    def chunks(self) -> int:
        """Chunks written by this ingest."""
        return sum(file.chunks for file in self.files if file.status in ("ingested", "partial"))

    @property
    def pages(self) -> int:
        """Pages read by this ingest."""
        return sum(file.pages or 0 for file in self.files if file.status in ("ingested", "partial"))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an ingest stands. done, total: files. chunks: stored so far. source: the file at hand."""

    done: int
    total: int
    chunks: int
    source: str


OnProgress = Callable[[Progress], None]

"""What goes into an ingest from memory, and what an ingest says of every file while it runs and when it ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
    removed (its file is gone, with prune). document_id is None when refused. ocr_pages: read from their picture.
    seconds: reading, cutting and embedding. redacted: how many pieces of personal data of each kind were replaced.
    """

    source: str
    status: Status
    reason: str = ""
    document_id: str | None = None
    pages: int | None = None
    chunks: int = 0
    ocr_pages: int = 0
    redacted: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


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

    @property
    def redacted(self) -> Mapping[str, int]:
        """How many pieces of personal data of each kind this ingest replaced."""
        total: Counter[str] = Counter()
        for file in self.files:
            total.update(file.redacted)
        return dict(sorted(total.items()))

    @property
    def ocr_pages(self) -> int:
        """Pages among them that were read from their picture."""
        return sum(file.ocr_pages for file in self.files if file.status in ("ingested", "partial"))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an ingest stands.

    done, total: files. bytes_done, bytes_total: of those files. pages: read so far. chunks: stored so far.
    source: the file at hand, "" between two.
    """

    done: int
    total: int
    chunks: int
    source: str
    pages: int = 0
    bytes_done: int = 0
    bytes_total: int = 0


OnProgress = Callable[[Progress], None]


class Ledger:
    """The rows of a report in the order in which the files came, whenever each is settled, and the progress."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._started = time.perf_counter()
        self._rows: list[FileReport | None] = []
        self._sizes: list[int] = []
        self._files = self._bytes = 0
        self._now = Progress(0, 0, 0, "")
        self._embedded: Mapping[int, int] = {}
        self._share: Callable[[], float] = lambda: 0.0

    def expect(self, files: int, size: int) -> None:
        """So many files with so many bytes will come."""
        self._files, self._bytes = files, size

    def open(self, size: int = 0, more: bool = False) -> int:
        """A row for the next file, of that many bytes; settled later. more: it was not expected."""
        self._files += more
        self._rows.append(None)
        self._sizes.append(size)
        return len(self._rows) - 1

    def settle(self, row: int, found: FileReport) -> None:
        """Fills the row."""
        self._rows[row] = found
        now, new = self._now, found.status in ("ingested", "partial")
        self._now = replace(
            now,
            done=now.done + 1,
            chunks=now.chunks + (found.chunks if new else 0),
            pages=now.pages + (found.pages or 0 if new else 0),
            bytes_done=now.bytes_done + self._sizes[row],
        )

    def under_way(self, rows: Mapping[int, int], share: Callable[[], float]) -> None:
        """Rows that are embedded now, with their pages: until they are settled, that share of them counts as done."""
        self._embedded, self._share = rows, share

    def add(self, found: FileReport) -> None:
        """A row that is settled already."""
        self.settle(self.open(), found)

    def tell(self, source: str) -> None:
        """Tells the progress, with the file at hand."""
        if not self._on_progress:
            return
        left, share = [row for row in self._embedded if not self._rows[row]], self._share()
        now = replace(
            self._now,
            total=self._files,
            source=source,
            pages=self._now.pages + round(share * sum(self._embedded[row] for row in left)),
            bytes_done=self._now.bytes_done + round(share * sum(self._sizes[row] for row in left)),
            bytes_total=self._bytes,
        )
        self._on_progress(now)

    def report(self) -> IngestReport:
        """The report so far: what was settled."""
        rows = tuple(row for row in self._rows if row)
        return IngestReport(rows, round(time.perf_counter() - self._started, 3))

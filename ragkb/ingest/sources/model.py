"""What a source says of a file before it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.access import AccessUnclear
from ragkb.settings import LimitSettings
from ragkb.types import Scalar

MANIFEST = "ragkb-manifest.toml"
IGNORE = ".ragkbignore"
SIDECAR = ".ragkb.toml"
SMALL_FILE = 10_000_000
SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules"})
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Attributes:
    """What manifests and the sidecar say about a file. None and '': they say nothing. groups: () is everyone.

    own_groups: what the sidecar says; it can only narrow `groups`.
    """

    groups: tuple[str, ...] | None = None
    title: str = ""
    language: str = ""
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    own_groups: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a file. name: a file name whose extension tells the format."""

    data: bytes
    name: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was found. source: its path under `root`, with '/'. refused: why it must not be read, '' if it may.

    root: a folder's absolute path, or an address ("s3://bucket/folder"). path: of a local file, absolute; else None,
    and `fetch` gets the bytes. size, mtime_ns: equal as long as the file does not change; mtime_ns is a time for local
    files, else a digest of what the store says. size is -1 where only reading tells, 0 where the file is refused.
    is_hidden: refused since nobody can tell who may read it.
    """

    root: str
    source: str
    path: Path | None
    size: int = 0
    mtime_ns: int = 0
    refused: str = ""
    about: Attributes = field(default_factory=Attributes)
    is_hidden: bool = False
    fetch: Callable[[LimitSettings], Fetched] | None = field(default=None, compare=False, repr=False)

    def check(self) -> None:
        """Raises DocumentRefused, or AccessUnclear, if the file must not be read."""
        if self.refused:
            raise AccessUnclear(self.refused) if self.is_hidden else DocumentRefused(self.refused)


def read_bounded(stream: BinaryIO, size: int, limit: int) -> bytes:
    """All bytes of the stream. size: as the store tells it, -1 if unknown. Raises LimitExceeded."""
    if size > limit:
        raise LimitExceeded(f"{size} bytes, the limit is {limit}", "raise limits.file_bytes")
    blocks, left = [], limit
    while block := stream.read(min(max(size + 1, _BLOCK), left + 1)):  # subtle: the file can grow while it is read
        left -= len(block)
        if left < 0:
            raise LimitExceeded(f"more than {limit} bytes", "raise limits.file_bytes")
        blocks.append(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)

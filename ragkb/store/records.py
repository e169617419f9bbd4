"""What goes into the store and what comes out of it. No SQL, FAISS or tantivy type passes these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragkb.types import Chunk, Heading, Scalar, Table


@dataclass(frozen=True, slots=True)
class Entry:
    """One document, chunked and embedded, ready to be stored.

    root: what `source` is relative to; with it the document's identity. fingerprint: of everything but the bytes that
    decides how the document is stored (groups, metadata, chunking, loader): equal bytes and fingerprint are unchanged.
    digests: key of each chunk's embedding. vectors: float16, shape (len(chunks), dim), unit rows.
    """

    root: str
    source: str
    title: str
    text: str
    groups: tuple[str, ...]
    metadata: Mapping[str, Scalar]
    media_type: str
    language: str
    sha256: str
    size: int
    mtime_ns: int
    fingerprint: str
    page_starts: tuple[int, ...]
    headings: tuple[Heading, ...]
    tables: tuple[Table, ...]
    chunks: tuple[Chunk, ...]
    digests: tuple[bytes, ...]
    vectors: NDArray[np.float16]
    ingested_at: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalogue remembers of a document, to recognise it without reading it."""

    id: str
    root: str
    source: str
    sha256: str
    size: int
    mtime_ns: int
    fingerprint: str
    chunks: int
    pages: int | None
    media_type: str


Touched = tuple[str, str, str, int, int, str]
"""(id, root, source, size, mtime_ns, sha256) of a file whose bytes are stored already."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One file as the catalogue lists it: of an index, or an original. rows: vectors in it, deleted ones included."""

    name: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that `verify` found. kind: missing, phantom, duplicate, malformed, checksum, catalogue."""

    kind: str
    where: str
    what: str

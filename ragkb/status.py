"""What a knowledge base holds, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ragkb.models import Embedder
from ragkb.store.reader import Reader
from ragkb.types import Principal


@dataclass(frozen=True, slots=True)
class Status:
    """What a knowledge base holds. generation: commits so far. precision: of the embedder here.

    disk: bytes in files. memory: bytes that a process holds of its indexes to search, without the lexical index, whose
    files the system maps as they are used.
    """

    path: str
    documents: int
    chunks: int
    characters: int
    groups: tuple[str, ...]
    languages: Mapping[str, int]
    embedder: str
    precision: str
    dim: int
    generation: int
    disk: Mapping[str, int]
    memory: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """held: documents, chunks and generation. disk: bytes by part."""

    held: Mapping[str, int]
    disk: Mapping[str, int]


def status(reader: Reader, embedder: Embedder) -> Status:
    """The status of one generation."""
    infos = list(reader.documents(Principal.admin()))
    return Status(
        path=str(reader.store.folder),
        documents=len(infos),
        chunks=sum(info.chunks for info in infos),
        characters=sum(info.characters for info in infos),
        groups=tuple(sorted({group for info in infos for group in info.groups})),
        languages=dict(sorted(Counter(info.language for info in infos).items())),
        embedder=embedder.id,
        precision=embedder.precision,
        dim=embedder.dim,
        generation=reader.snapshot.generation,
        disk=reader.store.bytes_on_disk(),
        memory=reader.snapshot.bytes_in_memory(),
    )

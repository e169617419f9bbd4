"""The dense index: immutable FAISS segments of half-precision vectors.

A segment is exact (every vector is compared) and keeps the chunks' numbers. The catalogue holds the same half-precision
values, so a segment can be rebuilt bit for bit.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ragkb.errors import StorageError
from ragkb.store.files import sha256_file, write_durably

FAN_OUT = 8  # segments of one size class that are merged into one of the next


@dataclass(frozen=True, slots=True)
class SegmentFile:
    """One file of the dense index as the catalogue lists it. rows: vectors in it, deleted ones included."""

    name: str
    sha256: str
    bytes: int
    rows: int


class Segment:
    """A loaded segment."""

    def __init__(self, file: SegmentFile, index: Any) -> None:
        self.file = file
        self._index = index

    @classmethod
    def load(cls, folder: Path, file: SegmentFile) -> Segment:
        """Reads and checks the file. Raises FileNotFoundError, StorageError if it is damaged."""
        path = folder / file.name
        if sha256_file(path) != file.sha256:
            raise StorageError(
                f"{path}: damaged, its SHA-256 is not {file.sha256[:12]}…", "run `ragkb doctor --rebuild`"
            )
        return cls(file, faiss.read_index(str(path)))

    def search(self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.uint8] | None) -> list[tuple[int, float]]:
        """Up to k (chunk number, cosine), best first. allowed: bitmap over chunk numbers, None for all."""
        parameters = None
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(allowed)  # type: ignore[call-arg, arg-type]
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, numbers = self._index.search(vector[None], min(k, self.file.rows), params=parameters)
        # subtle: FAISS pads with -1 when fewer than k vectors exist
        return [(int(n), float(s)) for n, s in zip(numbers[0], scores[0], strict=True) if n >= 0]

    def numbers(self) -> NDArray[np.int64]:
        """The chunk numbers, in the order of the rows."""
        return np.asarray(faiss.vector_to_array(self._index.id_map))

    def vectors(self) -> NDArray[np.float32]:
        """The vectors, shape (rows, dim)."""
        inner = faiss.downcast_index(self._index.index)
        return np.asarray(inner.reconstruct_n(0, self.file.rows))


def write_segment(folder: Path, numbers: NDArray[np.int64], vectors: NDArray[np.floating[Any]]) -> SegmentFile:
    """Writes a new segment durably. Raises StorageError for values that are not finite, OSError."""
    dense = np.ascontiguousarray(vectors, np.float32)
    if not np.isfinite(dense).all():
        raise StorageError("a vector holds a value that is not finite", "check the embedder")
    inner = faiss.IndexScalarQuantizer(dense.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index = faiss.IndexIDMap(inner)
    index.add_with_ids(dense, np.ascontiguousarray(numbers, np.int64))
    data = faiss.serialize_index(index).tobytes()
    path = folder / f"{secrets.token_hex(8)}.faiss"
    write_durably(path, data)
    return SegmentFile(path.name, sha256_file(path), len(data), len(numbers))


def to_merge(files: Sequence[SegmentFile]) -> list[SegmentFile]:
    """The segments of the smallest size class that is full, or none. A class holds sizes within a factor of FAN_OUT."""
    classes: dict[int, list[SegmentFile]] = {}
    for file in files:
        level = 0
        while file.rows >= FAN_OUT ** (level + 3):
            level += 1
        classes.setdefault(level, []).append(file)
    full = sorted(level for level, members in classes.items() if len(members) >= FAN_OUT)
    return classes[full[0]] if full else []

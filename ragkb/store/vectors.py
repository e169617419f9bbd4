"""The dense index: immutable segments, each one file of half-precision vectors with their chunk numbers.

The vectors are the catalogue's own, bit for bit, so every score is an exact cosine and a segment can be checked and
merged without the catalogue. A small segment is held in memory and compared whole. One of IVF_ROWS rows or more adds an
inverted file of 4-bit codes (FAISS): the codes are held in memory and propose candidates; the vectors stay on disk and
score them.
"""

from __future__ import annotations

import io
import os
import secrets
import struct
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from ragkb.errors import StorageError
from ragkb.store import inverted
from ragkb.store.files import durable_file, sha256_file, sha256_stream
from ragkb.store.inverted import BLOCK, Inverted, Proposed
from ragkb.store.records import IndexFile

FAN_OUT = 8  # segments of one size class that are merged into one of the next
LARGE = 250_000  # a segment of more rows is merged no more: a commit never waits for longer than eight of these take
MOST_ROWS = 1_000_000  # of a segment that is made anew from the catalogue
REBUILD = "run `ragkb doctor --rebuild`"

# Measured on two cores with up to a million vectors of 384 numbers: benchmarks/scale/README.md.
IVF_ROWS = 10_000  # rows from which a segment gets an inverted file
OVERSAMPLE = 2  # candidates that are scored exactly for each hit that is wanted
LEAST_CANDIDATES = 200
GATHERED = 1_500  # so few visible rows are all scored exactly, without the lists

AT_ONCE = 1 << 20  # bytes of a file that is read at once

_MAGIC = b"ragkbvec"
_HEADER = struct.Struct("<8sIIQQ")  # magic, version, dim, rows, bytes of the inverted file (0: there is none)
_VERSION = 1
_ONES = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)

Block = tuple[NDArray[np.int64], NDArray[np.float16]]  # chunk numbers, and their vectors, shape (n, dim)


class Segment:
    """A loaded segment. Safe to search from several threads. Its file may be unlinked while it is held."""

    def __init__(self, folder: Path, file: IndexFile) -> None:
        """Reads and checks the file. Raises FileNotFoundError, StorageError if it is damaged."""
        self.file = file
        self._path = folder / file.name
        self._descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._descriptor)
        self._seeking = threading.Lock()
        with open(self._descriptor, "rb", closefd=False) as opened:
            stream = io.BytesIO(opened.read()) if file.bytes <= AT_ONCE else opened
            if sha256_stream(stream) != file.sha256:
                raise StorageError(f"{self._path}: damaged, its SHA-256 is not {file.sha256[:12]}…", REBUILD)
            stream.seek(0)
            self._read_parts(stream)

    def _read_parts(self, stream: BinaryIO) -> None:
        magic, version, dim, rows, listed = _HEADER.unpack(stream.read(_HEADER.size))
        self._dim = int(dim)
        if (magic, version, rows) != (_MAGIC, _VERSION, self.file.rows):
            raise StorageError(f"{self._path}: not a segment that this version reads", REBUILD)
        stream.seek(_HEADER.size + 2 * rows * self._dim)
        self._numbers = np.frombuffer(stream.read(8 * rows), "<i8")
        try:
            reader = faiss.PyCallbackIOReader(stream.read)  # type: ignore[attr-defined]
            self.inverted = Inverted(faiss.read_index(reader), self._numbers) if listed else None
        except RuntimeError as error:  # what FAISS raises, for an index of a newer FAISS say
            raise StorageError(f"{self._path}: FAISS cannot read it ({error})", REBUILD) from None
        self._whole: Any = None if listed else _exact(self._numbers, self._vectors_of(stream))

    def _vectors_of(self, stream: BinaryIO) -> NDArray[np.float16]:
        stream.seek(_HEADER.size)
        return np.frombuffer(stream.read(2 * self.file.rows * self._dim), "<f2").reshape(-1, self._dim)

    def compare(self, vector: NDArray[np.float32], k: int, allowed: NDArray[np.uint8]) -> Proposed:
        """The k best of a segment without an inverted file, by comparing all of its allowed rows."""
        # subtle: for one query more threads gain nothing, and on a busy machine they wait for each other (22 ms, not 2)
        faiss.omp_set_num_threads(1)
        selector = faiss.IDSelectorBitmap(allowed)  # type: ignore[call-arg, arg-type]
        parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        scores, numbers = self._whole.search(vector[None], min(k, self.file.rows), params=parameters)
        found = numbers[0] >= 0  # subtle: FAISS pads with -1 when fewer than k vectors exist
        return scores[0][found], numbers[0][found]

    def scores(self, vector: NDArray[np.float32], numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """The exact cosines of chunks of this segment; equal for equal vectors, whatever else is asked for."""
        rows = self._rows(np.searchsorted(self._numbers, numbers)).astype(np.float64)
        return np.asarray((rows * vector).sum(axis=1), np.float32)

    def numbers(self) -> NDArray[np.int64]:
        """The chunk numbers, ascending, in the order of the rows."""
        return self._numbers

    def vectors(self) -> NDArray[np.float16]:
        """The vectors, shape (rows, dim), read from the file as they are used."""
        return np.memmap(self._path, "<f2", "r", _HEADER.size, (self.file.rows, self._dim))

    @property
    def bytes_in_memory(self) -> int:
        """Bytes of codes or vectors, of chunk numbers and of the centroids of the lists."""
        if self.inverted:
            return self.inverted.bytes_in_memory
        return self.file.rows * (2 * self._dim + 16)

    def count(self, allowed: NDArray[np.uint8]) -> int:
        """How many rows are allowed, at most: bits between the first and the last chunk number."""
        first, last = int(self._numbers[0]) >> 3, int(self._numbers[-1]) >> 3
        part = allowed[first : last + 1]
        ones = np.bitwise_count(part) if hasattr(np, "bitwise_count") else _ONES[part]  # NumPy 2 has it
        return int(ones.sum(dtype=np.int64))

    def allowed_numbers(self, allowed: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The chunk numbers of the rows that are allowed."""
        first, last = int(self._numbers[0]) >> 3, int(self._numbers[-1]) >> 3
        numbers = np.flatnonzero(np.unpackbits(allowed[first : last + 1], bitorder="little")) + 8 * first
        return self.among(numbers)

    def among(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the chunk numbers that are in this segment, in their order."""
        rows = np.searchsorted(self._numbers, numbers)
        rows[rows == len(self._numbers)] = 0
        return np.asarray(numbers[self._numbers[rows] == numbers])

    def _rows(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """The vectors of these rows; those of a large segment are read from the file, neighbours at once."""
        if self._whole is not None:
            return np.asarray(_codes(self._whole).reshape(-1, self._dim)[rows])
        order = np.argsort(rows)
        ascending, width = rows[order], 2 * self._dim
        if not len(rows):
            return np.empty((0, self._dim), "<f2")
        ends = np.append(np.flatnonzero(ascending[1:] != ascending[:-1] + 1) + 1, len(rows))
        starts = np.append(0, ends[:-1])
        positions, lengths = _HEADER.size + width * ascending[starts], width * (ends - starts)
        data = b"".join(map(self._reading(), lengths.tolist(), positions.tolist()))
        if len(data) != width * len(rows):
            raise StorageError(f"{self._path}: has become shorter", REBUILD)
        out = np.empty((len(rows), self._dim), "<f2")
        out[order] = np.frombuffer(data, "<f2").reshape(-1, self._dim)
        return out

    def _reading(self) -> Callable[[int, int], bytes]:
        """What reads so many bytes at a position of the file.

        A mapped file would do, but its pages count as memory, and one that becomes shorter ends the process.
        """
        return partial(os.pread, self._descriptor) if hasattr(os, "pread") else self._seek_and_read

    def _seek_and_read(self, length: int, position: int) -> bytes:
        with self._seeking:
            os.lseek(self._descriptor, position, os.SEEK_SET)
            return os.read(self._descriptor, length)


def nearest(
    segments: Sequence[Segment], vector: NDArray[np.float32], k: int, allowed: NDArray[np.uint8]
) -> list[tuple[int, float]]:
    """Up to k (chunk number, cosine) of all segments, best first, ties by number. allowed: bitmap over chunk numbers.

    The cosines are exact. So is the choice among small segments and where few rows are allowed; elsewhere the
    OVERSAMPLE * k best by their codes are compared.
    """
    proposed = _proposed(segments, vector, k, allowed)
    if not proposed:
        return []
    scores = np.concatenate([found for found, _ in proposed])
    numbers = np.concatenate([found for _, found in proposed])
    owner = np.repeat(np.arange(len(proposed)), [len(found) for found, _ in proposed])
    best = np.argsort(-scores, kind="stable")[: _wanted(k)]
    scores, numbers, owner = scores[best], numbers[best], owner[best]
    for place in np.unique(owner).tolist():
        scores[owner == place] = segments[place].scores(vector, numbers[owner == place])
    order = np.lexsort((numbers, -scores))[:k]
    return list(zip(numbers[order].tolist(), scores[order].tolist(), strict=True))


def nearest_of(
    segments: Sequence[Segment], vector: NDArray[np.float32], k: int, numbers: NDArray[np.int64]
) -> list[tuple[int, float]]:
    """Up to k (chunk number, cosine) of these chunks, as `nearest`, by comparing them all."""
    inside = [one.among(numbers) for one in segments]
    if not sum(map(len, inside)):
        return []
    scores = np.concatenate([one.scores(vector, some) for one, some in zip(segments, inside, strict=True) if len(some)])
    found = np.concatenate(inside)
    order = np.lexsort((found, -scores))[:k]
    return list(zip(found[order].tolist(), scores[order].tolist(), strict=True))


def _proposed(
    segments: Sequence[Segment], vector: NDArray[np.float32], k: int, allowed: NDArray[np.uint8]
) -> list[Proposed]:
    """For each segment what is nearest, about right: the k best of all are among them, or more by their codes."""
    listed = {place: segment.inverted for place, segment in enumerate(segments) if segment.inverted}
    visible = sum(segments[place].count(allowed) for place in listed)
    if visible > max(GATHERED, k):
        found = dict(zip(listed, inverted.near(list(listed.values()), vector, _wanted(k), allowed), strict=True))
    else:
        numbers = {place: segments[place].allowed_numbers(allowed) for place in listed}
        found = {place: (segments[place].scores(vector, some), some) for place, some in numbers.items()}
    return [
        found[place] if place in found else segment.compare(vector, k, allowed)
        for place, segment in enumerate(segments)
    ]


def write_segment(folder: Path, blocks: Iterable[Block]) -> IndexFile:
    """Writes a segment durably; chunk numbers ascend over all blocks. Equal blocks give an equal file.

    Raises StorageError for values that are not finite, OSError.
    """
    path = folder / f"{secrets.token_hex(8)}.vectors"
    numbers, dim = [], 0
    with durable_file(path) as file:
        file.write(bytes(_HEADER.size))
        for some, vectors in blocks:
            if not np.isfinite(vectors).all():
                raise StorageError("a vector holds a value that is not finite", "check the embedder")
            file.write(vectors.astype("<f2", copy=False).tobytes())
            numbers.append(some)
            dim = vectors.shape[1]
        every = np.concatenate(numbers)
        file.write(every.astype("<i8", copy=False).tobytes())
        end = file.tell()
        if len(every) >= IVF_ROWS:
            file.flush()
            written = np.memmap(file.name, "<f2", "r", _HEADER.size, (len(every), dim))
            writer = faiss.PyCallbackIOWriter(file.write)  # type: ignore[attr-defined]
            faiss.write_index(inverted.build(every, written), writer)
        size = file.tell()
        file.seek(0)
        file.write(_HEADER.pack(_MAGIC, _VERSION, dim, len(every), size - end))
    return IndexFile(path.name, sha256_file(path), size, len(every))


def merge_segments(folder: Path, segments: Sequence[Segment], keep: Sequence[NDArray[np.bool_]]) -> IndexFile | None:
    """Writes one segment of the rows to keep of several; None if there are none. Raises as write_segment."""
    numbers = np.concatenate([one.numbers()[kept] for one, kept in zip(segments, keep, strict=True)])
    if not len(numbers):
        return None
    owner = np.repeat(np.arange(len(segments)), [int(kept.sum()) for kept in keep])
    rows = np.concatenate([np.flatnonzero(kept) for kept in keep])
    order = np.argsort(numbers, kind="stable")
    vectors = [one.vectors() for one in segments]
    parts = (order[start : start + BLOCK] for start in range(0, len(order), BLOCK))
    return write_segment(folder, ((numbers[part], _gathered(vectors, owner[part], rows[part])) for part in parts))


def to_merge(files: Sequence[IndexFile]) -> list[IndexFile]:
    """The segments of the smallest size class that is full, or none. A class holds sizes within a factor of FAN_OUT."""
    classes: dict[int, list[IndexFile]] = {}
    for file in (file for file in files if file.rows <= LARGE):
        level = 0
        while file.rows >= FAN_OUT ** (level + 3):
            level += 1
        classes.setdefault(level, []).append(file)
    full = sorted(level for level, members in classes.items() if len(members) >= FAN_OUT)
    return classes[full[0]] if full else []


def _gathered(
    vectors: Sequence[NDArray[np.float16]], owner: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.float16]:
    """The i-th row is row rows[i] of vectors[owner[i]]."""
    out = np.empty((len(rows), vectors[0].shape[1]), np.float16)
    for number in np.unique(owner).tolist():
        out[owner == number] = vectors[number][rows[owner == number]]
    return out


# --- FAISS ------------------------------------------------------------------------------------------------------------


def _exact(numbers: NDArray[np.int64], vectors: NDArray[np.float16]) -> Any:
    inner = faiss.IndexScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index = faiss.IndexIDMap(inner)
    for start in range(0, len(numbers), BLOCK):
        block = np.ascontiguousarray(vectors[start : start + BLOCK], np.float32)
        index.add_with_ids(block, np.ascontiguousarray(numbers[start : start + BLOCK]))
    return index


def _codes(exact: Any) -> NDArray[np.float16]:
    """What `_exact` holds in memory: the vectors bit for bit, without a copy."""
    codes: Any = faiss.downcast_index(exact.index).codes  # type: ignore[attr-defined]
    return np.asarray(faiss.rev_swig_ptr(codes.data(), codes.size())).view("<f2")


def _wanted(k: int) -> int:
    return max(OVERSAMPLE * k, LEAST_CANDIDATES)

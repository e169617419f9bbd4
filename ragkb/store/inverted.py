"""The inverted files of large segments: codes in lists, of which a question looks into the nearest.

Codes are of a product quantiser with 16 centroids for every few numbers, laid out so that 32 rows are compared at once
in registers (André, Kermarrec, Le Scouarnec, "Cache locality is not enough", VLDB 2015). Segments from before that have
8-bit codes, and are searched as they are.

The lists of all segments are put in one order, by how near their centroids are to the question, and looked into until
enough rows were seen. So many segments cost about what one of all their rows would cost, and a segment that holds
nothing near is hardly touched.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from ragkb.cores import usable_cores

# Measured on two cores with up to a million vectors of 384 numbers: benchmarks/scale/README.md.
PROBES = 128  # lists that are looked into when every row is visible, of the lists that one segment would have
FILTERED = 0.25  # exponent of the share that is visible, by which more is looked at
COUNTED = 64  # bitmaps whose rows a list are kept
SAMPLE = 20  # vectors a list that the lists are trained with
LEAST_PARTS = 192  # codes of a vector
TRAINED = 4_096  # vectors that the codes are trained with
ROUNDS = 8
BLOCK = 16_384  # rows that are handled at once

Proposed = tuple[NDArray[np.float32], NDArray[np.int64]]  # scores that may be estimates, and chunk numbers


@dataclass(frozen=True, slots=True)
class _Counted:
    """rows: of each list that are allowed by the bitmap, of which `part` is what concerns the segment."""

    bitmap: weakref.ref[NDArray[np.uint8]]
    part: NDArray[np.uint8]
    rows: NDArray[np.int64]


class Inverted:
    """An inverted file of FAISS. Safe to search from several threads. sizes: rows of each list."""

    def __init__(self, index: Any, numbers: NDArray[np.int64]) -> None:
        """numbers: chunk numbers of the rows, ascending."""
        self._index, self._numbers = index, numbers
        self._coarse: Any = faiss.downcast_index(index.quantizer)
        self._list_of = np.empty(len(numbers), np.uint16)  # of each row
        for one in range(index.nlist):
            size = index.invlists.list_size(one)
            held = faiss.rev_swig_ptr(index.invlists.get_ids(one), size)
            self._list_of[np.searchsorted(numbers, held)] = one
        self.sizes = np.bincount(self._list_of, minlength=index.nlist)
        self._counted: dict[int, _Counted] = {}

    def allowed_rows(self, allowed: NDArray[np.uint8]) -> NDArray[np.int64]:
        """How many rows of each list are allowed.

        A bitmap that is asked for again, or that is another one's equal as far as these rows go, is not counted again:
        a commit leaves most segments as they are.
        """
        held = self._counted.get(id(allowed))
        if held and held.bitmap() is allowed:
            return held.rows
        part = allowed[int(self._numbers[0]) >> 3 : (int(self._numbers[-1]) >> 3) + 1]
        equal = (one.rows for one in list(self._counted.values()) if np.array_equal(one.part, part))
        rows = next(equal, None)
        made = _Counted(weakref.ref(allowed), part.copy(), self._count(part) if rows is None else rows)
        if len(self._counted) >= COUNTED:
            self._counted = {}
        self._counted[id(allowed)] = made
        return made.rows

    def _count(self, part: NDArray[np.uint8]) -> NDArray[np.int64]:
        bits = np.unpackbits(part, bitorder="little").view(bool)
        places = self._numbers - 8 * (int(self._numbers[0]) >> 3)
        places = places[: np.searchsorted(places, len(bits))]  # what the bitmap does not reach is not allowed
        return np.bincount(self._list_of[np.flatnonzero(bits[places])], minlength=len(self.sizes))

    @property
    def bytes_in_memory(self) -> int:
        """Bytes of codes, of chunk numbers twice, of each row's list and of the centroids."""
        dim, lists = int(self._index.d), len(self.sizes)
        return len(self._numbers) * (int(self._index.code_size) + 18) + 4 * dim * lists

    def nearness(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The cosine of each list's centroid to the vector."""
        out = np.empty(len(self.sizes), np.float32)
        # subtle: not by NumPy, whose threads wait for each other on a busy machine
        faiss.fvec_inner_products_ny(  # type: ignore[attr-defined]
            faiss.swig_ptr(out), faiss.swig_ptr(vector), self._coarse.get_xb(), vector.size, out.size
        )
        return out

    def search(
        self,
        vector: NDArray[np.float32],
        k: int,
        lists: NDArray[np.int64],
        nearness: NDArray[np.float32],
        selector: Any,
    ) -> Proposed:
        """Up to k rows of these lists that FAISS's selector allows, best first. nearness: of each of the lists."""
        k = min(k, int(self.sizes[lists].sum()))
        scores, numbers = np.empty((1, k), np.float32), np.empty((1, k), np.int64)
        if not k:
            return scores[0], numbers[0]
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=len(lists))  # type: ignore[call-arg]
        pointers = (faiss.swig_ptr(one) for one in (lists, nearness, scores, numbers))
        faiss.omp_set_num_threads(1)
        self._index.search_preassigned_c(1, faiss.swig_ptr(vector), k, *pointers, False, parameters)
        found = numbers[0] >= 0  # subtle: FAISS pads with -1 when fewer than k vectors exist
        return scores[0][found], numbers[0][found]


def near(files: Sequence[Inverted], vector: NDArray[np.float32], k: int, allowed: NDArray[np.uint8]) -> list[Proposed]:
    """For each file what is near by its code; together at least k if so many of their rows are allowed.

    The fewer rows are allowed, the further apart the nearest of them lie, and the more rows are looked at. Lists
    without an allowed row are passed over.
    """
    counts = np.concatenate([file.allowed_rows(allowed) for file in files])
    sizes = np.concatenate([file.sizes for file in files])
    owner = np.repeat(np.arange(len(files)), [len(file.sizes) for file in files])
    within = np.concatenate([np.arange(len(file.sizes)) for file in files])
    nearness = np.concatenate([file.nearness(vector) for file in files])
    order = np.argsort(-nearness, kind="stable")
    order = order[counts[order] > 0]
    selector = faiss.IDSelectorBitmap(allowed)  # type: ignore[call-arg, arg-type]
    seen, rows, visible = np.cumsum(sizes[order]), int(sizes.sum()), int(counts.sum())
    wanted = rows * PROBES / lists_for(rows) * (rows / max(visible, 1)) ** FILTERED
    while True:
        chosen = order[: int(np.searchsorted(seen, wanted)) + 1]
        parts = [chosen[owner[chosen] == number] for number in range(len(files))]
        proposed = [
            file.search(vector, k, within[part], nearness[part], selector)
            for file, part in zip(files, parts, strict=True)
        ]
        if sum(len(numbers) for _, numbers in proposed) >= min(k, visible) or len(chosen) == len(order):
            return proposed
        wanted *= 4


def build(numbers: NDArray[np.int64], vectors: NDArray[np.float16]) -> Any:
    """FAISS's inverted file of 4-bit codes; equal vectors give an equal one."""
    faiss.omp_set_num_threads(usable_cores())
    rows, dim = vectors.shape
    lists = lists_for(rows)
    coarse = faiss.IndexFlatIP(dim)
    index = faiss.IndexIVFPQFastScan(coarse, dim, lists, parts_of(dim), 4, faiss.METRIC_INNER_PRODUCT)
    index.by_residual = False
    index.cp.spherical, index.cp.niter, index.cp.seed = True, ROUNDS, 1
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, SAMPLE
    _train(index, vectors[_spread(rows, SAMPLE * lists)], vectors[_spread(rows, TRAINED)])
    for start in range(0, rows, BLOCK):
        block = np.asarray(vectors[start : start + BLOCK], np.float32)
        index.add_with_ids(block, np.ascontiguousarray(numbers[start : start + BLOCK]))
    _stretch(index.pq, vectors[_spread(rows, TRAINED)])
    return index


def _spread(rows: int, most: int) -> NDArray[np.int64]:
    """At most so many rows, in equal steps."""
    return np.linspace(0, rows - 1, min(rows, most)).astype(np.int64)


def _train(index: Any, for_lists: NDArray[np.float16], for_codes: NDArray[np.float16]) -> None:
    sample = np.ascontiguousarray(for_lists, np.float32)
    index.train_q1(len(sample), faiss.swig_ptr(sample), False, faiss.METRIC_INNER_PRODUCT)
    # subtle: these are so small that threads only wait for each other, for minutes on a busy machine
    faiss.omp_set_num_threads(1)
    index.pq.cp.seed = 1
    index.pq.train(np.ascontiguousarray(for_codes, np.float32))
    faiss.omp_set_num_threads(usable_cores())
    index.is_trained = True


def _stretch(codes: Any, sample: NDArray[np.float16]) -> None:
    """Makes the codes longer by what quantisation took, so that a cosine told by them is right on average.

    Then those of several segments, and exact ones, can be put in one order.
    """
    held = np.ascontiguousarray(sample, np.float32)
    kept = float((held * codes.decode(codes.compute_codes(held))).sum(axis=1).mean())
    centroids = faiss.vector_to_array(codes.centroids)
    faiss.copy_array_to_vector(np.asarray(centroids / kept, np.float32), codes.centroids)


def parts_of(dim: int) -> int:
    """How many codes of 4 bits a vector has: LEAST_PARTS or more, each for up to four numbers; 192 for 384 numbers."""
    return dim // max(size for size in (1, 2, 3, 4) if size == 1 or (dim % size == 0 and dim >= size * LEAST_PARTS))


def lists_for(rows: int) -> int:
    """A power of two next to twice the square root of the rows: 256 at 10 thousand, 2048 at a million."""
    return 1 << round(math.log2(2 * math.sqrt(rows)))

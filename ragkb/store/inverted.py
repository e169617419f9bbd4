"""The inverted files of large segments: 8-bit codes in lists, of which a question looks into the nearest.

The lists of all segments are put in one order, by how near their centroids are to the question, and looked into until
enough rows were seen. So many segments cost about what one of all their rows would cost, and a segment that holds
nothing near is hardly touched.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

# Measured on two cores with up to a million vectors of 384 numbers: benchmarks/scale/README.md.
PROBES = 64  # lists that are looked into when every row is visible, of the lists that one segment would have
SAMPLE = 20  # vectors a list that the lists are trained with
ROUNDS = 8
BLOCK = 16_384  # rows that are handled at once

Proposed = tuple[NDArray[np.float32], NDArray[np.int64]]  # scores that may be estimates, and chunk numbers


class Inverted:
    """An inverted file of FAISS. Safe to search from several threads. sizes: rows of each list."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._coarse: Any = faiss.downcast_index(index.quantizer)
        self.sizes = np.array([index.invlists.list_size(i) for i in range(index.nlist)], np.int64)

    @property
    def bytes_in_memory(self) -> int:
        """Bytes of the centroids; those of codes and numbers are counted by the segment."""
        return int(self._index.nlist) * 4 * int(self._index.d)

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
        allowed: NDArray[np.uint8],
    ) -> Proposed:
        """Up to k allowed rows of these lists, best first. nearness: of each of the lists, as `nearness` gives it."""
        k = min(k, int(self.sizes[lists].sum()))
        scores, numbers = np.empty((1, k), np.float32), np.empty((1, k), np.int64)
        selector = faiss.IDSelectorBitmap(allowed)  # type: ignore[call-arg, arg-type]
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=len(lists))  # type: ignore[call-arg]
        pointers = (faiss.swig_ptr(one) for one in (lists, nearness, scores, numbers))
        faiss.omp_set_num_threads(1)
        self._index.search_preassigned_c(1, faiss.swig_ptr(vector), k, *pointers, False, parameters)
        found = numbers[0] >= 0  # subtle: FAISS pads with -1 when fewer than k vectors exist
        return scores[0][found], numbers[0][found]


def near(
    files: Sequence[Inverted], vector: NDArray[np.float32], k: int, allowed: NDArray[np.uint8], visible: int
) -> list[Proposed]:
    """For each file what is near by its code; together at least k if so many of their rows are visible.

    visible: how many rows of all the files are allowed. The fewer, the further apart the nearest of them lie, and the
    more lists are looked into.
    """
    sizes = np.concatenate([file.sizes for file in files])
    nearness = np.concatenate([file.nearness(vector) for file in files])
    owner = np.repeat(np.arange(len(files)), [len(file.sizes) for file in files])
    within = np.concatenate([np.arange(len(file.sizes)) for file in files])
    order = np.argsort(-nearness, kind="stable")
    order = order[sizes[order] > 0]
    seen = np.cumsum(sizes[order])
    rows = int(seen[-1])
    budget = rows * PROBES / lists_for(rows) / math.sqrt(max(visible / rows, 1e-9))
    while True:
        chosen = order[: int(np.searchsorted(seen, min(budget, rows))) + 1]
        proposed = []
        for number, file in enumerate(files):
            mine = chosen[owner[chosen] == number]
            if len(mine):
                proposed.append(file.search(vector, k, within[mine], nearness[mine], allowed))
            else:
                proposed.append((np.empty(0, np.float32), np.empty(0, np.int64)))
        if sum(len(numbers) for _, numbers in proposed) >= min(k, visible) or len(chosen) == len(order):
            return proposed
        budget *= 4


def build(numbers: NDArray[np.int64], vectors: NDArray[np.float16]) -> Any:
    """FAISS's inverted file of 8-bit codes; equal vectors give an equal one."""
    faiss.omp_set_num_threads(usable_cores())
    rows, dim = vectors.shape
    lists = lists_for(rows)
    coarse = faiss.IndexFlatIP(dim)
    eight = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexIVFScalarQuantizer(coarse, dim, lists, eight, faiss.METRIC_INNER_PRODUCT)
    index.cp.spherical, index.cp.niter, index.cp.seed = True, ROUNDS, 1
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, SAMPLE
    sample = np.linspace(0, rows - 1, min(rows, SAMPLE * lists)).astype(np.int64)
    index.train(np.asarray(vectors[sample], np.float32))
    for start in range(0, rows, BLOCK):
        block = np.asarray(vectors[start : start + BLOCK], np.float32)
        index.add_with_ids(block, np.ascontiguousarray(numbers[start : start + BLOCK]))
    return index


def lists_for(rows: int) -> int:
    """A power of two next to twice the square root of the rows: 256 at 10 thousand, 2048 at a million."""
    return 1 << round(math.log2(2 * math.sqrt(rows)))


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""Imported by the process from which the children are forked: what a first operation loads is then loaded already."""

from __future__ import annotations

import tempfile
from pathlib import Path

import faiss

from benchmarks.store import harness
from benchmarks.store.workload import Workload, prepare

faiss.omp_set_num_threads(1)  # subtle: threads of OpenMP do not survive a fork, and who waits for them hangs

with tempfile.TemporaryDirectory(dir=harness.fast_folder()) as folder:
    place = prepare(Path(folder) / "warm")
    Workload(place, {}, 1, 0).work(12)
    harness.look(place, set(), [path.name for path in place.backups.iterdir()], harness.Seen())

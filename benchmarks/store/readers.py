"""Readers beside a writer: whether each result belongs to one generation, and how long it takes.

    python -m benchmarks.store.readers --reads 1000000

The writer replaces all documents in each commit by texts that carry the commit's number; every result list of every
reader must carry one number, in all of its hits, and be complete. Two processes of two threads read, first alone, then
beside the writer, which has the priority that `ragkb ingest` gives itself. Exit code 1 if a list was torn.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.store.harness import ADMIN, context, fast_folder
from benchmarks.store.workload import open_kb
from ragkb.ingest.priority import step_back
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.settings import IngestSettings

DOCUMENTS = 8
PROCESSES, THREADS = 2, 2
_NUMBER = re.compile(r"generation (\d+)")


@dataclass
class Reads:
    """What readers saw. torn: what was wrong. seconds: of each read. generations: distinct ones."""

    torn: list[str] = field(default_factory=list)
    seconds: array[float] = field(default_factory=lambda: array("d"))
    generations: set[str] = field(default_factory=set)
    wall: float = 0

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        return float(np.percentile(np.frombuffer(self.seconds, float), share)) * 1000


def write_generation(kb: KnowledgeBase, number: int) -> None:
    """Replaces every document in one commit."""
    text = f"The granite of generation {number} is number {{}}."
    kb.add([NewDocument(f"n{i}.txt", text.format(i)) for i in range(DOCUMENTS)])


def check(texts: Sequence[str]) -> str:
    """'' if the texts are those of one generation, all of them; else what is wrong."""
    numbers = {match[1] for text in texts if (match := _NUMBER.search(text))}
    if len(numbers) != 1 or len(texts) != DOCUMENTS:
        return f"{len(texts)} texts of generations {sorted(numbers)}"
    return ""


def _loop(kb: KnowledgeBase, count: int, reads: Reads) -> None:
    for number in range(count):
        started = time.perf_counter()
        try:
            if number % 16 == 15:
                texts = [info.title for info in kb.documents(as_=ADMIN)]
                what = "" if len(texts) == DOCUMENTS else f"{len(texts)} documents"
            else:
                hits = kb.search("granite", k=100, as_=ADMIN, leg=("lexical", "dense", "hybrid")[number % 3])
                texts = [hit.text for hit in hits]
                what = check(texts)
                reads.generations.update(_NUMBER.findall(texts[0]) if texts else [])
        except Exception as error:  # noqa: BLE001 - a reader must never be disturbed
            what = repr(error)
        reads.seconds.append(time.perf_counter() - started)
        if what:
            reads.torn.append(what)


def _reader(folder: Path, count: int, out: Connection) -> None:
    with open_kb(folder, remembered=0) as kb:
        kb.search("granite", as_=ADMIN)
        all_reads = [Reads() for _ in range(THREADS)]
        threads = [threading.Thread(target=_loop, args=(kb, count // THREADS, reads)) for reads in all_reads]
        out.send("ready")
        out.recv()
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - started
    for reads in all_reads:
        reads.wall = wall
    out.send(all_reads)


def _writer(folder: Path, nice: int, out: Connection) -> None:
    step_back(nice)
    with open_kb(folder) as kb:
        out.send("ready")
        out.recv()
        for number in itertools.count(2):
            write_generation(kb, number)
            if number % 25 == 0:
                kb.rebuild()
            if out.poll():
                out.send(number - 1)
                return


def read(folder: Path, count: int, writing: bool, nice: int = 0) -> tuple[Reads, int]:
    """All readers' reads together, and how many commits were made beside them by a writer of that priority."""
    pairs = [_start(_reader, folder, count // PROCESSES) for _ in range(PROCESSES)]
    writer = _start(_writer, folder, nice) if writing else None
    connections = [connection for connection, _ in [*pairs, *([writer] if writer else [])]]
    for connection in connections:
        connection.recv()
    for connection in connections:
        connection.send("go")
    total = Reads()
    for connection, _ in pairs:
        for reads in connection.recv():
            total.torn += reads.torn
            total.seconds.extend(reads.seconds)
            total.generations |= reads.generations
            total.wall = max(total.wall, reads.wall)
    commits = 0
    if writer:
        writer[0].send("stop")
        commits = writer[0].recv()
    for _, process in [*pairs, *([writer] if writer else [])]:
        process.join()
    return total, commits


def _start(target: Any, *arguments: object) -> tuple[Connection, Any]:
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reads", type=int, default=1_000_000, help="beside the writer; a tenth of it alone")
    parser.add_argument(
        "--nice",
        type=int,
        default=IngestSettings().nice,
        help="by how much the writer lowers its priority [%(default)s, as `ragkb ingest`]",
    )
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=fast_folder()) as name:
        folder = Path(name) / "kb"
        with open_kb(folder) as kb:
            write_generation(kb, 1)
        alone, _ = read(folder, asked.reads // 10, writing=False)
        beside, commits = read(folder, asked.reads, writing=True, nice=asked.nice)
        with open_kb(folder) as kb:
            problems = kb.verify()
    print("\n".join(beside.torn[:10] + [str(problem) for problem in problems]), file=sys.stderr)
    print(f"{'':<16} {'reads':>9} {'torn':>5} {'a second':>9} {'p50 ms':>7} {'p99 ms':>7} {'most ms':>8}")
    for label, reads in (("alone", alone), ("beside a writer", beside)):
        count, longest = len(reads.seconds), max(reads.seconds) * 1000
        pace = count / reads.wall
        print(
            f"{label:<16} {count:>9} {len(reads.torn):>5} {pace:>9.0f} "
            f"{reads.percentile(50):>7.2f} {reads.percentile(99):>7.2f} {longest:>8.1f}"
        )
    ratio = beside.percentile(99) / alone.percentile(99)
    print(f"{commits} commits, {len(beside.generations)} generations seen, p99 beside / alone = {ratio:.2f}")
    return 1 if alone.torn or beside.torn or problems else 0


if __name__ == "__main__":
    sys.exit(main())

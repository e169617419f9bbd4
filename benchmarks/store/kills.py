"""Kills a process that changes a knowledge base, at random moments, and checks what is left: see harness.py.

    python -m benchmarks.store.kills --kills 1000 --seed 1

Exit code 1 if anything was lost, is there without having been committed, twice, half, or cannot be read.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.store import seeded
from benchmarks.store.harness import fast_folder, run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutation", default="", choices=["", *seeded.MUTATIONS])
    parser.add_argument("--folder", default=fast_folder(), help="where the knowledge bases are made")
    asked = parser.parse_args(arguments)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        tally = run(asked.kills, asked.seed, Path(folder), asked.mutation)
    for message in tally.messages[:10]:
        print(message, file=sys.stderr)
    print(tally.table())
    print(
        f"{tally.acknowledged} acknowledged operations, {tally.backups} backups restored, "
        f"slowest recovery {tally.slowest_open * 1000:.0f} ms, {time.perf_counter() - started:.0f} s"
    )
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())

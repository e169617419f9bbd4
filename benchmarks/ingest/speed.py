"""How fast documents go in: PDFs by the loader, by the sandbox's processes and by pypdf, then whole ingests.

    python -m benchmarks.ingest.speed --data FOLDER [--workers 0,1,2] [--json]

FOLDER: PDFs. The loader and pypdf run in this process, one after the other, counted in seconds of the processor;
files that pypdf refuses are left out of both and named. The sandbox has a process for each core, and is counted by the
clock. Each ingest is a process of its own, into a new knowledge base; its seconds include its start.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pypdf

from ragkb.ingest.loaders import load
from ragkb.ingest.sandbox import Sandbox
from ragkb.settings import LimitSettings

_INGEST = """
import json, resource, sys
from ragkb.kb import KnowledgeBase
from ragkb.memory import share_arenas
from ragkb.settings import Settings
share_arenas()
settings = Settings.load(ingest={"workers": int(sys.argv[3])})
with KnowledgeBase.open(sys.argv[1], settings=settings) as kb:
    report = kb.ingest(sys.argv[2])
own, parsers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, parsers))
print(json.dumps({"pages": report.pages, "chunks": report.chunks, "cpu_s": cpu, "peak_mb": own.ru_maxrss / 1e3}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with PDFs")
    parser.add_argument("--workers", default="0,1,2", help="numbers of parsers, with commas; '' measures no ingest")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    asked = parser.parse_args()
    files = {path.name: path.read_bytes() for path in sorted(asked.data.rglob("*.pdf"))}
    out = {
        "loaders": loaders(files),
        "sandbox": sandbox(files),
        "ingest": [ingest(asked.data, int(n)) for n in asked.workers.split(",") if n],
    }
    if asked.json:
        print(json.dumps(out))
        return
    line = "{pages} pages: {ragkb:.0f} pages/s, pypdf {pypdf:.1f} pages/s, {ratio:.1f} times as fast"
    print(line.format(**out["loaders"]))
    pool, ratio = out["sandbox"], out["sandbox"]["rate"] / out["loaders"]["pypdf"]
    print(f"{pool['processes']} processes: {pool['rate']:.0f} pages/s, {ratio:.1f} times pypdf on one core")
    for row in out["ingest"]:
        line = "{workers} parsers: {seconds:.1f} s, {rate:.1f} pages/s, {busy:.2f} cores busy, {peak_mb:.0f} MB at most"
        print(line.format(**row))


def loaders(files: dict[str, bytes]) -> dict[str, float]:
    """Pages a second of ragkb's loader and of pypdf's text extraction, file by file in turn."""
    seconds, pages = {"ragkb": 0.0, "pypdf": 0.0}, 0
    for name, data in files.items():
        started = time.process_time()
        try:
            for page in pypdf.PdfReader(io.BytesIO(data)).pages:
                page.extract_text()
        except pypdf.errors.PyPdfError as error:
            print(f"{name}: pypdf refuses it ({error})", file=sys.stderr)
            continue
        between = time.process_time()
        pages += len(load(data, name, LimitSettings()).page_starts)
        seconds["pypdf"] += between - started
        seconds["ragkb"] += time.process_time() - between
    rates = {name: pages / spent for name, spent in seconds.items()}
    return {"pages": pages, **rates, "ratio": rates["ragkb"] / rates["pypdf"]}


def sandbox(files: dict[str, bytes]) -> dict[str, float]:
    """Pages a second of as many processes as there are cores, as an ingest parses, their start left out."""
    processes = os.cpu_count() or 1
    with Sandbox(processes, LimitSettings()) as opened:
        for future in [opened.submit(b"a line", "a.txt") for _ in range(processes)]:
            future.result()
        started = time.perf_counter()
        made = [opened.submit(data, name) for name, data in files.items()]
        pages = sum(len(future.result().document().page_starts) for future in made)
        return {"processes": processes, "rate": pages / (time.perf_counter() - started)}


def ingest(folder: Path, workers: int) -> dict[str, float]:
    """One ingest of the folder: whole seconds, pages a second, processor seconds for each of them."""
    with tempfile.TemporaryDirectory() as made:
        started = time.perf_counter()
        command = [sys.executable, "-c", _INGEST, str(Path(made) / "kb"), str(folder), str(workers)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    row: dict[str, float] = json.loads(done.stdout)
    return {
        "workers": workers,
        "seconds": seconds,
        "rate": row["pages"] / seconds,
        "busy": row["cpu_s"] / seconds,
    } | row


if __name__ == "__main__":
    main()

"""A batch of good files with hostile ones among them: the good ones must go in, the others be listed with the reason.

    python -m benchmarks.ingest.hostile [--good 940]

Exit code 1 if a good file is refused or a hostile one goes in, if a refusal gives no reason or took over 30 s, if a
document quotes a file outside of the folder, or if the ingest's own memory grew by over 200 MB.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ingest import hostile_files
from benchmarks.ingest.hostile_archives import READABLE_ARCHIVES, REFUSED_ARCHIVES
from benchmarks.ingest.hostile_files import SECRET, links, sparse
from ragkb.ingest.report import FileReport, IngestReport
from ragkb.kb import KnowledgeBase
from ragkb.memory import share_arenas
from ragkb.settings import Settings
from ragkb.types import Principal

REFUSED = hostile_files.REFUSED | REFUSED_ARCHIVES
READABLE = hostile_files.READABLE | READABLE_ARCHIVES
_LONGEST = 30.0  # seconds
_GROWTH = 200.0  # MB
_CANARY = "CANARY-OUTSIDE"
_LARGE = {"line.txt": 1_000_000_000, "line.pdf": 10_000_000_000}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch. refused: by name, of an archive the first row. faults: what is wrong, a line each.

    growth: of this process's memory, MB.
    """

    report: IngestReport
    refused: dict[str, FileReport]
    faults: list[str]
    growth: float


def write(folder: Path, good: int, names: list[str]) -> set[str]:
    """Fills the folder with `good` files, tricky ones among them, and with hostile ones; gives the names of those."""
    folder.mkdir()
    outside = folder.parent / "outside" / "secret.txt"
    outside.parent.mkdir()
    outside.write_text(_CANARY, "utf-8")
    for name in names:
        (folder / name).write_bytes(REFUSED[name]())
    for name, size in _LARGE.items():
        sparse(folder / name, size, b"%PDF-1.7 a very long line ")
    for name, make in READABLE.items():
        (folder / name).write_bytes(make())
    for number in range(good - len(READABLE)):
        text = f"# Note {number}\n\nPump {number} was checked and runs at {number % 9} bar.\n"
        (folder / f"note-{number:04}.md").write_text(text, "utf-8")
    return {*names, *_LARGE, *links(folder, outside)}


def run(folder: Path, hostile: set[str], kb: KnowledgeBase) -> Outcome:
    """Ingests the folder and compares the report with what it should say."""
    before = _peak()
    report = kb.ingest(folder)
    growth = _peak() - before
    by_name: dict[str, FileReport] = {}
    for file in report.files:
        by_name.setdefault(_outer(file), file)
    faults = [f"{name}: not in the report" for name in sorted(_names(folder) - set(by_name))]
    faults += [fault for file in report.files for fault in _faults(file, _outer(file) in hostile)]
    for info in kb.documents(as_=Principal.admin()):
        text = kb.document(info.id, as_=Principal.admin()).text
        if not text.strip() or _CANARY in text or SECRET in text:
            faults.append(f"{info.source}: empty, or it quotes a file outside of the folder")
    if growth > _GROWTH:
        faults.append(f"this process grew by {growth:.0f} MB")
    return Outcome(report, {name: file for name, file in by_name.items() if file.status == "refused"}, faults, growth)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _outer(file: FileReport) -> str:
    """The name of the file in the folder: of a member, that of its archive."""
    return file.source.split("/")[0]


def _faults(file: FileReport, is_hostile: bool) -> list[str]:
    out = []
    if (file.status == "refused") != is_hostile:
        out.append(f"{file.source}: {file.status} ({file.reason})")
    if file.status == "refused" and not file.reason:
        out.append(f"{file.source}: refused without a reason")
    if file.seconds > _LONGEST:
        out.append(f"{file.source}: {file.seconds:.0f} s")
    return out


def _peak() -> float:
    """The most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--good", type=int, default=940)
    asked = parser.parse_args()
    share_arenas()  # as the command does
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "docs"
        started = time.perf_counter()
        hostile = _written_apart(folder, asked.good)
        print(f"{len(_names(folder))} files made in {time.perf_counter() - started:.0f} s")
        with KnowledgeBase.open(Path(made) / "kb", settings=Settings.load()) as kb:
            kb.search("a first question, which loads the model", k=1)
            outcome = run(folder, hostile, kb)
    for name, file in sorted(outcome.refused.items()):
        print(f"{name:26} {file.seconds:6.1f} s  {file.reason[:100]}")
    report = outcome.report
    went_in = report.count("ingested") + report.count("partial")
    print(
        f"{went_in} ingested, {len(outcome.refused)} refused in {report.seconds:.0f} s; grew by {outcome.growth:.0f} MB"
    )
    for fault in outcome.faults:
        print(f"FAULT {fault}", file=sys.stderr)
    return 1 if outcome.faults else 0


def _written_apart(folder: Path, good: int) -> set[str]:
    """Writes the files in a process of its own, so that making them does not count as this one's memory."""
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(write, (folder, good, list(REFUSED)))


if __name__ == "__main__":
    sys.exit(main())

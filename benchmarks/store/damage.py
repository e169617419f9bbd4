"""Damages a file of a knowledge base and looks at what is told of it.

    python -m benchmarks.store.damage --trials 300 --seed 1

A flipped bit, a cut, a missing file or two files that changed places must be named by an error at opening or reading or
by `verify`, or change nothing that anybody can read, now or after the next write. Never may the process die, an error
be none of ragkb's, or content be wrong while nothing is told. Exit code 1 if one of these was seen.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.store.harness import ADMIN, PATIENCE, context, fast_folder
from benchmarks.store.workload import canary, open_kb, text_of
from ragkb.errors import RagkbError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase

KINDS = ("flip", "cut", "missing", "swap")
OUTCOMES = ("read", "verify", "harmless", "unnamed", "wrong", "untyped", "died")
GOOD = OUTCOMES[:3]
WEIGHTS = {"catalogue.sqlite": 8, "catalogue.sqlite-wal": 6, "lexical": 4, "vectors": 3}


@dataclass(frozen=True)
class Found:
    """What one damaged knowledge base told. outcome: one of OUTCOMES."""

    outcome: str
    about: str = ""
    repaired: bool | None = None


@dataclass
class Tally:
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    repairs: Counter[bool] = field(default_factory=Counter)

    def table(self) -> str:
        files = sorted({file for file, _ in self.counts})
        rows = [f"{'file':<16} " + " ".join(f"{outcome:>9}" for outcome in OUTCOMES)]
        rows += [f"{file:<16} " + " ".join(f"{self.counts[file, one]:>9}" for one in OUTCOMES) for file in files]
        total = {one: sum(self.counts[file, one] for file in files) for one in OUTCOMES}
        return "\n".join([*rows, f"{'all':<16} " + " ".join(f"{total[one]:>9}" for one in OUTCOMES)])


def make(folder: Path) -> None:
    """Two knowledge bases in `folder`: one that was closed, one whose process died and left its log."""
    for name in ("closed", "died"):
        child = context.Process(target=_make, args=(folder / name, name == "died"))
        child.start()
        child.join()


def _make(folder: Path, die: bool) -> None:
    kb = open_kb(folder)
    for batch in range(5):
        groups = ("hr", "it") if batch % 2 else ()
        kb.add(
            [
                NewDocument(
                    f"n{batch}{i}.txt", text_of(canary(10 * batch + i)), f"Title {i}", groups, {"year": 2000 + i}
                )
                for i in range(5)
            ]
        )
        kb.ingest_bytes(f"f{batch}.txt", text_of(canary(10 * batch + 7)).encode(), groups=groups)
    kb.delete(next(info.id for info in kb.documents(as_=ADMIN)))
    if die:
        os._exit(0)
    kb.close()


def content(kb: KnowledgeBase) -> object:
    """Everything that a reader may see."""
    infos = list(kb.documents(as_=ADMIN))
    documents: list[object] = [kb.document(info.id, as_=ADMIN) for info in infos]
    documents += [kb.original(info.id, as_=ADMIN) for info in infos if info.original]
    hits = [
        kb.search(query, k=1000, as_=ADMIN, leg=leg) for leg in ("lexical", "dense") for query in ("granite", "red")
    ]
    return documents, [[(hit.document_id, hit.start, hit.end, hit.text, hit.score) for hit in found] for found in hits]


def files(folder: Path) -> list[Path]:
    """The persisted files, by name; locks hold nothing."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def damage(folder: Path, rng: random.Random) -> tuple[list[Path], str]:
    """Damages one file, two for a swap; returns them and what was done."""
    found = [path for path in files(folder) if path.stat().st_size]
    kinds = sorted({_kind(path, folder) for path in found})
    wanted = rng.choices(kinds, [WEIGHTS.get(kind, 1) for kind in kinds])[0]
    path = rng.choice([path for path in found if _kind(path, folder) == wanted])
    kind = rng.choices(KINDS, (6, 3, 1, 2))[0]
    data = path.read_bytes()
    if kind == "flip":
        bit = rng.randrange(8 * len(data))
        path.write_bytes(data[: bit >> 3] + bytes([data[bit >> 3] ^ 1 << (bit & 7)]) + data[(bit >> 3) + 1 :])
        return [path], f"bit {bit} of {path.name} flipped"
    if kind == "cut":
        length = rng.choice([0, rng.randrange(len(data)), len(data) - 1])
        path.write_bytes(data[:length])
        return [path], f"{path.name} cut to {length} of {len(data)}"
    if kind == "missing":
        path.unlink()
        return [path], f"{path.name} removed"
    # The note of the last generation tells that the log is damaged: both at once are two damages.
    both = {"catalogue.sqlite-wal", "generation.json"}
    other = rng.choice([one for one in found if one.read_bytes() != data and {one.name, path.name} != both])
    path.write_bytes(other.read_bytes())
    other.write_bytes(data)
    return [path, other], f"{path.name} and {other.name} changed places"


def _look(folder: Path, names: list[str], wanted: object, out: Connection) -> None:
    try:
        out.send(look(folder, names, wanted))
    except BaseException:  # noqa: BLE001 - this is what it looks for
        out.send(Found("untyped", traceback.format_exc()))


def look(folder: Path, names: list[str], wanted: object) -> Found:
    """Opens, reads, verifies, writes and reads again."""
    told: list[str] = []
    outcome = "read"
    try:
        with open_kb(folder) as kb:
            seen, told = _read(kb)
            problems = kb.verify()
            if not told:
                outcome = "verify"
            told += [f"{problem.where}: {problem.what}" for problem in problems]
            if told:
                return _judged(outcome, told, names, _repair(kb, wanted))
            if seen != wanted:
                return Found("wrong", "content differs, and nothing is told")
            kb.add([NewDocument("after.txt", "After.")])
            kb.delete(next(info.id for info in kb.documents(as_=ADMIN) if info.source == "after.txt"))
            again, told = _read(kb)
            if told or kb.verify() or _documents(again) != _documents(wanted):
                return Found("wrong", f"harmless until the next write: {told} {kb.verify()}")
            return Found("harmless")
    except RagkbError as error:
        return _judged("read", [str(error)], names, None)


def _documents(seen: Any) -> object:
    return seen[0]


def _read(kb: KnowledgeBase) -> tuple[object, list[str]]:
    try:
        return content(kb), []
    except RagkbError as error:
        return None, [str(error)]


def _repair(kb: KnowledgeBase, wanted: object) -> bool:
    try:
        kb.rebuild()
        return not kb.verify() and _documents(content(kb)) == _documents(wanted)
    except RagkbError:
        return False


def _judged(outcome: str, told: list[str], names: list[str], repaired: bool | None) -> Found:
    named = any(name in text for text in told for name in names)
    return Found(outcome if named else "unnamed", "; ".join(told)[:500], repaired)


def run(trials: int, seed: int, folder: Path, on_trial: Callable[[str, Found], None] | None = None) -> Tally:
    """So many damages, each of a fresh copy."""
    rng, tally = random.Random(seed), Tally()
    make(folder)
    wanted = {}
    for name in ("closed", "died"):
        shutil.copytree(folder / name, folder / "sound")
        with open_kb(folder / "sound") as kb:
            wanted[name] = content(kb)
        shutil.rmtree(folder / "sound")
    for _ in range(trials):
        name = rng.choice(["closed", "died"])
        shutil.rmtree(folder / "trial", ignore_errors=True)
        shutil.copytree(folder / name, folder / "trial")
        paths, what = damage(folder / "trial", rng)
        found = _in_child(folder / "trial", [path.name for path in paths], wanted[name])
        kind = _kind(paths[0], folder / "trial")
        tally.counts[kind, found.outcome] += 1
        if kind in ("lexical", "vectors") and found.repaired is not None and len(paths) == 1:
            tally.repairs[found.repaired] += 1
        if found.outcome not in GOOD:
            tally.bad.append(f"{name}: {what}: {found.outcome}: {found.about}")
        if on_trial:
            on_trial(what, found)
    return tally


def _in_child(folder: Path, names: list[str], wanted: object) -> Found:
    ours, theirs = context.Pipe()
    child = context.Process(target=_look, args=(folder, names, wanted, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        found: Found = ours.recv() if ours.poll(PATIENCE) else Found("died", "it hangs")
    except EOFError:
        child.join()
        found = Found("died", f"exit code {child.exitcode}")
    child.kill()
    child.join()
    return found


def _kind(path: Path, folder: Path) -> str:
    first = path.relative_to(folder).parts[0]
    return first if first in ("vectors", "writer.json") or "." in first else first.partition("-")[0]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
        tally = run(asked.trials, asked.seed, Path(folder))
    print("\n".join(tally.bad[:20]), file=sys.stderr)
    print(tally.table())
    print(f"damaged index files that a rebuild repaired: {tally.repairs[True]} of {tally.repairs.total()}")
    return 1 if tally.bad else 0


if __name__ == "__main__":
    sys.exit(main())

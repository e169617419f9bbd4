"""Backups and verify beside a writer, deletes seen from another process, eight writers at once.

    python -m benchmarks.store.concurrency --backups 100 --deletes 1000 --writers 8

Exit code 1 if a backup is not exactly the generation that it names, if something deleted is seen again, or if not
exactly one writer wins, at once, with the others told by whom.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.store.harness import ADMIN, context, fast_folder
from benchmarks.store.readers import DOCUMENTS, write_generation
from benchmarks.store.workload import canary, open_kb, text_of
from ragkb.errors import Busy, NotFound
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.store.backup import restore

_NUMBER = re.compile(r"generation (\d+)")


@dataclass
class Outcome:
    """faults: what must not be. figures: name to value, in the order of their making."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)


# --- backups ----------------------------------------------------------------------------------------------------------


def backups(folder: Path, count: int) -> Outcome:
    """So many backups while another process commits as fast as it can; each is restored and read."""
    outcome = Outcome()
    with open_kb(folder / "kb") as kb:
        write_generation(kb, 1)
        ours, writer = _start(_write, folder / "kb")
        ours.recv()
        generations = set()
        for number in range(count):
            made = kb.backup(folder / f"backup{number}")
            generations.add(made.generation)
            restore(folder / f"backup{number}", folder / "restored")
            with open_kb(folder / "restored") as restored:
                texts = [restored.document(info.id).text for info in restored.documents()]
            held = {int(match[1]) for text in texts if (match := _NUMBER.search(text))}
            if held != {made.generation} or len(texts) != DOCUMENTS:
                outcome.faults.append(f"backup of generation {made.generation} holds {sorted(held)}")
            outcome.faults += [f"beside the writer: {problem}" for problem in kb.verify()]
            shutil.rmtree(folder / "restored")
            (folder / f"backup{number}").unlink()
        ours.send("stop")
        commits, longest = ours.recv()
        writer.join()
        outcome.faults += [str(problem) for problem in kb.verify()]
    outcome.figures = {
        "backups": count,
        "distinct generations": len(generations),
        "commits beside them": commits,
        "longest commit ms": round(longest * 1000),
    }
    return outcome


def _write(folder: Path, out: Connection) -> None:
    """Each commit raises the generation by one, so that its number is that of the generation."""
    longest = 0.0
    with open_kb(folder) as kb:
        out.send("ready")
        for number in itertools.count(2):
            started = time.perf_counter()
            write_generation(kb, number)
            longest = max(longest, time.perf_counter() - started)
            if out.poll():
                out.send((number - 1, longest))
                return


# --- deletes ----------------------------------------------------------------------------------------------------------


def deletes(folder: Path, count: int) -> Outcome:
    """Deletes one document after the other and looks for it in this and in another process; then purges."""
    outcome = Outcome()
    words = [canary(number) for number in range(count)]
    with open_kb(folder / "kb") as kb:
        for start in range(0, count, 250):
            new = [NewDocument(f"{word}.txt", text_of(word)) for word in words[start : start + 250]]
            kb.add(new)
        ids = {info.source: info.id for info in kb.documents(as_=ADMIN)}
        ours, other = _start(_see, folder / "kb")
        ours.recv()
        for word in words:
            kb.delete(ids[f"{word}.txt"])
            ours.send((word, ids[f"{word}.txt"]))
            here, there = seen(kb, word, ids[f"{word}.txt"]), ours.recv()
            outcome.faults += [f"{word} is still seen {where}" for where in (*here, *(f"there, {w}" for w in there))]
        ours.send(None)
        other.join()
        if list(kb.documents(as_=ADMIN)):
            outcome.faults.append("documents are left")
        kb.purge()
        outcome.faults += [str(problem) for problem in kb.verify()]
    left = sum(path.read_bytes().count(word.encode()) for path in _files(folder / "kb") for word in words[:200])
    if left:
        outcome.faults.append(f"{left} canaries in the files after purge")
    outcome.figures = {"deletes": count, "seen again": len(outcome.faults), "canaries left after purge": left}
    return outcome


def seen(kb: KnowledgeBase, word: str, identity: str) -> Sequence[str]:
    """Where something of a deleted document can be seen."""
    found = []
    if any(word in hit.text for hit in kb.search(word, k=10, as_=ADMIN)):
        found.append("in a search")
    try:
        kb.document(identity, as_=ADMIN)
        found.append("by its id")
    except NotFound:
        pass
    return found


def _see(folder: Path, out: Connection) -> None:
    with open_kb(folder) as kb:
        kb.search("granite", as_=ADMIN)
        out.send("ready")
        while (asked := out.recv()) is not None:
            out.send(seen(kb, *asked))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# --- writers ----------------------------------------------------------------------------------------------------------


def writers(folder: Path, count: int) -> Outcome:
    """So many processes want to write at once; the winner is killed while it holds on."""
    outcome = Outcome()
    open_kb(folder / "kb").close()
    started = [_start(_hold, folder / "kb") for _ in range(count)]
    for ours, _ in started:
        ours.recv()
    moment = time.time() + 0.1
    for ours, _ in started:
        ours.send(moment)
    answers = [ours.recv() for ours, _ in started]
    winners = [process for (won, _, _), (_, process) in zip(answers, started, strict=True) if won]
    if len(winners) != 1:
        outcome.faults.append(f"{len(winners)} writers won")
    for won, said, seconds in answers:
        if not won and (not any(f"process {winner.pid} " in said for winner in winners) or seconds > 1):
            outcome.faults.append(f"a loser was told after {seconds:.2f} s: {said}")
    for winner in winners:
        os.kill(winner.pid, signal.SIGKILL)
        winner.join()
    killed = time.perf_counter()
    with open_kb(folder / "kb") as kb:
        kb.add([NewDocument("next.txt", "The next writer.")])
        after = time.perf_counter() - killed
        outcome.faults += [str(problem) for problem in kb.verify()]
    if after > 2:
        outcome.faults.append(f"the next writer took {after:.2f} s")
    for _, process in started:
        process.kill()
        process.join()
    slowest = max((seconds for won, _, seconds in answers if not won), default=0.0)
    outcome.figures = {
        "writers": count,
        "won": len(winners),
        "slowest Busy ms": round(slowest * 1000),
        "next writer after SIGKILL ms": round(after * 1000),
    }
    return outcome


def _hold(folder: Path, out: Connection) -> None:
    with open_kb(folder) as kb:
        out.send("ready")
        time.sleep(max(0.0, out.recv() - time.time()))
        started = time.perf_counter()
        try:
            with kb._store.writing():
                out.send((True, "", 0.0))
                time.sleep(60)
        except Busy as error:
            out.send((False, str(error), time.perf_counter() - started))


def _start(target: Any, *arguments: object) -> tuple[Connection, Any]:
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(*arguments, theirs), daemon=True)
    process.start()
    theirs.close()
    return ours, process


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backups", type=int, default=100)
    parser.add_argument("--deletes", type=int, default=1000)
    parser.add_argument("--writers", type=int, default=8)
    asked = parser.parse_args(arguments)
    bad = 0
    for run, count in ((backups, asked.backups), (deletes, asked.deletes), (writers, asked.writers)):
        with tempfile.TemporaryDirectory(dir=fast_folder()) as folder:
            outcome = run(Path(folder), count)
        bad += len(outcome.faults)
        print(
            ", ".join(f"{name}: {value}" for name, value in outcome.figures.items()), f"faults: {len(outcome.faults)}"
        )
        print("\n".join(outcome.faults[:5]), file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

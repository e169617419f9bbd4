"""Cuts the power: replays what a process wrote up to some moment, without a part of what was not synced, and checks.

    python -m benchmarks.store.replay --states 500 --seed 1

A process that changes knowledge bases in every way is traced by strace. At moments of the trace a folder is made of
what was durable then and of some of the rest (the rules: replay_disk.py), and opened: what was acknowledged must be
there, nothing half, `verify` may find what the next write removes and nothing else, and that write must succeed. Exit
code 1 if anything was lost, is there without having been committed, twice, half, or cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.store import seeded
from benchmarks.store.harness import FAULTS, PATIENCE, context, fast_folder
from benchmarks.store.replay_disk import Disk, Tree, cuts
from benchmarks.store.replay_trace import Call, bytes_of, path_of, trace
from benchmarks.store.replay_work import SESSIONS, Deep, Expected, Fault, check, expected, first_files

JOURNAL = "journal"
AGAIN = 30  # states of a recovery that was cut off
ROUNDS = 20  # over the trace, at most, until so many states are found that differ


@dataclass(frozen=True)
class State:
    """A folder as a power cut left it after `at` calls. cut: in what way."""

    at: int
    cut: str
    tree: Tree
    expected: Expected


@dataclass
class Recording:
    """What a process did. root: where. first: what was there before."""

    root: Path
    first: Tree
    calls: Sequence[Call]


@dataclass
class Tally:
    """The outcome. states: by the operation at hand. by_operation: states with that fault. messages: the first ones."""

    states: Counter[str] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    by_operation: Counter[tuple[str, str]] = field(default_factory=Counter)
    messages: list[str] = field(default_factory=list)

    def add(self, state: State, faults: Sequence[Fault]) -> None:
        kind = state.expected.kind
        self.states[kind] += 1
        self.cuts[state.cut] += 1
        for fault in {fault for fault, _ in faults}:
            self.faults[fault] += 1
            self.by_operation[kind, fault] += 1
        if faults:
            said = "; ".join(f"{fault}: {what}" for fault, what in faults[:4])
            begun = "after" if state.expected.acknowledged else "in"
            self.messages.append(f"call {state.at}, {begun} {kind}, {state.cut}: {said}")

    def table(self) -> str:
        rows = [f"{'operation':<10} {'states':>6} " + " ".join(f"{fault:>12}" for fault in FAULTS)]
        for kind, count in sorted(self.states.items()):
            rows.append(
                f"{kind:<10} {count:>6} " + " ".join(f"{self.by_operation[kind, fault]:>12}" for fault in FAULTS)
            )
        total = sum(self.states.values())
        rows.append(f"{'all':<10} {total:>6} " + " ".join(f"{self.faults[fault]:>12}" for fault in FAULTS))
        return "\n".join(rows)


# --- the trace --------------------------------------------------------------------------------------------------------


def record(folder: Path, seed: int, sessions: int, mutation: str = "") -> Recording:
    """Traces the work in `folder`. Raises ValueError if what was seen is not what the work left behind."""
    root = folder / "work"
    first_files(root)
    return _record(root, [str(seed), str(sessions), mutation])


def record_again(folder: Path, state: State) -> Recording:
    """Traces a process that writes to what a power cut left."""
    root = folder / "again"
    lay_out(state.tree, root)
    return _record(root, ["again"])


def _record(root: Path, arguments: Sequence[str]) -> Recording:
    first, log = on_disk(root), root.with_name("trace")
    calls = trace("benchmarks.store.replay_work", [str(root), *arguments], root, log)
    log.unlink()
    disk = Disk(root, first)
    for call in calls:
        disk.follow(call)
    followed, left = disk.after(cuts(len(calls), "")[1]), on_disk(root)
    for path in sorted(followed.keys() | left.keys()):
        if followed.get(path, b"absent") != left.get(path, b"absent") and not path.endswith("-shm"):
            raise ValueError(f"{path} is not what the trace says: something changed it that cannot be seen")
    return Recording(root, first, calls)


def on_disk(root: Path) -> Tree:
    """What is below the folder."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def lay_out(tree: Tree, root: Path) -> None:
    """Makes the folder hold that and nothing else."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for path, content in tree.items():  # a folder comes before what is in it
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)


# --- the states -------------------------------------------------------------------------------------------------------


def states(recording: Recording, seed: int, count: int) -> Iterator[State]:
    """So many states that differ in what is there or in what is expected."""
    rng = random.Random(seed)
    met: set[str] = set()
    ways = len(cuts(0, ""))
    for number in range(ROUNDS):
        missing = count - len(met)
        if missing <= 0:
            return
        at = set(_moments(recording, rng, -(-missing // ways)))
        for state in states_at(recording, at, f"{seed} {number}"):
            digest = _digest(state)
            if digest not in met and len(met) < count:
                met.add(digest)
                yield state


def _moments(recording: Recording, rng: random.Random, count: int) -> list[int]:
    """Calls after which the power goes: of each operation, when it was acknowledged, before a sync, or any."""
    calls = recording.calls
    begun = [n for n, call in enumerate(calls) if _says(call, b'{"begin"')]
    operations = list(pairwise([*begun, len(calls)]))
    rng.shuffle(operations)
    out = []
    for number in range(count):
        first, end = operations[number % len(operations)]
        within = range(first, end)
        said = [n for n in within if _says(calls[n], b'{"ack"')]
        syncs = [n for n in within if calls[n].name in ("fsync", "fdatasync")]
        kind = (said, [n - 1 for n in syncs], within)[(number + number // len(operations)) % 3]
        out.append(1 + rng.choice(kind))
    return out


def _says(call: Call, line: bytes) -> bool:
    journal = path_of(call.arguments[0]).endswith(f"/{JOURNAL}")
    return call.name == "write" and journal and bytes_of(call.arguments[1]).startswith(line)


def acknowledged(recording: Recording, kind: str) -> set[int]:
    """The moments at which operations of that kind had just been acknowledged."""
    line = f'{{"ack": "{kind}"'.encode()
    return {n for n, call in enumerate(recording.calls, 1) if _says(call, line)}


def interrupted(recording: Recording, seed: int, count: int) -> Iterator[State]:
    """States in which a commit was cut off, so that the next writer has to recover."""
    rng = random.Random(seed)
    usable = ("add", "ingest", "replace", "purge", "rebuild")
    moments = iter(_moments(recording, rng, 100 * count))
    while count:
        found = list(states_at(recording, {next(moments)}, f"{seed} again"))
        if found[0].expected.kind in usable and not found[0].expected.acknowledged:
            count -= 1
            yield rng.choice(found)


def states_at(recording: Recording, moments: set[int], seed: str) -> Iterator[State]:
    """What the cuts leave at these moments."""
    disk = Disk(recording.root, recording.first)
    for at, call in enumerate(recording.calls, 1):
        disk.follow(call)
        if at in moments:
            wanted = expected(disk.current(JOURNAL))
            for cut in cuts(at, f"{seed} {at}"):
                tree = disk.after(cut)
                tree.pop(JOURNAL, None)
                yield State(at, cut.name, tree, wanted)


def _digest(state: State) -> str:
    digest = hashlib.sha256(repr((state.expected.kind, state.expected.acknowledged, state.expected.states)).encode())
    for path, content in sorted(state.tree.items()):
        digest.update(repr((path, content is None, len(content or b""))).encode())
        digest.update(content or b"")
    return digest.hexdigest()


# --- the check --------------------------------------------------------------------------------------------------------


class Checker:
    """A process that checks one state after the other; another takes over from one that died or hangs."""

    def __init__(self, folder: Path) -> None:
        self._place, self._child, self._ours = Deep(folder / "state"), None, None
        self._child: Any
        self._ours: Any

    def check(self, state: State) -> list[Fault]:
        """What is wrong with it; nothing is how it should be."""
        if self._child is None:
            self._ours, theirs = context.Pipe()
            self._child = context.Process(target=_serve, args=(self._place, theirs), daemon=True)
            self._child.start()
            theirs.close()
        lay_out(state.tree, self._place.root)
        try:
            self._ours.send(state.expected)
            if self._ours.poll(PATIENCE):
                faults: list[Fault] = self._ours.recv()
                return faults
            said = "the check hangs"
        except (EOFError, ConnectionError):
            said = "the check died"
        self.close()
        return [("unreadable", said)]

    def close(self) -> None:
        """Ends the process."""
        if self._child is not None:
            self._child.kill()
            self._child.join()
        self._child = None


def _serve(place: Deep, theirs: Connection) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # subtle: tantivy prints its panics
    with suppress(EOFError):
        while True:
            wanted = theirs.recv()
            try:
                theirs.send(check(place, wanted))
            except BaseException as error:  # noqa: BLE001 - whatever it is, the parent has to know
                where = traceback.extract_tb(error.__traceback__)[-1]
                theirs.send([("unreadable", f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})")])


def run(
    count: int,
    seed: int,
    folder: Path,
    mutation: str = "",
    sessions: int = len(SESSIONS),
    again: int = 0,
    until_fault: bool = False,
) -> Tally:
    """Traces once and checks so many states, in `folder`; then traces so many recoveries and cuts them off as well."""
    recording = record(folder, seed, sessions, mutation)
    tally = Tally()
    examine(states(recording, seed, count), folder, tally, until_fault)
    for number, state in enumerate(interrupted(recording, seed, again)):
        examine(states(record_again(folder, state), seed + number, AGAIN), folder, tally, until_fault)
    return tally


def examine(found: Iterable[State], folder: Path, tally: Tally, until_fault: bool = False) -> None:
    """Lays out the states in `folder`, one after the other, and checks them."""
    checker = Checker(folder)
    try:
        for state in found:
            tally.add(state, checker.check(state))
            if until_fault and tally.faults:
                break
    finally:
        checker.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=len(SESSIONS), help="parts of the work that are done")
    parser.add_argument("--again", type=int, default=6, help="recoveries that are cut off as well")
    parser.add_argument("--mutation", default="", choices=["", *seeded.MUTATIONS])
    parser.add_argument("--folder", default=fast_folder(), help="where the folders are made")
    asked = parser.parse_args(arguments)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        tally = run(asked.states, asked.seed, Path(folder), asked.mutation, asked.sessions, asked.again)
    for message in tally.messages[:10]:
        print(message, file=sys.stderr)
    print(tally.table())
    print(f"{time.perf_counter() - started:.0f} s")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""Kills a process that changes a knowledge base, at random moments, and checks what is left.

A fresh process opens what the killed one left. Every operation that was acknowledged must be there whole, the one at
hand whole or not at all; before a writer has come by, `verify` may find phantoms only, and nothing afterwards.
SIGKILL does not test a power cut: that is replay.py.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.store import seeded
from benchmarks.store.workload import (
    COMMON,
    Place,
    State,
    Step,
    Workload,
    applied,
    lines,
    open_kb,
    prepare,
    text_of,
)
from ragkb.kb import KnowledgeBase
from ragkb.store.backup import restore
from ragkb.types import Principal

ADMIN = Principal.admin()
FAULTS = ("lost", "phantom", "duplicate", "unreadable", "torn", "inconsistent", "leaked")
A_KB = 25  # kills of one knowledge base before the next one is begun
WINDOW = 0.2  # seconds from the child's start to the last moment at which it is killed
PATIENCE = 60  # seconds after which a check counts as hung
WORDS_A_ROUND = 100_000 // A_KB

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["benchmarks.store.warm"])


@dataclass
class Seen:
    """What a fresh process found. faults: (fault, what). backups: file name to the state that it restores to."""

    state: State = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    backups: dict[str, tuple[int, State]] = field(default_factory=dict)
    seconds: float = 0


@dataclass
class Tally:
    """The outcome of a series. landed: kills by the operation that they hit."""

    kills: int = 0
    landed: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    by_operation: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: int | None = None
    messages: list[str] = field(default_factory=list)
    backups: int = 0
    acknowledged: int = 0
    slowest_open: float = 0

    def table(self) -> str:
        rows = [f"{'operation':<10} {'kills':>6} " + " ".join(f"{fault:>12}" for fault in FAULTS)]
        for operation, kills in sorted(self.landed.items()):
            rows.append(
                f"{operation:<10} {kills:>6} "
                + " ".join(f"{self.by_operation[operation, fault]:>12}" for fault in FAULTS)
            )
        rows.append(f"{'all':<10} {self.kills:>6} " + " ".join(f"{self.faults[fault]:>12}" for fault in FAULTS))
        return "\n".join(rows)


# --- in a child -------------------------------------------------------------------------------------------------------


def _work(place: Place, state: State, seed: int, first_word: int, mutation: str, ready: Connection) -> None:
    with seeded.applied(mutation):
        ready.send(True)
        try:
            Workload(place, state, seed, first_word).work(1000)
        except BaseException:  # noqa: BLE001 - whatever it is, the parent has to know
            with place.journal.open("a") as journal:
                journal.write('{"error": true}\n')
            (place.root / "error").write_text(traceback.format_exc())
            os._exit(1)


def _look(place: Place, purged: list[str], backups: list[str], mutation: str, out: Connection) -> None:
    with seeded.applied(mutation):
        seen = Seen()
        try:
            look(place, set(purged), backups, seen)
        except BaseException:  # noqa: BLE001
            seen.faults.append(("unreadable", traceback.format_exc()))
        out.send(seen)


def look(place: Place, purged: set[str], backups: Iterable[str], seen: Seen) -> None:
    """Opens, reads, lets a writer recover, reads again."""
    kb = open_kb(place.kb)
    found = [("inconsistent", f"before recovery: {one}") for one in kb.verify() if one.kind != "phantom"]
    seen.state = read(kb, seen)
    recovering = time.perf_counter()
    kb.add([])
    seen.seconds = time.perf_counter() - recovering
    found += [("inconsistent", f"after recovery: {problem}") for problem in kb.verify()]
    again = Seen()
    if read(kb, again) != seen.state:
        found.append(("torn", "the recovery changed what is stored"))
    seen.faults += found + again.faults
    kb.close()
    seen.faults += [("leaked", word) for word in words_in(place.kb) & purged]
    for name in backups:
        _restore(place, name, seen)


def read(kb: KnowledgeBase, seen: Seen) -> State:
    """The state as documents show it; both legs must show the same chunks, each once."""
    state: State = {}
    chunks: dict[tuple[str, int, int], str] = {}
    count = 0
    for info in kb.documents(as_=ADMIN):
        text = kb.document(info.id, as_=ADMIN).text
        if info.source in state:
            seen.faults.append(("duplicate", info.source))
        state[info.source] = text.split()[3]
        if text != text_of(state[info.source]):
            seen.faults.append(("torn", f"{info.source}: not the text that was stored"))
        if info.original and kb.original(info.id, as_=ADMIN).data.decode() != text:
            seen.faults.append(("torn", f"{info.source}: not the file that was stored"))
        if info.original != info.source.startswith("f"):
            seen.faults.append(("lost", f"{info.source}: its original"))
        count += info.chunks
        chunks[info.id, 0, 0] = text
    for leg in ("lexical", "dense"):
        if not count:
            break
        hits = kb.search(COMMON, k=1000, as_=ADMIN, leg=leg)
        places = Counter((hit.document_id, hit.start, hit.end) for hit in hits)
        seen.faults += [("duplicate", f"{leg}: {place}") for place, times in places.items() if times > 1]
        if len(places) < count:
            seen.faults.append(("lost", f"{leg}: {len(places)} of {count} chunks"))
        for hit in hits:
            text = chunks.get((hit.document_id, 0, 0))
            if text is None:
                seen.faults.append(("phantom", f"{leg}: {hit.source}"))
            elif text[hit.start : hit.end] != hit.text:
                seen.faults.append(("torn", f"{leg}: {hit.source} {hit.start}..{hit.end}"))
    for source in sorted(state)[:3]:
        hits = kb.search(state[source], k=1000, as_=ADMIN, leg="lexical")
        if {hit.source for hit in hits} != {source}:
            seen.faults.append(("lost", f"search for {source}: {sorted({hit.source for hit in hits})}"))
    return state


def _restore(place: Place, name: str, seen: Seen) -> None:
    target = place.root / "restored"
    made = restore(place.backups / name, target)
    with open_kb(target) as kb:
        seen.backups[name] = made.generation, read(kb, seen)
    shutil.rmtree(target)


def differences(held: State, states: list[State]) -> list[tuple[str, str]]:
    """The faults of a state that is none of `states`."""
    if held in states:
        return []
    out = []
    for source in sorted(set(held).union(*states)):
        allowed = {state.get(source) for state in states}
        word = held.get(source)
        if word not in allowed:
            out.append(("lost" if word is None else "phantom", f"{source}: {word}, allowed {allowed}"))
    return out or [("torn", "half of a commit is there")]


def words_in(folder: Path) -> set[str]:
    """The canaries in the bytes of the files below the folder."""
    pattern = re.compile(rb"q[bcdfghjklm]{7}q")
    found: set[str] = set()
    for path in folder.rglob("*"):
        if path.is_file():
            found |= {match.decode() for match in pattern.findall(path.read_bytes())}
    return found


# --- in the parent ----------------------------------------------------------------------------------------------------


class Series:
    """Kills of one knowledge base, one after the other."""

    def __init__(self, root: Path, rng: random.Random, tally: Tally, mutation: str = "") -> None:
        self._place, self._rng, self._tally, self._mutation = prepare(root), rng, tally, mutation
        self._state: State = {}
        self._word = 0
        self._ever: set[str] = set()
        self._purged: set[str] = set()
        self._known_backups: dict[str, State] = {}

    def kill(self, window: float) -> bool:
        """One kill and its check; False if a fault was seen."""
        self._place.journal.unlink(missing_ok=True)
        self._strike(window)
        operation, states = self._follow()
        seen = self._examine()
        faults = seen.faults + self._compare(seen, states)
        self._tally.kills += 1
        self._tally.landed[operation] += 1
        self._tally.slowest_open = max(self._tally.slowest_open, seen.seconds)
        for fault in {fault for fault, _ in faults}:
            self._tally.faults[fault] += 1
            self._tally.by_operation[operation, fault] += 1
        if faults:
            self._tally.first = self._tally.first or self._tally.kills
            about = "; ".join(f"{fault}: {what}" for fault, what in faults[:5])
            self._tally.messages.append(f"kill {self._tally.kills} in {operation}: {about}")
        self._state = seen.state
        return not faults

    def _strike(self, window: float) -> None:
        ours, theirs = context.Pipe()
        seed = self._rng.getrandbits(32)
        arguments = (self._place, self._state, seed, self._word, self._mutation, theirs)
        child = context.Process(target=_work, args=arguments, daemon=True)
        child.start()
        theirs.close()
        ours.recv()
        time.sleep(self._rng.uniform(0, window))
        with suppress(ProcessLookupError):  # a seeded fault may have ended it
            os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        self._word += WORDS_A_ROUND

    def _follow(self) -> tuple[str, list[State]]:
        """What was at hand, and the states that may be there now."""
        operation, state, states = "open", self._state, [self._state]
        steps: list[Step] = []
        for line in lines(self._place.journal):
            if "begin" in line:
                operation, steps = str(line["begin"]), line["steps"]  # type: ignore[assignment]
                states = [applied(state, steps[:count]) for count in range(len(steps) + 1)]
                brought = {word for step in steps for word in step.values() if word}
                self._ever |= brought
                self._purged -= brought  # from a file that was there before the purge
                about = line["about"]
            elif "ack" in line:
                self._tally.acknowledged += 1
                state = applied(state, steps)
                states, operation = [state], "between"
                if line["ack"] == "backup":
                    self._known_backups[str(about)] = state
                if line["ack"] == "purge":
                    self._purged = self._ever - set(state.values())
            elif "error" in line:
                operation = "error"
        return operation, states

    def _examine(self) -> Seen:
        ours, theirs = context.Pipe()
        names = [path.name for path in self._place.backups.iterdir() if not path.name.startswith(".")]
        arguments = (self._place, sorted(self._purged), names, self._mutation, theirs)
        child = context.Process(target=_look, args=arguments, daemon=True)
        child.start()
        theirs.close()
        try:
            seen: Any = ours.recv() if ours.poll(PATIENCE) else Seen(faults=[("unreadable", "the check hangs")])
        except EOFError:
            child.join()
            seen = Seen(faults=[("unreadable", f"the check died: {child.exitcode}")])
        child.kill()
        child.join()
        error = self._place.root / "error"
        if error.exists():
            seen.faults.append(("unreadable", f"the writer failed: {error.read_text()}"))
            error.unlink()
        return seen

    def _compare(self, seen: Seen, states: list[State]) -> list[tuple[str, str]]:
        out = differences(seen.state, states)
        for name, (_, state) in seen.backups.items():
            self._tally.backups += 1
            wanted = [self._known_backups[name]] if name in self._known_backups else states
            if state not in wanted:
                out.append(("torn", f"backup {name} is not one moment"))
            (self._place.backups / name).unlink()
        for name in self._known_backups.keys() - seen.backups.keys():
            out.append(("lost", f"backup {name}"))
        self._known_backups.clear()
        return out


def run(kills: int, seed: int, folder: Path, mutation: str = "", until_fault: bool = False) -> Tally:
    """Kills so often, in `folder`, over several knowledge bases."""
    rng = random.Random(seed)
    tally = Tally()
    series = None
    for number in range(kills):
        fresh = number % A_KB == 0
        if series is None or fresh:
            series = Series(folder / "series", rng, tally, mutation)
        whole = series.kill(WINDOW / 8 if fresh else WINDOW)
        if not whole:
            series = None
            if until_fault:
                break
    return tally


def fast_folder() -> str | None:
    """Memory where the system has some for files: a killed process loses nothing that it wrote, there or on disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

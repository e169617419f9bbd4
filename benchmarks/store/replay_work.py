"""What a process does under strace, and what has to be found of it after the power went.

    python -m benchmarks.store.replay_work FOLDER SEED SESSIONS MUTATION
    python -m benchmarks.store.replay_work FOLDER again

A store is made, changed in every way in several sessions, backed up and restored; a store of an older format is brought
to this one. The journal, a file beside them, tells what was begun and what was acknowledged. `again` opens what a power
cut left in FOLDER and writes to it, so that the power can go a second time while a writer recovers.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.store import seeded
from benchmarks.store.harness import ADMIN, Seen, differences, look, read, words_in
from benchmarks.store.workload import (
    Journal,
    Operation,
    Place,
    State,
    Step,
    Workload,
    applied,
    canary,
    open_kb,
    prepare,
    text_of,
)
from ragkb.ingest.report import NewDocument
from ragkb.store.backup import restore
from ragkb.store.catalogue import CATALOGUE, Catalogue
from ragkb.store.migrate import migrate
from ragkb.store.schema import FORMAT

OLD = Path(__file__).parents[2] / "tests" / "store" / "formats" / "format-1.zip"
OLD_DOCUMENTS = 4
CHECKPOINT = 60  # pages of the log after which SQLite empties it; its own 1,000 would take a larger store
AGAIN, NEXT = 9_999_998, 9_999_999  # the canaries of what is written after a power cut, traced and not
SESSIONS = [
    ["add", "add", "ingest", "replace", "delete"],
    ["add", "backup", "ingest", "purge", "add"],
    ["replace", "rebuild", "delete", "compact", "ingest", "add"],
    ["add", "replace", "ingest", "add", "backup", "replace", "ingest"],
]
Fault = tuple[str, str]


@dataclass(frozen=True)
class Deep(Place):
    """A place whose knowledge bases are made in folders that are not there yet."""

    @property
    def kb(self) -> Path:
        return self.root / "made" / "here" / "kb"

    @property
    def restored(self) -> Path:
        return self.root / "made" / "there" / "kb"

    @property
    def old(self) -> Path:
        return self.root / "old"


@dataclass
class Expected:
    """What the journal allows. kind: what was done last, acknowledged or not. states: one of them is there.

    purged: canaries of which no byte may be left. backups: what each holds; those begun may hold one of `states`.
    """

    kind: str = ""
    acknowledged: bool = False
    about: str = ""
    states: list[State] = field(default_factory=lambda: [{}])
    purged: set[str] = field(default_factory=set)
    backups: dict[str, State] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)


# --- the work ---------------------------------------------------------------------------------------------------------


class _Script(Workload):
    """Operations of the kinds that it is told."""

    def session(self, journal: Journal, kinds: Sequence[str]) -> None:
        with open_kb(self._place.kb) as kb:
            for kind in kinds:
                operation = self._of(kind)
                journal.write(begin=kind, steps=operation.steps, about=operation.about)
                operation.run(kb)
                journal.write(ack=kind)
                self._state = applied(self._state, operation.steps)

    def _of(self, kind: str) -> Operation:
        if kind == "compact":
            return Operation(kind, [], lambda kb: kb.compact())
        made: Operation = getattr(self, f"_{kind}")()
        return made


def first_files(root: Path) -> Deep:
    """What is there before the work begins."""
    place = Deep(root)
    prepare(root)
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(place.old)
    return place


def work(place: Deep, seed: int, sessions: int) -> None:
    """Does everything once: a new store, so many sessions, a restore, a migration."""
    _checkpoint_often()
    journal = Journal(place.journal)
    journal.write(begin="create", steps=[], about=None)
    open_kb(place.kb).close()
    journal.write(ack="create")
    script = _Script(place, {}, seed, 0)
    for kinds in SESSIONS[:sessions]:
        script.session(journal, kinds)
    script.session(journal, ["backup"])
    (backup,) = sorted(place.backups.iterdir(), key=lambda path: path.stat().st_mtime_ns)[-1:]
    journal.write(begin="restore", steps=[], about=backup.name)
    restore(backup, place.restored)
    journal.write(ack="restore")
    journal.write(begin="migrate", steps=[], about=None)
    migrate(place.old)
    journal.write(ack="migrate")


def work_again(place: Deep) -> None:
    """Says what it finds, then writes, which removes first what the power cut left half done."""
    journal = Journal(place.journal)
    with open_kb(place.kb) as kb:
        journal.write(begin="find", steps=[read(kb, Seen())], about=None)
        journal.write(ack="find")
        step: Step = {"again.txt": canary(AGAIN)}
        journal.write(begin="recover", steps=[step], about=None)
        kb.add([NewDocument(source, text_of(str(word))) for source, word in step.items()])
        journal.write(ack="recover")


def _checkpoint_often() -> None:
    connect = Catalogue._connect

    def more(self: Catalogue) -> sqlite3.Connection:
        connection = connect(self)
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        return connection

    Catalogue._connect = more  # type: ignore[method-assign]


# --- the check --------------------------------------------------------------------------------------------------------


def expected(journal: bytes) -> Expected:
    """What may be there after these lines."""
    out = Expected()
    for line in map(json.loads, journal.decode().splitlines()):
        if "begin" in line:
            (state,) = out.states
            out.kind, out.about, out.acknowledged = line["begin"], line["about"] or "", False
            out.states = [applied(state, line["steps"][:count]) for count in range(len(line["steps"]) + 1)]
            brought = {word for step in line["steps"] for word in step.values() if word}
            out.ever |= brought
            out.purged -= brought  # from a file that was there before the purge
        else:
            out.acknowledged, out.states = True, out.states[-1:]
            if out.kind == "backup":
                out.backups[out.about] = out.states[0]
            if out.kind in ("purge", "compact"):
                out.purged = out.ever - set(out.states[0].values())
    return out


def check(place: Deep, wanted: Expected) -> list[Fault]:
    """What is wrong with the folders that the power cut left: opened, read, written, read again."""
    if wanted.kind == "restore":
        return _restored(place, wanted)
    if wanted.kind == "migrate":
        return _migrated(place, wanted)
    if not (place.kb / CATALOGUE).exists() and (wanted.kind != "create" or wanted.acknowledged):
        return [("lost", f"{CATALOGUE}: the knowledge base")]
    faults: list[Fault] = [("leaked", word) for word in sorted(words_in(place.root / "made") & wanted.purged)]
    names = [path.name for path in place.backups.iterdir() if not path.name.startswith(".")]
    faults += [("lost", f"backup {name}") for name in wanted.backups.keys() - set(names)]
    seen = Seen()
    look(place, wanted.purged, [name for name in names if name == wanted.about], seen)
    faults += seen.faults + differences(seen.state, wanted.states)
    for name, (_, state) in seen.backups.items():
        faults += differences(state, [wanted.backups[name]] if name in wanted.backups else wanted.states)
    return faults + _next_write(place.kb, seen.state)


def _next_write(folder: Path, state: State) -> list[Fault]:
    seen, word = Seen(), canary(NEXT)
    with open_kb(folder) as kb:
        kb.add([NewDocument("next.txt", text_of(word))])
        after = read(kb, seen)
        problems: list[Fault] = [("inconsistent", f"after the next write: {problem}") for problem in kb.verify()]
    return seen.faults + problems + differences(after, [{**state, "next.txt": word}])


def _restored(place: Deep, wanted: Expected) -> list[Fault]:
    """What was restored is there whole; without an acknowledgement it may be absent, and can be restored again."""
    there = place.restored.is_dir() and any(place.restored.iterdir())
    if wanted.acknowledged and not there:
        return [("lost", "what was restored")]
    if not there:
        restore(place.backups / wanted.about, place.restored)
    seen = Seen()
    with open_kb(place.restored) as kb:
        faults: list[Fault] = [("inconsistent", f"restored: {problem}") for problem in kb.verify()]
        state = read(kb, seen)
    return faults + seen.faults + differences(state, wanted.states) + _next_write(place.restored, state)


def _migrated(place: Deep, wanted: Expected) -> list[Fault]:
    """The store has the old format or the new one, and can be brought to the new one."""
    held = Catalogue(place.old / CATALOGUE)
    version = held.format()
    held.close()
    if wanted.acknowledged and version != FORMAT:
        return [("lost", f"the migration: the format is {version}")]
    migrate(place.old)
    with open_kb(place.old) as kb:
        faults: list[Fault] = [("inconsistent", f"migrated: {problem}") for problem in kb.verify()]
        count = len(list(kb.documents(as_=ADMIN)))
        kb.add([NewDocument("next.txt", text_of(canary(NEXT)))])
        faults += [("inconsistent", f"migrated, written: {problem}") for problem in kb.verify()]
    return faults if count == OLD_DOCUMENTS else [*faults, ("lost", f"{count} of {OLD_DOCUMENTS} documents")]


def main() -> None:
    if sys.argv[2] == "again":
        return work_again(Deep(Path(sys.argv[1])))
    folder, seed, sessions, mutation = sys.argv[1:]
    with seeded.applied(mutation):
        work(Deep(Path(folder)), int(seed), int(sessions))


if __name__ == "__main__":
    main()

"""Lets a process die at every named place of every method that changes a knowledge base, and checks what is left."""

from __future__ import annotations

import os
import shutil
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.store import seeded
from benchmarks.store.harness import ADMIN, PATIENCE, Seen, context, look, read
from benchmarks.store.workload import OtherHashes, Place, State, Step, applied, canary, open_kb, prepare, text_of
from ragkb.errors import InputError, NotFound
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.store import crashpoints
from ragkb.store.backup import restore

NEW = 1000  # the first canary that an operation brings; the base has those below


@dataclass(frozen=True)
class Scenario:
    """An operation on the base. steps: its commits. again: does it once more after a crash; `run` by default."""

    run: Callable[[KnowledgeBase, Place], object]
    steps: list[Step] = field(default_factory=list)
    again: Callable[[KnowledgeBase, Place], object] | None = None
    purges: tuple[int, ...] = ()  # numbers of the documents of which nothing may be left


def _add(kb: KnowledgeBase, place: Place) -> None:
    kb.add([NewDocument(source, text_of(str(word))) for source, word in ADDED.items()])


def _ingest(kb: KnowledgeBase, place: Place) -> None:
    for source, word in INGESTED[0].items():
        (place.files / source).write_text(text_of(str(word)))
    (place.files / "f03.txt").unlink(missing_ok=True)
    kb.ingest(place.files, prune=True)


def _upload(kb: KnowledgeBase, place: Place) -> None:
    kb.ingest_bytes("f90.txt", text_of(canary(NEW)).encode())


def _id(kb: KnowledgeBase, source: str) -> str:
    return next((info.id for info in kb.documents(as_=ADMIN) if info.source == source), "gone")


def _delete(kb: KnowledgeBase, place: Place) -> None:
    kb.delete(_id(kb, "n03.txt"))


def _purge(kb: KnowledgeBase, place: Place) -> None:
    kb.purge(_id(kb, "n03.txt"), _id(kb, "n04.txt"))


def _unless_gone(run: Callable[[KnowledgeBase, Place], object]) -> Callable[[KnowledgeBase, Place], object]:
    def again(kb: KnowledgeBase, place: Place) -> None:
        try:
            run(kb, place)
        except NotFound:
            kb.purge()

    return again


def _backup(kb: KnowledgeBase, place: Place) -> None:
    kb.backup(place.backups / "made")


def _backup_again(kb: KnowledgeBase, place: Place) -> None:
    try:
        _backup(kb, place)
    except InputError:  # it was there already, whole
        restore(place.backups / "made", place.root / "again")
        (place.backups / "made").unlink()
        _backup(kb, place)
    assert [path.name for path in place.backups.iterdir()] == ["made"], "a workplace was left behind"


ADDED: Step = {"n01.txt": canary(NEW), "n50.txt": canary(NEW + 1), "n51.txt": canary(NEW + 2)}
INGESTED: list[Step] = [{"f01.txt": canary(NEW), "f50.txt": canary(NEW + 1)}, {"f03.txt": None}]

# Every public method of KnowledgeBase that changes something: tests/store/test_crash_points.py sees to it.
SCENARIOS: dict[str, Scenario] = {
    "add": Scenario(_add, [ADDED]),
    "ingest": Scenario(_ingest, INGESTED),
    "ingest_bytes": Scenario(_upload, [{"f90.txt": canary(NEW)}]),
    "delete": Scenario(_delete, [{"n03.txt": None}], _unless_gone(_delete)),
    "purge": Scenario(_purge, [{"n03.txt": None, "n04.txt": None}], _unless_gone(_purge), purges=(3, 4, 5)),
    "compact": Scenario(lambda kb, place: kb.compact(), purges=(5,)),
    "rebuild": Scenario(lambda kb, place: kb.rebuild()),
    "reembed": Scenario(lambda kb, place: kb.reembed(embedder=OtherHashes())),
    "backup": Scenario(_backup, again=_backup_again),
}


def make_base(root: Path) -> tuple[Place, State]:
    """Seven small segments, so that the next one is merged; the last document is removed, not yet in the lexical index.

    Made in the folder in which the trials run, since files are known by their path, and kept beside it.
    """
    place = prepare(root / "trial")
    state: State = {}
    with open_kb(place.kb) as kb:
        for number in range(5):
            source, word = f"n{number:02}.txt", canary(number)
            kb.add([NewDocument(source, text_of(word))])
            state[source] = word
        for number in range(4):
            word = canary(100 + number)
            (place.files / f"f{number:02}.txt").write_text(text_of(word))
            state[f"f{number:02}.txt"] = word
        kb.ingest(place.files)
        kb.add([NewDocument("n05.txt", text_of(canary(5)))])
        kb.delete(_id(kb, "n05.txt"))
    shutil.copytree(place.root, root / "base")
    return place, state


@dataclass(frozen=True)
class Trial:
    """One death. point: name of the place, '' to list them all. before: a place at which an earlier add died."""

    method: str
    point: str = ""
    occurrence: int = 1
    before: str = ""
    mutation: str = ""


def points(place: Place, method: str, before: str = "", mutation: str = "") -> list[tuple[str, int]]:
    """(name, occurrence) of all places that the method passes, in order."""
    names: Any = _in_child(_record, place, Trial(method, before=before, mutation=mutation))
    counts: Counter[str] = Counter()
    out = []
    for name in names:
        counts[name] += 1
        out.append((name, counts[name]))
    return out


def crash(place: Place, state: State, trial: Trial) -> list[tuple[str, str]]:
    """The faults that were seen after this death; none is how it should be."""
    died = _in_child(_die, place, trial)
    if died != 9:
        return [("harness", f"{trial} did not die but ended with {died}")]
    answer: Any = _in_child(_check, place, trial)
    if not isinstance(answer, tuple):
        return [("unreadable", f"{trial}: the check ended with {answer}")]
    faults, seen, after = answer
    scenario = SCENARIOS[trial.method]
    starts = [state, applied(state, [EARLIER])] if trial.before else [state]
    allowed = [applied(one, scenario.steps[:count]) for one in starts for count in range(len(scenario.steps) + 1)]
    if seen not in allowed:
        faults.append(("torn", f"{trial}: {seen}"))
    elif after not in [applied(one, scenario.steps) for one in starts]:
        faults.append(("lost", f"{trial}: done again, it did not end where it should: {after}"))
    return [(fault, f"{trial}: {what}") for fault, what in faults]


def making(root: Path, point: str) -> tuple[int, list[str]]:
    """Dies at that place while a knowledge base is made; (exit code, what is wrong when it is made again)."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    died: Any = _in_child(_make, Place(root), Trial("open", point))
    with open_kb(root / "kb") as kb:
        kb.add([NewDocument("a.txt", text_of(canary(1)))])
        return died, [str(problem) for problem in kb.verify()]


def restoring(place: Place, root: Path, point: str) -> tuple[int, State]:
    """Dies at that place while a backup is restored; (exit code, what a second attempt restores)."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    with open_kb(place.kb) as kb:
        kb.backup(root / "made")
    died: Any = _in_child(_restore, Place(root), Trial("restore", point))
    if not (root / "restored").exists():
        restore(root / "made", root / "restored")
    with open_kb(root / "restored") as kb:
        seen = Seen()
        state = read(kb, seen)
        assert not seen.faults
        assert kb.verify() == []
    assert sorted(path.name for path in root.iterdir()) == ["made", "restored"]
    return died, state


def _make(place: Place, trial: Trial, out: Connection) -> None:
    crashpoints.hook = crashpoints.dying(trial.point, 1)
    open_kb(place.kb)


def _restore(place: Place, trial: Trial, out: Connection) -> None:
    crashpoints.hook = crashpoints.dying(trial.point, 1)
    restore(place.root / "made", place.root / "restored")


EARLIER: Step = {"n60.txt": canary(2000)}


def _in_child(function: Callable[..., None], place: Place, trial: Trial) -> object:
    ours, theirs = context.Pipe()
    child = context.Process(target=function, args=(place, trial, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(PATIENCE) else "a hung child"
    except EOFError:
        child.join()
        answer = child.exitcode
    child.kill()
    child.join()
    return answer


def _fresh(place: Place, trial: Trial) -> KnowledgeBase:
    """A copy of the base, left by an earlier add that died if the trial says so."""
    shutil.rmtree(place.root, ignore_errors=True)
    shutil.copytree(place.root.with_name("base"), place.root)
    if trial.before and not os.fork():
        crashpoints.hook = crashpoints.dying(trial.before, 1)
        kb = open_kb(place.kb)
        kb.add([NewDocument(source, text_of(str(word))) for source, word in EARLIER.items()])
        os._exit(1)
    if trial.before:
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 9, f"{trial.before} was not reached"
    return open_kb(place.kb)


def _record(place: Place, trial: Trial, out: Connection) -> None:
    with seeded.applied(trial.mutation):
        kb = _fresh(place, trial)
        seen: list[str] = []
        crashpoints.hook = seen.append
        SCENARIOS[trial.method].run(kb, place)
        crashpoints.hook = None
        out.send(seen)


def _die(place: Place, trial: Trial, out: Connection) -> None:
    with seeded.applied(trial.mutation):
        kb = _fresh(place, trial)
        crashpoints.hook = crashpoints.dying(trial.point, trial.occurrence)
        SCENARIOS[trial.method].run(kb, place)
        out.send(0)


def _check(place: Place, trial: Trial, out: Connection) -> None:
    try:
        out.send(_checked(place, trial))
    except Exception:  # noqa: BLE001 - whatever it is, the parent has to know
        out.send(traceback.format_exc())


def _checked(place: Place, trial: Trial) -> tuple[list[tuple[str, str]], State, State]:
    scenario = SCENARIOS[trial.method]
    with seeded.applied(trial.mutation):
        seen, after = Seen(), Seen()
        names = [path.name for path in place.backups.iterdir() if not path.name.startswith(".")]
        look(place, set(), names, seen)
        for name, (_, held) in seen.backups.items():
            if held != seen.state:
                seen.faults.append(("torn", f"backup {name}"))
        kb = open_kb(place.kb)
        (scenario.again or scenario.run)(kb, place)
        after.state = read(kb, after)
        after.faults += [("inconsistent", str(problem)) for problem in kb.verify()]
        kb.close()
        if scenario.purges:
            look(place, set(map(canary, scenario.purges)), [], after)
        return seen.faults + after.faults, seen.state, after.state

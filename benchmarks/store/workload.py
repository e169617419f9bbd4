"""What a process does to a knowledge base until it is killed, and the journal that says how far it came.

A text is named by one made-up word, its canary, which stands in each of its sentences. The state of a knowledge base is
the canary of each source. A seed gives the operations; each is written to the journal, outside the knowledge base, with
the states it passes through, before it begins and after it was acknowledged.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.settings import IngestSettings, SearchSettings, Settings
from tests.conftest import WordHashes

State = dict[str, str]  # source to canary
Step = dict[str, "str | None"]  # what one commit changes; None: the source is gone

# With prune, an ingest removes what it has just recognised as renamed: see test_ingest_renames. Then this becomes True.
PRUNES_RENAMED = True
COMMON = "granite"  # a word of every chunk
_LETTERS = "bcdfghjklm"


@dataclass(frozen=True)
class Place:
    """The folders of one series of kills: the knowledge base, the files to ingest, the backups, the journal."""

    root: Path

    @property
    def kb(self) -> Path:
        return self.root / "kb"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def journal(self) -> Path:
        return self.root / "journal"


def canary(number: int) -> str:
    """A word that no text has but its own: letters, so that no tokenizer cuts it."""
    return "q" + "".join(_LETTERS[int(digit)] for digit in f"{number:07}") + "q"


def text_of(word: str) -> str:
    """One to three chunks, the same for the same word, in the loaders' normal form."""
    rng = random.Random(word)
    sentence = f"The {COMMON} of {word} is number {{}} and {rng.choice(['red', 'green', 'blue'])}."
    return "\n\n".join(" ".join(sentence.format(10 * p + s) for s in range(6)) for p in range(rng.randint(1, 6)))


class OtherHashes(WordHashes):
    """The same embedder in another precision: its vectors are others, and either may open what the other made."""

    precision = "other"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        return np.ascontiguousarray(super().embed(texts)[:, ::-1])


def open_kb(folder: Path, remembered: int = 256) -> KnowledgeBase:
    """remembered: searches whose hits it keeps in memory."""
    settings = Settings(ingest=IngestSettings(originals="all"), search=SearchSettings(remembered=remembered))
    return KnowledgeBase.open(folder, embedder=WordHashes(), settings=settings)


@dataclass(frozen=True)
class Operation:
    """steps: the commits that it makes, in order. run: does it; its result goes into the acknowledgement."""

    kind: str
    steps: list[Step]
    run: Callable[[KnowledgeBase], object]
    about: object = None


def applied(state: State, steps: list[Step]) -> State:
    """The state after the steps."""
    out = dict(state)
    for step in steps:
        for source, word in step.items():
            out.pop(source, None)
            if word is not None:
                out[source] = word
    return out


class Journal:
    """Lines that survive the process: written at once, synced."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, **line: object) -> None:
        os.write(self._descriptor, (json.dumps(line) + "\n").encode())
        os.fsync(self._descriptor)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Workload:
    """Operations drawn from a seed, each fit for the state that the ones before it left."""

    def __init__(self, place: Place, state: State, seed: int, first_word: int) -> None:
        self._place, self._state, self._rng = place, dict(state), random.Random(seed)
        self._word = first_word

    def work(self, most: int) -> None:
        """Opens the knowledge base and works until it is killed, or for `most` operations."""
        journal = Journal(self._place.journal)
        kb = open_kb(self._place.kb)
        journal.write(opened=True)
        for _ in range(most):
            operation = self._draw()
            journal.write(begin=operation.kind, steps=operation.steps, about=operation.about)
            result = operation.run(kb)
            journal.write(ack=operation.kind, result=result)
            self._state = applied(self._state, operation.steps)

    def _draw(self) -> Operation:
        kinds = {
            self._add: 5,
            self._replace: 4,
            self._delete: 3,
            self._ingest: 6,
            self._purge: 2,
            self._rebuild: 1,
            self._reembed: 1,
            self._backup: 2,
        }
        if len(self._added()) < 3:
            return self._add()
        return self._rng.choices(list(kinds), list(kinds.values()))[0]()

    def _new_word(self) -> str:
        self._word += 1
        return canary(self._word)

    def _added(self) -> list[str]:
        return sorted(source for source in self._state if source.startswith("n"))

    def _some(self, sources: list[str], most: int) -> list[str]:
        return self._rng.sample(sources, min(len(sources), self._rng.randint(1, most)))

    def _documents(self, kind: str, sources: list[str]) -> Operation:
        step: Step = {source: self._new_word() for source in sources}
        new = [NewDocument(source, text_of(str(word))) for source, word in step.items()]
        return Operation(kind, [step], lambda kb: len(kb.add(new).files))

    def _add(self) -> Operation:
        free = [f"n{i:02}.txt" for i in range(40) if f"n{i:02}.txt" not in self._state]
        return self._documents("add", self._some(free, 6)) if free else self._delete()

    def _replace(self) -> Operation:
        return self._documents("replace", self._some(self._added(), 6))

    def _delete(self) -> Operation:
        (source,) = self._some(self._added(), 1)
        return Operation("delete", [{source: None}], lambda kb: kb.delete(_id(kb, source)))

    def _purge(self) -> Operation:
        sources = self._some(self._added(), 2) if self._rng.random() < 0.7 else []
        steps: list[Step] = [dict.fromkeys(sources)] if sources else []
        return Operation("purge", steps, lambda kb: kb.purge(*(_id(kb, source) for source in sources)))

    def _rebuild(self) -> Operation:
        return Operation("rebuild", [], lambda kb: kb.rebuild())

    def _reembed(self) -> Operation:
        used = self._rng.choice([WordHashes, OtherHashes])()
        return Operation("reembed", [], lambda kb: kb.reembed(embedder=used).made)

    def _backup(self) -> Operation:
        file = self._place.backups / f"{self._rng.getrandbits(60):x}"
        return Operation("backup", [], lambda kb: kb.backup(file).generation, file.name)

    def _ingest(self) -> Operation:
        changes = list(self._changes())
        after = _files(self._place.files)
        for path, target, word in changes:
            held = after.pop(path, None)
            if target:
                after[target] = str(word or held)
        held_before = {source: word for source, word in self._state.items() if source.startswith("f")}
        steps, prune = _steps_of_ingest(held_before, after)

        def run(kb: KnowledgeBase) -> int:
            for change in changes:
                _change(self._place.files, *change)
            return len(kb.ingest(self._place.files, prune=prune).files)

        return Operation("ingest", steps, run)

    def _changes(self) -> Iterator[tuple[str, str | None, str | None]]:
        """(path, path afterwards, new content): written, renamed or removed files."""
        held = sorted(_files(self._place.files))
        free = [name for i in range(60) if (name := f"f{i:02}.txt") not in held and name not in self._state]
        self._rng.shuffle(held)
        self._rng.shuffle(free)
        for _ in range(min(len(free), self._rng.randint(0, 4))):
            name = free.pop()
            yield name, name, self._new_word()
        for name in held[: self._rng.randint(0, 5)]:
            fate = self._rng.choice(["change", "change", "rename", "remove"])
            if fate == "change":
                yield name, name, self._new_word()
            elif fate == "remove" or not free:
                yield name, None, None
            else:
                yield name, free.pop(), None


def _steps_of_ingest(held: State, after: State) -> tuple[list[Step], bool]:
    """The commits of an ingest: what is read and stored, what was renamed, what is gone; and whether it prunes."""
    gone = {source: word for source, word in held.items() if source not in after}
    by_word = {word: source for source, word in gone.items()}
    stored: Step = {}
    renamed: Step = {}
    for source, word in after.items():
        if held.get(source) == word:
            continue
        if source not in held and word in by_word:
            renamed[by_word[word]] = None
            renamed[source] = word
        else:
            stored[source] = word
    prune = PRUNES_RENAMED or not renamed
    pruned: Step = {source: None for source in gone if prune and source not in renamed}
    return [step for step in (stored, renamed, pruned) if step], prune


def _files(folder: Path) -> State:
    """The canary of each file: the fourth word of its text."""
    return {path.name: path.read_text().split()[3] for path in folder.glob("f*.txt")}


def _change(folder: Path, path: str, target: str | None, word: str | None) -> None:
    if target is None:
        (folder / path).unlink()
    elif word is None:
        (folder / path).rename(folder / target)
    else:
        staging = folder / ".new"
        staging.write_text(text_of(word))
        staging.rename(folder / path)


def _id(kb: KnowledgeBase, source: str) -> str:
    return next(info.id for info in kb.documents() if info.source == source)


def prepare(root: Path) -> Place:
    """Fresh, empty folders."""
    place = Place(root)
    shutil.rmtree(root, ignore_errors=True)
    place.files.mkdir(parents=True)
    place.backups.mkdir()
    return place

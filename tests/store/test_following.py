"""A reader that follows a writer step by step sees what one sees that opens the store anew."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.store.store import Store
from ragkb.types import Principal
from tests.conftest import WordHashes

WHO = (Principal.admin(), Principal("ana", ("hr",)), Principal("bo", ("it", "hr")), Principal("nobody"))
GROUPS = ((), ("hr",), ("it",), ("hr", "it"), ("board",))


def seen(store: Store) -> list[tuple[list[int], int, int]]:
    """For each of WHO the chunk numbers that they see, and how many chunks and documents these are said to be."""
    with store.reading() as reader:
        found = [reader.visible(who) for who in WHO]
    return [(np.flatnonzero(np.unpackbits(v.bitmap, bitorder="little")).tolist(), v.count, v.documents) for v in found]


def new_documents(kb: KnowledgeBase, chance: random.Random, names: list[int]) -> None:
    kb.add([NewDocument(f"{n}.txt", f"Text {n} {chance.random()}.", groups=chance.choice(GROUPS)) for n in names])


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_visible_is_carried_over_commits(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes())
    new_documents(kb, chance, list(range(60)))
    follower = Store.open(tmp_path / "kb")
    seen(follower)
    for step in range(24):
        match chance.choice(("add", "replace", "delete", "delete", "rebuild", "many")):
            case "add":
                new_documents(kb, chance, [100 + step])
            case "replace":
                new_documents(kb, chance, [chance.randrange(60)])
            case "delete":
                kb.delete(chance.choice([one.id for one in kb.documents(as_=Principal.admin())]))
            case "rebuild":
                kb.rebuild()
            case "many":
                new_documents(kb, chance, list(range(200 + 10 * step, 210 + 10 * step)))
        if chance.random() < 0.7:  # else it misses a generation
            assert seen(follower) == seen(Store.open(tmp_path / "kb"))
    assert seen(follower)[0][1] == kb.status().chunks


def test_a_delete_reads_nothing_of_the_indexes_again(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes())
    new_documents(kb, random.Random(0), list(range(3)))
    follower = Store.open(tmp_path / "kb")
    with follower.reading() as before:
        kb.delete(next(kb.documents(as_=Principal.admin())).id)
        with follower.reading() as after:
            assert after.snapshot.generation == before.snapshot.generation + 1
            assert after.snapshot.lexical is before.snapshot.lexical
            assert after.snapshot.segments == before.snapshot.segments
            assert (before.counts()["documents"], after.counts()["documents"]) == (3, 2)

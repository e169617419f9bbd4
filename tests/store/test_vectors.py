"""The dense index: what is found, with which scores, what a file holds, and what a reader keeps between generations."""

from __future__ import annotations

import os
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from ragkb.errors import StorageError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.store import inverted, snapshot, vectors
from ragkb.store.records import IndexFile
from ragkb.store.store import Store
from ragkb.store.vectors import Segment, merge_segments, nearest, to_merge, write_segment
from ragkb.types import Principal
from tests.conftest import WordHashes

DIM, ROWS, K = 32, 6000, 10
FIRST = 5  # the chunk number of the first row


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test sees inverted files from 200 rows, and gathering below 20 visible ones."""
    monkeypatch.setattr(vectors, "IVF_ROWS", 200)
    monkeypatch.setattr(vectors, "GATHERED", 20)


def clustered(rows: int, seed: int = 0) -> NDArray[np.float16]:
    """Unit vectors around 60 centres."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((60, DIM))
    out = centres[random.integers(0, 60, rows)] + 0.6 * random.standard_normal((rows, DIM))
    return (out / np.linalg.norm(out, axis=1, keepdims=True)).astype(np.float16)


def segment(folder: Path, held: NDArray[np.float16], first: int = FIRST) -> Segment:
    numbers = np.arange(first, first + len(held))
    return Segment(folder, write_segment(folder, [(numbers[:100], held[:100]), (numbers[100:], held[100:])]))


def bitmap(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    bits = np.zeros(20_000, bool)
    bits[numbers] = True
    return np.packbits(bits, bitorder="little")


def exact(held: NDArray[np.float16], query: NDArray[np.float32], numbers: NDArray[np.int64]) -> list[tuple[int, float]]:
    """The K best of the allowed chunk numbers, by comparing every vector."""
    scores = held[numbers - FIRST].astype(np.float32) @ query
    order = np.lexsort((numbers, -scores))[:K]
    return [(int(numbers[i]), float(scores[i])) for i in order]


def recall(held: NDArray[np.float16], found_in: list[Segment], numbers: NDArray[np.int64]) -> float:
    shares = []
    for query in clustered(50, seed=1).astype(np.float32):
        wanted = {number for number, _ in exact(held, query, numbers)}
        found = {number for number, _ in nearest(found_in, query, K, bitmap(numbers))}
        shares.append(len(found & wanted) / len(wanted))
    return float(np.mean(shares))


EVERY = np.arange(FIRST, FIRST + ROWS)


def test_the_inverted_file_finds_what_comparing_everything_finds(tmp_path: Path) -> None:
    held = clustered(ROWS)
    assert recall(held, [segment(tmp_path, held)], EVERY) >= 0.97


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.002])
def test_a_filter_costs_no_recall(tmp_path: Path, share: float) -> None:
    held = clustered(ROWS)
    scattered = EVERY[np.random.default_rng(2).random(ROWS) < share]
    nearest_to_one = np.sort(EVERY[np.argsort(-(held.astype(np.float32) @ held[7]))[: int(share * ROWS)]])
    index = segment(tmp_path, held)
    assert recall(held, [index], scattered) >= 0.99
    assert recall(held, [index], nearest_to_one) >= 0.99


def test_scores_are_exact_cosines_in_every_kind_of_segment(tmp_path: Path) -> None:
    held = clustered(ROWS)
    large, small = segment(tmp_path, held[:5900]), segment(tmp_path, held[5900:], FIRST + 5900)
    query = clustered(1, seed=3)[0].astype(np.float32)
    for numbers in (EVERY, EVERY[::600]):
        found = nearest([large, small], query, 50, bitmap(numbers))
        cosines = [float(held[number - FIRST].astype(np.float32) @ query) for number, _ in found]
        assert [score for _, score in found] == pytest.approx(cosines, abs=1e-6)
        assert found == sorted(found, key=lambda hit: (-hit[1], hit[0]))


def test_equal_vectors_come_by_number_whatever_segment_holds_them(tmp_path: Path) -> None:
    same = clustered(1)
    large = np.concatenate([same, same, clustered(300, seed=4)])
    held = [segment(tmp_path, large, 400), segment(tmp_path, np.repeat(same, 3, axis=0), 100)]
    found = nearest(held, same[0].astype(np.float32), 5, bitmap(np.arange(100, 800)))
    assert [number for number, _ in found] == [100, 101, 102, 400, 401]
    assert len({score for _, score in found}) == 1


def test_as_many_come_as_are_visible_even_if_they_are_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverted, "PROBES", 1)
    held = clustered(ROWS)
    farthest = np.sort(EVERY[np.argsort(held.astype(np.float32) @ held[0])[:40]])
    found = nearest([segment(tmp_path, held)], held[0].astype(np.float32), 30, bitmap(farthest))
    assert len(found) == 30
    assert nearest([], held[0].astype(np.float32), 5, bitmap(EVERY)) == []


def test_a_merge_keeps_what_is_alive_in_the_order_of_numbers(tmp_path: Path) -> None:
    held = clustered(600)
    parts = [
        segment(tmp_path, held[300:], 300),
        segment(tmp_path, held[:150], 0),
        segment(tmp_path, held[150:300], 150),
    ]
    keep = [part.numbers() % 3 != 0 for part in parts]
    file = merge_segments(tmp_path, parts, keep)
    assert file is not None
    merged = Segment(tmp_path, file)
    alive = np.flatnonzero(np.arange(600) % 3)
    assert merged.numbers().tolist() == alive.tolist()
    assert np.array_equal(merged.vectors(), held[alive])
    assert merge_segments(tmp_path, parts, [np.zeros_like(one) for one in keep]) is None


def test_equal_vectors_give_an_equal_file(tmp_path: Path) -> None:
    held = clustered(ROWS)
    one, two = (tmp_path / segment(tmp_path, held).file.name for _ in range(2))
    assert one != two
    assert one.read_bytes() == two.read_bytes()


def test_damage_anywhere_in_a_file_is_noticed(tmp_path: Path) -> None:
    file = segment(tmp_path, clustered(ROWS)).file
    data = (tmp_path / file.name).read_bytes()
    for place in [*range(0, len(data), len(data) // 40), len(data) - 1]:
        broken = bytearray(data)
        broken[place] ^= 1
        (tmp_path / file.name).write_bytes(broken)
        with pytest.raises(StorageError, match=file.name):
            Segment(tmp_path, file)
    (tmp_path / file.name).write_bytes(data[:-1])
    with pytest.raises(StorageError, match=file.name):
        Segment(tmp_path, file)


def test_a_file_that_becomes_shorter_under_a_reader_is_an_error_not_a_crash(tmp_path: Path) -> None:
    held = clustered(ROWS)
    index = segment(tmp_path, held)
    os.truncate(tmp_path / index.file.name, 100)
    with pytest.raises(StorageError, match="shorter"):
        nearest([index], held[0].astype(np.float32), K, bitmap(EVERY))


def test_a_file_may_be_removed_while_it_is_searched(tmp_path: Path) -> None:
    held = clustered(ROWS)
    index = segment(tmp_path, held)
    (tmp_path / index.file.name).unlink()
    assert recall(held, [index], EVERY) >= 0.97


def test_systems_without_pread_read_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = clustered(ROWS)
    index, query = segment(tmp_path, held), held[3].astype(np.float32)
    expected = nearest([index], query, K, bitmap(EVERY))
    monkeypatch.delattr(os, "pread", raising=False)
    assert nearest([index], query, K, bitmap(EVERY)) == expected


def test_a_large_segment_holds_a_quarter_of_its_vectors_in_memory(tmp_path: Path) -> None:
    codes = segment(tmp_path, clustered(ROWS)).bytes_in_memory
    assert codes <= ROWS * (DIM / 2 + 18) + 128 * 4 * DIM


def test_segments_with_codes_of_8_bits_are_searched_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = clustered(ROWS)
    new = segment(tmp_path, held[: ROWS // 2])
    monkeypatch.setattr(inverted, "build", _with_8_bits)
    old = segment(tmp_path, held[ROWS // 2 :], FIRST + ROWS // 2)
    assert old.bytes_in_memory > new.bytes_in_memory + ROWS // 2 * DIM / 4
    assert recall(held, [new, old], EVERY) >= 0.99


def _with_8_bits(numbers: NDArray[np.int64], held: NDArray[np.float16]) -> faiss.Index:
    """What was written before codes had 4 bits."""
    eight, product = faiss.ScalarQuantizer.QT_8bit_uniform, faiss.METRIC_INNER_PRODUCT
    index = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(DIM), DIM, 64, eight, product, False)
    index.train(held.astype(np.float32))
    index.add_with_ids(held.astype(np.float32), numbers)
    return index


def test_large_segments_are_left_alone() -> None:
    assert to_merge([IndexFile(f"{i}", "", 0, vectors.LARGE + 1) for i in range(20)]) == []


def test_a_knowledge_base_stays_whole_through_merges_deletes_and_a_rebuild(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes())
    for batch in range(9):
        kb.add([NewDocument(f"{batch}-{i}", f"Report {i} of department {batch} about x{i}y.") for i in range(70)])
        kb.delete(next(kb.documents(as_=Principal.admin())).id)
    assert kb.verify() == []
    before = [(hit.source, hit.score) for hit in kb.search("report 17 of department 3", leg="dense")]
    kb.rebuild()
    assert kb.verify() == []
    assert [(hit.source, hit.score) for hit in kb.search("report 17 of department 3", leg="dense")] == before


def test_a_reader_that_follows_sees_what_a_new_one_sees(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes())
    kb.add([NewDocument("first", "The first text.")])
    following = Store.open(tmp_path / "kb")
    for step in range(6):
        groups = (("a",), ("a", "b"), ())[step % 3]
        kb.add([NewDocument(f"{step}-{i}", f"Text {step} {i}. " * 40, groups=groups) for i in range(5)])
        kb.add([NewDocument("first", f"The first text, changed {step} times.", groups=groups)])
        kb.delete(next(one for one in kb.documents(as_=Principal.admin()) if one.source == f"{step}-2").id)
        fresh = Store.open(tmp_path / "kb")
        for who in (Principal(), Principal("x", ("b",)), Principal.admin()):
            with following.reading() as one, fresh.reading() as two:
                kept, anew = one.visible(who), two.visible(who)
                assert kept.count == anew.count == int(np.unpackbits(anew.bitmap).sum())
                assert (
                    np.flatnonzero(np.unpackbits(kept.bitmap)).tolist()
                    == np.flatnonzero(np.unpackbits(anew.bitmap)).tolist()
                )
        fresh.close()


def test_visible_chunks_are_those_of_the_documents() -> None:
    table = snapshot.DocumentTable(
        np.array([[1, 1, 3], [4, 4, 2], [9, 10, 1]]), np.array([0, 1, 0], np.int32), (("a",), ("b",))
    )
    seen = table.chunks_of(np.array([True, False, True]), 12)
    assert np.flatnonzero(np.unpackbits(seen.bitmap, bitorder="little")).tolist() == [1, 2, 3, 10]
    assert seen.count == 4

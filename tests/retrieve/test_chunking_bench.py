"""The benchmark of chunkers: its measures are arithmetic, and both ways of cutting keep exact ranges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.retrieval.chunking import Question, Way, begun_before, marks_of, on_ranges, opened, windows
from ragkb.models import Embedder
from ragkb.settings import ChunkSettings
from ragkb.types import Draft


def test_recall_and_precision_count_each_character_once() -> None:
    asked = Question("?", "a", ((0, 10), (20, 30)))
    recall, precision, iou = marks_of(asked, [(5, 25), (5, 15), (-40, -30)])
    assert recall == 10 / 20
    assert precision == 10 / 30
    assert iou == 10 / 40


def test_windows_hold_every_token_and_overlap_as_said(minilm: Embedder) -> None:
    text = " ".join(["pump", "hall", "is", "the"] * 50)
    chunks = windows(40, 10)(Draft(text), "Title", minilm.count_tokens, ChunkSettings())
    assert all(one.text == text[one.start : one.end] for one in chunks)
    assert {minilm.count_tokens(one.text) for one in chunks[:-1]} == {40}
    assert minilm.count_tokens(text[chunks[1].start : chunks[0].end]) == 10
    assert (chunks[0].start, chunks[-1].end) == (0, len(text))


def test_our_chunks_can_begin_before(minilm: Embedder) -> None:
    text = "The pump of the hall is blue. " * 60
    plain = begun_before(0)(Draft(text), "Title", minilm.count_tokens, ChunkSettings(tokens=48))
    chunks = begun_before(16)(Draft(text), "Title", minilm.count_tokens, ChunkSettings(tokens=48))
    assert [one.end for one in chunks] == [one.end for one in plain]
    assert all(one.text == text[one.start : one.end] for one in chunks)
    assert {
        minilm.count_tokens(text[one.start : was.start]) for one, was in zip(chunks[1:], plain[1:], strict=True)
    } == {16}


@pytest.mark.parametrize("way", [Way(64), Way(64, 16), Way(64, 0, structure=False)])
def test_a_marked_answer_is_found_whole(tmp_path: Path, minilm: Embedder, way: Way) -> None:
    filler = "The weather was mild that week and nobody had much to say about it at all. " * 40
    answer = "The reserve pump of the north hall was made by Kessler in Graz."
    text = f"{filler}{answer} {filler}"
    place = [len(filler), len(filler) + len(answer)]
    row = {"_id": "q", "text": "Who made the reserve pump?", "corpus_id": "a", "references": [place]}
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"_id": "a", "title": "", "text": text}))
    (tmp_path / "queries.jsonl").write_text(json.dumps(row))
    with opened(way, minilm) as kb:
        chunks, (recall, precision, _) = on_ranges(kb, tmp_path, 0)
    assert chunks > 10
    assert recall > 0.5
    assert 0 < precision < 0.5

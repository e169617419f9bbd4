"""A sentence-transformers folder of one's own: a tiny random BERT, run by ONNX and by sentence-transformers."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from ragkb.errors import InputError, ModelError
from ragkb.kb import KnowledgeBase
from ragkb.models import load_embedder
from ragkb.models.reading import FLUENT
from ragkb.settings import EmbeddingSettings, Settings

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the pump is blue and red canteen opens at noon ##s".split()
TEXTS = ["the pump is blue", "the canteen opens at noon", "red pumps", "zebra", "the pump " * 60]


SIZES = {
    "bert": {"intermediate_size": 64, "max_position_embeddings": 64},
    "roberta": {"intermediate_size": 64, "max_position_embeddings": 65, "pad_token_id": 0, "type_vocab_size": 1},
    "mpnet": {"intermediate_size": 64, "max_position_embeddings": 65, "pad_token_id": 0},
}
"""By the kind of the model; the first two are of BERT's shape, the third has its own attention."""


def tiny_bert(
    folder: Path, pooling: str = "mean_tokens", more: tuple[dict[str, str], ...] = (), kind: str = "bert"
) -> Path:
    """Writes the model folder: hidden 32, 2 layers, 19 words, weights by seed 0."""
    import torch
    from transformers import AutoConfig, AutoModel, BertTokenizerFast

    folder.mkdir()
    config = AutoConfig.for_model(
        kind,
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        **SIZES[kind],
    )
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        AutoModel.from_config(config).save_pretrained(str(folder))
        vocabulary = {word: number for number, word in enumerate(WORDS)}
        BertTokenizerFast(vocab=vocabulary, model_max_length=64).save_pretrained(str(folder))
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        *more,
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 32, "do_lower_case": False}))
    (folder / "1_Pooling").mkdir()
    modes = ("cls_token", "mean_tokens", "max_tokens")
    said = {"word_embedding_dimension": 32} | {f"pooling_mode_{mode}": mode == pooling for mode in modes}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(said))
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGKB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.filterwarnings("ignore")  # of the exporter and of sentence-transformers themselves
@pytest.mark.parametrize(
    ("kind", "pooling"),
    [("bert", "mean_tokens"), ("bert", "cls_token"), ("roberta", "mean_tokens"), ("mpnet", "cls_token")],
)
def test_a_folder_works_both_ways_and_both_agree(tmp_path: Path, kind: str, pooling: str) -> None:
    folder = tiny_bert(tmp_path / "tiny", pooling, kind=kind)
    onnx, torch = load_embedder(str(folder)), load_embedder(f"torch:{folder}")
    assert onnx.dim == torch.dim == 32
    for embedder in (onnx, torch):
        assert np.linalg.norm(embedder.embed(TEXTS), axis=1) == pytest.approx(1.0, abs=1e-5)
    one = np.vstack([onnx.embed([text]) for text in TEXTS])
    assert (one * torch.embed(TEXTS)).sum(1).min() > 0.98
    for text in (*TEXTS, "", "the zebra"):
        assert onnx.count_tokens(text) == torch.count_tokens(text)
        assert onnx.readable(text) == pytest.approx(torch.readable(text))
    assert onnx.readable("the pump") == 1.0
    assert onnx.readable("the zebra") == 1 / 2 / FLUENT
    assert onnx.embed([]).shape == torch.embed([]).shape == (0, 32)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet"])
def test_the_precision_is_as_asked(tmp_path: Path, kind: str) -> None:
    folder = tiny_bert(tmp_path / "tiny", kind=kind)
    exact, small = (load_embedder(str(folder), 0, EmbeddingSettings(precision=one)) for one in ("float32", "int8"))
    assert (exact.precision, small.precision, exact.id) == ("float32", "int8", small.id)
    reference = load_embedder(f"torch:{folder}").embed(TEXTS)
    assert np.abs(exact.embed(TEXTS) - reference).max() < 1e-5 < np.abs(small.embed(TEXTS) - reference).max()
    with pytest.raises(InputError, match="torch: runs float32"):
        load_embedder(f"torch:{folder}", 0, EmbeddingSettings(precision="int8"))


@pytest.mark.filterwarnings("ignore")
def test_a_knowledge_base_is_made_with_it_and_refuses_another(tmp_path: Path) -> None:
    from ragkb import NewDocument

    folder = tiny_bert(tmp_path / "tiny")
    with KnowledgeBase.open(tmp_path / "kb", settings=Settings(embedder=str(folder))) as kb:
        kb.add([NewDocument("a.txt", "the pump is blue"), NewDocument("b.txt", "the canteen opens at noon")])
        assert kb.search("the canteen opens", k=1)[0].source == "b.txt"
        assert kb.status().embedder.startswith("tiny@")
    other = tiny_bert(tmp_path / "other", "cls_token")
    with pytest.raises(ModelError, match="made with the embedder tiny@"):
        KnowledgeBase.open(tmp_path / "kb", settings=Settings(embedder=str(other)))


@pytest.mark.filterwarnings("ignore")
def test_what_the_export_does_not_know_is_refused_with_the_way_out(tmp_path: Path) -> None:
    pooled = tiny_bert(tmp_path / "max", "max_tokens")
    with pytest.raises(ModelError, match="pooling") as refused:
        load_embedder(str(pooled))
    assert "torch:" in refused.value.hint
    dense = {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
    with pytest.raises(ModelError, match="Dense") as refused:
        load_embedder(str(tiny_bert(tmp_path / "dense", more=(dense,))))
    assert "torch:" in refused.value.hint


@pytest.mark.filterwarnings("ignore")
def test_a_wrong_name_after_torch_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="torch:") as refused:
        load_embedder(f"torch:{tmp_path / 'absent'}")
    assert "folder" in refused.value.hint

"""Reranking: the order of a cross-encoder, for what may be seen alone, as far as the time goes."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ragkb import NewDocument
from ragkb.errors import ModelError
from ragkb.kb import KnowledgeBase
from ragkb.models.reranker import load_reranker
from ragkb.retrieve.rerank import AT_ONCE, reranked
from ragkb.settings import SearchSettings, Settings
from ragkb.types import Explain, Principal
from tests.conftest import WordHashes

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the pump is blue and red canteen opens at noon new old roof".split()
TEXTS = ["The pump is blue.", "The pump is red.", "The new pump opens at noon.", "The old pump and the roof."]


class Shortest:
    """Prefers short texts; remembers what it was given; takes `seconds` for each call."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds, self.seen = seconds, list[str]()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        time.sleep(self.seconds)
        self.seen += texts
        return [-float(len(text)) for text in texts]


def cross_encoder(folder: Path, labels: int = 1) -> str:
    """Writes a tiny random cross-encoder, weights by seed 0."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=128,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=256,
        max_position_embeddings=64,
        num_labels=labels,
        initializer_range=0.1,  # else everything has about the same score
    )
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        BertForSequenceClassification(config).save_pretrained(str(folder))
        vocabulary = {word: number for number, word in enumerate(WORDS)}
        BertTokenizerFast(vocab=vocabulary, model_max_length=64).save_pretrained(str(folder))
    return str(folder)


def filled(folder: Path, **search: object) -> KnowledgeBase:
    kb = KnowledgeBase.open(folder, settings=Settings(search=SearchSettings(**search)), embedder=WordHashes())  # type: ignore[arg-type]
    kb.add([NewDocument(f"{n}.txt", text) for n, text in enumerate(TEXTS)])
    kb.add([NewDocument("secret.txt", "Pump.", groups=("board",))])
    return kb


@pytest.mark.filterwarnings("ignore")  # of sentence-transformers itself
def test_hits_come_in_the_order_of_the_cross_encoder(tmp_path: Path) -> None:
    name = cross_encoder(tmp_path / "model")
    with filled(tmp_path / "kb", rerank=name, rerank_ms=60_000) as kb:
        hits = kb.search("the pump", k=4)
        given = [load_reranker(name).scores("the pump", [f"{hit.title}\n{hit.text}"])[0] for hit in hits]
        assert [hit.explain.rerank for hit in hits] == pytest.approx(given, abs=1e-5)
        assert given == sorted(given, reverse=True)
        assert [hit.rank for hit in hits] == [1, 2, 3, 4]
        assert {hit.explain.rerank for hit in kb.search("the pump", leg="dense")} == {None}
        by_source = {hit.source: hit.score for hit in hits}
        kb.use(Settings())
        assert {hit.source: hit.score for hit in kb.search("the pump", k=4)} == by_source


@pytest.mark.filterwarnings("ignore")
def test_as_int8_without_pytorch_it_scores_as_pytorch_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGKB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("ragkb.models.prepare_reranker.PROBES", tuple(TEXTS))  # it knows no other words
    name = cross_encoder(tmp_path / "model")
    exported, by_torch = load_reranker(name), load_reranker(f"torch:{name}")
    texts = [*TEXTS, "noon " * 200]  # the last is longer than the model reads
    ours, theirs = np.array(exported.scores("the blue pump", texts)), np.array(by_torch.scores("the blue pump", texts))
    assert exported.precision == "int8"  # type: ignore[attr-defined]
    logits = np.log(theirs / (1 - theirs))  # sentence-transformers gives probabilities
    assert np.corrcoef(ours, logits)[0, 1] > 0.98
    assert ours == pytest.approx(logits, abs=0.1)
    code = f"import sys; from ragkb.models.reranker import load_reranker; load_reranker({name!r}).scores('a', ['b'])"
    subprocess.run([sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"], check=True)
    (prepared,) = (tmp_path / "cache" / "models").glob("model-*/encoder.onnx")
    prepared.write_bytes(b"damaged")
    load_reranker.cache_clear()
    with pytest.raises(ModelError, match="is damaged"):
        load_reranker(name)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("prefix", ["", "torch:"])
def test_what_is_no_reranker_is_refused(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ModelError, match="3 outputs"):
        load_reranker(prefix + cross_encoder(tmp_path / "nli", 3))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_reranker(prefix + str(tmp_path))


def test_it_reads_only_what_the_principal_may_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shortest = Shortest()
    monkeypatch.setattr("ragkb.retrieve.search.load_reranker", lambda name: shortest)
    with filled(tmp_path / "kb", rerank="shortest") as kb:
        assert kb.search("pump")[0].source == "1.txt"
        assert len(shortest.seen) == 4
        assert not [text for text in shortest.seen if "secret" in text]
        assert kb.search("pump", as_=Principal(groups=("board",)))[0].source == "secret.txt"


def test_only_the_top_is_reranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragkb.retrieve.search.load_reranker", lambda name: Shortest())
    with filled(tmp_path / "kb", rerank="shortest", rerank_top=2) as kb:
        assert [hit.explain.rerank is None for hit in kb.search("pump", k=4)] == [False, False, True, True]


def test_when_the_time_is_over_the_others_keep_their_order_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranked = [(number, 1 - number / 10, Explain(None, None, 0.5)) for number in range(10)]
    settings = SearchSettings(rerank_ms=20)
    found, said = reranked(ranked, "q", lambda number: "x" * (10 - number), Shortest(0.05), settings)
    assert [number for number, _, _ in found] == [3, 2, 1, 0, 4, 5, 6, 7, 8, 9]
    assert [score for _, score, _ in found] == [1 - number / 10 for number in range(10)]
    assert [explain.score for _, _, explain in found][:5] == [0.7, 0.8, 0.9, 1.0, None]
    assert [explain.rerank is None for _, _, explain in found] == [n >= AT_ONCE for n in range(10)]
    assert said == "search.rerank_ms was over: the first 4 of 10 were reranked"
    monkeypatch.setattr("ragkb.retrieve.search.load_reranker", lambda name: Shortest(0.05))
    with filled(tmp_path / "kb", rerank="shortest", rerank_ms=1) as kb:
        kb.add([NewDocument("more.txt", "One more pump.")])
        assert "rerank_ms was over" in kb.search("pump")[0].explain.reason


def test_nothing_found_is_nothing_to_rerank() -> None:
    assert reranked([], "q", str, Shortest(), SearchSettings()) == ([], "")

"""A cross-encoder in the place of the scorer that comes with ragkb: a small real one, made here."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import pytest

from ragkb import KnowledgeBase, NewDocument
from ragkb.answer.grounding import Claim, load_scorer
from ragkb.errors import ModelError
from ragkb.settings import AnswerSettings, Settings
from tests.conftest import WordHashes

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the pump is blue red canteen opens at noon seven .".split()
LABELS = {0: "contradiction", 1: "Entailment", 2: "neutral"}
PASSAGES = ["The pump is blue.", "The canteen opens at noon."]

pytestmark = pytest.mark.filterwarnings("ignore")  # of sentence-transformers itself


def cross_encoder(folder: Path, labels: dict[int, str]) -> str:
    """Writes a tiny cross-encoder, weights by seed 0."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=64, id2label=labels, **sizes)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        BertForSequenceClassification(config).save_pretrained(str(folder))
        vocabulary = {word: number for number, word in enumerate(WORDS)}
        BertTokenizerFast(vocab=vocabulary, model_max_length=64).save_pretrained(str(folder))
    return str(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return cross_encoder(tmp_path_factory.mktemp("nli"), LABELS)


def entailed(folder: str, text: str, claim: str) -> float:
    """The probability of entailment, by transformers alone."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(text, claim, return_tensors="pt")
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        logits = network(**tokens).logits[0].tolist()
    return math.exp(logits[1]) / math.fsum(map(math.exp, logits))


def test_support_is_the_best_probability_of_entailment(model: str) -> None:
    scorer = load_scorer(AnswerSettings(support=f"nli:{model}"), WordHashes())
    claims = [Claim("The pump is red.", (PASSAGES[0],)), Claim("The canteen opens at seven.", ())]
    expected = [max(entailed(model, text, claim.text) for text in PASSAGES) for claim in claims]
    assert scorer.score(claims, PASSAGES) == pytest.approx(expected, abs=1e-5)
    assert scorer.score(claims, PASSAGES) == scorer.score(claims, PASSAGES)
    assert scorer.score(claims, []) == [pytest.approx(entailed(model, PASSAGES[0], claims[0].text), abs=1e-5), 0.0]


def test_the_sentences_of_an_answer_are_scored_by_it(tmp_path: Path, model: str) -> None:
    answer = AnswerSettings(support=f"nli:{model}", threshold=0.0, sentences=1)
    with KnowledgeBase.open(tmp_path / "kb", settings=Settings(answer=answer), embedder=WordHashes()) as kb:
        kb.add([NewDocument("pump.txt", PASSAGES[0])])
        (sentence,) = kb.ask("Which pump is blue?").sentences
    texts = [f"{PASSAGES[0]} {sentence.text and 'pump'}", f"pump\n{PASSAGES[0]}"]
    assert sentence.support == pytest.approx(max(entailed(model, text, sentence.text) for text in texts), abs=1e-4)
    assert sentence.supported is (sentence.support >= 0.5)


def test_what_cannot_tell_entailment_is_refused(tmp_path: Path) -> None:
    for name, message in (
        (cross_encoder(tmp_path / "moods", {0: "sad", 1: "glad", 2: "calm"}), "no label for entailment"),
        (str(tmp_path), "cannot be loaded"),
    ):
        with pytest.raises(ModelError, match=message):
            load_scorer(AnswerSettings(support=f"nli:{name}"), WordHashes())

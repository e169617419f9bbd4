"""Fits the support scorer: ragkb/answer/support/support.json.

usage: python -m benchmarks.support.fit --data DIR [--write]

Words: boosted trees and a logistic regression learn from the spans that people marked as made up in the training rows
of RAGTruth (DIR/ragtruth), and, weighted less, from the words that an edit of SummEdits (DIR/summedits) changed.
Sentences and answers: logistic regressions over what cross-validated word probabilities say, on RAGTruth's training
rows alone.
Folds hold whole sources. Prints cross-validated AUROC on the training rows; without --write only says whether the file
would change. The same data give the same bytes. Needs scikit-learn.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # subtle: before NumPy; sums of floats depend on the number of threads

import argparse
import difflib
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingClassifier

from ragkb.answer.support.features import PLAIN
from ragkb.answer.support.model import Model
from ragkb.answer.support.scorer import Observed, answer_values, observe, sentence_values
from ragkb.eval.classification import auroc, hallucination_f1
from ragkb.eval.validation import PROPORTIONS, fitted_on
from ragkb.models import load_embedder
from ragkb.text.sentences import sentences

FILE = Path(__file__).parents[2] / "ragkb" / "answer" / "support" / "support.json"
VERSION = "1"
FOLDS = 5
EDITS = 0.3  # weight of a word of SummEdits
SMOOTH = 10  # hundredths
LEAST_ALIKE = 0.7  # of an edited summary and the one that it was made from
TREES = {"max_depth": 4, "max_iter": 120, "learning_rate": 0.06, "l2_regularization": 5.0, "min_samples_leaf": 60}
RIDGE = {"linear": 20.0, "sentence": 10.0, "answer": 200.0}
# An answer is judged by what its words and its worst sentences say, not by how long it happens to be in one benchmark.
SENTENCE = "mean top3 sentence_held sentence_in_best vector sentence_middle ngram hedge wrong_number wrong_name denied"
ANSWER = (
    "mean top_tenth expected length worst_mean worst_two worst_top3 most_hedge all_hedge least_vector all_vector "
    "least_sentence_middle all_sentence_middle least_sentence_held all_sentence_held all_ngram most_wrong_number "
    "most_wrong_name most_denied"
)

# Which way a value may push support: what speaks against a sentence must never speak for it.
DOWN = ("mean", "top", "expected", "worst", "most_wrong", "wrong", "denied", "most_denied")
UP = ("sentence_held", "sentence_in_best", "vector", "sentence_middle", "ngram", "least", "all_vector", "all_sentence")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """An answer that people judged. marked: for each word 1 where it is made up; a weight for its words."""

    seen: Observed
    marked: Floats
    source: str
    task: str
    weight: float

    @property
    def grounded(self) -> bool:
        return not self.marked.any()


def ragtruth(rows: Sequence[dict[str, Any]], see: Callable[[dict[str, Any], list[str]], Observed]) -> list[Example]:
    """The rows as examples; a word is made up where a marked span touches it."""
    out = []
    for row in rows:
        spans = sentences(row["response"])
        seen = see(row, [row["response"][a:b] for a, b in spans])
        begins = [spans[n][0] + at for n, at in zip(seen.words.sentence, seen.words.starts, strict=True)]
        places = [(begin, begin + len(word)) for begin, word in zip(begins, seen.words.texts, strict=True)]
        marked = [any(a < one[1] and b > one[0] for one in row["hallucination_spans"]) for a, b in places]
        out.append(Example(seen, np.array(marked, np.float64), row["source_id"], row["task"], 1.0))
    return out


def summedits(rows: Sequence[dict[str, Any]], see: Callable[[dict[str, Any], list[str]], Observed]) -> list[Example]:
    """The rows as examples; a word is made up where it differs from the nearest consistent summary of the same text."""
    words = {}
    consistent = defaultdict(list)
    for row in rows:
        response = row["response"]
        seen = see(row, [response[a:b] for a, b in sentences(response)])
        words[row["id"]] = seen
        if row["grounded"]:
            consistent[row["context"]].append([word.lower() for word in seen.words.texts])
    out = []
    for row in rows:
        seen = words[row["id"]]
        marked = np.zeros(len(seen.words))
        if not row["grounded"] and not _mark_changes(seen, consistent[row["context"]], marked):
            continue
        out.append(Example(seen, marked, hashlib.sha256(row["context"].encode()).hexdigest(), "edit", EDITS))
    return out


def _mark_changes(seen: Observed, originals: Sequence[list[str]], marked: Floats) -> bool:
    """Marks the words that an edit changed; False where no original is alike enough."""
    mine = [word.lower() for word in seen.words.texts]
    matchers = [difflib.SequenceMatcher(None, one, mine, autojunk=False) for one in originals]
    best = max(matchers, key=lambda one: one.ratio(), default=None)
    if best is None or best.ratio() < LEAST_ALIKE:
        return False
    for tag, _, _, begin, end in best.get_opcodes():
        if tag in ("replace", "insert"):
            marked[begin:end] = 1
        elif tag == "delete":
            marked[max(0, begin - 1) : begin + 1] = 1
    return bool(marked.any())


def fold_of(source: str) -> int:
    """The fold of a source: the same in every run."""
    return int(hashlib.sha256(source.encode()).hexdigest(), 16) % FOLDS


def bounds(name: str) -> tuple[float | None, float | None]:
    """The least and the most weight of a value."""
    return (None, 0.0) if name.startswith(DOWN) else (0.0, None) if name.startswith(UP) else (None, None)


def logistic(
    rows: Floats, labels: Floats, weights: Floats, ridge: float, names: Sequence[str] = ()
) -> tuple[Floats, float]:
    """Weights and bias of a ridge logistic regression that standardises the columns, for the columns as they are."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (rows - mean) / spread

    def loss(at: Floats) -> tuple[float, Floats]:
        odds = scaled @ at[:-1] + at[-1]
        error = weights * (1 / (1 + np.exp(-odds)) - labels)
        value = (weights * (np.logaddexp(0, odds) - labels * odds)).sum() + 0.5 * ridge * (at[:-1] ** 2).sum()
        return float(value), np.append(scaled.T @ error + ridge * at[:-1], error.sum())

    limits = [*map(bounds, names), (None, None)] if names else None
    start = np.zeros(rows.shape[1] + 1)
    found = minimize(loss, start, jac=True, bounds=limits, method="L-BFGS-B", options={"maxiter": 1000}).x
    return found[:-1] / spread, float(found[-1] - (found[:-1] / spread * mean).sum())


def fit_words(examples: Sequence[Example], columns: int) -> dict[str, Any]:
    """The trees and the linear model of words, as support.json holds them."""
    rows = np.concatenate([one.seen.rows[:, :columns] for one in examples])
    labels = np.concatenate([one.marked for one in examples])
    weights = np.concatenate([np.full(len(one.marked), one.weight) for one in examples])
    trees = HistGradientBoostingClassifier(random_state=0, early_stopping=False, **TREES).fit(rows, labels, weights)
    linear, bias = logistic(rows, labels, weights, RIDGE["linear"])
    return {"words": _trees(trees), "linear": {"weights": _rounded(linear), "bias": round(bias, 6)}}


def _trees(model: Any) -> dict[str, Any]:
    out = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        out.append([_node(n, node) for n, node in enumerate(nodes)])
    return {"base": round(float(model._baseline_prediction[0, 0]), 6), "depth": TREES["max_depth"], "trees": out}


def _node(number: int, node: Any) -> list[float]:
    if node["is_leaf"]:
        return [0, 0, number, number, round(float(node["value"]), 5)]
    return [int(node["feature_idx"]), float(f"{node['num_threshold']:.7g}"), int(node["left"]), int(node["right"]), 0]


def _rounded(values: Floats) -> list[float]:
    return [round(float(one), 6) for one in values]


def word_model(fitted: dict[str, Any]) -> Model:
    """The word part alone as a Model."""
    nothing = {"weights": {}, "bias": 0.0}
    return Model.read({**fitted, "sentence": nothing, "answer": nothing})


def cross_validated(examples: Sequence[Example], columns: int) -> list[Floats]:
    """For each example the probabilities of its words, by a model that has not seen its source."""
    folds = np.array([fold_of(one.source) for one in examples])
    out: list[Floats] = [np.zeros(0)] * len(examples)
    for fold in range(FOLDS):
        model = word_model(fit_words([one for one, f in zip(examples, folds, strict=True) if f != fold], columns))
        for n in np.flatnonzero(folds == fold):
            out[n] = model.made_up(examples[n].seen.rows[:, :columns])
    return out


def fit_values(
    values: Sequence[dict[str, float]], labels: Sequence[bool], sources: Sequence[str], names: str, ridge: float
) -> tuple[dict[str, Any], list[float]]:
    """A Logistic over the named values that exist, and the cross-validated probability of each row.

    Both classes weigh the same, so that 0.5 is where a sentence or an answer is as likely supported as not, whatever
    their shares in one benchmark are.
    """
    kept = [name for name in names.split() if name in values[0]]
    rows = np.array([[one[name] for name in kept] for one in values])
    y, folds = np.array(labels, np.float64), np.array([fold_of(one) for one in sources])
    out, even = np.zeros(len(y)), np.where(y > 0, 0.5 * len(y) / y.sum(), 0.5 * len(y) / (len(y) - y.sum()))
    for fold in range(FOLDS):
        seen = folds != fold
        weights, bias = logistic(rows[seen], y[seen], even[seen], ridge, kept)
        out[folds == fold] = 1 / (1 + np.exp(-(rows[folds == fold] @ weights + bias)))
    weights, bias = logistic(rows, y, even, ridge, kept)
    return {"weights": dict(zip(kept, _rounded(weights), strict=True)), "bias": round(bias, 6)}, out.tolist()


def restrict(seen: Observed, columns: int) -> Observed:
    """The same with its first columns only."""
    return Observed(seen.sentences, seen.words, seen.rows[:, :columns], seen.columns[:columns], seen.wrong)


def fit(examples: Sequence[Example], columns: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model as support.json holds it; and cross-validated scores, labels and tasks of sentences and answers."""
    examples = [one for one in examples if one.seen.rows.shape[1] >= columns and len(one.seen.words)]
    probabilities = cross_validated(examples, columns)
    judged = [
        (one, restrict(one.seen, columns), made_up)
        for one, made_up in zip(examples, probabilities, strict=True)
        if one.task != "edit"
    ]
    values, labels, sources, answers = [], [], [], []
    for one, seen, made_up in judged:
        by_sentence = sentence_values(seen, made_up)
        number = np.array(seen.words.sentence)
        for n, each in enumerate(by_sentence):
            if each:
                values.append(each)
                labels.append(not one.marked[number == n].any())
                sources.append(one.source)
        answers.append(answer_values(seen, made_up, by_sentence))
    sentence, sentence_scores = fit_values(values, labels, sources, SENTENCE, RIDGE["sentence"])
    whole = [one for one, _, _ in judged]
    answer, answer_scores = fit_values(
        answers, [one.grounded for one in whole], [one.source for one in whole], ANSWER, RIDGE["answer"]
    )
    model = {**fit_words(examples, columns), "sentence": sentence, "answer": answer}
    return model, {
        "sentence": (labels, sentence_scores, []),
        "answer": ([one.grounded for one in whole], answer_scores, [one.task for one in whole]),
    }


def best_threshold(labels: Sequence[bool], scores: Sequence[float], tasks: Sequence[str]) -> float:
    """The threshold, to two decimals, with the best F1 on QA, which is what ragkb answers are.

    F1 is re-weighted to the official proportions and averaged over the thresholds SMOOTH to either side, since on a few
    hundred rows its peak is chance.
    """
    mine = [n for n, one in enumerate(tasks) if one == "QA"]
    y, s = [labels[n] for n in mine], [scores[n] for n in mine]
    clean, bad = PROPORTIONS["QA"]
    weights = [clean / sum(y) if one else bad / (len(y) - sum(y)) for one in y]
    curve = [hallucination_f1(y, s, n / 100, weights) or 0.0 for n in range(100)]
    return max(range(SMOOTH, 100 - SMOOTH), key=lambda n: sum(curve[n - SMOOTH : n + SMOOTH + 1])) / 100


def best_balance(labels: Sequence[bool], scores: Sequence[float]) -> float:
    """The threshold, to two decimals, with the best balanced accuracy."""
    y, s = np.array(labels), np.array(scores)
    return max((round(n / 100, 2) for n in range(5, 96)), key=lambda t: (s[y] >= t).mean() + (s[~y] < t).mean())


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="write support.json")
    given = parser.parse_args()
    embedder = load_embedder("minilm", 1)

    def see(row: dict[str, Any], parts: list[str]) -> Observed:
        return observe(parts, [row["context"]], row.get("question", ""), embedder)

    paths = [given.data / name / "groundedness.jsonl" for name in ("ragtruth", "summedits")]
    train = [row for row in read(paths[0]) if row["split"] == "train"]
    edits = [row for row in read(paths[1]) if fitted_on(row["context"])]
    examples = [*ragtruth(train, see), *summedits(edits, see)]
    text = as_json(examples, hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest())
    if given.write:
        FILE.write_text(text, "utf-8")
    else:
        print("support.json is " + ("the same" if FILE.exists() and FILE.read_text("utf-8") == text else "another one"))


def as_json(examples: Sequence[Example], digest: str) -> str:
    """support.json; prints what cross-validation says."""
    models, scores = {}, {}
    for name, columns in (("aligned", examples[0].seen.rows.shape[1]), ("plain", len(PLAIN))):
        models[name], scores[name] = fit(examples, columns)
        labels, found, _ = scores[name]["sentence"]
        print(f"{name}: sentences {len(labels)}, AUROC {auroc(labels, found)}")
        labels, found, tasks = scores[name]["answer"]
        for task in ("QA", "Summary"):
            mine = [n for n, one in enumerate(tasks) if one == task]
            print(f"{name}: {task} {len(mine)}, AUROC {auroc([labels[n] for n in mine], [found[n] for n in mine])}")
    labels, found, tasks = scores["aligned"]["answer"]
    values = {
        "version": VERSION,
        "data": digest,
        "threshold": best_balance(*scores["aligned"]["sentence"][:2]),
        "answer_threshold": best_threshold(labels, found, tasks),
        "models": models,
    }
    return json.dumps(values, separators=(",", ":"), sort_keys=True) + "\n"


if __name__ == "__main__":
    main()

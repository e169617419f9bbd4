"""Fits when to abstain: ragkb/answer/calibration.json, one logistic regression a kind of question.

usage: python benchmarks/answers/calibrate.py --data DIR [--questions 110] [--write]

searched: the sample corpus with its gold questions, and public passages with questions (DIR/xquad/en, DIR/xquad/zh,
DIR/nq_oracle, DIR/cmrc2018), each asked twice: as it is, and with the passages of its own document left out.
far: questions of two of these sets to the sample corpus and to a knowledge base of three documents.
given: questions that people judged against given passages (DIR/clapnq/rag.jsonl, DIR/nomiracl/en.jsonl and zh.jsonl).
Prints, by five-fold cross-validation, AUROC and the two error rates at the threshold 0.5. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

import ragkb.answer
from benchmarks.answers.plot import rates, svg
from ragkb import Hit, KnowledgeBase, NewDocument, Principal, Turn
from ragkb.answer.abstain import FEATURES, features
from ragkb.answer.evidence import candidates
from ragkb.answer.history import standalone
from ragkb.answer.question import local_idf, read_question
from ragkb.answer.units import Passage
from ragkb.types import Explain

CORPUS = Path(__file__).parents[2] / "sample_corpus"
WEIGHT = {"sample_corpus": 1.0, "far": 0.3}  # of a question; others count OTHERS, since theirs are easier and many
OTHERS = 0.1
OF_TOKENS = ("aligned", "aligned_before", "worst", "most_aligned")
PEOPLE = ("sample_corpus", "clapnq", "nomiracl/en", "nomiracl/zh")
LEAST = 10
THRESHOLD = 0.5  # the default of `answer.threshold`
STRENGTH = 3.0  # of the data against the ridge; larger fits closer
# Which way a feature may push: a question that the documents know less of must never look more answerable for it.
DOWN = "elsewhere nowhere unknown unexpected".split()
BOUNDS = [(None, None), *((None, 0) if feature in DOWN else (None, None) for feature in FEATURES)]


@dataclass(frozen=True, slots=True)
class Row:
    """One question with evidence. answerable: by people, or because its own document is among the passages."""

    data: str
    kind: str
    values: tuple[float, ...]
    answerable: bool


def searched(name: str, kb: KnowledgeBase, asked: Sequence[dict[str, Any]], passages: int = 8) -> Iterator[Row]:
    """Rows of questions to a knowledge base. `gold`: sources to leave out for the unanswerable twin, if any."""
    embedder = kb._embedder
    for one in asked:
        history = [Turn(turn["role"], turn["content"]) for turn in one.get("history", ())]
        text = standalone(one["question"], history)
        hits = kb.search(text, k=passages + 1, as_=Principal(groups=tuple(one.get("groups", ()))))
        gold = one.get("gold")
        if gold is None:
            variants = [(hits[:passages], bool(one["answerable"]))]
        elif any(hit.source in gold for hit in hits[:passages]):
            variants = [(hits[:passages], True), ([hit for hit in hits if hit.source not in gold][:passages], False)]
        else:
            continue
        with kb._store.reading() as reader:
            question = read_question(text, embedder, reader.rarity(Principal(groups=tuple(one.get("groups", ())))))
            for found, answerable in variants:
                read = [Passage(hit, reader.context(hit.document_id, hit.start)) for hit in found]
                evidence = candidates(question, read, embedder)
                if evidence:
                    signal = "words" if question.vector is None else "both"
                    yield Row(name, f"searched, {signal}", features(question, evidence, 0), answerable)


def far(data: Path, kb: KnowledgeBase) -> Iterator[Row]:
    """Rows of questions that have nothing to do with the documents."""
    asked = [one for name in ("nq_oracle", "xquad/zh") for one in public(data / name, 60)[1]]
    strangers = [{"question": one["question"], "answerable": False} for one in asked]
    yield from searched("far", kb, strangers)
    with tempfile.TemporaryDirectory() as folder, KnowledgeBase.open(folder) as small:
        small.add([NewDocument("leave.md", "Parental leave lasts 14 weeks.", "Leave")])
        small.add([NewDocument("canteen.txt", "The canteen opens at 11:30 and closes at 14:00.", "Canteen")])
        small.add([NewDocument("差旅.md", "住宿标准为每晚四百五十元。", "差旅")])
        yield from searched("far", small, strangers)


def given(name: str, kb: KnowledgeBase, rows: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """Rows of questions that come with their passages."""
    for one in rows:
        hits = [_hit(rank, context) for rank, context in enumerate(one["contexts"], 1)]
        question = read_question(one["question"], kb._embedder, local_idf([hit.text for hit in hits]))
        evidence = candidates(question, [Passage(hit) for hit in hits], kb._embedder)
        if evidence:
            signal = "words" if question.vector is None else "both"
            yield Row(name, f"given, {signal}", features(question, evidence, len(hits)), one["answerable"])


def _hit(rank: int, context: dict[str, str]) -> Hit:
    text = context["text"]
    title = context.get("title", "")
    return Hit(rank, 1.0, str(rank), str(rank), title, None, (), 0, len(text), text, Explain(None, None, 0.5))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def public(folder: Path, many: int) -> tuple[list[NewDocument], list[dict[str, Any]]]:
    """Documents of a BEIR folder and a seeded sample of its questions, each with the sources that answer it."""
    gold: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, source, _ = line.split("\t")
        gold[query].add(source)
    documents = [
        NewDocument(d["_id"], d["text"], d.get("title", "").replace("_", " ")) for d in _lines(folder / "corpus.jsonl")
    ]
    questions = [
        {"question": q["text"], "gold": gold[q["_id"]]} for q in _lines(folder / "queries.jsonl") if q.get("answers")
    ]
    random.Random(3).shuffle(questions)
    return documents, questions[:many]


def collect(data: Path, many: int, kbs: Path | None) -> list[Row]:
    """All rows. kbs: where to keep the knowledge bases."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as made:
        folder = kbs or Path(made)
        with KnowledgeBase.open(folder / "sample") as kb:
            kb.ingest(CORPUS)
            rows += searched("sample_corpus", kb, _lines(CORPUS / "questions.jsonl"))
            rows += far(data, kb)
            for name, file in (
                ("clapnq", "clapnq/rag.jsonl"),
                ("nomiracl/en", "nomiracl/en.jsonl"),
                ("nomiracl/zh", "nomiracl/zh.jsonl"),
            ):
                rows += given(name, kb, _lines(data / file))
        for name in ("xquad/en", "xquad/zh", "nq_oracle", "cmrc2018"):
            documents, questions = public(data / name, many)
            with KnowledgeBase.open(folder / name.replace("/", "-")) as kb:
                kb.add(documents)
                rows += searched(name, kb, questions)
            print(f"{name}: {len(rows)} rows so far", flush=True)
    return rows


@dataclass(frozen=True, slots=True)
class Fit:
    """One regression, in the features' own units."""

    bias: float
    weights: list[float]

    def probability(self, x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(x @ np.array(self.weights) + self.bias)))


def fit(rows: Sequence[Row]) -> Fit:
    """Classes balanced within each set; then the scaling is folded into the weights."""
    x, y = np.array([row.values for row in rows]), np.array([row.answerable for row in rows])
    weight = np.array([WEIGHT.get(row.data, 1.0 if row.kind.startswith("given") else OTHERS) for row in rows])
    data = np.array([row.data for row in rows])
    for name in set(data):
        total = weight[data == name].sum()
        for side in (True, False):
            at = (data == name) & (y == side)
            if at.any():
                weight[at] *= total / 2 / weight[at].sum()
    scaler = StandardScaler().fit(x)
    found = _logistic(scaler.transform(x), np.where(y, 1.0, -1.0), weight)
    scaled = found[1:] / scaler.scale_
    return Fit(float(found[0] - (scaled * scaler.mean_).sum()), [float(value) for value in scaled])


def _logistic(x: np.ndarray, sign: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Bias and weights of a ridge logistic regression within BOUNDS."""

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        z = sign * (x @ b[1:] + b[0])
        slope = -weight * sign / (1 + np.exp(np.clip(z, -30, 30)))
        value = STRENGTH * (weight * np.logaddexp(0, -z)).sum() + 0.5 * (b[1:] ** 2).sum()
        return value, np.concatenate([[STRENGTH * slope.sum()], STRENGTH * (x.T @ slope) + b[1:]])

    return np.asarray(minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=BOUNDS).x)


def _count(rows: Sequence[Row], like: Row) -> int:
    return sum((row.kind, row.data, row.answerable) == (like.kind, like.data, like.answerable) for row in rows)


def report(kind: str, rows: Sequence[Row]) -> np.ndarray:
    """Cross-validated AUROC, and the two error rates at 0.5, by set; then the same rates of the final fit.

    Returns the cross-validated probabilities.
    """
    y = np.array([row.answerable for row in rows])
    x = np.array([row.values for row in rows])
    folds = StratifiedKFold(5, shuffle=True, random_state=1).split(x, [f"{row.answerable} {row.data}" for row in rows])
    crossed = np.zeros(len(rows))
    for train, test in folds:
        crossed[test] = fit([rows[i] for i in train]).probability(x[test])
    final = fit(rows).probability(x)
    for data in dict.fromkeys(row.data for row in rows):
        at = np.array([row.data == data for row in rows])
        line = f"{kind:18} {data:14} {at.sum():5} rows"
        if 0 < y[at].sum() < at.sum():
            line += f"  AUROC {roc_auc_score(y[at], crossed[at]):.3f}"
        for name, values in (("cross-validated", crossed), ("fitted", final)):
            line += f"  {name}: false answers {(values[at & ~y] >= 0.5).mean():.2f}"
            if (at & y).any():
                line += f", false refusals {(values[at & y] < 0.5).mean():.2f}"
        print(line)
    return crossed


def without_tokens(row: Row) -> Row:
    """The row as it were with an embedder that gives vectors but no states of tokens."""
    values = [0.0 if name in OF_TOKENS else value for name, value in zip(FEATURES, row.values, strict=True)]
    return Row(row.data, row.kind.replace("both", "vectors"), tuple(values), row.answerable)


def balanced(rows: Sequence[Row], crossed: np.ndarray) -> float:
    """What to take from the bias, so that 0.5 is where the greater of both cross-validated error rates is least.

    Over the sets that people judged where the kind has one, else over all.
    """
    judged = [row.data in PEOPLE for row in rows]
    used = np.array(judged if any(judged) else [row.data != "far" for row in rows])
    y = np.array([row.answerable for row in rows])[used]
    p = crossed[used]
    best = min(np.linspace(0.3, 0.7, 81), key=lambda t: (max((p[~y] >= t).mean(), (p[y] < t).mean()), abs(t - 0.5)))
    return float(np.log(best / (1 - best)))


def picture(rows: Sequence[Row], crossed: Sequence[float]) -> str:
    """The rates of the sets that people judged, as an SVG."""
    curves, marks = {}, {}
    for name in PEOPLE:
        mine = [(p, row.answerable) for row, p in zip(rows, crossed, strict=True) if row.data == name]
        curves[name] = rates([p for p, _ in mine], [answerable for _, answerable in mine])
        marks[name] = curves[name][round(THRESHOLD * 200)]
    return svg(curves, marks)


def main() -> None:
    """Collects, fits, prints, and writes with --write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=110)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--plot", type=Path, help="write the error rates for every threshold as an SVG")
    parser.add_argument("--kbs", type=Path, help="keep the knowledge bases here, and take them from here the next time")
    parser.add_argument("--rows", type=Path, help="keep the rows here, and read them from here the next time")
    options = parser.parse_args()
    if options.rows and options.rows.exists():
        rows = [Row(r[0], r[1], tuple(r[2]), r[3]) for r in json.loads(options.rows.read_text())]
    else:
        rows = collect(options.data, options.questions, options.kbs)
        if options.rows:
            options.rows.write_text(json.dumps([[r.data, r.kind, r.values, r.answerable] for r in rows]))
    rows += [without_tokens(row) for row in rows if row.kind.endswith("both")]
    models = {}
    shown: list[tuple[Row, float]] = []
    for kind in sorted({row.kind for row in rows}):
        # a few questions stray into the other kind of a set; they are too few to be crossed
        some = [row for row in rows if row.kind == kind and (row.data == "far" or _count(rows, row) >= LEAST)]
        crossed = report(kind, some)
        shift = balanced(some, crossed)
        shifted = 1 / (1 + np.exp(shift) * (1 / np.clip(crossed, 1e-9, 1 - 1e-9) - 1))
        wrong = [(row.answerable, p >= THRESHOLD) for row, p in zip(some, shifted, strict=True) if row.data in PEOPLE]
        if wrong:
            false_answers = np.mean([answered for is_answerable, answered in wrong if not is_answerable])
            false_refusals = np.mean([not answered for is_answerable, answered in wrong if is_answerable])
            print(f"{kind:18} balanced: false answers {false_answers:.2f}, false refusals {false_refusals:.2f}")
        if not kind.endswith("vectors"):
            shown += zip(some, shifted, strict=True)
        made = fit(some)
        weights = {name: round(value, 4) for name, value in zip(FEATURES, made.weights, strict=True)}
        models[kind] = {"bias": round(made.bias - shift, 4), "weights": weights}
    if options.plot:
        options.plot.write_text(picture([row for row, _ in shown], [p for _, p in shown]), "utf-8")
    digest = hashlib.sha256(repr([(row.data, row.kind, row.answerable) for row in rows]).encode()).hexdigest()[:16]
    if options.write:
        path = Path(ragkb.answer.__file__).with_name("calibration.json")
        path.write_text(
            json.dumps({"version": 1, "rows": len(rows), "data": digest, "models": models}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()

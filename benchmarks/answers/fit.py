"""Fits how evidence is ranked: ragkb/answer/selection.json, weights of the signals.

usage: python -m benchmarks.answers.fit --data DIR [--questions 600] [--rows FOLDER] [--report] [--write]

Questions of the portion for fitting (portions.py) whose answer stands in a known unit: public ones with the passage
that answers them, and searched in a knowledge base of their set (DIR/xquad/en, xquad/zh, nq_oracle, cmrc2018), those
for which people chose sentences (DIR/clapnq/rag.jsonl), and the sample corpus. A softmax over the units of a question
gets the greatest likelihood for those that hold the answer, with a ridge. --report prints, by five-fold
cross-validation over passages, how often the first and one of the first three units hold the answer; and, for each set,
the same with weights fitted on the other sets alone.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import ragkb.answer.reading
from benchmarks.answers.measure import CORPUS, SETS, beir, judged, lines
from benchmarks.answers.portions import about, of_portion
from ragkb import KnowledgeBase, Principal, Turn
from ragkb.answer import sources
from ragkb.answer.evidence import gathered
from ragkb.answer.history import standalone
from ragkb.answer.question import read_question
from ragkb.answer.reading import encoded
from ragkb.answer.signals import BY_MEANING, BY_WORDS, SIGNALS, Place, by_meaning, by_words
from ragkb.eval.answers import read_questions
from ragkb.eval.measures import answer_hit, quotes_overlap
from ragkb.models import load_embedder
from ragkb.retrieve.search import Query, search
from ragkb.settings import SearchSettings

RIDGE = 10.0
LEAST = 20  # cases of a set
# Of a set; others count 1. The answers of the first stand early in their passages, those of others do not; in the
# second a unit counts that only helps to answer.
WEIGHT = {"nq_oracle": 0.3, "clapnq": 0.3}
FOLDS = 5
ABSTAINING = frozenset(("rarest", "sharp", "numbers", "worst"))  # signals for the confidence alone
RANKING = frozenset(BY_WORDS) - ABSTAINING
MODELS = {  # signals that may weigh
    "both": frozenset(SIGNALS) - ABSTAINING,
    "vectors": RANKING | {"cosine"},
    "words": RANKING,
    "first": RANKING,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A question's units. values: shape (units, signals). holds: 1 the answer, 0 not, -1 perhaps, by chance.

    fold: the same for all questions about a passage. signal: "both" if the embedder read the question, else "words".
    """

    data: str
    signal: str
    values: NDArray[np.float32]
    holds: NDArray[np.int8]
    fold: int


class Collector:
    """Makes cases with one embedder."""

    def __init__(self, folder: Path) -> None:
        ragkb.answer.reading.KEPT = 2_000_000_000
        self.embedder, self.folder = load_embedder("minilm"), folder

    def case(self, data: str, text: str, found: sources.Sources, gold: Any) -> Iterator[Case]:
        """The case of a question, if a unit holds the answer. gold(place): 1, 0 or -1."""
        question = read_question(text, self.embedder, found.idf)
        places = gathered(found.passages)
        holds = np.array([gold(place) for place in places], np.int8)
        if not (holds == 1).any():
            return
        words = [by_words(question, place) for place in places]
        meant = [(0.0,) * len(BY_MEANING)] * len(places)
        if question.read:
            read = encoded(self.embedder, [place.unit.reads for place in places])
            over = encoded(self.embedder, [place.over for place in places])
            meant = by_meaning(question, places, read, over)
        values = np.array([[*w, *m] for w, m in zip(words, meant, strict=True)], np.float32)
        first = places[int(np.argmax(holds == 1))].unit.passage.hit.text
        yield Case(data, "both" if question.read else "words", values, holds, zlib.crc32(first.encode()) % FOLDS)

    def public(self, name: str, data: Path, many: int) -> Iterator[Case]:
        """Given and searched."""
        documents, rows = beir(data / name, many, "train")
        file = self.folder / "rows.jsonl"
        file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
        questions = read_questions(file)
        for one in questions:
            assert one.contexts is not None
            yield from self.case(f"{name} given", one.text, sources.given(one.contexts), _holds(one.answers, None))
        with KnowledgeBase.open(self.folder / name.replace("/", "-"), embedder=self.embedder) as kb:
            kb.add(documents.values())
            with kb._store.reading() as reader:
                for one in questions[: many // 2]:
                    hits = search(reader, self.embedder, Query(one.text, 8, Principal()), SearchSettings())
                    found = sources.searched(reader, hits, Principal())
                    right = {context.text for context in one.contexts or ()}
                    yield from self.case(f"{name} searched", one.text, found, _holds(one.answers, right))

    def chosen(self, file: Path) -> Iterator[Case]:
        """Sentences that people chose as evidence."""
        rows = self.folder / "rows.jsonl"
        rows.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in judged(file, 10**6, "train")), "utf-8")
        for one in read_questions(rows):
            quotes = [item.quote for item in one.evidence]
            if quotes and one.contexts:

                def gold(place: Place, quotes: Sequence[str] = quotes) -> int:
                    return int(any(quotes_overlap(place.unit.said, quote) for quote in quotes))

                yield from self.case("clapnq given", one.text, sources.given(one.contexts), gold)

    def sample(self) -> Iterator[Case]:
        """The sample corpus."""
        with KnowledgeBase.open(self.folder / "sample", embedder=self.embedder) as kb:
            kb.ingest(CORPUS)
            with kb._store.reading() as reader:
                for one in of_portion(list(lines(CORPUS / "questions.jsonl")), "train", about):
                    if not one["answerable"]:
                        continue
                    text = standalone(one["question"], [Turn(**turn) for turn in one.get("history") or ()])
                    as_ = Principal("x", tuple(one["groups"]))
                    hits = search(reader, self.embedder, Query(text, 8, as_), SearchSettings())
                    yield from self.case("sample", text, sources.searched(reader, hits, as_), _evidence(one))


def _holds(answers: Sequence[str], right: set[str] | None) -> Any:
    """1 for a unit that holds the answer in a passage of `right` (None: any), -1 in another one."""

    def gold(place: Place) -> int:
        if not answer_hit(place.unit.said, answers):
            return 0
        return 1 if right is None or any(place.unit.passage.hit.text in text for text in right) else -1

    return gold


def _evidence(row: dict[str, Any]) -> Any:
    def gold(place: Place) -> int:
        hit = place.unit.passage.hit
        quote = " ".join(hit.text[start - hit.start : end - hit.start] for start, end in place.unit.spans[-1:])
        for item in row["evidence"]:
            if item["source"] == hit.source and quotes_overlap(quote, item["quote"]):
                return 1
        return -1 if answer_hit(place.unit.said, row["answers"]) else 0

    return gold


def fit(cases: Sequence[Case], signals: frozenset[str]) -> NDArray[np.float64]:
    """Weights in the signals' own units, shape (signals,), 0 for those that may not weigh. Sets count by WEIGHT."""
    values = np.concatenate([case.values[case.holds >= 0] for case in cases]).astype(np.float64)
    right = np.concatenate([case.holds[case.holds >= 0] == 1 for case in cases])
    lengths = np.array([(case.holds >= 0).sum() for case in cases])
    share = {data: sum(case.data == data for case in cases) for data in {case.data for case in cases}}
    weight = np.array([WEIGHT.get(case.data.split()[0], 1.0) / share[case.data] for case in cases])
    weight *= len(cases) / weight.sum()
    scale = values.std(0) + 1e-6
    values = (values - values.mean(0)) / scale * np.array([name in signals for name in SIGNALS])
    starts, of = np.concatenate([[0], np.cumsum(lengths)[:-1]]), np.repeat(np.arange(len(cases)), lengths)

    def loss(b: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = values @ b
        shifted = np.exp(scores - np.maximum.reduceat(scores, starts)[of])
        total = np.add.reduceat(shifted, starts)
        good = np.where(right, shifted, 0)
        held = np.add.reduceat(good, starts) + 1e-12
        slope = (weight[of] * (shifted / total[of] - good / held[of])) @ values
        return float((weight * (np.log(total) - np.log(held))).sum() + RIDGE / 2 * b @ b), slope + RIDGE * b

    found = minimize(loss, np.zeros(len(SIGNALS)), jac=True, method="L-BFGS-B").x
    return np.asarray(found / scale * np.array([name in signals for name in SIGNALS]))


def usual(cases: Sequence[Case]) -> list[Case]:
    """Without the few cases that strayed from a set of the other kind: a set counts as a whole in a fit."""
    many = Counter(case.data for case in cases)
    return [case for case in cases if many[case.data] >= LEAST]


def hits(cases: Sequence[Case], used: NDArray[np.float64], k: int) -> list[bool]:
    """For each case whether one of the k best units holds the answer."""
    best = [np.argsort(-(case.values @ used), kind="stable")[:k] for case in cases]
    return [bool((case.holds[i] != 0).any()) for case, i in zip(cases, best, strict=True)]


def report(name: str, cases: Sequence[Case]) -> None:
    """By set: cross-validated, and with weights from the other sets."""
    for data in dict.fromkeys(case.data for case in cases):
        mine = [case for case in cases if case.data == data]
        crossed: dict[int, list[bool]] = {1: [], 3: []}
        for fold in range(FOLDS):
            used = _fitted(name, fold, cases)
            for k in crossed:
                crossed[k] += hits([case for case in mine if case.fold == fold], used, k)
        rest = [case for case in cases if case.data.split()[0] != data.split()[0]]
        other = fit(rest, MODELS[name])
        line = f"{name:8} {data:20} {len(mine):5} questions"
        line += "  cross-validated: " + ", ".join(f"{np.mean(values):.3f} in {k}" for k, values in crossed.items())
        print(line + "  other sets: " + ", ".join(f"{np.mean(hits(mine, other, k)):.3f} in {k}" for k in (1, 3)))


_known: dict[tuple[str, int, int], NDArray[np.float64]] = {}


def _fitted(name: str, fold: int, cases: Sequence[Case]) -> NDArray[np.float64]:
    key = (name, fold, len(cases))
    if key not in _known:
        _known[key] = fit([case for case in cases if case.fold != fold], MODELS[name])
    return _known[key]


def collect(data: Path, many: int, kept: Path) -> list[Case]:
    """All cases; those of a set that are kept already are read from there."""
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as folder:
        collector = Collector(Path(folder))
        for name in ("sample", "clapnq", *SETS):
            file = kept / f"{name.replace('/', '-')}.npz"
            if not file.exists():
                save(file, list(_of(name, collector, data, many)))
            cases += load(file)
            print(f"{name}: {len(cases)} cases so far", flush=True)
    return cases


def _of(name: str, collector: Collector, data: Path, many: int) -> Iterator[Case]:
    if name == "sample":
        return collector.sample()
    return collector.chosen(data / "clapnq/rag.jsonl") if name == "clapnq" else collector.public(name, data, many)


def save(path: Path, cases: Sequence[Case]) -> None:
    """The cases as arrays."""
    np.savez_compressed(
        path,
        values=np.concatenate([case.values for case in cases]),
        holds=np.concatenate([case.holds for case in cases]),
        lengths=[len(case.holds) for case in cases],
        folds=[case.fold for case in cases],
        names=[f"{case.data}\t{case.signal}" for case in cases],
    )


def load(path: Path) -> list[Case]:
    """What save() wrote."""
    held = np.load(path)
    ends = np.cumsum(held["lengths"])[:-1]
    parts = zip(
        np.split(held["values"], ends), np.split(held["holds"], ends), held["folds"], held["names"], strict=True
    )
    return [Case(*str(name).split("\t"), values, holds, int(fold)) for values, holds, fold, name in parts]


def main() -> None:
    """Collects, fits, prints, and writes with --write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=600, help="of each set")
    parser.add_argument("--rows", type=Path, help="folder to keep the cases in, and to read them from the next time")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--report", action="store_true", help="cross-validate; takes minutes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = options.rows or Path(folder)
        kept.mkdir(exist_ok=True)
        cases = collect(options.data, options.questions, kept)
    models = {}
    for name in MODELS:
        some = usual([case for case in cases if (case.signal == "words") == (name == "words")])
        if options.report:
            report(name, some)
        found = fit(some, MODELS[name])
        models[name] = {signal: round(float(value), 4) for signal, value in zip(SIGNALS, found, strict=True)}
    if options.write:
        path = Path(ragkb.answer.__file__).with_name("selection.json")
        path.write_text(json.dumps({"version": 1, "questions": len(cases), "models": models}, indent=1) + "\n")


if __name__ == "__main__":
    main()

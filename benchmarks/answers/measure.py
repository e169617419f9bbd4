"""Answers on public questions: the gold answer in one and in three sentences, citations, abstention, latency.

usage: python -m benchmarks.answers.measure --data DIR [--questions N] [--portion held-out|train|all] [--json]

By default of the questions that no weight was fitted on (portions.py).

Everything goes through `evaluate_answers`, as `ragkb eval answers` does. given: the question with the passage that
answers it (DIR/xquad/en, xquad/zh, nq_oracle, cmrc2018: the gold answer has to stand in what is said, nothing is
refused); searched: the same questions to a knowledge base of all passages of their set. abstention: questions that
people judged against given passages, with the default threshold (DIR/clapnq/rag.jsonl, nomiracl/en.jsonl, zh.jsonl);
for CLAPNQ also how far the citations agree with the sentences that people chose. sample: the sample corpus.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.answers.portions import PORTIONS, Portion, about, of_portion
from ragkb import KnowledgeBase, NewDocument
from ragkb.eval.answers import evaluate_answers
from ragkb.models import load_embedder
from ragkb.settings import AnswerSettings, Settings

CORPUS = Path(__file__).parents[2] / "sample_corpus"
SETS = ("xquad/en", "xquad/zh", "nq_oracle", "cmrc2018")
JUDGED = {"clapnq": "clapnq/rag.jsonl", "nomiracl/en": "nomiracl/en.jsonl", "nomiracl/zh": "nomiracl/zh.jsonl"}
SEARCHED = 300  # questions of a set that are searched
MEASURES = ("answer_hit", "citation_precision", "citation_recall", "false_answer", "false_refusal")


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON lines file."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def beir(folder: Path, many: int, portion: Portion) -> tuple[dict[str, NewDocument], list[dict[str, Any]]]:
    """Documents by id, and a seeded sample of the questions of a portion as rows of an answers file."""
    gold: dict[str, list[str]] = defaultdict(list)
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, source, _ = line.split("\t")
        gold[query].append(source)
    documents = {
        one["_id"]: NewDocument(one["_id"], one["text"], one.get("title", "").replace("_", " "))
        for one in lines(folder / "corpus.jsonl")
    }
    rows = [
        {
            "id": one["_id"],
            "question": one["text"],
            "answers": one["answers"],
            "contexts": [{"title": documents[s].title, "text": documents[s].text} for s in gold[one["_id"]]],
        }
        for one in of_portion(list(lines(folder / "queries.jsonl")), portion, lambda one: gold[one["_id"]][0])
        if one.get("answers")
    ]
    random.Random(3).shuffle(rows)
    return documents, rows[:many]


def judged(file: Path, many: int, portion: Portion) -> list[dict[str, Any]]:
    """Questions of a portion with given passages; the sentences that people chose become their evidence."""
    rows = of_portion(list(lines(file)), portion, lambda row: str(row["question"]))
    random.Random(3).shuffle(rows)
    for number, row in enumerate(rows):
        row["id"] = str(number)
        chosen = row.pop("cited_sentences", ())
        row["evidence"] = [
            {"source": context["title"] or f"context-{place}", "page": None, "quote": sentence}
            for place, (context, sentences) in enumerate(zip(row["contexts"], chosen, strict=False), 1)
            for sentence in sentences
        ]
        row["answers"] = []
    return rows[:many]


class Bench:
    """Runs evaluations with one embedder, and keeps what they gave."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.embedder = folder, load_embedder("minilm")
        self.found: list[dict[str, Any]] = []

    def run(self, name: str, rows: Iterable[Mapping[str, Any]], kb: Path | None, **answer: Any) -> None:
        """One evaluation, printed as a line. answer: settings of the section."""
        file = self.folder / "rows.jsonl"
        file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
        settings = Settings.load(answer=AnswerSettings(**answer))
        path = kb or self.folder / "empty"
        with KnowledgeBase.open(path, settings=settings, embedder=self.embedder) as opened:
            summary = evaluate_answers(opened, file, settings).summary
        self.found.append({"name": name, **summary})
        cells = [f"{m} {summary[m]:.3f}" for m in MEASURES if summary[m] is not None]
        print(
            f"{name:44} {summary['rows']:5} rows  {'  '.join(cells)}  p50 {summary['latency_ms']['p50']:.0f} ms",
            flush=True,
        )

    def extractive(self, name: str, options: argparse.Namespace, is_searched: bool) -> None:
        """The gold answer in what is said: one sentence, and three at most."""
        many = min(options.questions, SEARCHED) if is_searched else options.questions
        documents, rows = beir(options.data / name, many, options.portion)
        kb = None
        if is_searched:
            kb = self.folder / name.replace("/", "-")
            with KnowledgeBase.open(kb, embedder=self.embedder) as opened:
                opened.add(documents.values())
            rows = [{**row, "contexts": None} for row in rows]
        for sentences in (1, 3):
            kind = "searched" if is_searched else "given"
            self.run(f"{name}, {kind}, {sentences} sentences at most", rows, kb, threshold=0.0, sentences=sentences)


def main() -> None:
    """Everything, one line each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=10**6, help="of each set")
    parser.add_argument("--portion", choices=PORTIONS, default="held-out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for name in SETS:
            bench.extractive(name, options, is_searched=False)
        for name, file in JUDGED.items():
            rows = judged(options.data / file, options.questions, options.portion)
            bench.run(f"{name}, given, default threshold", rows, None)
        for name in SETS:
            bench.extractive(name, options, is_searched=True)
        sample = bench.folder / "sample"
        with KnowledgeBase.open(sample, embedder=bench.embedder) as kb:
            kb.ingest(CORPUS)
        asked = list(lines(CORPUS / "questions.jsonl"))
        bench.run("sample corpus, whole", asked, sample)
        bench.run(f"sample corpus, {options.portion}", of_portion(asked, options.portion, about), sample)
    if options.json:
        print(json.dumps(bench.found, ensure_ascii=False))


if __name__ == "__main__":
    main()

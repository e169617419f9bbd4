"""How long evaluations take: a retrieval suite of 10,000 questions, 1,000 given answers, a comparison of two runs.

usage: python -m benchmarks.evaluation.speed [retrieval] [groundedness] [bootstrap] [--data DIR] [--queries 10000]

Seconds by the clock and of processor. --data: public sets; bootstrap needs none. The retrieval suite is
put together of XQuAD (English, German, Chinese), NQ and CMRC 2018; where their questions are fewer, the first sentences
of documents are asked for their documents.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ragkb.eval import statistics
from ragkb.eval.compare import compare
from ragkb.eval.files import json_lines, write_rows
from ragkb.eval.record import groundedness_run, retrieval_run
from ragkb.eval.retrieval import read_suite
from ragkb.eval.runs import Data, Run, make_run
from ragkb.eval.scores import ANSWERS, SEARCH
from ragkb.settings import Settings
from ragkb.text.sentences import sentences

SETS = ("xquad/en", "xquad/de", "xquad/zh", "nq_oracle", "cmrc2018")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["retrieval", "groundedness", "bootstrap"])
    parser.add_argument("--data", type=Path, help="folder with public sets")
    parser.add_argument("--queries", type=int, default=10_000)
    given = parser.parse_args()
    if given.data is None and given.what != ["bootstrap"]:
        parser.error("name the public sets by --data, or ask for bootstrap alone")
    with TemporaryDirectory(prefix="ragkb-speed-") as folder:
        for one in given.what:
            _MEASURED[one](given, Path(folder))


@contextmanager
def _timed(what: str) -> Iterator[None]:
    before, clock = os.times(), time.perf_counter()
    yield
    seconds, after = time.perf_counter() - clock, os.times()
    used = sum(after[:4]) - sum(before[:4])
    print(f"{what}: {seconds:.2f} s by the clock, {used:.2f} s of processor", flush=True)


def retrieval(given: argparse.Namespace, folder: Path) -> None:
    """A folder of BEIR's form with as many queries, measured on every leg."""
    suite = folder / "beir"
    people, documents = _put_together(given.data, suite, given.queries)
    with _timed(f"retrieval, {given.queries} queries ({people} of people) over {documents} documents"):
        run = retrieval_run(suite, Settings.load(), "speed")
    print(json.dumps(run.summary_with_times(), ensure_ascii=False))


def _put_together(data: Path, suite: Path, wanted: int) -> tuple[int, int]:
    """Writes the suite; returns how many of its queries people asked, and how many documents it has."""
    suite.mkdir()
    documents: list[dict[str, Any]] = []
    queries: list[tuple[dict[str, Any], str]] = []
    for name in SETS:
        found = read_suite(data / name)
        documents += [{"_id": f"{name}/{i}", "title": title, "text": t} for i, (title, t) in found.documents.items()]
        for i, text in found.queries.items():
            best = max(found.grades[i].items(), key=lambda item: item[1])[0]
            queries.append(({"_id": f"{name}/{i}", "text": text}, f"{name}/{best}"))
    people = min(wanted, len(queries))
    made = (({"_id": f"made/{n}", "text": text}, id) for n, (id, text) in enumerate(_first_sentences(documents)))
    queries = [*queries[:people], *islice(made, wanted - people)]
    write_rows(suite / "corpus.jsonl", documents)
    write_rows(suite / "queries.jsonl", [query for query, _ in queries])
    lines = [f"{query['_id']}\t{document}\t1\n" for query, document in queries]
    (suite / "qrels.tsv").write_text("".join(lines), "utf-8")
    return people, len(documents)


def _first_sentences(documents: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for document in documents:
        spans = sentences(document["text"])
        if spans:
            yield document["_id"], document["text"][slice(*spans[0])][:300]


def groundedness(given: argparse.Namespace, folder: Path) -> None:
    """The first thousand given answers of RAGTruth and, where these are fewer, of BEGIN."""
    lines = (line for name in ("ragtruth", "begin") for line in json_lines(given.data / name / "groundedness.jsonl"))
    rows = [{**line.values, "id": str(number)} for number, line in enumerate(islice(lines, 1000))]
    write_rows(folder / "given.jsonl", rows)
    with _timed(f"groundedness, {len(rows)} answers"):
        groundedness_run(folder / "given.jsonl", Settings.load(), "speed")


def bootstrap(given: argparse.Namespace, folder: Path) -> None:
    """Two runs of 1,000 and of 10,000 questions with every measure of a nightly run; and the bootstrap of it alone."""
    for size in (1_000, 10_000):
        before, after = _drawn(size, 0), _drawn(size, 1)
        sums = np.random.default_rng(0).random((size // 4, 2 * len((*ANSWERS, *SEARCH)), 2))
        with _timed(f"bootstrap of it, {size} questions"):
            statistics.bootstrap(sums)
        with _timed(f"comparison, {size} questions about {size // 4} documents"):
            compare(before, after)


def _drawn(size: int, seed: int) -> Run:
    draws = np.random.default_rng(seed)
    names = [one.name for one in (*ANSWERS, *SEARCH)]
    rows: list[dict[str, Any]] = [
        {
            "id": str(n),
            "status": "scored",
            "cluster": str(n // 4),
            **dict(zip(names, draws.random(len(names)).tolist(), strict=True)),
        }
        for n in range(size)
    ]
    for row in rows:
        row.update({name: row[name] < 0.8 for name in ("answer_hit", "false_answer", "false_refusal")})
    return make_run("answers", "speed", Data("q", "d", True), Settings(), {}, {}, rows, {})


_MEASURED = {"retrieval": retrieval, "groundedness": groundedness, "bootstrap": bootstrap}

if __name__ == "__main__":
    main()

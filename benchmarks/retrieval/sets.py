"""Retrieval on every set of a folder, by each leg, in one table.

    python -m benchmarks.retrieval.sets --data DIR [--queries N] [--only NAME,..] [--cache DIR]

A set is a folder of BEIR's form, at any depth under DIR. It is measured as `ragkb eval retrieval` does. --cache keeps
the knowledge bases, so that a second run only searches. --queries takes about N of a set's queries, evenly spread.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ragkb.eval.retrieval import LEGS, Suite, measure, read_suite
from ragkb.kb import KnowledgeBase
from ragkb.settings import Settings

MEASURE = "ndcg@10"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--cache", type=Path)
    given = parser.parse_args()
    wanted = [name for name in given.only.split(",") if name]
    settings = Settings.load()
    print(
        f"{MEASURE:16}" + "".join(f"{leg:>9}" for leg in LEGS) + f"{'lost':>8}{'queries':>9}{'docs/s':>8}{'p50 ms':>8}"
    )
    for folder in sets(given.data):
        name = folder.relative_to(given.data).as_posix()
        if wanted and name not in wanted:
            continue
        with opened(given.cache and given.cache / name.replace("/", "-"), settings) as kb:
            print(line(name, kb, sample(read_suite(folder), given.queries), settings), flush=True)


def sets(data: Path) -> list[Path]:
    """The folders under `data` that hold a set, by name."""
    return sorted(path.parent for path in data.rglob("qrels.tsv") if (path.parent / "corpus.jsonl").is_file())


def sample(suite: Suite, queries: int) -> Suite:
    """The suite with about so many of its queries, evenly spread; with all if 0."""
    step = max(1, len(suite.queries) // queries) if queries else 1
    return replace(suite, queries=dict(list(suite.queries.items())[::step]))


def line(name: str, kb: KnowledgeBase, suite: Suite, settings: Settings) -> str:
    """lost: how much the hybrid search lies under the better leg, 0 if it lies above."""
    summary = measure(kb, suite, settings.limits.k).summary
    legs = [summary["legs"][leg][MEASURE] for leg in LEGS]
    lost = max(0.0, max(legs[:-1]) - legs[-1])
    rate, median = summary["documents_per_second"], summary["query_ms"]["p50"]
    figures = "".join(f"{value:9.4f}" for value in legs)
    return f"{name:16}{figures}{lost:8.4f}{summary['queries']:9}{rate:8.0f}{median:8.1f}"


@contextmanager
def opened(kept: Path | None, settings: Settings) -> Iterator[KnowledgeBase]:
    """The knowledge base in `kept`, or one that is gone afterwards."""
    with (
        TemporaryDirectory(prefix="ragkb-sets-") as made,
        KnowledgeBase.open(kept or Path(made) / "kb", settings=settings) as kb,
    ):
        yield kb


if __name__ == "__main__":
    main()

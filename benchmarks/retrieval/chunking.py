"""How documents are cut: our structure and windows of fixed size, each with and without overlap, in several sizes.

    python -m benchmarks.retrieval.chunking --data DIR [--only NAME,..] [--characters N] [--papers N]

DIR/chroma_chunking: 472 questions over five long texts with the exact ranges that answer them (Smith and Troynikov,
"Evaluating Chunking Strategies for Retrieval", Chroma 2024). Of the first five hits: recall is the share of the marked
characters that they hold, precision the share of their characters that is marked, each character counted once, IoU both
together; the mean over all questions. DIR/covidqa: nDCG@10 of papers, of the hybrid search and of each leg. "ragkb
200/50": cut by our structure at 150 tokens, each chunk begun up to 50 before. Texts go up to --characters (0: whole),
and about --papers of the papers (0: none), with the questions that these answer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from ragkb import KnowledgeBase, NewDocument, Principal
from ragkb.eval.measures import ndcg
from ragkb.eval.retrieval import LEGS, Leg, RememberedQuery, read_suite
from ragkb.ingest import pipeline
from ragkb.models import Embedder, load_embedder
from ragkb.settings import ChunkSettings, Settings
from ragkb.types import Chunk, Draft

HITS = 5
SIZES = ((100, 0), (100, 25), (150, 0), (200, 0), (200, 50), (200, 100), (250, 0), (250, 60), (400, 0), (400, 100))
WINDOWS = ((100, 0), (200, 0), (200, 50), (400, 0), (400, 100), (800, 0), (800, 200))
Range = tuple[int, int]
Cut = Callable[[Draft, str, Callable[[str], int], ChunkSettings], list[Chunk]]


@dataclass(frozen=True, slots=True)
class Way:
    """A way of cutting. tokens: of a chunk at most, `overlap` of them with the one before. structure: in our way."""

    tokens: int
    overlap: int = 0
    structure: bool = True

    @property
    def name(self) -> str:
        return f"{'ragkb' if self.structure else 'window'} {self.tokens}/{self.overlap}"


@dataclass(frozen=True, slots=True)
class Question:
    """ranges: that answer it, in the text `source`."""

    text: str
    source: str
    ranges: tuple[Range, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", default="", help="names of ways: 'ragkb 200/0,window 400/0'")
    parser.add_argument("--characters", type=int, default=60_000)
    parser.add_argument("--papers", type=int, default=12)
    given = parser.parse_args()
    every = [*(Way(*size) for size in SIZES), *(Way(*size, structure=False) for size in WINDOWS)]
    chosen = [way for way in every if not given.only or way.name in given.only.split(",")]
    embedder = RememberedQuery(load_embedder("minilm"))
    print("way             chunks  recall  precision    IoU   covidqa nDCG@10: lexical  dense  hybrid", flush=True)
    for way in chosen:
        with opened(way, embedder) as kb:
            chunks, marks = on_ranges(kb, given.data / "chroma_chunking", given.characters)
        papers = "-"
        if given.papers:
            with opened(way, embedder) as kb:
                legs = on_papers(kb, given.data / "covidqa", given.papers)
                papers = f"{legs['lexical']:.3f}  {legs['dense']:.3f}   {legs['hybrid']:.3f}"
        print(f"{way.name:15} {chunks:6} {marks[0]:7.3f} {marks[1]:10.3f} {marks[2]:6.3f} {papers:>41}", flush=True)


def on_ranges(kb: KnowledgeBase, folder: Path, most: int) -> tuple[int, list[float]]:
    """(chunks, means of recall, precision and IoU). most: characters of each text, 0 for all."""
    texts = {row["_id"]: row["text"][: most or None] for row in rows(folder / "corpus.jsonl")}
    kb.add(NewDocument(source, text, title=source) for source, text in texts.items())
    asked = [one for one in questions(folder) if all(end <= len(texts[one.source]) for _, end in one.ranges)]
    marks = [marks_of(one, found(kb, one)) for one in asked]
    return kb.status().chunks, [sum(column) / len(marks) for column in zip(*marks, strict=True)]


def on_papers(kb: KnowledgeBase, folder: Path, papers: int) -> dict[Leg, float]:
    """nDCG@10 by leg, over about so many of the papers."""
    suite = read_suite(folder)
    kept = list(suite.documents)[:: max(1, len(suite.documents) // papers)]
    kb.add(NewDocument(one, suite.documents[one][1], title=suite.documents[one][0]) for one in kept)
    asked = [query for query in suite.queries if not suite.grades[query].keys().isdisjoint(kept)]
    out: dict[Leg, float] = {}
    for leg in LEGS:
        ranked = [_papers(kb, suite.queries[query], leg) for query in asked]
        out[leg] = sum(ndcg(one, suite.grades[q], 10) for one, q in zip(ranked, asked, strict=True)) / len(asked)
    return out


def _papers(kb: KnowledgeBase, query: str, leg: Leg) -> list[str]:
    hits = kb.search(query, k=50, as_=Principal.admin(), leg=leg)
    return list(dict.fromkeys(hit.source for hit in hits))


def found(kb: KnowledgeBase, one: Question) -> list[Range]:
    """Ranges of the first hits, of all texts, that lie in the question's own; those of others count by their length."""
    hits = kb.search(one.text, k=HITS, as_=Principal.admin())
    return [(hit.start, hit.end) if hit.source == one.source else (-hit.end, -hit.start) for hit in hits]


def marks_of(one: Question, ranges: Sequence[Range]) -> tuple[float, float, float]:
    """Recall, precision and IoU of the ranges, in characters."""
    wanted = {place for start, end in one.ranges for place in range(start, end)}
    held = {place for start, end in ranges for place in range(start, end)}
    both = len(wanted & held)
    return both / len(wanted), both / max(1, len(held)), both / max(1, len(wanted | held))


def questions(folder: Path) -> list[Question]:
    return [
        Question(row["text"], row["corpus_id"], tuple((start, end) for start, end in row["references"]))
        for row in rows(folder / "queries.jsonl")
    ]


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@contextmanager
def opened(way: Way, embedder: Embedder) -> Iterator[KnowledgeBase]:
    """An empty knowledge base that cuts in that way."""
    ours = pipeline.chunk
    settings = Settings(chunk=ChunkSettings(tokens=way.tokens - way.overlap if way.structure else way.tokens))
    with TemporaryDirectory(prefix="ragkb-chunking-") as made:
        pipeline.chunk = begun_before(way.overlap) if way.structure else windows(way.tokens, way.overlap)
        try:
            with KnowledgeBase.open(Path(made) / "kb", settings=settings, embedder=embedder) as kb:
                yield kb
        finally:
            pipeline.chunk = ours


def begun_before(overlap: int) -> Cut:
    """Our chunks, each begun up to so many tokens before, at the beginning of a word and not before the last chunk."""
    if not overlap:
        return pipeline.chunk
    tokenizer = load_embedder("minilm")._counter  # type: ignore[attr-defined]
    ours = pipeline.chunk

    def cut(draft: Draft, title: str, count: Callable[[str], int], settings: ChunkSettings) -> list[Chunk]:
        chunks = ours(draft, title, count, settings)
        out = chunks[:1]
        for before, one in pairwise(chunks):
            places = tokenizer.encode(draft.text[before.start : one.start], add_special_tokens=False).offsets
            start = before.start + places[max(0, len(places) - overlap)][0] if places else one.start
            out.append(replace(one, start=start, text=draft.text[start : one.end]))
        return out

    return cut


def windows(tokens: int, overlap: int) -> Cut:
    """Windows of so many tokens, each beginning so many before the end of the last, with the title as their context."""
    tokenizer = load_embedder("minilm")._counter  # type: ignore[attr-defined]

    def cut(draft: Draft, title: str, count: Callable[[str], int], settings: ChunkSettings) -> list[Chunk]:
        places = tokenizer.encode(draft.text, add_special_tokens=False).offsets
        out = []
        for first in range(0, max(1, len(places) - overlap), tokens - overlap):
            start, end = places[first][0], places[min(first + tokens, len(places)) - 1][1]
            out.append(Chunk(start, end, None, (), title, draft.text[start:end]))
        return out

    return cut


if __name__ == "__main__":
    main()

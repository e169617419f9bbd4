"""What the scale benchmarks store: real chunks with their real embeddings, repeated with variation up to any number.

The real ones are the chunks of `sample_corpus` and, with a data folder, of SciFact's abstracts. A repetition has the
vector plus Gaussian noise of length NOISE, normalised again (its cosine to the original is about .93), and the text
without a random tenth of its words, plus one word of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.store import chunks, documents, embeddings
from ragkb.store.records import Entry
from ragkb.store.store import Store
from ragkb.types import Chunk

ROOT = Path(__file__).parents[2]
NOISE = 0.4
PER_DOCUMENT = 10  # chunks
GROUPS = 100  # document n is for the group g{n % GROUPS}: each sees 1 %
TOPIC = "topic"  # this group sees 1 % too: the documents about the first hundredth of the real chunks


@dataclass(frozen=True, slots=True)
class Base:
    """The real chunks. vectors: float16, shape (len(texts), dim). questions: with their vectors, float32."""

    texts: list[str]
    vectors: NDArray[np.float16]
    questions: list[str]
    asked: NDArray[np.float32]


def load(embedder: Embedder, cache: Path, data: Path | None) -> Base:
    """Reads, cuts and embeds what is real; a second call finds it in the folder `cache`."""
    held = cache / ("base-scifact" if data else "base")
    kb = KnowledgeBase.open(held, embedder=embedder)
    kb.ingest(ROOT / "sample_corpus")
    questions = [row["question"] for row in _rows(ROOT / "sample_corpus" / "questions.jsonl")]
    if data:
        abstracts = _rows(data / "scifact" / "corpus.jsonl")
        kb.add([NewDocument(f"scifact/{row['_id']}", row["text"], row["title"]) for row in abstracts])
        questions += [row["text"] for row in _rows(data / "scifact" / "queries.jsonl")]
    kb.close()
    store = Store.open(held)
    with store.catalogue.read() as at:
        texts = {
            number: f"{context}\n{one.text[start:end]}"
            for one in documents.texts(at)
            for number, start, end, context in chunks.spans(at, one.number)
        }
        vectors = dict(embeddings.vectors(at, store.embedder))
    store.close()
    questions = [questions[i] for i in np.random.default_rng(0).permutation(len(questions))]
    return Base(
        [texts[number] for number in vectors],
        np.stack(list(vectors.values())),
        questions,
        embedder.embed(questions, query=True),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def vectors(base: Base, first: int, count: int) -> NDArray[np.float16]:
    """The vectors of the chunks `first` to `first + count`, the same at every call if `first` is."""
    noise = np.random.default_rng(first).standard_normal((count, base.vectors.shape[1]), np.float32)
    noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
    out = base.vectors[np.arange(first, first + count) % len(base.texts)].astype(np.float32)
    if first + count > len(base.texts):
        out += noise
    return (out / np.linalg.norm(out, axis=1, keepdims=True)).astype(np.float16)


def entries(base: Base, first: int, count: int) -> Iterator[Entry]:
    """Documents that hold the chunks `first` to `first + count`; both are multiples of PER_DOCUMENT."""
    rows = vectors(base, first, count)
    random = np.random.default_rng(first)
    for start in range(first, first + count, PER_DOCUMENT):
        texts = [_varied(base.texts[i % len(base.texts)], i, random) for i in range(start, start + PER_DOCUMENT)]
        yield _entry(start, texts, groups(base, start), rows[start - first : start - first + PER_DOCUMENT])


def groups(base: Base, start: int) -> tuple[str, ...]:
    """Who sees the document whose first chunk is `start`."""
    own = f"g{start // PER_DOCUMENT % GROUPS}"
    return (own, TOPIC) if start % len(base.texts) < len(base.texts) // 100 else (own,)


def _varied(text: str, number: int, random: np.random.Generator) -> str:
    words = text.split()
    kept = random.random(len(words)) >= 0.1
    return " ".join([*(word for word, keep in zip(words, kept, strict=True) if keep), f"copy{number}"])


def _name(number: int) -> str:
    """In letters, since documents whose names differ in numbers alone are taken for versions of each other."""
    return "".join("bdfgklmnpr"[int(digit)] for digit in str(number))


def _entry(start: int, texts: list[str], who: tuple[str, ...], rows: NDArray[np.float16]) -> Entry:
    ends = np.cumsum([len(text) + 1 for text in texts]).tolist()
    begins = [0, *ends[:-1]]
    chunks = tuple(Chunk(b, b + len(t), None, (), "", t) for b, t in zip(begins, texts, strict=True))
    return Entry(
        root="",
        source=_name(start),
        title=f"Document {_name(start)}",
        text="\n".join(texts),
        groups=who,
        metadata={},
        media_type="text/plain",
        language="en",
        sha256=f"{start:064x}",
        size=0,
        mtime_ns=0,
        fingerprint="scale",
        page_starts=(),
        headings=(),
        tables=(),
        chunks=chunks,
        digests=tuple((start + i).to_bytes(16, "big") for i in range(len(texts))),
        vectors=rows,
        ingested_at="2026-01-01T00:00:00+00:00",
    )

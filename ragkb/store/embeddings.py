"""The embeddings in the catalogue: float16, keyed by the hash of their text and the model that made them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ragkb.errors import StorageError
from ragkb.store import meta, models

SAMPLE, LEAST_SAMPLE = 512, 32  # chunks
TENTH = 1.2816  # standard deviations from the tenth percentile of a normal distribution to its median


def held(at: sqlite3.Connection, digests: Iterable[bytes], model: str) -> dict[bytes, NDArray[np.float16]]:
    """The stored vectors among `digests`."""
    out = {}
    for digest in digests:
        query = "SELECT vector FROM embeddings WHERE digest = ? AND model = ?"
        if row := at.execute(query, (digest, model)).fetchone():
            out[digest] = np.frombuffer(row[0], "<f2")
    return out


def vectors(at: sqlite3.Connection, model: str) -> Iterator[tuple[int, NDArray[np.float16]]]:
    """(chunk number, vector) of every chunk, by number. Raises StorageError if one has none."""
    query = """SELECT c.number, e.vector FROM chunks c LEFT JOIN embeddings e ON e.digest = c.digest AND e.model = ?
               ORDER BY c.number"""
    for number, vector in at.execute(query, (model,)):
        if vector is None:
            raise StorageError(f"chunk {number} has no embedding", "ingest its document again")
        yield number, np.frombuffer(vector, "<f2")


def blocks(at: sqlite3.Connection, model: str, rows: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
    """`vectors` in arrays of `rows` rows: chunk numbers, vectors."""
    pairs = vectors(at, model)
    while block := list(islice(pairs, rows)):
        yield np.array([number for number, _ in block], np.int64), np.stack([vector for _, vector in block])


_LACKING = "NOT EXISTS (SELECT 1 FROM embeddings e WHERE e.digest = c.digest AND e.model = ?)"


def counts(at: sqlite3.Connection, model: str) -> tuple[int, int]:
    """(distinct texts of chunks that have a vector of the model, distinct texts of chunks)."""
    needed = at.execute("SELECT count(DISTINCT digest) FROM chunks").fetchone()[0]
    lacking = at.execute(f"SELECT count(DISTINCT digest) FROM chunks c WHERE {_LACKING}", (model,)).fetchone()[0]
    return needed - lacking, needed


def next_lacking(at: sqlite3.Connection, model: str, after: int) -> int | None:
    """The number of the next document after that number with a chunk that has no vector of the model."""
    query = f"SELECT document FROM chunks c WHERE document > ? AND {_LACKING} ORDER BY document LIMIT 1"
    row = at.execute(query, (after, model)).fetchone()
    return int(row[0]) if row else None


def lacking(at: sqlite3.Connection, model: str, document: int) -> list[tuple[bytes, str, int, int]]:
    """(digest, context, start, end) of the chunks of a document without a vector of the model, each digest once."""
    query = f"SELECT digest, context, start, end FROM chunks c WHERE document = ? AND {_LACKING} GROUP BY digest"
    return at.execute(query, (document, model)).fetchall()


def centroid(at: sqlite3.Connection, identity: str, model: str) -> NDArray[np.float32]:
    """The mean of the vectors of a document's chunks, of unit length. Raises StorageError if it has none."""
    query = """SELECT e.vector FROM documents d JOIN chunks c ON c.document = d.number
               JOIN embeddings e ON e.digest = c.digest AND e.model = ? WHERE d.id = ? ORDER BY c.number"""
    held = [np.frombuffer(row[0], "<f2").astype(np.float32) for row in at.execute(query, (model, identity))]
    if not held:
        raise StorageError(f"document {identity!r} has no embeddings", "ingest it again")
    mean = np.mean(held, axis=0, dtype=np.float32)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


def background(at: sqlite3.Connection, model: str) -> float:
    """The cosine that chunks have which have nothing to do with each other, 0 if there are fewer than LEAST_SAMPLE.

    One standard deviation above the median of all pairs of SAMPLE chunks. The deviation is that of the lower half,
    from the tenth percentile: pairs on one subject, or in a language that the embedder cannot read, make the upper half
    long. The sample is that of the lowest hashes: random, and the same for the same texts.
    """
    rows = at.execute("SELECT vector FROM embeddings WHERE model = ? ORDER BY digest LIMIT ?", (model, SAMPLE))
    sample = [np.frombuffer(row[0], "<f2").astype(np.float32) for row in rows]
    if len(sample) < LEAST_SAMPLE:
        return 0.0
    cosines = np.stack(sample) @ np.stack(sample).T
    low, middle = np.percentile(cosines[np.triu_indices(len(sample), 1)], (10, 50))
    return round(float(np.clip(middle + (middle - low) / TENTH, 0, 0.99)), 3)


def forget(at: sqlite3.Connection) -> None:
    """Drops what only deleted documents needed: their embeddings and the record that they were removed.
    The embeddings of models that are not in force go as well.

    subtle: readers of an older generation notice by `forgotten` that they have to load the snapshot anew.
    """
    at.execute("DELETE FROM embeddings WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.digest = embeddings.digest)")
    models.forget(at)
    at.execute("DELETE FROM removed")
    meta.put(at, "forgotten", meta.generation(at))

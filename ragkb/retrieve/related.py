"""Documents like a given one: near its meaning, and with its most telling words."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ragkb.models import Embedder
from ragkb.retrieve.fusion import above, convex, share
from ragkb.retrieve.search import LEAST_READABLE
from ragkb.settings import SearchSettings
from ragkb.store.reader import Reader
from ragkb.text.tokens import Word, query_words
from ragkb.types import Principal, Related

SAMPLE = 20_000  # characters of the document that its words are taken from
TERMS = 32  # of its most telling words


def related(
    reader: Reader, embedder: Embedder, identity: str, k: int, as_: Principal, settings: SearchSettings
) -> list[Related]:
    """Up to k other documents that `as_` may read, nearest first; ties by source. Raises NotFound.

    The document is represented by the mean of its chunks' embeddings (Rocchio's centroid) and by its TERMS words of the
    greatest tf-idf; both legs are fused as in a search, and a document counts as its best chunk does.
    """
    document = reader.document(identity, as_)
    visible = reader.visible(as_)
    candidates = max(settings.candidates, 10 * k) + document.info.chunks
    readable = embedder.readable(document.text[:2000])
    weight = settings.dense_weight * readable if readable >= LEAST_READABLE else 0.0
    words = _telling(reader, document.text[:SAMPLE], as_)
    dense = {}
    if weight:
        centroid = reader.centroid(identity)
        dense = above(reader.dense(centroid, candidates, visible), reader.background())
    lexical = share(reader.lexical(words, candidates, as_, visible), reader.most(words))
    ranked = convex(dense, lexical, weight)
    rows = reader.chunks([number for number, _, _ in ranked])
    best: dict[str, float] = {}
    for number, score, _ in ranked:
        if number in rows and rows[number].document_id != identity:
            best.setdefault(rows[number].document_id, score)
    nearest = sorted(best, key=lambda one: -best[one])[: 2 * k]
    found = [Related(reader.info(one, as_), round(best[one], 6)) for one in nearest]
    return sorted(found, key=lambda one: (-one.score, one.document.source))[:k]


def _telling(reader: Reader, text: str, as_: Principal) -> dict[Word, float]:
    """The TERMS words of greatest tf-idf, each with weight 1."""
    counts = Counter(word for word in query_words(text, reader.languages) if len(word[0]) > 1)
    rarity = reader.rarity(as_)
    often = [word for word, _ in counts.most_common(8 * TERMS)]
    weights = {word: float(np.log1p(counts[word])) * rarity(word[0]) for word in often}
    return dict.fromkeys(sorted(weights, key=lambda word: (-weights[word], word))[:TERMS], 1.0)

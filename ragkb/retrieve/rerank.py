"""The best of the fusion in the order of a reranker, as far as the time goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ragkb import stop
from ragkb.models.reranker import Reranker
from ragkb.settings import SearchSettings
from ragkb.types import Explain

Ranked = Sequence[tuple[int, float, Explain]]
AT_ONCE = 4  # texts of one run; the time is looked at between two


def reranked(
    ranked: Ranked, query: str, text_of: Callable[[int], str], reranker: Reranker, settings: SearchSettings
) -> tuple[Ranked, str]:
    """`ranked` with its first `settings.rerank_top` by the reranker, ties as they were, and what to say of it.

    Texts are scored in the order of `ranked`. After `settings.rerank_ms` milliseconds those that were not scored yet
    follow in the order they had. The scores of the fusion are dealt out anew, best first; a text's own stands in
    `explain.score`, the reranker's in `explain.rerank`.
    """
    head = ranked[: settings.rerank_top]
    until = time.perf_counter() + settings.rerank_ms / 1000
    scores: list[float] = []
    while len(scores) < len(head) and (not scores or time.perf_counter() < until):
        stop.check()
        texts = [text_of(number) for number, _, _ in head[len(scores) : len(scores) + AT_ONCE]]
        scores += reranker.scores(query, texts)
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    late = f"search.rerank_ms was over: the first {len(scores)} of {len(head)} were reranked"
    best = [
        (head[old][0], head[new][1], replace(head[old][2], score=round(head[old][1], 6), rerank=round(scores[old], 6)))
        for new, old in enumerate(order)
    ]
    return [*best, *ranked[len(best) :]], late if len(scores) < len(head) else ""

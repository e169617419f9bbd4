"""Bugs put into search and answers on purpose, each as a person could write it; a nightly run has to notice them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.evaluation.swap import Bug, both, swapped
from ragkb.answer.generator import Span
from ragkb.answer.sources import Sources
from ragkb.answer.support.scorer import BuiltinScorer
from ragkb.kb import KnowledgeBase
from ragkb.retrieve import search
from ragkb.settings import Settings
from ragkb.store.reader import Reader
from ragkb.store.snapshot import Snapshot
from ragkb.types import Citation, Hit, Principal


def dense_leg_off() -> Any:
    """The dense leg finds nothing."""
    return swapped(Reader, "dense", lambda kept: lambda self, *arguments, **named: [])


def lexical_leg_off() -> Any:
    """The lexical leg finds nothing."""
    return swapped(Reader, "lexical", lambda kept: lambda self, *arguments, **named: [])


def dense_leg_unheard() -> Any:
    """The dense leg works, but the fusion never asks it."""

    def weight(kept: Callable[..., float]) -> Callable[..., float]:
        return lambda leg, *rest: kept(leg, *rest) if leg != "hybrid" else 0.0

    return swapped(search, "dense_weight", weight)


def weight_turned_round() -> Any:
    """The fusion gives each leg the weight of the other."""

    def weight(kept: Callable[..., float]) -> Callable[..., float]:
        return lambda leg, *rest: kept(leg, *rest) if leg != "hybrid" else 1.0 - kept(leg, *rest)

    return swapped(search, "dense_weight", weight)


def offsets_shifted() -> Any:
    """Citations name a place one character further on."""

    def cite(kept: Callable[..., Citation]) -> Callable[..., Citation]:
        def shifted(self: Sources, *arguments: Any) -> Citation:
            right = kept(self, *arguments)
            return replace(right, start=right.start + 1, end=right.end + 1)

        return shifted

    return swapped(Sources, "cite", cite)


def not_narrowed() -> Any:
    """Citations quote the whole passage instead of the sentence."""

    def cite(kept: Callable[..., Citation]) -> Callable[..., Citation]:
        def whole(self: Sources, n: int, span: Span) -> Citation:
            hit = span.passage.hit
            return kept(self, n, Span(span.passage, hit.start, hit.end))

        return whole

    return swapped(Sources, "cite", cite)


def groups_ignored() -> Any:
    """A search sees what any group may read."""

    def visible(kept: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, at, as_, where=None: kept(self, at, Principal.admin(), where)

    return swapped(Snapshot, "visible", visible)


def stale_index(share: float = 0.8) -> Bug:
    """The indexes never got the last documents: those with the highest chunk numbers."""

    def old(kept: Callable[..., Sequence[tuple[int, float]]]) -> Callable[..., Sequence[tuple[int, float]]]:
        def found(self: Reader, *arguments: Any) -> Sequence[tuple[int, float]]:
            (newest,) = self.at.execute("SELECT MAX(number) FROM chunks").fetchone()
            return [one for one in kept(self, *arguments) if one[0] <= share * newest]

        return found

    return lambda: both(swapped(Reader, "dense", old), swapped(Reader, "lexical", old))


def best_hit_lost() -> Any:
    """A slice begins at 1: the best hit of every search is lost."""
    return swapped(search, "marked", lambda kept: lambda hits, said: kept(hits, said)[1:])


def versions_ignored() -> Any:
    """An older version of a document stands wherever its words put it."""

    def plain(kept: Callable[..., list[Hit]]) -> Callable[..., list[Hit]]:
        return lambda hits, said: list(hits)

    return swapped(search, "marked", plain)


def names_ignored() -> Any:
    """Questions are not led to the documents that they name."""
    return swapped(search, "routed", lambda kept: lambda reader, text, *rest: search.unrouted(text))


def history_lost() -> Any:
    """A follow-up is read as if nothing had been said before."""

    def forgetful(kept: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, question, **named: kept(self, question, **{**named, "history": ()})

    return swapped(KnowledgeBase, "ask", forgetful)


@contextmanager
def all_supported() -> Iterator[None]:
    """The scorer finds everything well supported."""
    whole = swapped(BuiltinScorer, "score_answer", lambda kept: lambda self, claims, *rest: ([1.0] * len(claims), 1.0))
    with whole, swapped(BuiltinScorer, "score", lambda kept: lambda self, claims, *rest: [1.0] * len(claims)):
        yield


def threshold_halved(settings: Settings) -> Settings:
    """Half as sure is sure enough."""
    return settings.model_copy(
        update={"answer": settings.answer.model_copy(update={"threshold": settings.answer.threshold / 2})}
    )


def few_passages(settings: Settings) -> Settings:
    """Two passages are read instead of eight."""
    return settings.model_copy(update={"answer": settings.answer.model_copy(update={"passages": 2})})


BUGS: dict[str, Bug] = {
    "dense leg off": dense_leg_off,
    "lexical leg off": lexical_leg_off,
    "dense leg never fused": dense_leg_unheard,
    "offsets shifted by one": offsets_shifted,
    "groups ignored": groups_ignored,
    "stale index": stale_index(),
}
"""Those that a small suite sees as well; tests seed them."""

SUBTLE: dict[str, Bug] = {
    "weights of the legs swapped": weight_turned_round,
    "best hit lost": best_hit_lost,
    "citations not narrowed": not_narrowed,
    "names of documents ignored": names_ignored,
    "older versions not put back": versions_ignored,
    "history lost": history_lost,
    "everything is supported": all_supported,
}
SETTINGS: dict[str, Callable[[Settings], Settings]] = {
    "threshold halved": threshold_halved,
    "two passages read": few_passages,
}

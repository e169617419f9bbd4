"""Bugs put into the product on purpose, each as one a person could write; a nightly run has to notice every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ragkb.answer.sources import Sources
from ragkb.retrieve import search
from ragkb.settings import Settings
from ragkb.store.reader import Reader
from ragkb.store.snapshot import Snapshot
from ragkb.types import Citation, Principal

Bug = Callable[[], Any]
"""A context manager within which the bug is there."""


@contextmanager
def _swapped(owner: Any, name: str, broken: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """`owner.name` replaced by what `broken` makes of it."""
    kept = getattr(owner, name)
    setattr(owner, name, broken(kept))
    try:
        yield
    finally:
        setattr(owner, name, kept)


def dense_leg_off() -> Any:
    """The dense leg finds nothing."""
    return _swapped(Reader, "dense", lambda kept: lambda self, *arguments, **named: [])


def lexical_leg_off() -> Any:
    """The lexical leg finds nothing."""
    return _swapped(Reader, "lexical", lambda kept: lambda self, *arguments, **named: [])


def dense_leg_unheard() -> Any:
    """The dense leg works, but the fusion never asks it."""

    def weight(kept: Callable[..., float]) -> Callable[..., float]:
        return lambda query, *rest: kept(query, *rest) if query.leg != "hybrid" else 0.0

    return _swapped(search, "dense_weight", weight)


def offsets_shifted() -> Any:
    """Citations name a place one character further on."""

    def cite(kept: Callable[..., Citation]) -> Callable[..., Citation]:
        def shifted(self: Sources, *arguments: Any) -> Citation:
            right = kept(self, *arguments)
            return replace(right, start=right.start + 1, end=right.end + 1)

        return shifted

    return _swapped(Sources, "cite", cite)


def groups_ignored() -> Any:
    """A search sees what any group may read."""

    def visible(kept: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, at, as_, where=None: kept(self, at, Principal.admin(), where)

    return _swapped(Snapshot, "visible", visible)


def stale_index(share: float = 0.8) -> Callable[[], Any]:
    """The indexes never got the last documents: those with the highest chunk numbers."""

    def old(kept: Callable[..., Sequence[tuple[int, float]]]) -> Callable[..., Sequence[tuple[int, float]]]:
        def found(self: Reader, *arguments: Any) -> Sequence[tuple[int, float]]:
            (newest,) = self.at.execute("SELECT MAX(number) FROM chunks").fetchone()
            return [one for one in kept(self, *arguments) if one[0] <= share * newest]

        return found

    @contextmanager
    def both() -> Iterator[None]:
        with _swapped(Reader, "dense", old), _swapped(Reader, "lexical", old):
            yield

    return both


def threshold_halved(settings: Settings) -> Settings:
    """Half as sure is sure enough."""
    return settings.model_copy(
        update={"answer": settings.answer.model_copy(update={"threshold": settings.answer.threshold / 2})}
    )


def context_lost(settings: Settings) -> Settings:
    """Chunks are indexed without title, headings and table header."""
    return settings.model_copy(update={"chunk": settings.chunk.model_copy(update={"context_tokens": 0})})


BUGS: dict[str, Bug] = {
    "dense leg off": dense_leg_off,
    "lexical leg off": lexical_leg_off,
    "dense leg never fused": dense_leg_unheard,
    "offsets shifted by one": offsets_shifted,
    "groups ignored": groups_ignored,
    "stale index": stale_index(),
}
SETTINGS: dict[str, Callable[[Settings], Settings]] = {
    "threshold halved": threshold_halved,
    "context of chunks lost": context_lost,
}

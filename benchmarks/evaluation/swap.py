"""How a bug is put in and taken out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

Bug = Callable[[], Any]
"""A context manager within which the bug is there."""


@contextmanager
def swapped(owner: Any, name: str, broken: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """`owner.name` replaced by what `broken` makes of it."""
    kept = getattr(owner, name)
    setattr(owner, name, broken(kept))
    try:
        yield
    finally:
        setattr(owner, name, kept)


@contextmanager
def both(*bugs: Any) -> Iterator[None]:
    """Several at once."""
    with ExitStack() as stack:
        for bug in bugs:
            stack.enter_context(bug)
        yield

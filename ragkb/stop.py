"""Asks work to stop whose result nobody waits for any more. Work looks at its own steps, so it stops between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_asked: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


class Stopped(Exception):
    """The work was asked to stop, and did."""


@contextmanager
def stoppable(asked: threading.Event) -> Iterator[None]:
    """What runs in here stops at its next step once `asked` is set."""
    token = _asked.set(asked)
    try:
        yield
    finally:
        _asked.reset(token)


def check() -> None:
    """Between two steps. Raises Stopped."""
    asked = _asked.get()
    if asked is not None and asked.is_set():
        raise Stopped

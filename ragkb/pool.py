"""Threads for a class or a module."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """Threads that start when they are needed, and anew in a forked process, which has none of its parent's threads.

    concurrent.futures alone would wait there for ever (servers that load an application before they fork).
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads, self._name = threads, name
        self._held = (0, ThreadPoolExecutor(1))  # of no process

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """What `work` will return or raise."""
        process, executor = self._held
        if process != os.getpid():
            executor = ThreadPoolExecutor(self._threads, self._name)
            self._held = os.getpid(), executor  # subtle: two at once make two, of which one is used for this call alone
        return executor.submit(work, *args, **kwargs)

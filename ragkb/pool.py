"""Threads for a class or a module."""

from __future__ import annotations

import os
import threading
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
        self._held: tuple[int, ThreadPoolExecutor, threading.Semaphore] | None = None  # and of which process

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """What `work` will return or raise."""
        return self._here()[0].submit(work, *args, **kwargs)

    def begin(self, work: Callable[[], T]) -> Callable[[], T]:
        """What returns, or raises, what `work` does, which is under way if a thread is free, else done when asked for.

        A thread that has to wait for another one gains nothing.
        """
        executor, free = self._here()
        if not free.acquire(blocking=False):
            return work
        future = executor.submit(work)
        future.add_done_callback(lambda _: free.release())
        return future.result

    def _here(self) -> tuple[ThreadPoolExecutor, threading.Semaphore]:
        held = self._held
        if held is None or held[0] != os.getpid():
            held = os.getpid(), ThreadPoolExecutor(self._threads, self._name), threading.Semaphore(self._threads)
            self._held = held  # subtle: two at once make two, of which one is used but once
        return held[1], held[2]

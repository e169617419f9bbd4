"""Server-sent events from something that works step by step in threads."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import Any, Generic, TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse

from ragkb.errors import RagkbError
from ragkb.server.service import Service

Event = TypeVar("Event")
HEARTBEAT = 10.0
"""Seconds of silence after which a comment is sent, so that no proxy takes the connection for dead."""
UNBUFFERED = {"x-accel-buffering": "no"}  # nginx would collect the events otherwise


def sse(data: Any, event: str = "") -> str:
    """One event. subtle: JSON holds no raw line break, so that one data line is enough."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data, ensure_ascii=False, allow_nan=False)}\n\n"


async def streamed(
    request: Request,
    served: Service,
    events: Callable[[], Iterator[Event]],
    told: Callable[[Event], Iterable[str]],
    failed: Callable[[Request, RagkbError], str],
    last: str = "",
) -> StreamingResponse:
    """A response of server-sent events. What `events` raises before it returns an iterator is an error as of any route.

    told: what is sent for an event. failed: for an error in the middle. last: what ends the stream if all went well.
    Each step runs in a reader's thread; when the client leaves, the step at hand is the last.
    """
    steps = _Steps(await served.read(events))

    async def body() -> AsyncIterator[str]:
        try:
            while True:
                work = asyncio.ensure_future(served.go_on(steps.next))
                try:
                    while not (await asyncio.wait({work}, timeout=HEARTBEAT))[0]:
                        yield ": still at work\n\n"
                    event = work.result()
                finally:
                    work.cancel()
                if event is None:
                    break
                for part in told(event):
                    yield part
        except RagkbError as error:
            yield failed(request, error)
            return
        finally:
            steps.leave()
        yield last

    return StreamingResponse(body(), media_type="text/event-stream", headers=UNBUFFERED)


class _Steps(Generic[Event]):
    """An iterator of which the one who waits may leave while a step runs in a thread; it is then closed after that."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._left = threading.Event()
        self._running = threading.Lock()

    def next(self) -> Event | None:
        """The next event; None at the end."""
        with self._running:
            event = None if self._left.is_set() else next(self._events, None)
        if self._left.is_set():
            self._close()
        return event

    def leave(self) -> None:
        """Nobody waits any more."""
        self._left.set()
        self._close()

    def _close(self) -> None:
        """Closes the iterator, unless a step runs: that closes it when it ends."""
        if isinstance(self._events, Generator) and self._running.acquire(blocking=False):
            try:
                self._events.close()
            finally:
                self._running.release()

"""Ends what nobody waits for: a request whose caller has left, or that takes too long."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragkb.server.problems import standard
from ragkb.server.service import Site

INGEST = "/v1/documents"
HEARD = "heard"
"""Of a request's state: whether the whole of it came."""


class Deadline:
    """Cancels a request when its caller leaves, and answers 504 when it takes too long.

    The time counts from the end of the body until the answer begins: how long a body may take, and how long an answer
    may lie there unread, is the connection's affair (protocol.py).
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = finished = gone = False
        limit = anyio.CancelScope()
        ears = _Ears(receive, limit, self._seconds(scope), scope.setdefault("state", {}))

        async def noted(message: Message) -> None:
            nonlocal begun, finished
            begun, limit.deadline = True, math.inf
            finished = message["type"] == "http.response.body" and not message.get("more_body")
            await send(message)

        async def watch() -> None:
            nonlocal gone
            await ears.gone()
            gone = True
            if not finished:
                limit.cancel()

        with limit:
            if not _has_body(scope):
                await ears.begin()
            watching = asyncio.ensure_future(watch())
            try:
                await self.app(scope, ears.receive, noted)
            finally:
                watching.cancel()
        if limit.cancelled_caught and not begun and not gone:
            await standard(504)(scope, receive, send)

    def _seconds(self, scope: Scope) -> float:
        server = self._site.settings.server
        upload = scope["method"] == "POST" and scope["path"].endswith(INGEST)
        return server.ingest_seconds if upload else server.handler_seconds


class _Ears:
    """Receives for the application, and goes on to listen when the body is complete."""

    def __init__(self, receive: Receive, limit: anyio.CancelScope, seconds: float, state: dict[str, Any]) -> None:
        self._receive, self._limit, self._seconds, self._state = receive, limit, seconds, state
        self._first: Message | None = None
        self._complete, self._left = asyncio.Event(), asyncio.Event()

    async def begin(self) -> None:
        """Takes the message of a request without a body: the application may never ask for it."""
        self._first = await self._next()

    async def receive(self) -> Message:
        """The next message, for the application."""
        if self._first is not None:
            message, self._first = self._first, None
            return message
        if self._complete.is_set():
            await self._left.wait()
            return {"type": "http.disconnect"}
        message = await self._next()
        if message["type"] == "http.disconnect":  # in the middle of the body: there is nothing to work on
            self._limit.cancel()
            await anyio.sleep(0)
        return message

    async def gone(self) -> None:
        """Returns when the caller has left, or has its whole answer."""
        await self._complete.wait()
        while not self._left.is_set():
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._left.set()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            if not self._complete.is_set():
                self._state[HEARD] = message["type"] != "http.disconnect"
                self._limit.deadline = anyio.current_time() + self._seconds
            self._complete.set()
        return message


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers

"""What stands around every route, outermost first: Guard, LocalOnly, Identify (tenants.py), BodyLimit."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragkb.server.address import is_loopback
from ragkb.server.identity import Caller
from ragkb.server.logs import cause, write
from ragkb.server.metrics import Metrics
from ragkb.server.problems import crashed, problem, standard
from ragkb.server.service import Site

UPLOAD = ("POST", "/v1/documents")
PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "authorization, content-type, x-api-key",
    "access-control-max-age": "600",
}
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """Gives each request an id, each response the security headers, a log line and a count; nothing raises past it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identity, started, status = secrets.token_hex(8), time.perf_counter(), 0
        scope.setdefault("state", {})["request_id"] = identity

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, {**HEADERS, "x-request-id": identity})
            await send(message)

        try:
            await self.app(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001  (the boundary: whatever it is, the caller gets the one shape)
            write(logging.ERROR, "error", id=identity, **cause(error))
            if not status:
                await crashed(identity)(scope, receive, dressed)
        finally:
            self._tell(scope, identity, status, time.perf_counter() - started)

    def _tell(self, scope: Scope, identity: str, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        status = status or 499  # stopped before it was answered
        self._metrics.request(scope["method"], route, status, seconds)
        milliseconds = round(seconds * 1000, 2)
        caller: Caller | None = scope["state"].get("caller")
        key = {"key": caller.key.id} if caller and caller.key else {}
        told = {"method": scope["method"], "route": route, "status": status, "ms": milliseconds}
        write(logging.INFO, "request", id=identity, **told, auth=caller.auth if caller else "none", **key)


def _dress(message: Message, headers: Mapping[str, str]) -> None:
    """Adds the headers that the route did not set itself."""
    given = MutableHeaders(scope=message)
    for name, value in headers.items():
        given.setdefault(name, value)


class LocalOnly:
    """Keeps web pages out that are not of this server, nor of `server.origins`.

    While callers have no keys, a page in the same machine's browser could reach a loopback server: by a form (its
    Origin tells) or by a name of its own that resolves to 127.0.0.1 (its Host tells). With keys only the Origin counts,
    since a proxy may know a caller by what their browser sends by itself.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and not is_loopback(_name(host)) and self._site.is_open:
            refused = problem(400, "bad_request", "this server answers to localhost alone", "name it localhost")
            await refused(scope, receive, send)
        elif origin is not None and origin in self._site.settings.server.origins:
            await self._shared(origin, headers, scope, receive, send)
        elif origin is not None and origin.partition("://")[2] != host:
            hint = "call it from a program; the operator can name this origin in server.origins"
            refused = problem(403, "forbidden", "requests of other web pages are refused", hint)
            await refused(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _shared(self, origin: str, headers: Headers, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a page of another origin that the operator named; its browser asks first what it may send."""
        allowed = {"access-control-allow-origin": origin, "vary": "origin"}
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers={**allowed, **PREFLIGHT})(scope, receive, send)
            return

        async def shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(message, {**allowed, "access-control-expose-headers": "x-request-id, retry-after"})
                MutableHeaders(scope=message)["cross-origin-resource-policy"] = "cross-origin"
            await send(message)

        await self.app(scope, receive, shared)


def _name(host: str) -> str:
    """The host of `host:port`."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


class BodyLimit:
    """Refuses a body over the limit: by its Content-Length before it is read, else as soon as it is passed."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        settings = self._site.settings
        limit = settings.server.body_bytes
        if scope["method"] == UPLOAD[0] and scope["path"].removeprefix(scope.get("root_path", "")) == UPLOAD[1]:
            limit += settings.limits.file_bytes  # the form around a file, or the fields beside a text, come on top
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal():
            await standard(400, {"connection": "close"})(scope, receive, send)
        elif int(length) > limit:
            await standard(413, {"connection": "close"})(scope, receive, send)
        else:
            await self.app(scope, _counting(receive, limit), send)


def _counting(receive: Receive, limit: int) -> Receive:
    """Receives until more than `limit` bytes have come; then raises what becomes a 413."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise HTTPException(413, headers={"connection": "close"})
        return message

    return counted

"""/mcp: there if the extra `mcp` is installed, else an error that says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ragkb.server.problems import Refused

PATH = "/mcp"


class Mcp:
    """The route. It is no part of the OpenAPI document: its protocol describes itself."""

    def __init__(self) -> None:
        self.route = Route(PATH, self, include_in_schema=False)
        self._app = None
        if find_spec("mcp"):
            from ragkb.server.mcp import OverHttp

            self._app = OverHttp()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the server runs."""
        if self._app is None:
            yield
            return
        async with self._app.running():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self.route  # which the log and the metrics name
        if self._app is None:
            raise Refused(404, "MCP is not installed here", "the operator can: pip install 'ragkb[mcp]'")
        await self._app(scope, receive, send)

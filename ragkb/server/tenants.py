"""Which knowledge base a request is for, and who sends it: found out before its body is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from ragkb.server.problems import standard
from ragkb.server.service import DEFAULT, Site

PREFIX = "/kb/"
PUBLIC = frozenset({"/", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics", "/favicon.ico"})
STATIC = "/static/"
"""What stands below says nothing about a knowledge base, so that everybody may have it."""


class Identify:
    """Notes the knowledge base (`state.kb`) and the caller (`state.caller`); 401 for a path that is not public,
    429 for who sends too many requests.

    `/kb/NAME/v1/..` is `/v1/..` of the knowledge base NAME.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name, path = _split(scope["path"])
        if name is not None:
            scope["root_path"] = f"{scope.get('root_path', '')}{PREFIX}{name}"
        state = scope.setdefault("state", {})
        state["kb"] = DEFAULT if name is None else name
        is_public = path in PUBLIC or path.startswith(STATIC)
        peer = (scope.get("client") or ("",))[0]
        caller = state["caller"] = await self._site.identify(state["kb"], Headers(scope=scope), peer)
        seconds = 0 if is_public else self._site.wait(state["kb"], caller, peer)
        if seconds:
            await standard(429, {"retry-after": str(seconds)})(scope, receive, send)
        elif caller is None and not is_public:
            await standard(401)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _split(path: str) -> tuple[str | None, str]:
    """(name of the knowledge base, or None; the path without it)."""
    if not path.startswith(PREFIX):
        return None, path
    name, slash, rest = path[len(PREFIX) :].partition("/")
    return name, f"{slash}{rest}"

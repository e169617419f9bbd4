"""Errors as OpenAI's clients read them, on the routes of that protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PATHS = ("/v1/chat/completions", "/v1/models")
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class OpenAIErrors:
    """Turns each error of these routes, whoever made it, into OpenAI's shape; 422 becomes its 400."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith(PATHS):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def turned(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and message["status"] >= 400:
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    status = start["status"]
                    made = json.dumps(as_openai(json.loads(body), status)).encode()
                    start["status"] = 400 if status == 422 else status
                    MutableHeaders(scope=start)["content-length"] = str(len(made))
                    await send(start)
                    await send({"type": "http.response.body", "body": made})

        await self.app(scope, receive, turned)


def as_openai(told: Mapping[str, Any], status: int) -> dict[str, Any]:
    """{"error": {"message", "type", "param", "code"}}, with the hint in the message."""
    error = told["error"]
    message = f"{error['message']} ({error['hint']})" if error["hint"] else error["message"]
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    code = "model_not_found" if status == 404 else error["type"]
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}

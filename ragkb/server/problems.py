"""One shape for every error: {"error": {"type", "message", "hint"}}."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ragkb.errors import Busy, InputError, RagkbError
from ragkb.render import error_json
from ragkb.server.logs import write

LONGEST = 500  # characters of a message: a caller's own input comes back in it
NAMES = {413: "content_too_large", 422: "unprocessable_content"}  # Python's own words for these change between versions
WORDS = {
    400: ("the request cannot be read", "see /docs for what this route takes"),
    401: ("this needs a key that is valid here", "send it as `Authorization: Bearer KEY`"),
    403: ("this is not the caller's to do", "ask with another key"),
    404: ("there is nothing at this path", "see /docs for the routes"),
    405: ("this path does not take that method", "see /docs for the routes"),
    408: ("the request did not come in time", "send it faster"),
    413: ("the body is too large", "send less; the operator can raise server.body_bytes and limits.file_bytes"),
    429: ("too many requests", "come back when Retry-After says"),
    503: ("the server cannot answer now", "come back in a moment"),
    504: ("it took too long", "ask for less, or come back later"),
}


class Refused(HTTPException):
    """A refusal with words of its own, where those of its status do not say enough."""

    def __init__(
        self, status: int, message: str = "", hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, headers=headers)
        self.message, self.hint = message, hint


def install(app: FastAPI) -> None:
    """Makes the application answer every error in the one shape."""
    app.add_exception_handler(RagkbError, ragkb_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid)


def problem(
    status: int, type: str, message: str, hint: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as a response; its message is one line, whatever a caller's own words in it were."""
    message = " ".join(message.split())
    return JSONResponse({"error": {"type": type, "message": message, "hint": hint}}, status, headers)


def standard(status: int, headers: Mapping[str, str] | None = None, message: str = "", hint: str = "") -> JSONResponse:
    """The error of a status, in its own words unless others are given; its type is the status' name."""
    if not message:
        message, hint = WORDS.get(status, (HTTPStatus(status).phrase.lower(), ""))
    headers = {"www-authenticate": "Bearer", **(headers or {})} if status == 401 else headers
    name = NAMES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "_"))
    return problem(status, name, message, hint, headers)


def crashed(request_id: str) -> JSONResponse:
    """What a caller sees of an error that nobody foresaw: where to look, and nothing else."""
    return problem(500, "internal_error", "the server failed", f"its log says why, under request {request_id}")


async def ragkb_error(request: Request, error: Exception) -> JSONResponse:
    """An error raised on purpose. The words of a 5xx name files of the server: they are logged, not sent."""
    raised = cast(RagkbError, error)
    headers = {"retry-after": "5"} if isinstance(raised, Busy) else None
    return JSONResponse(told(request, raised), raised.http_status, headers)


def told(request: Request, error: RagkbError) -> dict[str, Any]:
    """What a caller is told of an error; an operator finds in the log what they are not told."""
    if error.http_status < 500:
        return error_json(error)
    identity = request.state.request_id
    write(logging.ERROR, "error", id=identity, error=type(error).__name__, message=str(error))
    parts = {"StorageError": "the store cannot be read or written", "ModelError": "the model cannot be used"}
    message = parts.get(type(error).__name__, "the server failed")
    shown = {"message": message, "hint": f"the server's log says why, under request {identity}"}
    return {"error": {**error_json(error)["error"], **shown}}


async def http_error(request: Request, error: Exception) -> JSONResponse:
    """Unknown routes, wrong methods, bodies that cannot be read."""
    raised = cast(HTTPException, error)
    words = (raised.message, raised.hint) if isinstance(raised, Refused) else ()
    return standard(raised.status_code, raised.headers, *words)


async def invalid(request: Request, error: Exception) -> JSONResponse:
    """A body or parameter that does not fit."""
    message, hint = _described(cast(RequestValidationError, error).errors())
    return JSONResponse(error_json(InputError(message, hint)), InputError.http_status)


def _described(errors: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """(message, hint). What a validator wrote as `hint` in its context wins."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"the body is not JSON: {first['ctx']['error']}"[:LONGEST], "send one JSON object"
    if first["type"] in ("model_attributes_type", "model_type") or tuple(first["loc"]) == ("body",):
        hint = "send one JSON object with content-type: application/json"
        return (first["msg"], first["ctx"]["hint"]) if "hint" in first.get("ctx", {}) else ("no JSON object", hint)
    told = dict.fromkeys(f"{_place(error['loc'])}: {error['msg']}" for error in errors)
    hints = [error["ctx"]["hint"] for error in errors if "hint" in error.get("ctx", {})]
    return "; ".join(told)[:LONGEST], hints[0] if hints else "see /docs for the fields of this route"


def _place(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in loc[1:]) or str(loc[0])

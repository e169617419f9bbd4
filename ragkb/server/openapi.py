"""What the OpenAPI document says of every route alike: how callers show who they are, and what they may be told."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from fastapi import FastAPI

from ragkb.server.tenants import PUBLIC

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "a key, or a token of the identity provider"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "a key"},
}
FASTAPIS = ("HTTPValidationError", "ValidationError")  # shapes that FastAPI names and that no route of ours has
ALIKE = {
    "400": "The request cannot be read.",
    "401": "No key, or none that is valid here.",
    "429": "Too many requests; Retry-After says when to come back.",
    "503": "The store or the model cannot be used, or too many wait; Retry-After says when to come back.",
    "504": "It took too long.",
}
OF_BODIES = {"408": "The body did not come in time."}


def install(app: FastAPI) -> None:
    """Makes the application's document complete."""
    made = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            document["components"]["securitySchemes"] = SCHEMES
            for name in FASTAPIS:
                document["components"]["schemas"].pop(name, None)
            for path, operation in _operations(document):
                _complete(operation, path in PUBLIC)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _complete(operation: dict[str, Any], is_public: bool) -> None:
    """Adds the errors that any route may give, in the shape that this one's errors have."""
    responses = operation["responses"]
    if FASTAPIS[0] in str(responses.get("422")):
        del responses["422"]
    shape = next((one["content"] for status, one in responses.items() if status >= "400"), None)
    if shape is None:
        return
    alike = {} if is_public else dict(ALIKE)
    alike |= OF_BODIES if "requestBody" in operation else {}
    for status, words in alike.items():
        responses.setdefault(status, {"description": words, "content": deepcopy(shape)})
    if not is_public:
        operation["security"] = [{"bearer": []}, {"key": []}, {}]

"""GET /v1/admin/nightly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response

from ragkb.errors import NotFound, StorageError
from ragkb.server.service import Administrator, Served
from ragkb.server.shapes import problems

router = APIRouter(tags=["Administration"])
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
HTML = {"content": {"text/html": {"schema": {"type": "string"}}}}


@router.get(
    "/v1/admin/nightly",
    response_model=dict[str, Any],
    responses={200: {**HTML, "description": "what `ragkb eval nightly` wrote"}, **problems(401, 403, 404, 422, 503)},
)
async def nightly(
    served: Served,
    administrator: Administrator,
    format: Annotated[Literal["json", "html"], Query(description="html: the report as a page")] = "json",
) -> Response:
    """Returns the report of the last nightly evaluation."""
    path = served.kb.path / "nightly" / f"latest.{format}"
    if format == "html":
        return HTMLResponse(await served.read(lambda: _read(path)), headers={"content-security-policy": POLICY})
    return JSONResponse(await served.read(lambda: json.loads(_read(path))))


def _read(path: Path) -> str:
    """Raises NotFound, StorageError."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise NotFound("there is no nightly report yet", "`ragkb eval nightly` writes one") from None
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}", "check its permissions") from None

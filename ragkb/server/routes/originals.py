"""GET /v1/documents/{id}/original and /v1/documents/{id}/pages/{n}.png."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import quote as percent

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from ragkb.errors import InputError
from ragkb.ingest.pictures import LEAST_SCALE, MOST_QUOTED, MOST_SCALE
from ragkb.server.service import Asker, Served
from ragkb.server.shapes import problems
from ragkb.types import Original

router = APIRouter(tags=["Documents"])
PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "the page"}}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}, "description": "the file"}}


@router.get(
    "/v1/documents/{id}/pages/{n}.png", response_class=Response, responses={**PNG, **problems(401, 404, 413, 422, 503)}
)
async def page_picture(
    id: str,
    n: Annotated[int, Path(ge=1, le=1_000_000, description="the page, from 1")],
    served: Served,
    asker: Asker,
    quote: Annotated[str, Query(max_length=MOST_QUOTED, description="text to mark, as a citation's quote")] = "",
    start: Annotated[int | None, Query(ge=0, le=2**53, description="with `end`: the span of the text to mark")] = None,
    end: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    scale: Annotated[float, Query(ge=LEAST_SCALE, le=MOST_SCALE, description="pixels a point")] = 2.0,
) -> Response:
    """Draws a page of a PDF, with a quote marked where it stands.

    404 also for a document that has no pages to draw, or whose file was not kept (`original` is false).
    """
    if (start is None) != (end is None) or (quote and start is not None):
        raise InputError("start and end belong together, and without quote", "send start and end, or quote")
    span = (start, end) if start is not None and end is not None else None
    picture = await served.read(lambda: served.kb.page_picture(id, n, quote=quote, span=span, scale=scale, as_=asker))
    return Response(picture, media_type="image/png")


@router.get("/v1/documents/{id}/original", response_class=Response, responses={**FILE, **problems(401, 404, 422, 503)})
async def original(id: str, served: Served, asker: Asker) -> Response:
    """Downloads the file that a document was made of, if it was kept (`original` is true)."""
    found = await served.read(lambda: served.kb.original(id, as_=asker))
    return Response(found.data, media_type="application/octet-stream", headers={"content-disposition": _saved(found)})


def _saved(found: Original) -> str:
    """Always saved, never shown: the type is none that a browser runs, and the name is escaped (RFC 6266)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", found.name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{percent(found.name, safe='')}"

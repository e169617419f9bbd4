"""GET /docs, made of the OpenAPI document without a script and without an external request."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from ragkb.server.page import STYLE_HASH, page

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    policy = f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(page(request.app.openapi()), headers={"content-security-policy": policy})

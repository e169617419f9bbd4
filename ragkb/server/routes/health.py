"""GET /healthz, /readyz and /metrics."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from ragkb.server.service import Everywhere, Scraper
from ragkb.server.shapes import HealthShape, problems
from ragkb.types import NOBODY

router = APIRouter(tags=["Operation"])


@router.get("/healthz", response_model=HealthShape)
async def healthz() -> Response:
    """Says that the process lives."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", response_model=HealthShape, responses=problems(503))
async def readyz(everywhere: Everywhere) -> Response:
    """Says that every store opens and that a search in the model works; 503 says which of them does not."""
    for served in everywhere.services.values():
        await served.read(partial(served.kb.search, "ready", k=1, as_=NOBODY))
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}, **problems(401, 403)})
async def metrics(everywhere: Everywhere, scraper: Scraper) -> Response:
    """Counts and times in Prometheus' text format, of all knowledge bases together."""
    return Response(everywhere.metrics.text(), media_type=CONTENT_TYPE_LATEST)

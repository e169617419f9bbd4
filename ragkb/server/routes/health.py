"""GET /healthz, /readyz and /metrics."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from ragkb.server.service import Asker, Served
from ragkb.server.shapes import HealthShape, problems

router = APIRouter(tags=["Operation"])


@router.get("/healthz", response_model=HealthShape)
async def healthz() -> Response:
    """Says that the process lives."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", response_model=HealthShape, responses=problems(503))
async def readyz(served: Served, asker: Asker) -> Response:
    """Says that the store opens and that a search in the model works; 503 says which of them does not."""
    await served.read(lambda: served.kb.search("ready", k=1, as_=asker))
    return JSONResponse({"status": "ready"})


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(served: Served) -> Response:
    """Counts and times in Prometheus' text format."""
    return Response(served.metrics.text(), media_type=CONTENT_TYPE_LATEST)

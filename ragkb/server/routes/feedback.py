"""POST /v1/feedback."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from ragkb.server.bodies import FeedbackBody
from ragkb.server.service import Asker, Served
from ragkb.server.shapes import FeedbackShape, problems

router = APIRouter(tags=["Ask"])


@router.post("/v1/feedback", response_model=FeedbackShape, status_code=201, responses=problems(401, 413, 422, 503))
async def feedback(body: FeedbackBody, served: Served, asker: Asker) -> Response:
    """Keeps what the caller thinks of an answer, for those who improve the knowledge base."""
    kept = await served.read(lambda: served.kb.ledger.add_feedback(body.feedback(asker)))
    return JSONResponse({"id": kept.id}, 201)

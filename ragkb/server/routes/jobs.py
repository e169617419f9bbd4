"""GET /v1/jobs and /v1/jobs/{id}."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from ragkb.server.service import Served, Writer
from ragkb.server.shapes import JobShape, JobsShape, problems

router = APIRouter(tags=["Documents"])


@router.get("/v1/jobs", response_model=JobsShape, responses=problems(401, 403, 422))
async def list_jobs(served: Served, asker: Writer) -> Response:
    """Lists the caller's ingests since the server started, the newest first; an administrator sees everybody's."""
    return JSONResponse({"jobs": [job.json() for job in served.jobs.all(asker)]})


@router.get("/v1/jobs/{id}", response_model=JobShape, responses=problems(401, 403, 404, 422))
async def get_job(id: str, served: Served, asker: Writer) -> Response:
    """Says how far an ingest is, and in the end what became of each file."""
    return JSONResponse(served.jobs.get(id, asker).json())

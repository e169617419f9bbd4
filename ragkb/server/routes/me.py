"""GET /v1/me."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from ragkb.server.service import Calling, Everywhere, Served
from ragkb.server.shapes import MeShape, problems

router = APIRouter(tags=["Identity"])


@router.get("/v1/me", response_model=MeShape, responses=problems(401, 503))
async def me(calling: Calling, served: Served, everywhere: Everywhere) -> Response:
    """Says who the caller is, what they may do, and which knowledge bases they reach."""
    return JSONResponse(
        {
            "user": calling.principal.user,
            "groups": list(calling.groups),
            "role": calling.role,
            "kb": served.name,
            "kbs": sorted(everywhere.services) if calling.auth == "open" else [served.name],
            "auth": calling.auth,
        }
    )

"""GET, POST and DELETE /v1/admin/keys, GET /v1/admin/status."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from ragkb.render import key_json, record_json
from ragkb.server.bodies import NewKeyBody
from ragkb.server.service import Administrator, Everywhere, Served
from ragkb.server.shapes import KeyShape, KeysShape, MadeKeyShape, StatusShape, problems

router = APIRouter(tags=["Administration"], responses=problems(401, 403, 422, 503))


@router.get("/v1/admin/keys", response_model=KeysShape)
async def list_keys(served: Served, administrator: Administrator) -> Response:
    """Lists every key that was ever made, without showing it."""
    return await served.read(lambda: JSONResponse({"keys": [key_json(key) for key in served.kb.ledger.keys.all()]}))


@router.post("/v1/admin/keys", response_model=MadeKeyShape, status_code=201)
async def create_key(body: NewKeyBody, served: Served, administrator: Administrator) -> Response:
    """Makes a key. It is in this answer, and never again anywhere."""
    lifetime = timedelta(days=body.expires_days) if body.expires_days else None

    def work() -> Response:
        key, secret = served.kb.ledger.keys.create(body.name, body.role, body.groups, lifetime)
        return JSONResponse({"id": key.id, "key": secret, **key_json(key)}, 201)

    return await served.read(work)


@router.delete("/v1/admin/keys/{id}", response_model=KeyShape, responses=problems(404))
async def revoke_key(id: str, served: Served, administrator: Administrator) -> Response:
    """Ends a key, from the next request on, and returns what is known of it."""
    return await served.read(lambda: JSONResponse(key_json(served.kb.ledger.keys.revoke(id))))


@router.get("/v1/admin/status", response_model=StatusShape)
async def status(served: Served, everywhere: Everywhere, administrator: Administrator) -> Response:
    """Says what the knowledge base holds, and what the server does."""

    def work() -> Response:
        held = record_json(served.kb.status())
        del held["path"]  # where a file of the server lies is nobody's business who is not on it
        keys = [key.state for key in served.kb.ledger.keys.all()]
        counts = {state: keys.count(state) for state in ("active", "expired", "revoked")}
        return JSONResponse({"kb": served.name, **held, "keys": counts, "running": everywhere.running})

    return await served.read(work)

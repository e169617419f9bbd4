"""GET and POST /v1/documents, GET and DELETE /v1/documents/{id}."""

from __future__ import annotations

import base64
import binascii
import json
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from ragkb.errors import DocumentRefused, InputError
from ragkb.ingest.report import IngestReport, OnProgress
from ragkb.render import document_json, full_document_json, related_json, report_json
from ragkb.server.record import current
from ragkb.server.service import Asker, Served, Service, Writer
from ragkb.server.shapes import (
    DeletedShape,
    DocumentShape,
    DocumentsShape,
    IngestShape,
    JobMadeShape,
    RelatedShape,
    problems,
)
from ragkb.server.uploads import MOST_FILES, UPLOAD_BODY, Upload, add, check_groups, close, from_form, from_json
from ragkb.types import DocumentInfo, Principal

router = APIRouter(tags=["Documents"])
MOST = 1000
MOST_RELATED = 100


@router.get("/v1/documents", response_model=DocumentsShape, responses=problems(401, 422, 503))
async def list_documents(
    served: Served,
    asker: Asker,
    limit: Annotated[int, Query(ge=1, le=MOST, description="documents of a page")] = 100,
    cursor: Annotated[str | None, Query(max_length=8192, description="`next` of the page before")] = None,
) -> Response:
    """Lists the documents that the caller may read, by source, a page at a time."""
    after = _place(cursor) if cursor else None

    def work() -> Response:
        found = sorted(served.kb.documents(as_=asker), key=_key)
        page = [info for info in found if after is None or _key(info) > after][: limit + 1]
        shown, more = page[:limit], len(page) > limit
        rows = [document_json(info) for info in shown]
        return JSONResponse({"documents": rows, "total": len(found), "next": _cursor(shown[-1]) if more else None})

    return await served.read(work)


@router.post(
    "/v1/documents",
    response_model=IngestShape,
    status_code=201,
    responses={
        200: {"model": IngestShape, "description": "It is stored already."},
        202: {"model": JobMadeShape, "description": "With `wait=false`: it is worked on."},
        **problems(401, 403, 409, 413, 422, 503),
    },
    openapi_extra=UPLOAD_BODY,
)
async def add_document(
    request: Request,
    served: Served,
    asker: Writer,
    wait: Annotated[bool, Query(description="false: answer at once with a job, whose progress can be read")] = True,
) -> Response:
    """Adds documents: files as `multipart/form-data`, or a text as JSON.

    The same source with the same groups replaces a document; its groups can only be some of the caller's own. An
    archive is opened: each file in it is a document.
    """
    uploads = await _uploads(request, served)
    try:
        check_groups(asker, uploads)
        if not wait:
            current().documents.update((upload.body.source, upload.body.source) for upload in uploads)  # no id yet
            job = served.jobs.start(request, asker, len(uploads), partial(_added, served, uploads, asker))
            uploads = []  # they are the job's now, which closes them
            return JSONResponse({"job": job.id}, 202, {"location": f"/v1/jobs/{job.id}"})
        return _told(await served.write(lambda: add(served.kb, uploads, asker)))
    finally:
        close(uploads)


@router.get("/v1/documents/{id}", response_model=DocumentShape, responses=problems(401, 404, 422, 503))
async def get_document(id: str, served: Served, asker: Asker) -> Response:
    """Returns a document with its text, in which the offsets of hits and citations count code points."""
    return await served.read(lambda: JSONResponse(full_document_json(served.kb.document(id, as_=asker))))


@router.get("/v1/documents/{id}/related", response_model=RelatedShape, responses=problems(401, 404, 413, 422, 503))
async def related_documents(
    id: str, served: Served, asker: Asker, k: Annotated[int, Query(ge=1, le=MOST_RELATED)] = 5
) -> Response:
    """Lists documents that are like this one, nearest first."""
    return await served.read(lambda: JSONResponse(related_json(id, served.kb.related(id, k=k, as_=asker))))


@router.delete("/v1/documents/{id}", response_model=DeletedShape, responses=problems(401, 403, 404, 409, 422, 503))
async def delete_document(id: str, served: Served, asker: Writer) -> Response:
    """Removes a document. It is invisible at the next request."""

    def work() -> Response:
        served.kb.document(id, as_=asker)  # raises NotFound where the caller may not see it
        served.kb.delete(id)
        return JSONResponse({"deleted": id})

    return await served.write(work)


# --- adding -----------------------------------------------------------------------------------------------------------


async def _uploads(request: Request, served: Service) -> list[Upload]:
    """subtle: a form is closed by nobody but who takes its files, since a job outlives the request."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "multipart/form-data":
        return from_json(await request.body())
    form = await request.form(max_files=MOST_FILES, max_fields=8)
    try:
        return from_form(form, served.settings.limits.file_bytes)
    except BaseException:
        await form.close()
        raise


def _added(served: Service, uploads: list[Upload], asker: Principal, on_progress: OnProgress) -> IngestReport:
    try:
        return add(served.kb, uploads, asker, on_progress)
    finally:
        close(uploads)


def _told(report: IngestReport) -> JSONResponse:
    """The report; DocumentRefused if all that was handed in was."""
    file = next((file for file in report.files if file.status != "refused"), report.files[0])
    if file.status == "refused":
        raise DocumentRefused(f"{file.source}: {file.reason}", "the knowledge base is as it was")
    headers = {"location": f"/v1/documents/{file.document_id}"}
    is_new = any(file.status in ("ingested", "partial") for file in report.files)
    return JSONResponse(report_json(report), 201 if is_new else 200, headers)


# --- pages ------------------------------------------------------------------------------------------------------------


def _key(info: DocumentInfo) -> tuple[str, str]:
    return info.source, info.id


def _cursor(info: DocumentInfo) -> str:
    return base64.urlsafe_b64encode(json.dumps(_key(info)).encode()).decode()


def _place(cursor: str) -> tuple[str, str]:
    """The key that a cursor stands for. Raises InputError."""
    try:
        source, id = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise InputError("the cursor is not one of this server's", "take `next` of the page before") from None
    if not isinstance(source, str) or not isinstance(id, str):
        raise InputError("the cursor is not one of this server's", "take `next` of the page before")
    return source, id

"""GET and POST /v1/documents, GET and DELETE /v1/documents/{id}."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from ragkb.errors import DocumentRefused, InputError, LimitExceeded
from ragkb.ingest.report import IngestReport, NewDocument
from ragkb.render import document_json, full_document_json, report_json
from ragkb.server.bodies import NewDocumentBody
from ragkb.server.service import Asker, Served, Service, Writer
from ragkb.server.shapes import DeletedShape, DocumentShape, DocumentsShape, IngestShape, problems
from ragkb.types import DocumentInfo, Principal

router = APIRouter(tags=["Documents"])
MOST = 1000
FORM_FIELDS = ("file", "title", "groups")
UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": NewDocumentBody.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "its name tells its format"},
                        "title": {"type": "string", "description": "in place of the one that the file names"},
                        "groups": {"type": "string", "description": "who may read it, separated by commas"},
                    },
                }
            },
        },
    }
}


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
        **problems(401, 403, 409, 413, 422, 503),
    },
    openapi_extra=UPLOAD_BODY,
)
async def add_document(request: Request, served: Served, asker: Writer) -> Response:
    """Adds a document: a file as `multipart/form-data`, or its text as JSON. The same source replaces it.

    Its groups can only be some of the caller's own.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data":
        async with request.form(max_files=1, max_fields=8) as form:
            upload, title, groups = _fields(form, served.settings.limits.file_bytes)
            return await served.write(lambda: _add_file(served, asker, upload, title, groups))
    raw = await request.body()
    return await served.write(lambda: _add_text(served, asker, raw))


@router.get("/v1/documents/{id}", response_model=DocumentShape, responses=problems(401, 404, 422, 503))
async def get_document(id: str, served: Served, asker: Asker) -> Response:
    """Returns a document with its text, in which the offsets of hits and citations count code points."""
    return await served.read(lambda: JSONResponse(full_document_json(served.kb.document(id, as_=asker))))


@router.delete("/v1/documents/{id}", response_model=DeletedShape, responses=problems(401, 403, 404, 409, 422, 503))
async def delete_document(id: str, served: Served, asker: Writer) -> Response:
    """Removes a document. It is invisible at the next request."""

    def work() -> Response:
        served.kb.document(id, as_=asker)  # raises NotFound where the caller may not see it
        served.kb.delete(id)
        return JSONResponse({"deleted": id})

    return await served.write(work)


# --- adding -----------------------------------------------------------------------------------------------------------


def _fields(form: FormData, most: int) -> tuple[UploadFile, str, tuple[str, ...]]:
    """(file, title, groups) of an upload. Raises InputError, LimitExceeded."""
    unknown = [name for name in form if name not in FORM_FIELDS]
    if unknown:
        raise InputError(f"unknown field {unknown[0][:80]!r}", f"the fields are {', '.join(FORM_FIELDS)}")
    upload = form.get("file")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise InputError("no file in the form", "send it in the field `file`, with its name")
    if (upload.size or 0) > most:
        raise LimitExceeded(f"the file has {upload.size} bytes, the limit is {most}", "raise limits.file_bytes")
    written = [value for name in ("title", "groups") for value in form.getlist(name)]
    if not all(isinstance(value, str) for value in written):
        raise InputError("title and groups are text", "send one file, in the field `file`")
    groups = [name.strip() for value in form.getlist("groups") for name in str(value).split(",")]
    return upload, str(form.get("title", "")), tuple(name for name in groups if name)


def _add_file(
    served: Service, asker: Principal, upload: UploadFile, title: str, groups: tuple[str, ...]
) -> JSONResponse:
    name = (upload.filename or "").replace("\\", "/").rpartition("/")[2]
    body = _valid({"source": name, "text": "", "title": title, "groups": list(groups)})
    _check_writer(served, asker, body)
    data = upload.file.read()
    return _told(served, served.kb.ingest_bytes(name, data, groups=groups, title=title))


def _add_text(served: Service, asker: Principal, raw: bytes) -> JSONResponse:
    body = _valid(_parsed(raw))
    _check_writer(served, asker, body)
    document = NewDocument(body.source, body.text, body.title, tuple(body.groups), body.metadata)
    return _told(served, served.kb.add([document]))


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the body is not JSON: {type(error).__name__}", "send JSON, or a form with a file") from None


def _valid(value: Any) -> NewDocumentBody:
    try:
        return NewDocumentBody.model_validate(value)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from None


def _check_writer(served: Service, asker: Principal, body: NewDocumentBody) -> None:
    """Raises InputError for groups that are not the caller's, or for a source that is in use out of their sight."""
    if asker.is_admin:
        return
    foreign = sorted(set(body.groups) - set(asker.groups))
    if foreign:
        raise InputError(f"groups {', '.join(foreign)}: not the caller's", "name groups that the caller is in")
    if any(info.source == body.source and not asker.may_read(info.groups) for info in _all(served)):
        raise InputError(f"source {body.source!r} cannot be used", "take another name")


def _all(served: Service) -> Sequence[DocumentInfo]:
    return list(served.kb.documents(as_=Principal.admin()))


def _told(served: Service, report: IngestReport) -> JSONResponse:
    """The report; DocumentRefused if the document, or all that it holds, was."""
    served.metrics.ingest(report)
    file = next((file for file in report.files if file.status != "refused"), report.files[0])
    if file.status == "refused":
        raise DocumentRefused(f"{file.source}: {file.reason}", "the knowledge base is as it was")
    headers = {"location": f"/v1/documents/{file.document_id}"}
    return JSONResponse(report_json(report), 200 if file.status == "unchanged" else 201, headers)


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

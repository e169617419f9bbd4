"""What an upload brings, checked, and its way into the knowledge base."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from ragkb.errors import InputError, LimitExceeded
from ragkb.ingest.report import FileReport, IngestReport, NewDocument, OnProgress, Progress
from ragkb.kb import KnowledgeBase
from ragkb.server.bodies import NewDocumentBody
from ragkb.types import Principal

MOST_FILES = 100
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
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": f"its name tells its format; up to {MOST_FILES} fields of this name",
                        },
                        "title": {"type": "string", "description": "in place of the one that the file names"},
                        "groups": {"type": "string", "description": "who may read it, separated by commas"},
                    },
                }
            },
        },
    }
}


@dataclass(frozen=True, slots=True)
class Upload:
    """One file or text that was handed in. file: None for a text, which is `body`'s."""

    body: NewDocumentBody
    file: BinaryIO | None = None


def from_json(raw: bytes) -> list[Upload]:
    """The text of a JSON body. Raises InputError, RequestValidationError."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the body is not JSON: {type(error).__name__}", "send JSON, or a form with a file") from None
    return [Upload(_valid(value))]


def from_form(form: FormData, most: int) -> list[Upload]:
    """The files of a form. most: bytes of one. Raises InputError, LimitExceeded, RequestValidationError."""
    unknown = [name for name in form if name not in FORM_FIELDS]
    if unknown:
        raise InputError(f"unknown field {unknown[0][:80]!r}", f"the fields are {', '.join(FORM_FIELDS)}")
    files = form.getlist("file")
    if not files or not all(isinstance(file, UploadFile) and file.filename for file in files):
        raise InputError("no file in the form", "send it in the field `file`, with its name")
    written = [value for name in ("title", "groups") for value in form.getlist(name)]
    if not all(isinstance(value, str) for value in written):
        raise InputError("title and groups are text", "send files in the field `file`")
    title = str(form.get("title", ""))
    if title and len(files) > 1:
        raise InputError("one title for several files", "send each file by itself, or leave `title` out")
    groups = [name.strip() for value in form.getlist("groups") for name in str(value).split(",")]
    return [_of_file(file, title, [name for name in groups if name], most) for file in files]


def _of_file(file: Any, title: str, groups: list[str], most: int) -> Upload:
    if (file.size or 0) > most:
        raise LimitExceeded(f"the file has {file.size} bytes, the limit is {most}", "raise limits.file_bytes")
    name = file.filename.replace("\\", "/").rpartition("/")[2]
    return Upload(_valid({"source": name, "text": "", "title": title, "groups": groups}), file.file)


def _valid(value: Any) -> NewDocumentBody:
    try:
        return NewDocumentBody.model_validate(value)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors()]
        raise RequestValidationError(found) from None


def check_groups(asker: Principal, uploads: Sequence[Upload]) -> None:
    """Raises InputError for groups that are not the caller's."""
    if asker.is_admin:
        return
    for upload in uploads:
        foreign = sorted(set(upload.body.groups) - set(asker.groups))
        if foreign:
            raise InputError(f"groups {', '.join(foreign)}: not the caller's", "name groups that the caller is in")


def close(uploads: Sequence[Upload]) -> None:
    """Frees the files."""
    for upload in uploads:
        if upload.file:
            upload.file.close()


def add(
    kb: KnowledgeBase, uploads: Sequence[Upload], as_: Principal, on_progress: OnProgress | None = None
) -> IngestReport:
    """Ingests them one after the other; the report of all. The progress counts what is inside archives, too."""
    rows: list[FileReport] = []
    seconds = 0.0
    for number, upload in enumerate(uploads):
        tell = _following(on_progress, rows, len(uploads) - number - 1) if on_progress else None
        made = _add(kb, upload, as_, tell)
        rows += made.files
        seconds += made.seconds
    return IngestReport(tuple(rows), round(seconds, 3))


def _add(kb: KnowledgeBase, upload: Upload, as_: Principal, on_progress: OnProgress | None) -> IngestReport:
    body = upload.body
    if upload.file is None:
        return kb.add([NewDocument(body.source, body.text, body.title, tuple(body.groups), body.metadata)], as_=as_)
    upload.file.seek(0)
    return kb.ingest_bytes(
        body.source,
        upload.file.read(),
        groups=tuple(body.groups),
        title=body.title,
        as_=as_,
        on_progress=on_progress,
    )


def _following(on_progress: OnProgress, rows: Sequence[FileReport], left: int) -> OnProgress:
    """The progress of one upload as a part of all."""
    done, pages, chunks = len(rows), sum(row.pages or 0 for row in rows), sum(row.chunks for row in rows)

    def tell(at: Progress) -> None:
        total = done + at.total + left
        on_progress(Progress(done + at.done, total, chunks + at.chunks, at.source, pages + at.pages))

    return tell

"""Ingests that nobody waits for, with their progress.

They are kept in memory. One that the end of the server cuts short is gone from the list; what it committed is in the
knowledge base, and the same upload again goes on from there.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from fastapi import Request

from ragkb.errors import NotFound, RagkbError
from ragkb.ingest.report import IngestReport, OnProgress, Progress
from ragkb.render import report_json
from ragkb.server.problems import Refused, told
from ragkb.types import Principal

if TYPE_CHECKING:
    from ragkb.server.service import Service

KEPT = 200
Status = Literal["queued", "running", "done", "failed"]
_FAILED = {"type": "internal_error", "message": "the server failed", "hint": "its log says why"}


@dataclass(slots=True)
class Job:
    """One ingest. files_total grows when an archive is opened. report: when done; error: when failed, as of a route."""

    id: str
    owner: Principal
    created_at: str
    files_total: int
    files_done: int = 0
    pages: int = 0
    status: Status = "queued"
    report: IngestReport | None = None
    error: dict[str, str] | None = None

    def follow(self, at: Progress) -> None:
        """Notes how far it is."""
        self.files_done, self.files_total, self.pages = at.done, max(self.files_total, at.total), at.pages

    def json(self) -> dict[str, Any]:
        """What is told of it."""
        return {
            "id": self.id,
            "status": self.status,
            "created_at": self.created_at,
            "files_done": self.files_done,
            "files_total": self.files_total,
            "pages": self.pages,
            "report": report_json(self.report) if self.report else None,
            "error": self.error,
        }


class Jobs:
    """The jobs of one knowledge base, the last ones of them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, request: Request, owner: Principal, files: int, work: Callable[[OnProgress], IngestReport]) -> Job:
        """Begins as soon as no other writes. Returns at once."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        job = self._jobs[secrets.token_hex(8)] = Job("", owner, now, files)
        job.id = next(reversed(self._jobs))
        task = asyncio.create_task(self._run(request, job, work))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, job))
        for id in [id for id, one in self._jobs.items() if one.status in ("done", "failed")][:-KEPT]:
            del self._jobs[id]
        return job

    def all(self, as_: Principal) -> list[Job]:
        """Those that the caller may see, the newest first: one's own, and for an administrator all."""
        return [job for job in reversed(self._jobs.values()) if as_.is_admin or job.owner == as_]

    def counts(self) -> dict[str, int]:
        """How many are queued and running."""
        found = [job.status for job in self._jobs.values()]
        return {status: found.count(status) for status in ("queued", "running")}

    def get(self, id: str, as_: Principal) -> Job:
        """The job. Raises NotFound: absent and somebody else's look the same."""
        found = next((job for job in self.all(as_) if job.id == id), None)
        if found is None:
            raise NotFound(f"job {id!r} was not found", "list the jobs; those of an earlier start are gone")
        return found

    async def _run(self, request: Request, job: Job, work: Callable[[OnProgress], IngestReport]) -> None:
        def begun() -> IngestReport:
            job.status = "running"
            return work(job.follow)

        try:
            report = await self._service.write(begun)
        except RagkbError as error:
            job.error = told(request, error)["error"]
        except Refused as error:
            job.error = {"type": "busy", "message": error.message, "hint": error.hint}
        else:
            job.files_done = job.files_total = len(report.files)
            job.pages, job.report = report.pages, report
        job.status = "failed" if job.error else "done"

    def _ended(self, task: asyncio.Task[None], job: Job) -> None:
        self._tasks.discard(task)
        if job.status not in ("done", "failed"):
            job.status, job.error = "failed", _FAILED

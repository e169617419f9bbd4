"""Keeps a row of each request that shows or changes something, before its answer is complete."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timezone

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragkb.errors import StorageError
from ragkb.server import record as records
from ragkb.server.deadlines import HEARD
from ragkb.server.identity import Caller
from ragkb.server.logs import cause, write
from ragkb.server.problems import standard
from ragkb.server.record import Record
from ragkb.server.service import Service, Site
from ragkb.store import audit, usage
from ragkb.store.audit import AuditRow
from ragkb.store.usage import Usage

LEFT = 499  # status of a request whose caller had left
READING = ("GET", "HEAD", "OPTIONS")
TALK = "/mcp"  # its messages are requests of their own; those that show something are told by what they show


class Audit:
    """Writes to the ledger what a request did. Where that fails, its answer is not sent: no answer without its row.

    Reading what shows no document (who am I, how far is a job) leaves no row; refusing somebody who is known does.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app, self._site = app, site
        self._one = CapacityLimiter(1)  # SQLite lets one write at a time; waiting here takes no thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope["state"]["caller"] if scope["type"] == "http" else None
        service = self._site.services.get(scope["state"]["kb"]) if caller else None
        if caller is None or service is None:
            await self.app(scope, receive, send)
            return
        record = scope["state"]["record"] = records.begin("" if caller.auth == "open" else caller.name)
        kept = _Kept(service, caller, record, scope, self._one)
        try:
            await self.app(scope, receive, kept.sender(receive, send))
        finally:
            if not kept.is_done:
                with anyio.CancelScope(shield=True):
                    await kept.write()


class _Kept:
    """One request on its way out."""

    def __init__(self, service: Service, caller: Caller, record: Record, scope: Scope, one: CapacityLimiter) -> None:
        self._service, self._caller, self._record, self._scope, self._one = service, caller, record, scope, one
        self._started, self._status = time.perf_counter(), LEFT
        self.is_done = False

    def sender(self, receive: Receive, send: Send) -> Send:
        """Sends on, but ends an answer only when it is written down."""
        head: Message | None = None

        async def sent(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                head, self._status = message, message["status"]
                return
            if not message.get("more_body"):
                try:
                    await self.write()
                except StorageError as error:
                    if head is None:
                        raise  # the answer has begun; without its end it is no answer
                    write(logging.ERROR, "audit", id=self._scope["state"]["request_id"], **cause(error))
                    await standard(503)(self._scope, receive, send)
                    return
            if head is not None:
                await send(head)
                head = None
            await send(message)

        return sent

    async def write(self) -> None:
        """Adds the row, if this leaves one, and what was used. Raises StorageError."""
        self.is_done = True
        if self._status == LEFT and not self._scope["state"].get(HEARD):
            return  # it never came as a whole: nothing was done
        await to_thread.run_sync(self._write, limiter=self._one)

    def _write(self) -> None:
        ledger, key = self._service.kb.ledger, self._caller.key
        with ledger.write() as at:
            if self._leaves_a_row():
                audit.insert(at, self._row())
            usage.add(at, self._used())
        if key:
            ledger.keys.used(key)
        if self._service.is_new_day():
            ledger.audit.prune(self._service.settings.audit.days)

    def _leaves_a_row(self) -> bool:
        record, scope = self._record, self._scope
        changes = scope["method"] not in READING and not scope["path"].endswith(TALK)
        told_no = self._status in (403, 404) and "route" in scope
        return bool(record.documents or record.question or changes or told_no)

    def _row(self) -> AuditRow:
        scope, record, caller = self._scope, self._record, self._caller
        return AuditRow(
            at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            request=scope["state"]["request_id"],
            user=caller.principal.user,
            key=caller.key.id if caller.key else "",
            groups=caller.groups,
            address=(scope.get("client") or ("",))[0],
            action=f"{scope['method']} {getattr(scope.get('route'), 'path', 'unmatched')}",
            status=self._status,
            outcome=self._outcome(),
            question=record.question if self._service.settings.audit.questions else "",
            documents=record.seen(),
        )

    def _outcome(self) -> str:
        if self._status >= 400:
            return {403: "denied", 404: "not found", 499: "left"}.get(self._status, "failed")
        return self._record.outcome or "done"

    def _used(self) -> Usage:
        record, caller = self._record, self._caller
        return Usage(
            day=datetime.now(timezone.utc).date().isoformat(),
            user=caller.principal.user,
            key=caller.key.id if caller.key else "",
            model=record.model,
            requests=1,
            questions=record.questions,
            abstentions=record.abstentions,
            prompt_tokens=record.prompt_tokens,
            completion_tokens=record.completion_tokens,
            seconds=round(time.perf_counter() - self._started, 4),
        )

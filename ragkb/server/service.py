"""What every route needs: the knowledge base, who asks, and threads to work in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from ragkb.kb import KnowledgeBase
from ragkb.server.metrics import Metrics
from ragkb.settings import Settings
from ragkb.types import Principal

Result = TypeVar("Result")


class Service:
    """One served knowledge base. Its calls are synchronous, so they run in threads.

    principal: who every caller is, until callers have keys. running: calls at work now; those outlive a cancelled
    request. Readers share `server.concurrency` threads; writers wait for each other, since one writes at a time.
    """

    def __init__(self, kb: KnowledgeBase, settings: Settings, principal: Principal) -> None:
        self.kb, self.settings, self.principal = kb, settings, principal
        self.metrics = Metrics()
        self.running = 0
        self._count = threading.Lock()
        self._readers = CapacityLimiter(settings.server.concurrency)
        self._writers = CapacityLimiter(1)

    async def read(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in a reader's thread."""
        return await self._run(work, self._readers)

    async def write(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in the writer's thread."""
        return await self._run(work, self._writers)

    async def _run(self, work: Callable[[], Result], limiter: CapacityLimiter) -> Result:
        def counted() -> Result:
            self._add(1)
            try:
                return work()
            finally:
                self._add(-1)

        return await to_thread.run_sync(counted, limiter=limiter, abandon_on_cancel=True)

    def _add(self, change: int) -> None:
        with self._count:
            self.running += change


def service(request: Request) -> Service:
    """The service that the application was made with."""
    return cast(Service, request.app.state.service)


def principal(request: Request) -> Principal:
    """Who asks. The one place where a request becomes a principal: no header is trusted, keys will be read here."""
    return service(request).principal


Served = Annotated[Service, Depends(service)]
Asker = Annotated[Principal, Depends(principal)]

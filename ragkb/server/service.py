"""What every route needs: the knowledge base, who asks, and threads to work in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from ragkb.kb import KnowledgeBase
from ragkb.server.identity import Caller, opened, secret_of
from ragkb.server.metrics import Metrics
from ragkb.server.problems import Refused
from ragkb.settings import Settings
from ragkb.store.keys import Role
from ragkb.types import Principal

Result = TypeVar("Result")
DEFAULT = "default"
"""Name of the knowledge base at /v1."""


class Service:
    """One served knowledge base. Its calls are synchronous, so they run in threads.

    running: calls at work now; those outlive a cancelled request. Readers share `server.concurrency` threads; writers
    wait for each other, since one writes at a time.
    """

    def __init__(self, name: str, kb: KnowledgeBase, settings: Settings, metrics: Metrics) -> None:
        self.name, self.kb, self.settings, self.metrics = name, kb, settings, metrics
        self.running = 0
        self._keyed = False
        self._count = threading.Lock()
        self._readers = CapacityLimiter(settings.server.concurrency)
        self._writers = CapacityLimiter(1)

    @property
    def keyed(self) -> bool:
        """Whether a key was ever made for it. Once it was, it stays so."""
        self._keyed = self._keyed or self.kb.ledger.keys.exist()
        return self._keyed

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


class Site:
    """All that one server serves: its knowledge bases by name. principal: of every caller, while there are no keys."""

    def __init__(self, kbs: Mapping[str, KnowledgeBase], settings: Settings, principal: Principal) -> None:
        self.settings, self.metrics = settings, Metrics()
        self.services = {name: Service(name, kb, settings, self.metrics) for name, kb in kbs.items()}
        self._open = opened(principal)

    @property
    def is_open(self) -> bool:
        """Whether everybody may call: none of its knowledge bases ever had a key."""
        return not any(service.keyed for service in self.services.values())

    @property
    def running(self) -> int:
        """Calls at work now."""
        return sum(service.running for service in self.services.values())

    def identify(self, name: str, headers: Mapping[str, str]) -> Caller | None:
        """Who calls the knowledge base of that name; None if they do not show who they are."""
        if self.is_open:
            return self._open
        service, secret = self.services.get(name), secret_of(headers)
        key = service.kb.ledger.keys.check(secret) if service and secret else None
        return Caller(key.principal, key.role, "key", key) if key else None


# --- what routes name -------------------------------------------------------------------------------------------------


def site(request: Request) -> Site:
    """All that is served."""
    return cast(Site, request.app.state.site)


def service(request: Request) -> Service:
    """The knowledge base that the path names."""
    found = site(request).services.get(request.state.kb)
    if found is None:
        raise Refused(404)
    return found


def caller(request: Request) -> Caller:
    """Who calls, as the middleware found out."""
    found = cast("Caller | None", request.state.caller)
    if found is None:
        raise Refused(401)
    return found


class _Needs:
    """Lets callers of a role, or a higher one, pass. Gives their principal."""

    def __init__(self, role: Role) -> None:
        self._role = role

    def __call__(self, calling: Annotated[Caller, Depends(caller)]) -> Principal:
        if not calling.may(self._role):
            raise Refused(
                403, f"this takes the role {self._role}, the caller's is {calling.role}", "ask with another key"
            )
        return calling.principal


def scraper(request: Request) -> None:
    """Lets an administrator pass, and everybody if the setting or the server is open."""
    if not (site(request).is_open or site(request).settings.server.open_metrics):
        _Needs("admin")(caller(request))


Everywhere = Annotated[Site, Depends(site)]
Served = Annotated[Service, Depends(service)]
Calling = Annotated[Caller, Depends(caller)]
Asker = Annotated[Principal, Depends(_Needs("reader"))]
Writer = Annotated[Principal, Depends(_Needs("writer"))]
Scraper = Annotated[None, Depends(scraper)]
Administrator = Annotated[Principal, Depends(_Needs("admin"))]

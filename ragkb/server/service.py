"""What every route needs: the knowledge base, who asks, and threads to work in."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Annotated, Any, TypeVar, cast
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from ragkb.errors import StorageError
from ragkb.kb import KnowledgeBase
from ragkb.server.identity import Caller, of_claims, of_proxy, opened, secret_of
from ragkb.server.jobs import Jobs
from ragkb.server.logs import cause, write
from ragkb.server.metrics import Metrics
from ragkb.server.oidc import Provider
from ragkb.server.problems import Refused
from ragkb.server.rate import Buckets
from ragkb.server.record import current, watched
from ragkb.server.sizes import Sizes
from ragkb.server.tracing import Tracing
from ragkb.settings import Settings
from ragkb.status import Counts
from ragkb.stop import Stopped, stoppable
from ragkb.store.keys import Role
from ragkb.types import Principal

Result = TypeVar("Result")
DEFAULT = "default"
"""Name of the knowledge base at /v1."""


class Line:
    """Work that shares some threads: as much of it runs at once, the rest waits."""

    def __init__(self, threads: int) -> None:
        self.threads = CapacityLimiter(threads)
        self._tasks: set[asyncio.Future[Any]] = set()
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def check(self, queue: int) -> None:
        """Raises Refused if all threads are at work and `queue` others wait for one."""
        if len(self._tasks) >= self.threads.total_tokens + queue:
            raise Refused(503, "the server is busy", "come back in a moment", {"retry-after": "1"})

    def share(self, who: str) -> asyncio.Semaphore:
        """What one caller may hold of the threads: half of them, so that others need not wait behind all its work."""
        share = self._shares.get(who)
        if share is None:
            share = self._shares[who] = asyncio.Semaphore(max(1, int(self.threads.total_tokens) // 2))
        return share

    def joined(self, task: asyncio.Future[Any]) -> None:
        """Counts the task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Service:
    """One served knowledge base. Its calls are synchronous, so they run in threads.

    running: calls at work now. Readers of all knowledge bases share `server.concurrency` threads; writers of one wait
    for each other, since one writes at a time.
    """

    def __init__(self, name: str, kb: KnowledgeBase, site: Site) -> None:
        self.name, self.kb, self._site = name, watched(kb, site.metrics, site.tracing), site
        self.running = 0
        self._keyed, self._day = False, ""
        self._count = threading.Lock()
        self._writers = Line(1)
        self.jobs = Jobs(self)

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._site.settings

    @property
    def keyed(self) -> bool:
        """Whether a key was ever made for it. Once it was, it stays so."""
        self._keyed = self._keyed or self.kb.ledger.keys.exist()
        return self._keyed

    def is_new_day(self) -> bool:
        """Whether it is asked for the first time in a day (UTC), or since the server started."""
        day = datetime.now(timezone.utc).date().isoformat()
        was, self._day = self._day, day
        return was != day

    def counts(self) -> Counts | None:
        """What it holds; None if it cannot be read."""
        try:
            return self.kb.counts()
        except StorageError:
            return None

    async def read(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in a reader's thread. Raises Refused if too many wait for one."""
        self._site.readers.check(self.settings.server.queue)
        return await self._run(work, self._site.readers)

    async def go_on(self, work: Callable[[], Result]) -> Result:
        """The result of the next step of something that has begun: it waits, however many others do."""
        return await self._run(work, self._site.readers)

    async def write(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in the writer's thread. Raises Refused if too many wait for it."""
        self._writers.check(self.settings.server.queue)
        return await self._run(work, self._writers)

    async def _run(self, work: Callable[[], Result], line: Line) -> Result:
        """Runs in a task of its own, which keeps its place among the threads until the work has really ended.

        When nobody waits for it any more, work that has begun is asked to stop, and other work never begins.
        """
        stop, begun = threading.Event(), threading.Event()

        def counted() -> Result:
            begun.set()
            self._add(1)
            try:
                with stoppable(stop):
                    return work()
            finally:
                self._add(-1)

        async def turn() -> Result:
            if not (who := current().caller):
                return await to_thread.run_sync(counted, limiter=line.threads)
            async with line.share(who):
                return await to_thread.run_sync(counted, limiter=line.threads)

        task = asyncio.ensure_future(turn())
        line.joined(task)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            stop.set()
            if not begun.is_set():
                task.cancel()
            task.add_done_callback(_forget)
            raise

    def _add(self, change: int) -> None:
        with self._count:
            self.running += change


def _forget(task: asyncio.Future[Any]) -> None:
    """What work came to that nobody waited for."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, Stopped):
        write(logging.WARNING, "left", **cause(error))


class Site:
    """All that one server serves: its knowledge bases by name. principal: of every caller, while there are no keys."""

    def __init__(
        self, kbs: Mapping[str, KnowledgeBase], settings: Settings, principal: Principal, traces: Tracing
    ) -> None:
        self.metrics, self.tracing = Metrics(), traces
        self.readers = Line(settings.server.concurrency)
        self.services = {name: Service(name, kb, self) for name, kb in kbs.items()}
        self.metrics.watch(Sizes(self.services))
        self._open = opened(principal)
        self._buckets = Buckets()
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Puts settings into force, from the next request on. Address, port and knowledge bases stay as they are."""
        self.settings = settings
        self.readers.threads.total_tokens = settings.server.concurrency
        self._provider = Provider(settings.server.oidc) if settings.server.oidc.issuer else None

    @property
    def is_open(self) -> bool:
        """Whether everybody may call: nobody else says who they are, and no knowledge base ever had a key."""
        server = self.settings.server
        if server.oidc.issuer or server.proxy.peers:
            return False
        return not any(service.keyed for service in self.services.values())

    @property
    def running(self) -> int:
        """Calls at work now."""
        return sum(service.running for service in self.services.values())

    async def identify(self, name: str, headers: Mapping[str, str], peer: str) -> Caller | None:
        """Who calls the knowledge base of that name; None if they do not show who they are."""
        service, secret, server = self.services.get(name), secret_of(headers), self.settings.server
        if self.is_open:
            return self._open
        if service is None:
            return None
        key = service.kb.ledger.keys.check(secret) if secret else None
        if key:
            return Caller(key.principal, key.role, "key", key)
        claims = await to_thread.run_sync(self._provider.claims, secret) if self._provider and secret else None
        if claims:
            return of_claims(claims, server.oidc, name)
        return of_proxy(headers, peer, server.proxy, name)

    def wait(self, name: str, caller: Caller | None, peer: str) -> int:
        """Seconds until the caller may send another request; 0: now. Those that nobody knows count by their address."""
        server = self.settings.server
        if not server.rate_per_minute or (caller and caller.auth == "open"):
            return 0
        who = f"{name} {caller.name}" if caller else f"address {peer}"
        return self._buckets.wait(who, server.rate_per_minute / 60, server.burst)


# --- what routes name -------------------------------------------------------------------------------------------------
# All of it is async, since FastAPI would run each function that is not in a thread of its own.


async def site(request: Request) -> Site:
    """All that is served."""
    return cast(Site, request.app.state.site)


Everywhere = Annotated[Site, Depends(site)]


def service(request: Request) -> Service:
    """The knowledge base that the path names. Raises Refused."""
    found = cast(Site, request.app.state.site).services.get(request.state.kb)
    if found is None:
        raise Refused(404)
    return found


def caller(request: Request) -> Caller:
    """Who calls, as the middleware found out. Raises Refused."""
    found = cast("Caller | None", request.state.caller)
    if found is None:
        raise Refused(401)
    return found


async def _service(request: Request) -> Service:
    return service(request)


async def _caller(request: Request) -> Caller:
    return caller(request)


Served = Annotated[Service, Depends(_service)]
Calling = Annotated[Caller, Depends(_caller)]


class _Needs:
    """Lets callers of a role, or a higher one, pass. Gives their principal."""

    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(self, calling: Calling) -> Principal:
        if not calling.may(self._role):
            message = f"this takes the role {self._role}, the caller's is {calling.role}"
            raise Refused(403, message, "ask an administrator for another key")
        return calling.principal


async def scraper(request: Request, everywhere: Everywhere) -> None:
    """Lets an administrator pass, and everybody if the setting or the server is open."""
    if not (everywhere.settings.server.open_metrics or everywhere.is_open):
        await _Needs("admin")(caller(request))


Asker = Annotated[Principal, Depends(_Needs("reader"))]
Writer = Annotated[Principal, Depends(_Needs("writer"))]
Administrator = Annotated[Principal, Depends(_Needs("admin"))]
Scraper = Annotated[None, Depends(scraper)]

"""Runs the server in this process until it is told to stop."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

import uvicorn
from fastapi import FastAPI

from ragkb.errors import InputError
from ragkb.kb import KnowledgeBase
from ragkb.memory import share_arenas
from ragkb.server import logs
from ragkb.server.address import check_address
from ragkb.server.app import create_app
from ragkb.server.protocol import protocol
from ragkb.server.service import DEFAULT, Site
from ragkb.settings import Settings
from ragkb.store.ledger import LEDGER, Ledger
from ragkb.store.store import Store
from ragkb.types import NOBODY, Principal

SEND_BUFFER = 256 * 1024
"""Bytes that the system takes for a caller who does not read; by itself it would take up to 4 MB for each."""
GRACE = 8  # seconds that requests get to finish after a signal: within 10 s the process is gone


def serve_folder(folder: Path, given: Mapping[str, object], principal: Principal) -> None:
    """Serves the knowledge base in the folder, and those of server.kbs. given: what the command line says of `server`.

    Raises NotFound if one of them is missing, InputError as serve() does, before a model is loaded.
    """
    share_arenas()
    settings = Settings.load(server=dict(given)) if given else Settings.load()
    folders = {DEFAULT: folder, **settings.server.kbs}
    if len(folders) <= len(settings.server.kbs):
        raise InputError(f"server.kbs names one {DEFAULT!r}", "that is the name of --kb; take another")
    check_address(settings.server.host, is_open=not any(map(_has_keys, folders.values())))
    with ExitStack() as opened:
        kbs = {
            name: opened.enter_context(KnowledgeBase.open(path, create=False, settings=settings))
            for name, path in folders.items()
        }
        serve(kbs.pop(DEFAULT), settings, principal, others=kbs)


def _has_keys(folder: Path) -> bool:
    store = Store.open(folder)
    store.close()
    ledger = Ledger(folder / LEDGER)
    try:
        return ledger.keys.exist()
    finally:
        ledger.close()


def serve(
    kb: KnowledgeBase,
    settings: Settings | None = None,
    principal: Principal = NOBODY,
    *,
    others: Mapping[str, KnowledgeBase] = MappingProxyType({}),
    grace: int = GRACE,
) -> None:
    """Answers on settings.server's host and port until SIGINT or SIGTERM, then lets requests finish for `grace` s.

    Prints the address on standard error; logs follow there. Raises InputError for an address that others can reach
    while everybody may call, or a port that is in use or not permitted.
    """
    settings = settings or kb.settings
    app = create_app(kb, settings, principal=principal, others=others)
    check_address(settings.server.host, app.state.site.is_open)
    with listening(settings.server.host, settings.server.port) as listener:
        logs.to_stderr()
        print(f"ragkb listens on {url(listener)} (stop: Ctrl-C)", file=sys.stderr, flush=True)
        _allow_files(settings.server.connections)
        with _returning_on_signals(), _reloading(app.state.site, kb, others):
            server(app, grace).run(sockets=[listener])
        _leave_if_at_work(app.state.site)


def server(app: FastAPI, grace: int = GRACE) -> uvicorn.Server:
    """A uvicorn server for the application: silent, nameless, HTTP alone, with deadlines for slow callers."""
    config = uvicorn.Config(
        app,
        http=protocol(app.state.site),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=grace,
    )
    return uvicorn.Server(config)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there; port 0 takes a free one. Raises InputError."""
    name = "127.0.0.1" if host.lower() == "localhost" else host
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    # subtle: asyncio sends without delay only where the protocol is named; without it every answer waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        try:
            listener.bind((name, port))
            listener.listen(2048)
        except OSError as error:
            raise InputError(_refusal(error, host, port), "take another with --port; 0 takes a free one") from None
        yield listener
    finally:
        listener.close()


def url(listener: socket.socket) -> str:
    """Where the socket listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refusal(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} is not permitted"
    return f"{host} port {port}: {error.strerror or error}"


def _allow_files(connections: int) -> None:
    """Lets the process hold that many connections open, beside its own files, as far as the system allows it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = connections + 500
        if soft != resource.RLIM_INFINITY and soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextmanager
def _reloading(site: Site, kb: KnowledgeBase, others: Mapping[str, KnowledgeBase]) -> Iterator[None]:
    """Reads the settings again at SIGHUP. Those that cannot be understood are logged, and the old ones stay.

    Keys and the documents need no signal: each request sees those of its moment.
    """
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def reload(number: int, frame: object) -> None:
        try:
            settings = Settings.load()
        except InputError as error:
            logs.write(logging.ERROR, "reload", problem=str(error))
            return
        site.use(settings)
        for one in (kb, *others.values()):
            one.use(settings)
        logs.write(logging.INFO, "reload")

    before = signal.signal(signal.SIGHUP, reload)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def _returning_on_signals() -> Iterator[None]:
    """Makes a stop by signal a return.

    subtle: uvicorn stops, puts back the handlers it found and raises the signal again, which would kill this process
    before the knowledge base is closed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_if_at_work(site: Site) -> None:
    """Ends the process if a call still runs in a thread, which cannot be stopped otherwise.

    The store is made for it: what was not committed is not there at the next start.
    """
    if site.running and threading.current_thread() is threading.main_thread():
        logs.write(logging.WARNING, "stopped before work was done", running=site.running)
        logging.shutdown()
        os._exit(0)

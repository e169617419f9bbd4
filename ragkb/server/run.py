"""Runs the server in this process until it is told to stop."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from ragkb.errors import InputError
from ragkb.kb import KnowledgeBase
from ragkb.server import logs
from ragkb.server.address import check_address
from ragkb.server.app import create_app
from ragkb.server.service import Site
from ragkb.settings import Settings
from ragkb.types import NOBODY, Principal

GRACE = 8  # seconds that requests get to finish after a signal: within 10 s the process is gone


def serve(
    kb: KnowledgeBase, settings: Settings | None = None, principal: Principal = NOBODY, *, grace: int = GRACE
) -> None:
    """Answers on settings.server's host and port until SIGINT or SIGTERM, then lets requests finish for `grace` s.

    Prints the address on standard error; logs follow there. Raises InputError for an address that others can reach,
    or a port that is in use or not permitted.
    """
    settings = settings or kb.settings
    with listening(settings.server.host, settings.server.port) as listener:
        app = create_app(kb, settings, principal=principal)
        logs.to_stderr()
        print(f"ragkb listens on {url(listener)} (stop: Ctrl-C)", file=sys.stderr, flush=True)
        with _returning_on_signals():
            server(app, grace).run(sockets=[listener])
        _leave_if_at_work(app.state.site)


def server(app: object, grace: int = GRACE) -> uvicorn.Server:
    """A uvicorn server for the application: silent, nameless, HTTP alone."""
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
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
    check_address(host)
    name = "127.0.0.1" if host.lower() == "localhost" else host
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    # subtle: asyncio sends without delay only where the protocol is named; without it every answer waits 40 ms
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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

"""HTTP/1.1 by uvicorn and h11, with a deadline for each thing that a connection waits for.

uvicorn closes a connection that is idle between two requests, and no other. Here it is also closed when a request does
not become complete, and when an answer is not read.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ragkb.server.logs import write
from ragkb.server.middleware import HEADERS
from ragkb.server.problems import standard
from ragkb.server.service import Site

PROGRESS = 100_000
"""Bytes of a body that give it one more second."""
LEAST_WAIT = 0.25
"""Seconds that have to be left to wait once more."""
REST, LINGER = 1_000_000, 2.0
"""Bytes and seconds of a body that are still taken, and thrown away, after it was answered."""
AT_ONCE, MOMENT = 5, 0.01
"""Connections that are closed for being late before others get their turn, and seconds until the next are closed."""
PIECE = 16_384
"""Bytes of a body that are handed on while its end is not there."""
LEAST_READ = 1_000
"""Bytes a second that a caller has to read of an answer that waits for it."""


class PatientProtocol(H11Protocol):
    """One connection. site: set by serving(), for all connections of a server."""

    site: Site
    _silent: dict[PatientProtocol, None]
    """Connections that have not sent the whole head of a request, the longest waiting first."""
    _late: deque[PatientProtocol]
    """Connections that are closed soon, since what they wait for did not come."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._waits_for = ""
        self._received = 0
        self._is_late = False
        self._held = bytearray()
        self._left: int | None = None
        self._unread = 0

    # --- what uvicorn and asyncio call ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # subtle: only without a buffer of its own does the transport say that something is left which nobody reads
        transport.set_write_buffer_limits(high=0)
        self._wait_for("head")
        if len(self.connections) > self.site.settings.server.connections:
            longest = next(iter(self._silent))
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_for("")
        self._stop_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        self._held += data
        if self._waits_for == "body" and not self._is_enough(len(data)):
            return
        data, self._held = bytes(self._held), bytearray()
        if self._left is not None:
            self._left -= len(data)
        if not self._waits_for and self.conn.their_state is h11.IDLE:
            self._wait_for("head")  # of the next request on this connection
        super().data_received(data)
        if self._waits_for != "rest":
            self._look()
        elif self.conn.their_state is not h11.SEND_BODY:
            self._wait_for("head")  # the rest has come, and the connection is good for another request
            self._look()
        elif self._received > REST:
            self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            # subtle: closed at once, with bytes on their way, the caller's system would throw our answer away
            self._wait_for("rest")
        else:
            self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        self._stop_writing()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._answer(400)

    # --- reading --------------------------------------------------------------------------------------------------

    def _is_enough(self, new: int) -> bool:
        """Whether what is held of a body is worth to wake the application: its end may be there, or much has come.

        Else hundreds of callers who drip bytes keep the server at work with nothing.
        """
        if self._left is None:  # in chunks, of which the last one ends so
            return len(self._held) >= PIECE or b"\r\n\r\n" in self._held[-new - 3 :]
        return len(self._held) >= min(PIECE, self._left)

    def _look(self) -> None:
        """Sees what the connection waits for now."""
        if self.conn.their_state is h11.SEND_BODY:
            if self._waits_for != "body":
                self._wait_for("body")
                length = dict(self.headers).get(b"content-length")
                self._left = int(length) - len(self.cycle.body) if length else None
        elif self._waits_for and self.conn.their_state is not h11.IDLE:
            self._wait_for("")

    def _wait_for(self, what: str) -> None:
        """Waits for the head of a request, its body, the rest of a body that was answered, or nothing."""
        if self._reading:
            self._reading.cancel()
            self._reading = None
        self._waits_for, self._received, self._is_late = what, 0, False
        self._silent.pop(self, None)
        server = self.site.settings.server
        if what == "head":
            self._silent[self] = None
        if what:
            seconds = {"head": server.header_seconds, "body": server.body_seconds, "rest": LINGER}[what]
            self._reading = self.loop.call_later(seconds, self._too_slow, seconds)

    def _too_slow(self, since: float) -> None:
        """since: seconds that the caller has had."""
        more = self._received / PROGRESS + self.site.settings.server.body_seconds - since
        if self._waits_for == "body" and (more > LEAST_WAIT or self.flow.read_paused):
            more = max(more, LEAST_WAIT)
            self._reading = self.loop.call_later(more, self._too_slow, since + more)
            return
        if self._waits_for == "rest":
            self.transport.close()
            return
        self._is_late = True
        self._late.append(self)
        if len(self._late) == 1:
            self.loop.call_soon(self._close_late)

    def _close_late(self) -> None:
        """Closes some that are late, and the others in a moment: hundreds at once would keep everybody waiting."""
        for one in [self._late[number] for number in range(min(AT_ONCE, len(self._late)))]:
            if one._is_late:  # else what it waited for has come in the last moment
                write(logging.INFO, "too slow", waited_for=one._waits_for)
                one._answer(408)
            self._late.popleft()
        if self._late:
            self.loop.call_later(MOMENT, self._close_late)

    def _answer(self, status: int) -> None:
        """Says why in the one shape, if nothing was said yet, and closes."""
        if self.transport.is_closing():
            return
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = bytes(standard(status).body)
            head = {**HEADERS, "content-type": "application/json", "content-length": str(len(body))}
            said = h11.Response(status_code=status, headers=[*head.items(), ("connection", "close")], reason=b"")
            for event in (said, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if self.cycle and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    # --- writing --------------------------------------------------------------------------------------------------

    def _watch_writing(self) -> None:
        self._stop_writing()
        self._unread = self.transport.get_write_buffer_size()
        seconds = self.site.settings.server.write_seconds
        self._writing = self.loop.call_later(seconds, self._unread_for, seconds)

    def _unread_for(self, seconds: float) -> None:
        read = self._unread - self.transport.get_write_buffer_size()
        if read >= LEAST_READ * seconds:
            self._watch_writing()
            return
        write(logging.INFO, "too slow", waited_for="reading")
        self.transport.abort()

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing.cancel()
            self._writing = None


def protocol(site: Site) -> type[PatientProtocol]:
    """The protocol of one server's connections, with its settings."""
    return type("Protocol", (PatientProtocol,), {"site": site, "_silent": {}, "_late": deque()})

"""One GET that cannot be led astray: listed hosts, addresses checked as they are connected to, everything bounded."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import certifi
import httpcore

from ragkb import __version__
from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.sources import urls
from ragkb.ingest.sources.address import is_private, is_public
from ragkb.ingest.sources.urls import Url
from ragkb.settings import WebSettings

AGENT = f"ragkb/{__version__}"
REDIRECTS = 3
_WAIT = 10.0  # seconds for one step: connecting, or the next bytes

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent. url: where it came from in the end. content_type: as sent, '' if absent."""

    url: Url
    status: int
    content_type: str
    data: bytes


def resolve(host: str, port: int) -> Sequence[str]:
    """The host's addresses as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Fetcher:
    """Fetches pages by the settings. Proxies, cookies and credentials of the environment are never used.

    A host is resolved once for each connection, every one of its addresses is checked, and the connection goes to a
    checked address; TLS is checked against the host's name. resolve, backend: seams for tests.
    """

    def __init__(
        self, settings: WebSettings, resolve: Resolve = resolve, backend: httpcore.NetworkBackend | None = None
    ) -> None:
        self._settings, self._resolve = settings, resolve
        self._backend = backend or httpcore.SyncBackend()
        self._tls = ssl.create_default_context()
        self._tls.load_verify_locations(certifi.where())

    def get(self, url: Url, limit: int, before: Callable[[Url], None] | None = None) -> Answer:
        """The answer, at most `limit` bytes after decompression. before: called with every address, redirects too.

        Raises DocumentRefused for whatever may not or cannot be fetched, LimitExceeded.
        """
        deadline = time.monotonic() + self._settings.seconds
        for _ in range(REDIRECTS + 1):
            self.check(url)
            if before:
                before(url)
            answer, location = self._once(url, limit, deadline)
            if not location:
                return answer
            following = urls.joined(url, location)
            if url.scheme == "https" and following.scheme == "http":
                raise DocumentRefused(f"{url} redirects from https:// to http://")
            url = following
        raise DocumentRefused(f"more than {REDIRECTS} redirects")

    def check(self, url: Url) -> None:
        """Raises DocumentRefused for a host or port that the settings do not allow."""
        if not any(urls.matches(url.host, pattern) for pattern in self._settings.allow):
            raise DocumentRefused(f"host {url.host} is not allowed", "add it to the setting ingest.web.allow")
        if url.port not in self._settings.ports:
            raise DocumentRefused(f"port {url.port} is not allowed", "add it to the setting ingest.web.ports")

    def _once(self, url: Url, limit: int, deadline: float) -> tuple[Answer, str]:
        """(answer, where a redirect leads or '')."""
        backend = _Pinned(self._addresses, self._backend, deadline)
        headers: dict[bytes | str, bytes | str] = {
            "Host": url.place,
            "User-Agent": AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
        }
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _WAIT)
        asked = httpcore.URL(
            scheme=url.scheme, host=f"[{url.host}]" if ":" in url.host else url.host, port=url.port, target=url.target
        )
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
                pool.stream("GET", asked, headers=headers, extensions={"timeout": timeouts}) as got,
            ):
                found = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in got.headers}
                if got.status in (301, 302, 303, 307, 308) and "location" in found:
                    return Answer(url, got.status, "", b""), found["location"]
                data = _plain(got.iter_stream(), found.get("content-encoding", ""), limit) if got.status == 200 else b""
                return Answer(url, got.status, found.get("content-type", ""), data), ""
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError, zlib.error) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise DocumentRefused(f"{url.site} cannot be fetched: {reason[:200]}") from None

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """The host's addresses, all of them checked. Raises DocumentRefused."""
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise DocumentRefused(f"host {host} has no address: {error}") from None
        for address in found:
            if not is_public(address) and not (self._may_be_private(host) and is_private(address)):
                raise DocumentRefused(
                    f"host {host} has the address {address}, which is not public",
                    "for a host of your own network set ingest.web.private = true",
                )
        if not found:
            raise DocumentRefused(f"host {host} has no address")
        return found

    def _may_be_private(self, host: str) -> bool:
        """True only for hosts that are named: "*" does not open a whole network."""
        named = [pattern for pattern in self._settings.allow if pattern != "*"]
        return self._settings.private and any(urls.matches(host, pattern) for pattern in named)


class _Pinned(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, addresses: Resolve, inner: httpcore.NetworkBackend, deadline: float) -> None:
        self._addresses, self._inner, self._deadline = addresses, inner, deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = self._addresses(host.strip("[]"), port)
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connected(address, port, timeout, socket_options)
        return self._connected(last, port, timeout, socket_options)

    def _connected(
        self, address: str, port: int, timeout: float | None, options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        inner = self._inner.connect_tcp(address, port, _left(self._deadline, timeout), None, options)
        return _Timed(inner, self._deadline)

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("sockets of this machine are not connected to")


class _Timed(httpcore.NetworkStream):
    """A connection that ends at the deadline, however slowly the other side sends."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout))
        return _Timed(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("it took longer than ingest.web.seconds")
    return min(left, timeout or _WAIT)


def _plain(stream: Iterator[bytes], encoding: str, limit: int) -> bytes:
    """The body without its compression. Raises LimitExceeded."""
    if encoding.strip().lower() in ("", "identity"):
        return collected(stream, limit)
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise DocumentRefused(f"the page is compressed as {encoding[:40]!r}, which was not asked for")
    return collected(gunzip(stream), limit)


def gunzip(stream: Iterable[bytes]) -> Iterator[bytes]:
    """The decompressed bytes, at most 64 KiB at a time."""
    inflater = zlib.decompressobj(wbits=31)
    for block in stream:
        while block and not inflater.eof:
            yield inflater.decompress(block, 1 << 16)
            block = inflater.unconsumed_tail
    if not inflater.eof:
        raise zlib.error("the compressed data end too early")


def collected(stream: Iterable[bytes], limit: int) -> bytes:
    """All bytes of the stream. Raises LimitExceeded as soon as they pass the limit."""
    blocks, left = [], limit
    for block in stream:
        left -= len(block)
        if left < 0:
            raise LimitExceeded(f"more than {limit} bytes", "raise limits.file_bytes")
        blocks.append(block)
    return b"".join(blocks)

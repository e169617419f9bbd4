"""Requests to a server of OpenAI's protocol: one address, its failures in words that help, when to try again."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import certifi
import httpx

from ragkb.errors import InputError, ModelError
from ragkb.models.openai_errors import Failed, Names, failed

FIRST_WAIT = 0.5  # seconds before the first retry; doubled before each further one
LONGEST_WAIT = 30.0


class Endpoint:
    """One address of the protocol for one model. No redirect is followed, so that the key goes nowhere else."""

    def __init__(self, url: str, model: str, key: str, names: Names, timeout: float) -> None:
        self.url, self.names = url, names
        self._model, self._key, self._timeout = model, key, timeout
        self._tls = _tls() if url.startswith("https:") else False

    def client(self) -> httpx.Client:
        """Connections to the server, kept until it is closed."""
        return httpx.Client(verify=self._tls, follow_redirects=False)

    def request(self, client: httpx.Client, body: Mapping[str, Any], accept: str = "application/json") -> httpx.Request:
        """The POST of `body`."""
        headers = {"accept": accept, "accept-encoding": "identity", "user-agent": "ragkb"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        return client.build_request("POST", self.url, json=body, headers=headers)

    @contextmanager
    def answered(
        self, client: httpx.Client, send: Callable[[], httpx.Response], deadline: float
    ) -> Iterator[httpx.Response]:
        """What `send` returns, with status 200. Raises Failed for everything else that may happen while it is open."""
        left = max(0.1, min(self._timeout, deadline - time.monotonic()))
        client.timeout = httpx.Timeout(left, connect=min(left, 10.0))
        where = f"the {self.names.server} at {self.url}"
        try:
            response = send()
            try:
                if response.status_code != 200:
                    raise failed(response, where, self._model, self._key, self.names)
                yield response
            finally:
                response.close()
        except httpx.ConnectError as error:
            hint = f"is it running? see {self.names.url}"
            raise Failed(f"{where} cannot be reached ({_reason(error)})", hint, True) from None
        except httpx.TimeoutException:
            hint = f"raise {self.names.timeout}, or take a faster model"
            raise Failed(f"{where} sent nothing for {left:.0f} s", hint, True) from None
        except httpx.TransportError as error:
            raise Failed(f"{where} cut the connection ({_reason(error)})", "look at its log", True) from None

    def body(self, response: httpx.Response, longest: int, deadline: float) -> bytes:
        """The whole body. Raises Failed beyond `longest` bytes and after the deadline."""
        names, parts, size = self.names, [], 0
        for part in response.iter_raw():
            parts.append(part)
            size += len(part)
            if size > longest:
                raise Failed(f"the {names.server} sent more than {longest:,} bytes", f"lower {names.size}")
            if time.monotonic() > deadline:
                hint = f"raise {names.seconds}, or lower {names.size}"
                raise Failed(f"the {names.server} took longer than {names.seconds}", hint)
        return b"".join(parts)


def pause(failure: Failed, attempt: int, retries: int, deadline: float) -> None:
    """Waits before the next attempt: as long as the server asks for, else longer each time, with some chance.

    attempt: from 0. Raises ModelError where trying again is no use, or comes too late.
    """
    wait = failure.retry_after
    if wait is None:
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0**attempt) * (1 + random.random() / 4)
    if not failure.again or attempt >= retries or time.monotonic() + wait > deadline:
        raise ModelError(failure.message, failure.hint) from None
    time.sleep(wait)


def address(url: str, path: str, names: Names) -> str:
    """Where `path` of the protocol is asked for: `/v1` is added to a bare host, `path` where it is missing.

    Raises InputError for what is no address of a server.
    """
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise InputError(f"{names.url} holds a user name", f"give the key as {names.key}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{names.url} is {url!r}", "write for instance http://localhost:11434/v1, or local:FOLDER")
    whole = parts.path.rstrip("/") or "/v1"
    if not whole.endswith(path):
        whole += path
    return urlunsplit((parts.scheme, parts.netloc, whole, parts.query, ""))


def excerpt(data: bytes) -> str:
    """The beginning of what a server sent, for an error."""
    return repr(data[:80].decode("utf-8", "replace"))


def _tls() -> ssl.SSLContext:
    """Trusts what the system trusts, and the roots that come with certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__

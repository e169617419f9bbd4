"""Addresses of web pages, read strictly: what two programs could read differently is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from ragkb.errors import DocumentRefused

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """host: lower case; an IPv6 address without brackets. target: path and query, in ASCII, beginning with '/'."""

    scheme: str
    host: str
    port: int
    target: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}{self.target}"

    @property
    def place(self) -> str:
        """host, or host:port where the port is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def site(self) -> str:
        return f"{self.scheme}://{self.place}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


def parse(text: str) -> Url:
    """The address. Raises DocumentRefused for anything but http(s)://host[:port]/path?query, fragments left out."""
    shown = "".join(c if c.isprintable() else "?" for c in text)[:200]
    if _FORBIDDEN.search(text):
        raise DocumentRefused(f"address {shown!r} holds a space, a backslash or the like", "percent-encode it")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise DocumentRefused(f"address {shown!r} cannot be read: {error}") from None
    if parts.scheme not in _PORTS:
        raise DocumentRefused(f"address {shown!r} is not http:// or https://")
    if "@" in parts.netloc:
        raise DocumentRefused(f"address {shown!r} names a user", "write the host alone")
    host = _host(parts.hostname or "", shown)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._[]") + (
        "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]") if parts.query else ""
    )
    return Url(parts.scheme, host, _PORTS[parts.scheme] if port is None else port, target)


def joined(base: Url, location: str) -> Url:
    """The address that a redirect from `base` names. Raises DocumentRefused."""
    if _FORBIDDEN.search(location):
        raise DocumentRefused("a redirect to an address that holds a space, a backslash or the like")
    try:
        return parse(urljoin(str(base), location))
    except ValueError:
        raise DocumentRefused("a redirect to an address that cannot be read") from None


def matches(host: str, pattern: str) -> bool:
    """True if the host is the one that the pattern names; "*.example.com" is every host under example.com."""
    pattern = pattern.lower()
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern.strip("[]")


def _host(host: str, shown: str) -> str:
    """A host name or a plain address. Names that end in a number are addresses in disguise: 127.1, 0x7f000001."""
    if not host:
        raise DocumentRefused(f"address {shown!r} names no host")
    if not host.isascii():
        raise DocumentRefused(f"host {host!r} is not ASCII", "write its xn-- form")
    try:
        if ":" in host:
            return str(IPv6Address(host)) if "%" not in host else _bad(host)
        labels = host.split(".")
        if _NUMERIC.fullmatch(labels[-1]) or (labels[-1] == "" and _NUMERIC.fullmatch(labels[-2:][0])):
            return str(IPv4Address(host))
    except AddressValueError:
        return _bad(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return _bad(host)
    return host


def _bad(host: str) -> str:
    raise DocumentRefused(f"host {host!r} is no host name", "write a name like docs.example.com")

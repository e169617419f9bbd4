"""Where a server without keys may listen: on this machine alone."""

from __future__ import annotations

import ipaddress

from ragkb.errors import InputError


def is_loopback(name: str) -> bool:
    """True for localhost and the addresses that only this machine reaches."""
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_address(host: str) -> None:
    """Raises InputError for an address that others can reach, since callers have no keys yet."""
    if not is_loopback(host):
        raise InputError(
            f"{host}: not a loopback address, and callers have no keys yet", "use 127.0.0.1, ::1 or localhost"
        )

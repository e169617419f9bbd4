"""Where a server may listen: on this machine alone, while callers do not show who they are."""

from __future__ import annotations

import ipaddress

from ragkb.errors import InputError


def is_loopback(name: str) -> bool:
    """True for localhost and the addresses that only this machine reaches."""
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_address(host: str, is_open: bool = True) -> None:
    """Raises InputError for an address that others can reach, if everybody may call."""
    if is_open and not is_loopback(host):
        raise InputError(
            f"{host}: not a loopback address, and no key was made",
            "make one with `ragkb key create --name NAME`, or use 127.0.0.1",
        )

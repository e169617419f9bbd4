"""Which network addresses may be connected to."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"))
)
_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC: tuple[IPv4Network | IPv6Network, ...] = (
    *map(IPv4Network, ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4")),
    *map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")),
)
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """True for an address of the public internet. False where an IPv4 address hides in it that is not public.

    Raises nothing: what is no address is not public.
    """
    try:
        inner = list(_inner(ip_address(address)))
    except ValueError:
        return False
    return all(map(_is_public, inner))


def is_private(address: str) -> bool:
    """True for an address of this machine or a company's network, but for those of clouds' metadata services."""
    try:
        inner = list(_inner(ip_address(address)))
    except ValueError:
        return False
    unusable = any(
        one.is_link_local or one.is_multicast or one.is_unspecified or one.is_reserved or one in _METADATA
        for one in inner
        if not one.is_loopback
    )
    return not unusable and not any(isinstance(one, IPv4Address) and int(one) < 1 << 24 for one in inner)


def _is_public(one: IPv4Address | IPv6Address) -> bool:
    if one in _METADATA or one.is_multicast or one.is_link_local or not one.is_global:
        return False
    if isinstance(one, IPv6Address) and one not in _UNICAST:
        return False
    return not any(one in network for network in _NOT_PUBLIC)


def _inner(one: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """The address, or the IPv4 addresses that it stands for: mapped, NAT64, 6to4, Teredo, ISATAP, compatible."""
    if isinstance(one, IPv4Address):
        yield one
        return
    low = IPv4Address(int(one) & 0xFFFFFFFF)
    if one.scope_id:
        yield IPv6Address("fe80::")  # an address with a zone is of the local link
    elif one.ipv4_mapped or one in _NAT64:
        yield low
    elif one.sixtofour:
        yield from (one.sixtofour, IPv6Address("2600::"))
    elif one.teredo:
        yield from one.teredo
    elif int(one) >> 32 == 0 and int(one) > 1:
        yield from (low, one)
    else:
        if (int(one) >> 32) & 0xFDFFFFFF == 0x00005EFE:
            yield low
        yield one

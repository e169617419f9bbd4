"""Who calls: what a request brings along, as a caller with a role."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from ragkb.settings import ComingSettings, OidcSettings, ProxySettings
from ragkb.store.keys import EVERYTHING, ROLES, Key, Role
from ragkb.types import Principal

Auth = Literal["open", "key", "oidc", "proxy"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. principal: what they may see. role: what they may do. key: by which they came, if it was one."""

    principal: Principal
    role: Role
    auth: Auth
    key: Key | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """Their groups; '*' alone for one who sees everything."""
        return (EVERYTHING,) if self.principal.is_admin else self.principal.groups

    @property
    def name(self) -> str:
        """What tells this caller from the others: the id of the key, else the user with how they came."""
        return self.key.id if self.key else f"{self.auth} {self.principal.user}"

    def may(self, role: Role) -> bool:
        """Whether their role is that one or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


def opened(principal: Principal) -> Caller:
    """Everybody, on a server without keys that only this machine reaches."""
    return Caller(principal, "admin" if principal.is_admin else "writer", "open")


def secret_of(headers: Mapping[str, str]) -> str:
    """The key or token that a request brings: `Authorization: Bearer ..`, or else `X-API-Key`; '' if none."""
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()


def of_claims(claims: Mapping[str, Any], settings: OidcSettings, kb: str) -> Caller | None:
    """Who the provider's token names; None if it is not meant for that knowledge base."""
    reached = _names(claims.get(settings.kbs_claim)) if settings.kbs_claim else settings.kbs
    user = claims[settings.user_claim]
    if kb not in reached or not isinstance(user, str):
        return None
    return _coming(user, _names(claims.get(settings.groups_claim)), settings, "oidc")


def of_proxy(headers: Mapping[str, str], peer: str, settings: ProxySettings, kb: str) -> Caller | None:
    """Who the proxy says it is; None if it is not the proxy that speaks, or it names nobody."""
    if not settings.peers or not _is_among(peer, settings.peers):
        return None
    given = headers.get(settings.secret_header, "").encode("utf-8", "replace")
    if not hmac.compare_digest(given, settings.secret.get_secret_value().encode()):
        return None
    user = headers.get(settings.user_header, "").strip()
    reached = _names(headers.get(settings.kbs_header)) if settings.kbs_header else settings.kbs
    if not user or kb not in reached:
        return None
    return _coming(user, _names(headers.get(settings.groups_header)), settings, "proxy")


def _coming(user: str, groups: tuple[str, ...], settings: ComingSettings, auth: Auth) -> Caller:
    """A caller whose role hangs on their groups."""
    role: Role = "reader"
    if not set(groups).isdisjoint(settings.admins):
        role = "admin"
    elif not set(groups).isdisjoint(settings.writers):
        role = "writer"
    sees_all = not set(groups).isdisjoint(settings.everything)
    return Caller(Principal(user, groups, sees_all), role, auth)


def _names(given: object) -> tuple[str, ...]:
    """Names in a list, or in a text between commas; '*' is none: to see everything is never somebody else's to say."""
    names: Sequence[object] = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else ()
    texts = [name.strip() for name in names if isinstance(name, str)]
    return tuple(dict.fromkeys(name for name in texts if name and "*" not in name))


def _is_among(peer: str, networks: Sequence[str]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in ip_network(network, strict=False) for network in networks)

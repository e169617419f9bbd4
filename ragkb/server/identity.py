"""Who calls: what a request brings along, as a caller with a role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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

"""API keys: random, shown once, kept as their SHA-256, checked at every request."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal, get_args

from ragkb.errors import InputError, NotFound
from ragkb.types import Principal

if TYPE_CHECKING:
    from ragkb.store.ledger import Ledger

Role = Literal["reader", "writer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
EVERYTHING = "*"
SECRET_BYTES = 32
_FORM = re.compile(r"ragkb_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_GROUP = re.compile(r"(?! )[^\x00-\x1f\x7f*,]{1,200}(?<! )")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_NOTED = timedelta(minutes=1)
"""How exact the time of last use is: noting each one would make every request a write."""
_COLUMNS = "id, name, role, groups, created_at, expires_at, revoked_at, last_used_at"


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key, which is not the key itself. groups: '*' among them sees every document.

    Times are ISO 8601 in UTC; None: never. last_used_at is exact to a minute.
    """

    id: str
    name: str
    role: Role
    groups: tuple[str, ...]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None

    @property
    def state(self) -> Literal["active", "expired", "revoked"]:
        """Whether it opens anything now."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= _now() else "active"

    @property
    def principal(self) -> Principal:
        """Who asks with it: its name, and what its groups may see."""
        return Principal(self.name, self.groups, EVERYTHING in self.groups)


class KeyRing:
    """The keys of one knowledge base. What one process makes or revokes holds at the next request of every other."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def create(
        self, name: str, role: Role, groups: Sequence[str] = (), expires: timedelta | None = None
    ) -> tuple[Key, str]:
        """(what is known of the new key, the key): it is not kept, and cannot be shown again. Raises InputError.

        groups: none for an admin means '*', all documents; for others it means what everyone may see.
        """
        given = tuple(dict.fromkeys(groups)) or ((EVERYTHING,) if role == "admin" else ())
        _check(name, role, given, expires)
        id = secrets.token_hex(6)
        secret = f"ragkb_{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        ends = _text(datetime.now(timezone.utc) + expires) if expires else None
        key = Key(id, name, role, given, _now(), ends, None, None)
        with self._ledger.write(durable=True) as at:
            at.execute(
                f"INSERT INTO keys (digest, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (_digest(secret), id, name, role, json.dumps(given), key.created_at, ends, None, None),
            )
        return key, secret

    def all(self) -> list[Key]:
        """Every key that was ever made, oldest first."""
        with self._ledger.read() as at:
            return [_key(row) for row in at.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created_at, id")]

    def exist(self) -> bool:
        """Whether a key was ever made. Those that expired or were revoked count: else the last one would open all."""
        with self._ledger.read() as at:
            return at.execute("SELECT 1 FROM keys LIMIT 1").fetchone() is not None

    def check(self, secret: str) -> Key | None:
        """The key, if it is one of this knowledge base that is neither expired nor revoked."""
        form = _FORM.fullmatch(secret)
        id = form[1] if form else ""
        with self._ledger.read() as at:
            row = at.execute(f"SELECT digest, {_COLUMNS} FROM keys WHERE id = ?", (id,)).fetchone()
        kept = row[0] if row else bytes(32)
        if not hmac.compare_digest(_digest(secret), kept) or not row:
            return None
        key = _key(row[1:])
        return key if key.state == "active" else None

    def used(self, key: Key) -> None:
        """Notes that the key was used just now."""
        if key.last_used_at is None or key.last_used_at < _text(datetime.now(timezone.utc) - _NOTED):
            with self._ledger.write() as at:
                at.execute("UPDATE keys SET last_used_at = ? WHERE id = ?", (_now(), key.id))

    def revoke(self, id: str) -> Key:
        """Ends the key, for good. Returns it as it is now; the time of a key that was revoked before stays.

        Raises NotFound.
        """
        with self._ledger.write(durable=True) as at:
            at.execute("UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", (_now(), id))
            row = at.execute(f"SELECT {_COLUMNS} FROM keys WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise NotFound(f"key {id!r} was not found", "list the keys")
        return _key(row)


def _check(name: str, role: str, groups: Sequence[str], expires: timedelta | None) -> None:
    if not name.strip() or not _NAME.fullmatch(name):
        raise InputError(f"name {name[:80]!r}: not 1 to 200 printable characters", "say whose key it is")
    if role not in ROLES:
        raise InputError(f"role {role!r} is unknown", f"take one of {', '.join(ROLES)}")
    for group in groups:
        if group != EVERYTHING and not _GROUP.fullmatch(group):
            raise InputError(f"group {group[:80]!r} cannot be used", "a group is a name without '*' and ','")
    if expires is not None and expires <= timedelta():
        raise InputError("the key would have expired already", "give it a time in the future")


def _key(row: sqlite3.Row | tuple[Any, ...]) -> Key:
    id, name, role, groups, *times = row
    return Key(id, name, role, tuple(json.loads(groups)), *times)


def _digest(secret: str) -> bytes:
    """A plain SHA-256: 256 random bits cannot be guessed, so that a slow hash would only slow down callers."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _now() -> str:
    return _text(datetime.now(timezone.utc))


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")

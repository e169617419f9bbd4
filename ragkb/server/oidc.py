"""Bearer tokens of an identity provider (OpenID Connect): checked here, without asking the provider each time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import jwt

from ragkb.errors import InputError
from ragkb.settings import OidcSettings

FRESH = 300  # seconds after which the keys of the provider are read again
PAUSE = 10  # seconds between two readings for the sake of a key that is not known
PATIENCE = 5  # seconds that the provider has to answer
LARGEST = 1_000_000  # bytes of its answer
DISCOVERY = "/.well-known/openid-configuration"


class Provider:
    """One identity provider. Its public keys are kept, and read again when they change. Safe to share by threads."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = -float("inf")
        self._reading = threading.Lock()

    def claims(self, token: str) -> Mapping[str, Any] | None:
        """What the token says; None if it is not one of the provider's for us, or not valid now."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header.get("kid"))
            if key is None or header.get("alg") not in self._settings.algorithms:
                return None
            return jwt.decode(
                token,
                key,
                algorithms=list(self._settings.algorithms),
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway_seconds,
                options={"require": ["exp", "iss", "aud", self._settings.user_claim]},
            )
        except (jwt.PyJWTError, TypeError, ValueError):
            return None

    def _key(self, kid: object) -> jwt.PyJWK | None:
        """The provider's key of that id. One that is not known may be new; it is looked for once in a while."""
        with self._reading:
            age = time.monotonic() - self._read_at
            if age > FRESH or (kid not in self._keys and age > PAUSE):
                self._read()
            return self._keys.get(kid) if isinstance(kid, str) else None

    def _read(self) -> None:
        """Reads the keys. Where that fails, those from before stay."""
        self._read_at = time.monotonic()
        try:
            found = jwt.PyJWKSet.from_dict(json.loads(self._document()))
        except (httpx.HTTPError, OSError, ValueError, jwt.PyJWTError, InputError):
            return
        self._keys = {key.key_id: key for key in found.keys if key.key_id and key.key_type != "oct"}

    def _document(self) -> bytes:
        """The key set: of the file, the address, or where the issuer says that it is."""
        place = self._settings.jwks
        if place and "://" not in place:
            return Path(place).read_bytes()
        return _fetched(place or str(json.loads(_fetched(self._settings.issuer.rstrip("/") + DISCOVERY))["jwks_uri"]))


def _fetched(address: str) -> bytes:
    with httpx.stream("GET", address, timeout=PATIENCE, trust_env=False) as answer:
        answer.raise_for_status()
        data = b""
        for part in answer.iter_bytes():
            data += part
            if len(data) > LARGEST:
                raise InputError(f"{address}: more than {LARGEST} bytes")
        return data

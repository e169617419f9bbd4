"""What a server of OpenAI's protocol answers when it does not answer, in words that help."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

LONGEST_BODY = 20_000  # bytes of an error that are read
_AGAIN = {408, 409, 425, 429}  # and all of 5xx
_PARAMETERS = ("max_tokens", "temperature", "stream_options")


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the server, and the settings that it hangs on, for errors."""

    server: str
    url: str
    model: str
    key: str
    size: str
    timeout: str
    seconds: str

    def hint(self, status: int) -> str:
        """What to do about a status."""
        hints = {
            401: f"set {self.key} to a key of this server",
            403: f"the key may not use this model; see {self.key}",
            404: f"does the server have the model ({self.model}), and does {self.url} end as its protocol does, "
            "usually in /v1?",
            413: f"lower {self.size}",
            429: "the server asks for fewer requests; wait, or take another one",
        }
        other = "the server cannot be used now; look at its log" if status >= 500 else f"see {self.url}"
        return hints.get(status, other)


class Failed(Exception):
    """A request that failed. again: it may work another time. retry_after: seconds that the server asks to wait."""

    def __init__(self, message: str, hint: str, again: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.message, self.hint, self.again, self.retry_after = message, hint, again, retry_after


def failed(response: httpx.Response, where: str, model: str, key: str, names: Names) -> Failed:
    """The failure that a status other than 200 tells. The key is never part of it."""
    status, text = response.status_code, said(_body(response))
    if key:
        text = text.replace(key, "***")
    message = f"{where} answered {status} for model {model!r}" + (f": {text}" if text else "")
    if 300 <= status < 400:
        return Failed(message, f"it points to {response.headers.get('location', '?')[:200]}; put that into {names.url}")
    hint = names.hint(status)
    if "context" in text and status == 400:
        hint = f"lower {names.size}"
    wait = _retry_after(response)
    hint = f"{hint} (it asks to wait {wait:.0f} s)" if wait else hint
    return Failed(message, hint, status in _AGAIN or status >= 500, wait)


def unsupported(response: httpx.Response) -> set[str]:
    """The parameters that an answer 400 or 422 says the model does not take."""
    text = _body(response).decode("utf-8", "replace")
    if not any(word in text.lower() for word in ("unsupported", "not support", "unknown", "unrecognized", "extra")):
        return set()
    return {name for name in _PARAMETERS if f"'{name}'" in text or f'"{name}"' in text or f"`{name}`" in text}


def said(body: bytes) -> str:
    """What the server says in an error, in one line of at most 200 characters."""
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except ValueError:
        return "" if text.lstrip().startswith("<") else _short(text)
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and name in found:
            found = found[name]
    return _short(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:200] + "…"


def _body(response: httpx.Response) -> bytes:
    """The first bytes of an error's body. Read once: httpx keeps what read() gave."""
    kept: bytes | None = response.extensions.get("ragkb.body")
    if kept is None:
        kept = b""
        for part in response.iter_raw():
            kept += part
            if len(kept) > LONGEST_BODY:
                break
        response.extensions["ragkb.body"] = kept[:LONGEST_BODY]
    return kept[:LONGEST_BODY]


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds of the header Retry-After, which is a number or a date; None without one."""
    value = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None

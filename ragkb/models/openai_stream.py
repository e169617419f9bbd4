"""Server-sent events of a chat completion."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ragkb.models.openai_errors import Failed, said

LONGEST_REPLY = 4_000_000  # bytes; an answer of a thousand tokens takes some 300,000 as events


def events(parts: Iterable[bytes], deadline: float) -> Iterator[Mapping[str, Any]]:
    """The JSON object of each event up to `[DONE]`. deadline: of time.monotonic().

    Raises Failed for what is no JSON, an error that the server sends in the middle, too much and too slow a stream.
    """
    for line in _lines(parts, deadline):
        if not line.startswith(b"data:"):
            continue  # comments that keep the connection alive, names of events
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        try:
            event = json.loads(data)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            shown = data[:80].decode("utf-8", "replace")
            raise Failed(f"the language model's server sent what is no JSON: {shown!r}", "look at its log")
        if event.get("error"):
            raise Failed(f"the language model's server failed: {said(data)}", "look at its log")
        yield event


def _lines(parts: Iterable[bytes], deadline: float) -> Iterator[bytes]:
    rest, size = b"", 0
    for part in parts:
        size += len(part)
        if size > LONGEST_REPLY:
            raise Failed(f"the language model sent more than {LONGEST_REPLY:,} bytes", "lower llm.max_tokens")
        if time.monotonic() > deadline:
            raise Failed("the language model took longer than llm.seconds", "raise it, or lower llm.max_tokens")
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
    yield rest

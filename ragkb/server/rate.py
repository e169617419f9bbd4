"""How many requests a caller may send: a token bucket each."""

from __future__ import annotations

import math
import time
from collections import OrderedDict

MOST_BUCKETS = 10_000
"""Callers that are remembered. A bucket that was forgotten begins full, as one does that nobody drew from for long."""


class Buckets:
    """Token buckets by name. Not for several threads: the event loop alone draws from them."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name -> (tokens, when)

    def wait(self, name: str, rate: float, burst: int) -> int:
        """0 if the bucket gave a token; else the whole seconds, at least 1, until it has one.

        rate: tokens a second. burst: tokens of a full bucket.
        """
        now = time.monotonic()
        tokens, since = self._held.pop(name, (float(burst), now))
        tokens = min(float(burst), tokens + (now - since) * rate)
        given = tokens >= 1
        self._held[name] = (tokens - given, now)
        if len(self._held) > MOST_BUCKETS:
            self._held.popitem(last=False)
        return 0 if given else max(1, math.ceil((1 - tokens) / rate))

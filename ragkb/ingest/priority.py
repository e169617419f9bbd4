"""Reading documents in comes after answering: what ingests takes the processor that others leave."""

from __future__ import annotations

import os

from ragkb.memory import share_arenas


def defer(nice: int) -> None:
    """Makes this process one that ingests beside others: `step_back`, and few heaps for the threads to come."""
    step_back(nice)
    share_arenas()


def step_back(by: int) -> None:
    """Lowers the priority of this process, and of those that it starts from now on, to `nice` `by`, 0 to 19.

    Nothing happens if it is as low already, or where the system has no such priorities (Windows).
    """
    if hasattr(os, "nice"):
        os.nice(max(0, by - os.nice(0)))

"""Reading documents in comes after answering: what ingests takes the processor that others leave."""

from __future__ import annotations

import os


def step_back(by: int) -> None:
    """Lowers the priority of this process, and of those that it starts from now on, by up to 19 (`nice`).

    Nothing happens where the system has no such priorities (Windows).
    """
    if by and hasattr(os, "nice"):
        os.nice(by)

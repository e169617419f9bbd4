"""Named places between the writes of the commit protocol, at which a test lets the process die.

RAGKB_CRASH_AT=name:2 ends the process, without any clean-up, when it reaches that place for the second time. Unset, a
place costs one comparison. The tests put their own function into `hook`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

hook: Callable[[str], None] | None = None


def reached(name: str) -> None:
    """Marks a place. Whatever was written before it is on its way to the disk, what follows is not written yet."""
    if hook is not None:
        hook(name)


def dying(name: str, occurrence: int) -> Callable[[str], None]:
    """A hook that ends the process at that occurrence (from 1) of the place."""
    left = occurrence

    def die(reached: str) -> None:
        nonlocal left
        left -= reached == name
        if not left:
            os._exit(9)

    return die


if _wanted := os.environ.get("RAGKB_CRASH_AT", ""):
    _name, _, _count = _wanted.rpartition(":")
    hook = dying(_name, int(_count))

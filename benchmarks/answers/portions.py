"""Which questions weights are fitted on, and which they are measured on: never the same.

A third of the questions is held out, by a hash of what they are about, so that two questions about one passage, or
about one fact of the sample corpus, stay on one side.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

Portion = Literal["train", "held-out", "all"]
PORTIONS: tuple[Portion, ...] = ("held-out", "train", "all")
T = TypeVar("T")


def is_held_out(about: str) -> bool:
    """True for a third of all strings."""
    return zlib.crc32(about.encode()) % 3 == 0


def about(row: Mapping[str, Any]) -> str:
    """What a question of an answers file is about: the first quote of its evidence, else its own words."""
    evidence = row.get("evidence") or ()
    return str(evidence[0]["quote"] if evidence else row["question"])


def of_portion(rows: Sequence[T], portion: Portion, about: Callable[[T], str]) -> list[T]:
    """The rows that belong to `portion`, in their order."""
    return [row for row in rows if portion == "all" or is_held_out(about(row)) == (portion == "held-out")]

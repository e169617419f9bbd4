"""What the use of a knowledge base comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragkb.errors import InputError
from ragkb.settings import UsageSettings
from ragkb.store.usage import Usage

BY = ("user", "key", "day", "model")
COUNTS = ("requests", "questions", "abstentions", "prompt_tokens", "completion_tokens")


def report(rows: Sequence[Usage], by: str, settings: UsageSettings) -> dict[str, Any]:
    """{"by", "currency", "rows", "total"}: sums for each value of `by`, and over all. Raises InputError.

    cost: tokens by the prices of today's settings, rounded to a ten-thousandth of the currency's unit.
    """
    if by not in BY:
        raise InputError(f"--by {by} is unknown", f"take one of {', '.join(BY)}")
    values = sorted({str(getattr(row, by)) for row in rows})
    sums = [{by: value, **_sum([row for row in rows if getattr(row, by) == value], settings)} for value in values]
    return {"by": by, "currency": settings.currency, "rows": sums, "total": _sum(rows, settings)}


def _sum(rows: Sequence[Usage], settings: UsageSettings) -> dict[str, Any]:
    counts = {name: sum(getattr(row, name) for row in rows) for name in COUNTS}
    seconds = round(sum(row.seconds for row in rows), 3)
    return {**counts, "seconds": seconds, "cost": cost(counts["prompt_tokens"], counts["completion_tokens"], settings)}


def cost(prompt_tokens: int, completion_tokens: int, settings: UsageSettings) -> float:
    """What these tokens cost."""
    price = prompt_tokens * settings.prompt_price + completion_tokens * settings.completion_price
    return round(price / 1000, 4)

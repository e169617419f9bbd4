"""What callers used, summed by day."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragkb.store.ledger import Ledger

_SUMS = "requests, questions, abstentions, prompt_tokens, completion_tokens, seconds"
_ADDED = ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS.split(", "))


@dataclass(frozen=True, slots=True)
class Usage:
    """What one caller used in one day (UTC) with one generator. seconds: that the server was busy with it."""

    day: str
    user: str
    key: str
    model: str
    requests: int
    questions: int
    abstentions: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float


class UsageBook:
    """The usage in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def rows(self, since: str = "", until: str = "9") -> list[Usage]:
        """By day, user, key and model; since, until: days, `until` not included."""
        query = f"""SELECT day, user, key, model, {_SUMS} FROM usage WHERE day >= ? AND day < ?
                    ORDER BY day, user, key, model"""
        with self._ledger.read() as at:
            return [Usage(*row) for row in at.execute(query, (since, until))]


def add(at: sqlite3.Connection, one: Usage) -> None:
    """Adds to the sums of its day, in a transaction of the caller's."""
    at.execute(
        f"""INSERT INTO usage (day, user, key, model, {_SUMS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET {_ADDED}""",
        astuple(one),
    )

"""What people thought of answers."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ragkb.store.ledger import Ledger

Rating = Literal["up", "down"]
_COLUMNS = "id, at, user, groups, question, answer, rating, comment, correction, citations"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person thought of an answer.

    groups: of that person, at that time. correction: what would have been right. citations: {"source", "page", "quote"}
    of the answer. id, at: made by the ledger.
    """

    question: str
    answer: str
    rating: Rating
    user: str = ""
    groups: tuple[str, ...] = ()
    comment: str = ""
    correction: str = ""
    citations: tuple[Mapping[str, Any], ...] = ()
    id: str = ""
    at: str = ""


class FeedbackBook:
    """The feedback in a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, given: Feedback) -> Feedback:
        """Keeps it. Returns it with its id and time."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        kept = replace(given, id=secrets.token_hex(8), at=at)
        groups, citations = json.dumps(kept.groups), json.dumps([dict(one) for one in kept.citations])
        values = (kept.id, kept.at, kept.user, groups, kept.question, kept.answer, kept.rating)
        with self._ledger.write(durable=True) as at_ledger:
            at_ledger.execute(
                f"INSERT INTO feedback ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, kept.comment, kept.correction, citations),
            )
        return kept

    def all(self) -> list[Feedback]:
        """All of it, oldest first."""
        with self._ledger.read() as at_ledger:
            return [_feedback(row) for row in at_ledger.execute(f"SELECT {_COLUMNS} FROM feedback ORDER BY number")]

    def forget(self, sources: set[str]) -> None:
        """Empties answer, comment, correction and quotes of what cites others than `sources`, or nothing."""
        gone = [one.id for one in self.all() if not _cites_only(one, sources)]
        with self._ledger.write(durable=True) as at_ledger:
            at_ledger.executemany(
                "UPDATE feedback SET answer = '', comment = '', correction = '', citations = '[]' WHERE id = ?",
                [(id,) for id in gone],
            )


def _feedback(row: sqlite3.Row | tuple[Any, ...]) -> Feedback:
    id, at, user, groups, question, answer, rating, comment, correction, citations = row
    return Feedback(
        question=question,
        answer=answer,
        rating=rating,
        user=user,
        groups=tuple(json.loads(groups)),
        comment=comment,
        correction=correction,
        citations=tuple(json.loads(citations)),
        id=id,
        at=at,
    )


def _cites_only(one: Feedback, sources: set[str]) -> bool:
    return bool(one.citations) and all(citation["source"] in sources for citation in one.citations)

"""The audit log: who asked what, when, and which documents they were shown."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragkb.store.ledger import Ledger

_COLUMNS = "at, request, user, key, groups, address, action, status, outcome, question, documents"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """A document that somebody was shown, or that they changed."""

    id: str
    source: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One request.

    at: UTC. request: its id, as in the log. key: id of the key, '' without one. groups: of the caller, then.
    action: method and route. outcome: answered, abstained, found, done, denied, failed. question: '' if audit.questions
    is off.
    """

    at: str
    request: str
    user: str
    key: str
    groups: tuple[str, ...]
    address: str
    action: str
    status: int
    outcome: str
    question: str
    documents: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows: all that are given must fit. since, until: ISO 8601 in UTC; document: id or source."""

    user: str = ""
    document: str = ""
    action: str = ""
    since: str = ""
    until: str = ""


class AuditLog:
    """The audit log in a ledger. Rows are added and, when they are old enough, removed; nothing changes them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add(self, row: AuditRow) -> None:
        """Keeps a row."""
        with self._ledger.write() as at:
            insert(at, row)

    def rows(self, wanted: AuditFilter = AuditFilter(), most: int | None = None) -> Iterator[AuditRow]:
        """The rows that fit, newest first, at most `most`. Read a page at a time: a caller may take its time."""
        before, found = 2**63 - 1, 0
        while most is None or found < most:
            page = self._page(wanted, before, min(_PAGE, most - found) if most is not None else _PAGE)
            yield from (_row(values) for _, *values in page)
            if not page:
                return
            found, before = found + len(page), page[-1][0]

    def _page(self, wanted: AuditFilter, before: int, most: int) -> list[tuple[Any, ...]]:
        where, values = _where(wanted)
        with self._ledger.read() as at:
            query = f"SELECT number, {_COLUMNS} FROM audit WHERE number < ? {where} ORDER BY number DESC LIMIT ?"
            return at.execute(query, (before, *values, most)).fetchall()

    def prune(self, days: int) -> int:
        """Removes rows older than that. Returns how many."""
        oldest = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="milliseconds")
        with self._ledger.write() as at:
            return at.execute("DELETE FROM audit WHERE at < ?", (oldest,)).rowcount


def insert(at: sqlite3.Connection, row: AuditRow) -> None:
    """Adds the row in a transaction of the caller's."""
    documents = json.dumps([[one.id, one.source] for one in row.documents], ensure_ascii=False)
    values = (row.at, row.request, row.user, row.key, json.dumps(row.groups, ensure_ascii=False), row.address)
    at.execute(
        f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*values, row.action, row.status, row.outcome, row.question, documents),
    )


def _where(wanted: AuditFilter) -> tuple[str, tuple[str, ...]]:
    named = """EXISTS (SELECT 1 FROM json_each(audit.documents) AS one
                       WHERE ? IN (json_extract(one.value, '$[0]'), json_extract(one.value, '$[1]')))"""
    clauses = {
        "user = ?": wanted.user,
        "instr(action, ?) > 0": wanted.action,
        "at >= ?": wanted.since,
        "at < ?": wanted.until,
        named: wanted.document,
    }
    used = {clause: value for clause, value in clauses.items() if value}
    return "".join(f" AND {clause}" for clause in used), tuple(used.values())


def _row(values: list[Any]) -> AuditRow:
    at, request, user, key, groups, address, action, status, outcome, question, documents = values
    seen = tuple(Seen(id, source) for id, source in json.loads(documents))
    readers = tuple(json.loads(groups))
    return AuditRow(at, request, user, key, readers, address, action, status, outcome, question, seen)

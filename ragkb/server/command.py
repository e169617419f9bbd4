"""`ragkb key`, `ragkb audit` and `ragkb usage`: what concerns the callers of a server. No model is loaded."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ragkb.errors import InputError

if TYPE_CHECKING:
    from ragkb.store.audit import AuditFilter
    from ragkb.store.keys import Role
    from ragkb.store.ledger import Ledger
    from ragkb.store.store import Store

DEFAULT_KB = Path(".ragkb")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

key_app = typer.Typer(help="Make, list and revoke the keys of a server's callers.", no_args_is_help=True)
audit_app = typer.Typer(help="Read who asked what and which documents they were shown.", no_args_is_help=True)

Kb = Annotated[Path | None, typer.Option("--kb", metavar="DIR", help="Knowledge base [.ragkb].")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="From then on: 7d, 12h, or a date 2026-01-31.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Before then.")]
User = Annotated[str | None, typer.Option("--user", help="Of this user alone.")]
Document = Annotated[str | None, typer.Option("--document", help="That concern this document, by id or source.")]
Action = Annotated[str | None, typer.Option("--action", help="Whose method and route hold this, like /v1/query.")]


@key_app.command("create")
def key_create(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", help="Whose key it is; the user's name in the audit log.")],
    role: Annotated[str, typer.Option("--role", metavar="reader|writer|admin", help="What it may do.")] = "reader",
    groups: Annotated[
        list[str] | None,
        typer.Option("--groups", metavar="G1,G2", help="Whose documents it sees; '*' for all, as an admin by default."),
    ] = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="TIME", help="When it ends: 90d, 12h, a date, or never.")
    ] = "365d",
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it: it is shown this once, and cannot be shown again."""
    from ragkb.render import key_json

    with _ledger(context, kb) as (ledger, _):
        key, secret = ledger.keys.create(name, cast("Role", role), _names(groups), _lifetime(expires))
    if as_json:
        _json({"id": key.id, "key": secret, **key_json(key)})
        return
    ends = f"until {key.expires_at}" if key.expires_at else "without end"
    print(f"Key {key.id} of {name}: {role}, groups {', '.join(key.groups) or 'none'}, {ends}.", file=sys.stderr)
    print("It is shown this once:", file=sys.stderr)
    print(secret)


@key_app.command("list")
def key_list(context: typer.Context, kb: Kb = None, as_json: Json = False) -> None:
    """List the keys, without showing them."""
    from ragkb.render import key_json

    with _ledger(context, kb) as (ledger, _):
        keys = ledger.keys.all()
    if as_json:
        _json({"keys": [key_json(key) for key in keys]})
        return
    rows = [[k.id, k.name, k.role, ", ".join(k.groups), k.state, k.expires_at, k.last_used_at] for k in keys]
    _table(["id", "name", "role", "groups", "state", "expires", "last used"], rows, "No keys.")


@key_app.command("revoke")
def key_revoke(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `ragkb key list` shows it.")],
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """End a key, from the next request on, also in servers that run."""
    from ragkb.render import key_json

    with _ledger(context, kb) as (ledger, _):
        key = ledger.keys.revoke(id)
    _json(key_json(key)) if as_json else print(f"Revoked {id}, the key of {key.name}.")


@audit_app.command("list")
def audit_list(
    context: typer.Context,
    user: User = None,
    document: Document = None,
    action: Action = None,
    since: Since = None,
    until: Until = None,
    most: Annotated[int, typer.Option("-n", min=1, help="Rows at most [50].")] = 50,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Show requests, newest first."""
    from ragkb.render import record_json

    with _ledger(context, kb) as (ledger, _):
        rows = list(ledger.audit.rows(_filter(user, document, action, since, until), most))
    if as_json:
        _json({"rows": [record_json(row) for row in rows]})
        return
    shown = [
        [r.at[:19], r.user or "–", r.action, r.outcome, r.question, ", ".join(d.source or d.id for d in r.documents)]
        for r in rows
    ]
    _table(["at (UTC)", "user", "action", "outcome", "question", "documents"], shown, "Nothing.")


@audit_app.command("export")
def audit_export(
    context: typer.Context,
    user: User = None,
    document: Document = None,
    action: Action = None,
    since: Since = None,
    until: Until = None,
    kb: Kb = None,
) -> None:
    """Print every row that fits, newest first, as a JSON object a line."""
    from ragkb.render import record_json

    with _ledger(context, kb) as (ledger, _):
        for row in ledger.audit.rows(_filter(user, document, action, since, until)):
            _json(record_json(row))


@audit_app.command("access")
def audit_access(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="Id or source.")],
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Say who may read a document now, and who was shown it."""
    from ragkb.server.access import access

    with _ledger(context, kb) as (ledger, store):
        found = access(store, ledger, document)
    if as_json:
        _json(found)
        return
    for one in found["documents"]:
        readers = ", ".join(one["groups"]) or "everybody who may ask"
        print(f"{one['source']} ({one['id']}): {readers}")
    print("\nKeys that open it now:")
    rows = [[k["id"], k["name"], k["role"], ", ".join(k["groups"])] for k in found["keys"]]
    _table(["id", "name", "role", "groups"], rows, "None.")
    print("\nShown to:")
    rows = [[r["user"] or "–", r["times"], r["first"][:19], r["last"][:19]] for r in found["shown"]]
    _table(["user", "times", "first (UTC)", "last (UTC)"], rows, "Nobody, as far as the audit log goes.")


def usage(
    context: typer.Context,
    since: Since = None,
    until: Until = None,
    by: Annotated[str, typer.Option("--by", metavar="user|key|day|model", help="What to sum for.")] = "user",
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Sum requests, questions, tokens and their cost, by user, key, day or model."""
    from ragkb.server.usage import report
    from ragkb.settings import Settings

    days = (_when(since)[:10] if since else "", _when(until)[:10] if until else "9")
    with _ledger(context, kb) as (ledger, _):
        found = report(ledger.usage.rows(*days), by, Settings.load().usage)
    if as_json:
        _json(found)
        return
    names = [by, *found["total"]]
    rows = [[row[name] for name in names] for row in found["rows"]]
    rows.append(["total", *found["total"].values()])
    _table([name.replace("_", " ") for name in names], rows, "")


# --- what they share --------------------------------------------------------------------------------------------------


@contextmanager
def _ledger(context: typer.Context, kb: Path | None) -> Iterator[tuple[Ledger, Store]]:
    """The ledger and the store of a knowledge base that is there. Raises NotFound, InputError."""
    from ragkb.store.ledger import LEDGER, Ledger
    from ragkb.store.store import Store

    store = Store.open(kb or context.obj or DEFAULT_KB)
    ledger = Ledger(store.folder / LEDGER)
    try:
        yield ledger, store
    finally:
        ledger.close()
        store.close()


def _names(given: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for item in given or () for name in item.split(",") if name.strip())


def _lifetime(written: str) -> timedelta | None:
    """How long from now on; None without end. Raises InputError."""
    if written.strip().lower() == "never":
        return None
    if given := _duration(written):
        return given
    return _date(written) - datetime.now(timezone.utc)


def _when(written: str) -> str:
    """The moment as the ledger writes it: a time ago, or a date. Raises InputError."""
    ago = _duration(written)
    at = datetime.now(timezone.utc) - ago if ago else _date(written)
    return at.isoformat(timespec="milliseconds")


def _duration(written: str) -> timedelta | None:
    form = re.fullmatch(r"(\d{1,6})([mhdw])", written.strip().lower())
    return int(form[1]) * UNITS[form[2]] if form else None


def _date(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written.strip())
    except ValueError:
        raise InputError(f"{written!r} is no time", "write 90d, 12h, or a date like 2026-12-31") from None
    return at.astimezone(timezone.utc) if at.tzinfo else at.replace(tzinfo=timezone.utc)


def _filter(
    user: str | None, document: str | None, action: str | None, since: str | None, until: str | None
) -> AuditFilter:
    from ragkb.store.audit import AuditFilter

    times = (_when(since) if since else "", _when(until) if until else "")
    return AuditFilter(user or "", document or "", action or "", *times)


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def _table(header: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    if not rows:
        print(empty)
        return
    from rich.table import Table
    from rich.text import Text

    from ragkb import console
    from ragkb.ingest.normalise import one_line

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(str("" if cell is None else cell))) for cell in row))
    console.out().print(table)

"""For an auditor: who may read a document, and who was shown it."""

from __future__ import annotations

from typing import Any

from ragkb.errors import NotFound
from ragkb.store.audit import AuditFilter
from ragkb.store.ledger import Ledger
from ragkb.store.store import Store
from ragkb.types import Principal


def access(store: Store, ledger: Ledger, document: str) -> dict[str, Any]:
    """{"documents", "keys", "shown"}: what has that id or source now, the keys that open it, who was shown it when.

    A document that is gone has its history alone. People who come by OIDC or a proxy are not known before they ask: for
    them, "groups" of the documents says who may. Raises NotFound for one that was never there.
    """
    with store.reading() as reader:
        infos = [info for info in reader.documents(Principal.admin()) if document in (info.id, info.source)]
    shown: dict[str, dict[str, Any]] = {}
    for name in {document, *(info.id for info in infos)}:
        for row in ledger.audit.rows(AuditFilter(document=name)):
            if row.status < 400:
                one = shown.setdefault(row.user, {"user": row.user, "requests": set(), "first": row.at, "last": row.at})
                one["requests"].add(row.request)
                one["first"], one["last"] = min(one["first"], row.at), max(one["last"], row.at)
    if not infos and not shown:
        raise NotFound(f"document {document!r} was not found", "list the documents")
    keys = [
        {"id": key.id, "name": key.name, "role": key.role, "groups": list(key.groups)}
        for key in ledger.keys.all()
        if key.state == "active" and any(key.principal.may_read(info.groups) for info in infos)
    ]
    return {
        "documents": [{"id": info.id, "source": info.source, "groups": list(info.groups)} for info in infos],
        "keys": keys,
        "shown": [
            {"user": one["user"], "times": len(one["requests"]), "first": one["first"], "last": one["last"]}
            for one in sorted(shown.values(), key=lambda one: str(one["user"]))
        ],
    }

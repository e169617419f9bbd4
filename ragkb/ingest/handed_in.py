"""Where a document goes that a caller of the server hands in.

Whether there is a document of that name which they do not see must not show: not by an error, not by what is replaced,
and not by the new document's id. So the place depends on what the caller says and sees alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Literal

from ragkb.store.documents import HANDED_IN
from ragkb.store.store import Store
from ragkb.types import Principal

Kind = Literal["text", "file"]
_BEFORE = {"text": "", "file": "upload:"}
"""Where the library's methods put them, and where the server did before."""


def root_for(store: Store, kind: Kind, source: str, groups: Sequence[str], as_: Principal) -> str:
    """The root under which the document replaces what was added before with that name, for the same groups.

    Where a document says itself that only others may read it, those who added it do not see it any more; what they add
    then stands beside it.
    """
    scope = sorted(set(groups))
    before = _BEFORE[kind]
    there = _visible(store, before, source, as_)
    if there == scope or (there is not None and as_.is_admin):
        return before
    shared = HANDED_IN + kind + ":" + _hash(scope)
    known = store.known_at(shared, source)
    if known is None or _visible(store, shared, source, as_) is not None:
        return shared
    return f"{shared}:{_hash([as_.user])}"


def _visible(store: Store, root: str, source: str, as_: Principal) -> list[str] | None:
    """Groups of the document at that place; None if there is none that the caller sees."""
    known = store.known_at(root, source)
    if known is None:
        return None
    with store.reading() as reader:
        return next((sorted(info.groups) for info in reader.documents(as_) if info.id == known.id), None)


def _hash(names: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:16]

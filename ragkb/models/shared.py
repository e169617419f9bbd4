"""Embedders that several knowledge bases of a process share."""

from __future__ import annotations

import threading
from pathlib import Path
from weakref import WeakValueDictionary

from ragkb.models import Embedder, load_embedder
from ragkb.settings import Precision, Settings

_shared: WeakValueDictionary[tuple[str, int, Precision], Embedder] = WeakValueDictionary()
_loading = threading.Lock()


def shared_embedder(name: str, settings: Settings, precision: Precision) -> Embedder:
    """The embedder of that name, loaded once in a process while somebody uses it. Raises InputError, ModelError."""
    given = settings.embedding.model_copy(update={"precision": precision})
    if name.startswith("openai:"):  # its key and its limits are settings of the caller
        return load_embedder(name, settings.threads, given)
    with _loading:
        held = _shared.get((name, settings.threads, given.precision))
        if held is None:
            held = load_embedder(name, settings.threads, given)
            _shared[name, settings.threads, given.precision] = held
        return held


def full_name(name: str) -> str:
    """The name of an embedder that finds it from any current folder: of a folder the absolute path."""
    kind, colon, rest = name.rpartition("torch:")
    return f"{kind}{colon}{Path(rest).resolve()}" if rest and Path(rest).is_dir() else name

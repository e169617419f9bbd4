"""The models whose vectors the catalogue holds: the one in force, one that is to take its place, and earlier ones."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import astuple, dataclass

from ragkb.store import meta


@dataclass(frozen=True, slots=True)
class Model:
    """What makes vectors. key: under which the catalogue holds them.

    id: of the embedder. precision: that it ran in, "" if unknown. name: the setting that loads it, "" if unknown. dim:
    length of a vector.
    """

    key: str
    id: str
    precision: str
    name: str
    dim: int


def held(at: sqlite3.Connection) -> dict[str, Model]:
    """The models by key; that in force is always among them."""
    values = meta.values(at)
    key = values["embedder"]
    known = {one[0]: Model(*one) for one in json.loads(values.get("models", "[]"))}
    known.setdefault(key, Model(key, key, "", "", int(values["dim"])))
    return known


def in_force(at: sqlite3.Connection) -> Model:
    """The model of the vectors that are searched."""
    return held(at)[meta.values(at)["embedder"]]


def target(at: sqlite3.Connection) -> Model | None:
    """The model that is to take its place, while a knowledge base is re-embedded."""
    return held(at).get(meta.values(at).get("target", ""))


def set_target(at: sqlite3.Connection, model: Model) -> None:
    """Records what the knowledge base is re-embedded with."""
    _put(at, held(at) | {model.key: model})
    meta.put(at, "target", model.key)


def switch(at: sqlite3.Connection, model: Model) -> None:
    """Puts the model into force. The caller puts its index files into force in the same transaction."""
    _put(at, held(at) | {model.key: model})
    meta.put(at, "embedder", model.key)
    meta.put(at, "dim", model.dim)
    meta.put(at, "target", "")


def forget(at: sqlite3.Connection) -> None:
    """Drops the vectors of models that are neither in force nor about to be."""
    kept = {model.key: model for model in (in_force(at), target(at)) if model}
    marks = ", ".join("?" * len(kept))
    at.execute(f"DELETE FROM embeddings WHERE model NOT IN ({marks})", tuple(kept))
    _put(at, kept)


def first(id: str, precision: str, name: str, dim: int) -> dict[str, object]:
    """What the meta table of a new knowledge base says of its model."""
    model = Model(id, id, precision, name, dim)
    return {"embedder": id, "dim": dim, "models": json.dumps([astuple(model)])}


def _put(at: sqlite3.Connection, known: Mapping[str, Model]) -> None:
    meta.put(at, "models", json.dumps([astuple(known[key]) for key in sorted(known)]))

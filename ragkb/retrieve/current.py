"""The embedder that a knowledge base needs now: another process may have re-embedded it with another model."""

from __future__ import annotations

import threading
from pathlib import Path

from ragkb.errors import ModelError
from ragkb.models import DEFAULT, Embedder
from ragkb.models.shared import full_name, shared_embedder
from ragkb.settings import Precision, Settings
from ragkb.store.models import Model
from ragkb.store.store import Store


def opened(folder: Path, settings: Settings, given: Embedder | None) -> tuple[Store, Current]:
    """The knowledge base in the folder, made if there is none, and its embedder: `given`, or as the settings say.

    Raises InputError, ModelError if it was made with another embedder, StorageError.
    """
    if not Store.exists(folder):
        name = "" if given else full_name(settings.embedder or DEFAULT)
        precision = settings.embedding.precision
        used = given or shared_embedder(name, settings, precision)
        store = Store.create(folder, used.id, used.dim, recorded(given, precision), name)
    else:
        store = Store.open(folder)
    return store, Current(folder, settings, given, store.model())


class Current:
    """The embedder of one knowledge base, changed for another when its model changes."""

    def __init__(self, folder: Path, settings: Settings, given: Embedder | None, model: Model) -> None:
        """given: used in place of what settings and store name. Raises ModelError if it is not the store's."""
        self._folder, self._settings = folder, settings
        self._lock = threading.Lock()
        self.held = given or shared_embedder(_first_name(folder, settings, model), settings, self._precision(model))
        self._is_given = given is not None
        if self.held.id != model.id:
            wanted = self.held.id if given else f"{settings.embedder or DEFAULT} ({self.held.id})"
            raise ModelError(
                f"{folder}: made with the embedder {model.id}, not with {wanted}",
                "`ragkb reembed` makes its vectors anew with this one; or take the setting `embedder` back",
            )

    def of(self, model: Model) -> Embedder:
        """The embedder of that model, loaded if it is another one than before. Raises ModelError."""
        if self._fits(model):
            return self.held
        with self._lock:
            if not self._fits(model):
                self.held, self._is_given = self._other(model), False
            return self.held

    def use(self, embedder: Embedder) -> None:
        """Takes the embedder that the knowledge base was re-embedded with."""
        with self._lock:
            self.held, self._is_given = embedder, True

    def _fits(self, model: Model) -> bool:
        exact = self._is_given or self._precision(model) in ("auto", self.held.precision)
        return self.held.id == model.id and exact

    def _precision(self, model: Model) -> Precision:
        """What to load it in: as the settings say, else as it was re-embedded."""
        if self._settings.embedding.precision != "auto":
            return self._settings.embedding.precision
        return "int8" if model.precision == "int8" else "float32" if model.precision == "float32" else "auto"

    def _other(self, model: Model) -> Embedder:
        if not model.name or (model.name.startswith("openai:") and model.name != self._settings.embedder):
            raise _not_named(self._folder, model)
        found = shared_embedder(model.name, self._settings, self._precision(model))
        if found.id != model.id:
            raise ModelError(
                f"{self._folder}: re-embedded with {model.id}; {model.name} is now {found.id}",
                "put that model back, or run `ragkb reembed`",
            )
        return found


def _first_name(folder: Path, settings: Settings, model: Model) -> str:
    """What to load when a knowledge base is opened. subtle: it never names the server that texts and a key go to."""
    if not settings.embedder and model.name.startswith("openai:"):
        raise _not_named(folder, model)
    return settings.embedder or model.name


def _not_named(folder: Path, model: Model) -> ModelError:
    said = f", set `embedder` to {model.name}" if model.name else ", or pass it as `embedder=`"
    return ModelError(f"{folder}: made with the embedder {model.id}", f"open it with that one{said}")


def recorded(given: Embedder | None, precision: Precision) -> str:
    """The precision that the store remembers: of an embedder of the caller's own its own, "" if it was left open."""
    return given.precision if given else "" if precision == "auto" else precision

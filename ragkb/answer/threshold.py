"""The least confidence to answer: a setting, or what was fitted to the questions of one knowledge base."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ragkb.errors import StorageError
from ragkb.settings import AnswerSettings
from ragkb.store.reports import THRESHOLD


@dataclass(frozen=True, slots=True)
class Threshold:
    """What `ragkb eval calibrate --write` keeps. value: 0 to 1. questions: it was fitted on. sha256: of their file."""

    value: float
    questions: int
    sha256: str


def in_force(settings: AnswerSettings, folder: Path) -> float:
    """The setting where one was given, else what is kept in `folder`, else the setting's default."""
    kept = None if "threshold" in settings.model_fields_set else stored(folder)
    return settings.threshold if kept is None else kept.value


def stored(folder: Path) -> Threshold | None:
    """What is kept in `folder`; None if nothing is. Raises StorageError if it cannot be read."""
    path = folder / THRESHOLD
    try:
        raw = json.loads(path.read_text("utf-8"))
        kept = Threshold(float(raw["value"]), int(raw["questions"]), str(raw["sha256"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{path} cannot be read: {error}", "delete it, or calibrate again") from None
    if not 0 <= kept.value <= 1:
        raise StorageError(f"{path}: the threshold is {kept.value}, not 0 to 1", "delete it, or calibrate again")
    return kept


def store(folder: Path, threshold: Threshold) -> Path:
    """Keeps it, whole or not at all; returns the file."""
    path, made = folder / THRESHOLD, folder / f"{THRESHOLD}.new"
    try:
        with made.open("w", encoding="utf-8") as file:
            json.dump(asdict(threshold), file)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None
    return path

"""Files that survive a crash: written beside, synced, renamed, and known by their SHA-256."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """After return the file is whole on disk under its name; before, the name does not exist or is the old file."""
    staging = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with staging.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staging.rename(path)
        sync_folder(path.parent)
    except OSError:
        staging.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Makes renames in the folder durable, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of the file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

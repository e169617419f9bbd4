"""Files that survive a crash: written beside, synced, renamed, and known by their SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ragkb.errors import StorageError
from ragkb.store.crashpoints import reached


@contextmanager
def storage_errors(where: Path) -> Iterator[None]:
    """Turns what the operating system refuses into StorageError, which names the file, or `where`."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{error.filename or where}: {error.strerror or error}", "check the disk and its permissions"
        ) from error


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """A new file to write into, under another name; at the end it is whole on disk under its own, or there is none."""
    staging = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with staging.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        reached("file written")
        staging.rename(path)
        reached("file renamed")
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            staging.unlink(missing_ok=True)
        raise


def write_durably(path: Path, data: bytes) -> None:
    """After return the file is whole on disk under its name; before, the name does not exist or is the old file."""
    with durable_file(path) as file:
        file.write(data)


def sync_file(path: Path) -> None:
    """Makes what was written to the file durable."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes renames in the folder durable, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: Path) -> None:
    """Makes the folder, and those above it that are missing, under names that survive a power cut. Raises OSError."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in made:
        sync_folder(one.parent)


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of the file, read in blocks."""
    with path.open("rb") as file:
        return sha256_stream(file)


def sha256_stream(file: BinaryIO) -> str:
    """Hexadecimal SHA-256 of what the file holds from here on."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()

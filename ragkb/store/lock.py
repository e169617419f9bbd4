"""One writer at a time. The operating system frees the lock when its holder dies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ragkb.errors import Busy, StorageError


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Holds the writer's lock of the knowledge base. Raises Busy with the holder's process id, StorageError."""
    lock = FileLock(folder / "writer.lock", timeout=0, thread_local=False, is_singleton=False)
    holder = folder / "writer.json"
    try:
        lock.acquire()
    except Timeout:
        raise Busy(f"{folder}: process {_holder(holder)} is writing", "wait for it, or stop it") from None
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written ({error.strerror})", "check its permissions") from None
    try:
        holder.write_text(json.dumps({"pid": os.getpid()}), "utf-8")
        yield
    finally:
        lock.release()


def _holder(path: Path) -> str:
    try:
        return str(json.loads(path.read_text("utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return "(unknown)"

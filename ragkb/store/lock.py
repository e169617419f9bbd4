"""One writer at a time. The operating system frees the lock when its holder dies."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ragkb.errors import Busy, StorageError

NAMING_TRIES, NAMING_PAUSE = 20, 0.02  # seconds


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
        with suppress(OSError):  # who writes is told as well as can be; on a full disk, a delete still goes through
            holder.write_text(json.dumps({"pid": os.getpid()}), "utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process writes to the knowledge base now, by what it says of itself."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return _lives(int(json.loads((folder / "writer.json").read_text("utf-8"))["pid"]))
    return False


def _holder(path: Path) -> str:
    """The writer's process id; waits a moment for one that has the lock and has not yet said who it is."""
    named = "(unknown)"
    for _ in range(NAMING_TRIES):
        with suppress(OSError, ValueError, KeyError, TypeError):
            pid = int(json.loads(path.read_text("utf-8"))["pid"])
            named = str(pid)
            if _lives(pid):
                break
        time.sleep(NAMING_PAUSE)
    return named


def _lives(pid: int) -> bool:
    """False for a process that was killed while it wrote, and left its name behind."""
    if os.name == "nt":
        return True  # os.kill would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True

"""Following folders: an ingest at the start, then one after each change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from watchfiles import Change, watch

from ragkb.errors import Busy, InputError, NotFound, RagkbError
from ragkb.ingest.report import IngestReport
from ragkb.ingest.sources import IGNORE, is_address

_SETTLE_MS = 1_600  # a change waits at most so long for the next one that belongs to it
_STEP_MS = 100
_START_MS = 500  # until the first ingest
_RETRY_SECONDS = 1.0

Tell = Callable[[RagkbError], None]


def follow(
    paths: Sequence[str | Path],
    ingest: Callable[[], IngestReport],
    tell: Tell,
    stop: threading.Event,
    leave_out: Sequence[Path] = (),
) -> Iterator[IngestReport]:
    """The report of the first ingest and of the one after each change, until `stop` is set.

    tell: hears of what went wrong and is tried again: a writer that holds the knowledge base, a manifest that is being
    edited. leave_out: folders whose changes are none, the knowledge base's own. Raises InputError for an address,
    NotFound for a path that is missing at the start, StorageError, ModelError.
    """
    folders = [_local(path) for path in paths]
    # subtle: the watcher runs before the first ingest, so that no change falls between the two.
    changes = watch(
        *folders,
        watch_filter=_filter(folders, leave_out),
        debounce=_SETTLE_MS,
        step=_STEP_MS,
        rust_timeout=_START_MS,
        yield_on_timeout=True,
        stop_event=stop,
    )
    is_first = True
    for changed in changes:
        if is_first or changed:
            is_first = False
            report = _once(ingest, tell, stop)
            if report:
                yield report


def _once(ingest: Callable[[], IngestReport], tell: Tell, stop: threading.Event) -> IngestReport | None:
    """The report, None where nothing could be ingested. Waits as long as another process writes."""
    outcome: IngestReport | RagkbError = _tried(ingest)
    if isinstance(outcome, RagkbError):
        tell(outcome)
    while isinstance(outcome, Busy) and not stop.wait(_RETRY_SECONDS):
        outcome = _tried(ingest)
    return outcome if isinstance(outcome, IngestReport) else None


def _tried(ingest: Callable[[], IngestReport]) -> IngestReport | RagkbError:
    try:
        return ingest()
    except (Busy, InputError, NotFound) as error:
        return error


def _local(path: str | Path) -> Path:
    if is_address(path):
        raise InputError(f"{path} cannot be followed", "only folders of this machine tell of changes; use a timer")
    found = Path(path)
    if not found.exists():
        raise NotFound(f"{path}: no such file or folder", "check the path")
    return found.resolve()


def _filter(roots: Sequence[Path], leave_out: Iterable[Path]) -> Callable[[Change, str], bool]:
    """True for changes that an ingest can see: hidden files and the knowledge base's own folder are none."""
    out = [path.resolve() for path in leave_out]

    def is_seen(change: Change, name: str) -> bool:
        path = Path(name)
        if any(path.is_relative_to(folder) for folder in out):
            return False
        inside = next((path.relative_to(root).parts for root in roots if path.is_relative_to(root)), ())
        return not any(part.startswith(".") and part != IGNORE for part in inside)

    return is_seen

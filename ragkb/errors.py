"""Every error that ragkb raises on purpose, as one tree.

    RagkbError                    exit  HTTP
    ├── InputError                   2   422   the caller's input cannot be used
    │   ├── LimitExceeded            2   413   a configured limit was passed
    │   └── DocumentRefused          7   422   one document cannot be read; the others go on
    ├── NotFound                     3   404   absent, or not visible to who asks: the two look the same
    ├── Busy                         4   409   another process writes to the knowledge base
    ├── StorageError                 5   503   disk, catalogue or index: damaged, full or read-only
    ├── ModelError                   6   503   a model is missing, broken or not the one the KB was made with
    └── GateFailed                   8   500   an evaluation fell under its threshold

The message says what happened, with the values, in one line; `hint` says what to do.
"""

from __future__ import annotations

from typing import ClassVar


class RagkbError(Exception):
    """Root of the tree. exit_code: of the command; http_status: of the server; hint: what to do, may be empty."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)  # subtle: both as args, so that the error survives pickling
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class InputError(RagkbError):
    """The caller's input cannot be used."""

    exit_code = 2
    http_status = 422


class LimitExceeded(InputError):
    """A configured limit was passed."""

    http_status = 413


class DocumentRefused(InputError):
    """One document cannot be read. The batch goes on; the report lists it."""

    exit_code = 7


class NotFound(RagkbError):
    """Absent, or not visible to the principal."""

    exit_code = 3
    http_status = 404


class Busy(RagkbError):
    """Another process holds the writer's lock."""

    exit_code = 4
    http_status = 409


class StorageError(RagkbError):
    """Disk, catalogue or index: damaged, full or read-only."""

    exit_code = 5
    http_status = 503


class ModelError(RagkbError):
    """A model is missing, broken, or not the one that the knowledge base was made with."""

    exit_code = 6
    http_status = 503


class GateFailed(RagkbError):
    """An evaluation fell under its threshold."""

    exit_code = 8

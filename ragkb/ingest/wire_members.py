"""How the documents inside a file come from the process that opens it: for each a head in JSON, then its bytes.

As little is trusted of it as of all else that a parser sends: sources stay beneath that of their file, and there are no
more of them, and no more bytes, than the limits allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from ragkb.errors import InputError
from ragkb.ingest.members import Member, is_safe
from ragkb.ingest.normalise import one_line
from ragkb.ingest.wire import MESSAGE, Torn, raised, read_frame, write_frame
from ragkb.settings import LimitSettings

_END = b""
_LARGEST_HEAD = 100_000


@dataclass(frozen=True, slots=True)
class _Head:
    """A member whose bytes follow, or why there are no more: error is the name of the class to raise then."""

    source: str = ""
    refused: str = ""
    error: str = ""
    message: str = ""
    hint: str = ""


@cache
def _heads() -> TypeAdapter[_Head]:
    return TypeAdapter(_Head)


def write_members(stream: BinaryIO, members: Iterator[Member], name: str) -> None:
    """Writes the members of the file of that name, whose own bytes the reader has, and the end or the error."""
    try:
        for member in members:
            write_frame(stream, _heads().dump_json(_Head(member.source, member.refused[:MESSAGE])))
            write_frame(stream, b"" if member.source == name else member.data)
    except InputError as error:
        write_error(stream, error)
    else:
        write_frame(stream, _END)


def write_error(stream: BinaryIO, error: InputError) -> None:
    """Ends the members with an error."""
    head = _Head(error=type(error).__name__, message=error.message[:MESSAGE], hint=error.hint[:MESSAGE])
    write_frame(stream, _heads().dump_json(head))


def relay(source: BinaryIO, target: BinaryIO, limits: LimitSettings) -> bytes:
    """Copies the members, and gives the last frame, which the caller writes. Raises Torn where there is none.

    Nothing that comes after that frame gets through, so that no document can write the reply to another.
    """
    while True:
        head = read_frame(source, _LARGEST_HEAD)
        if head == _END or _decoded(head).error:
            return head
        data = read_frame(source, limits.inflated_bytes)
        write_frame(target, head)
        write_frame(target, data)


class Received:
    """The members of one file, as they come. name, data: of the file itself."""

    def __init__(self, name: str, data: bytes, limits: LimitSettings) -> None:
        self._name, self._data, self._limits = name, data, limits
        self._taken: set[str] = set()
        self._bytes = 0

    def next(self, stream: BinaryIO) -> Member | None:
        """The next member, None after the last. Raises Torn, DocumentRefused, LimitExceeded."""
        frame = read_frame(stream, _LARGEST_HEAD)
        if frame == _END:
            return None
        head = _decoded(frame)
        if head.error:
            raise raised(head.error, head.message, head.hint)
        data = read_frame(stream, self._limits.inflated_bytes)
        self._check(head.source, len(data))
        if head.source == self._name:
            return Member(self._name, self._data)
        return Member(head.source, b"" if head.refused else data, one_line(head.refused)[:MESSAGE])

    def _check(self, source: str, size: int) -> None:
        """Raises Torn for what no parser says that works: then it is ended, and what it had in hand is refused."""
        self._bytes += size
        is_inside = source.startswith(f"{self._name}/") and is_safe(source[len(self._name) + 1 :])
        if source in self._taken or not (is_inside or source == self._name):
            raise Torn(f"{source!r} is no member of {self._name}")
        self._taken.add(source)
        if len(self._taken) > 2 * self._limits.members + 2 or self._bytes > self._limits.inflated_bytes:
            raise Torn("more members than the limits allow")


def _decoded(frame: bytes) -> _Head:
    try:
        return _heads().validate_json(frame, strict=True)
    except ValidationError as error:
        raise Torn(f"no head of a member: {error.errors()[0]['msg']}") from None

"""What goes between an ingest and the processes that parse for it: frames of JSON and bytes, nothing that is executed.

What comes back is not trusted: a parser that was taken over by a file may write anything. So it is bounded in size,
checked for types, and its places are checked against its text.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO, Literal

from pydantic import TypeAdapter, ValidationError

from ragkb.errors import DocumentRefused, InputError, LimitExceeded, NotFound
from ragkb.ingest.access import AccessUnclear
from ragkb.ingest.loaders import MEDIA_TYPES, Loaded
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft

PNG = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">Q")
_BLOCK = 1 << 20
MESSAGE = 1000
"""Characters of a reason or a hint."""

_OVERHEAD = 64_000_000  # bytes of a reply beside its text: pages, headings, tables


@dataclass(frozen=True, slots=True)
class Picture:
    """A page to draw, from 1, `scale` pixels a point, with the quote marked."""

    page: int
    quote: str
    scale: float


@dataclass(frozen=True, slots=True)
class Request:
    """What to parse; the file's bytes follow in a frame of their own.

    ocr, keeps_hidden: as for `load`. seconds: that it may take, by the clock; of processor time, as many on each
    processor. picture: what to draw instead of parsing; the reply is a PNG then. opens: what the file holds is wanted,
    as wire_members.py sends it.
    """

    name: str
    limits: LimitSettings
    ocr: Literal["auto", "on", "off", "later"]
    seconds: int
    keeps_hidden: bool = False
    picture: Picture | None = None
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A document and its media type, or why there is none. error: the name of the class to raise."""

    draft: Draft | None = None
    media: str = ""
    error: str = ""
    message: str = ""
    hint: str = ""


class Torn(Exception):
    """The other side ended, or sent something that is no frame."""


def write_frame(stream: BinaryIO, data: bytes) -> None:
    """Writes the length and the data."""
    stream.write(_HEAD.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: BinaryIO, most: int) -> bytes:
    """The next frame's data. Raises Torn where the stream ends or the frame has more than `most` bytes."""
    (length,) = _HEAD.unpack(_read(stream, _HEAD.size))
    if length > most:
        raise Torn(f"a frame of {length} bytes, the limit is {most}")
    return _read(stream, length)


def _read(stream: BinaryIO, size: int) -> bytes:
    """subtle: block by block, so that a length that is a lie takes no memory."""
    blocks, left = [], size
    while left:
        block = stream.read(min(left, _BLOCK))
        if not block:
            raise Torn("the stream ended")
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)


def largest_reply(limits: LimitSettings) -> int:
    """Bytes that a reply may have: a character takes at most six of them."""
    return 6 * limits.text_characters + _OVERHEAD


@cache
def _requests() -> TypeAdapter[Request]:
    return TypeAdapter(Request)


@cache
def _replies() -> TypeAdapter[Reply]:
    return TypeAdapter(Reply)


def encode_request(request: Request) -> bytes:
    return _requests().dump_json(request)


def decode_request(data: bytes) -> Request:
    return _requests().validate_json(data)


def encode_reply(found: Loaded | InputError | NotFound) -> bytes:
    """The reply of a loader that gave a document or raised."""
    if isinstance(found, Loaded):
        return _replies().dump_json(Reply(found.draft, found.media))
    said = found.message[:MESSAGE], found.hint[:MESSAGE]
    return _replies().dump_json(Reply(None, "", type(found).__name__, *said))


def decode_picture(data: bytes) -> bytes:
    """The PNG. Raises what was raised instead of drawing."""
    if data.startswith(PNG):
        return data
    _decoded(data)
    raise DocumentRefused("the parser gave no picture")


def decode_reply(data: bytes, limits: LimitSettings) -> Loaded:
    """The document. Raises what the loader raised, DocumentRefused for a reply that makes no sense."""
    loaded = _decoded(data)
    _check(loaded.draft, limits)
    if loaded.media not in MEDIA_TYPES:
        raise DocumentRefused("the parser gave a media type that is none")
    return loaded


def _decoded(data: bytes) -> Loaded:
    try:
        reply = _replies().validate_json(data, strict=True)
    except ValidationError as error:
        raise DocumentRefused(f"the parser gave nonsense ({error.errors()[0]['msg']})") from None
    if reply.draft is None:
        raise raised(reply.error, reply.message, reply.hint)
    return Loaded(reply.draft, reply.media)


def raised(error: str, message: str, hint: str) -> InputError:
    """What a parser raised, by the name of its class; DocumentRefused for any that is not known."""
    kinds: dict[str, type[DocumentRefused | LimitExceeded]] = {
        kind.__name__: kind for kind in (LimitExceeded, AccessUnclear)
    }
    kind = kinds.get(error, DocumentRefused)
    return kind(one_line(message)[:MESSAGE] or "the parser gave no reason", one_line(hint)[:MESSAGE])


def _check(draft: Draft, limits: LimitSettings) -> None:
    """Raises DocumentRefused unless every place lies in the text, in order."""
    end = len(draft.text)
    if not (draft.text or draft.pictures) or end > limits.text_characters or len(draft.page_starts) > limits.pages:
        raise DocumentRefused("the parser gave no text, or more than the limits allow")
    tables = [place for table in draft.tables for place in (table.start, table.end)]
    units = [place for unit in draft.units for place in (unit.start, unit.end)]
    contents = [place for span in draft.contents for place in span]
    headings = [heading.start for heading in draft.headings]
    if not all(_ascends(places, end) for places in (draft.page_starts, headings, tables, units, contents)):
        raise DocumentRefused("the parser gave places that are not in the text")


def _ascends(places: Sequence[int], end: int) -> bool:
    return list(places) == sorted(places) and (not places or (places[0] >= 0 and places[-1] <= end))

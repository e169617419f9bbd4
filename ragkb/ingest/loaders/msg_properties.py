"""The properties of an Outlook message, its attachments and the messages inside it, as MS-OXMSG stores them."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta, timezone
from typing import Any

import olefile

from ragkb.errors import DocumentRefused, LimitExceeded

_ENTRY = struct.Struct("<HHI8s")
_CODE_PAGES = {65001: "utf-8", 1200: "utf-16-le", 936: "gb18030", 950: "big5hkscs", 20127: "ascii", 28591: "latin-1"}
_INTERNET_CODE_PAGE, _MESSAGE_CODE_PAGE = 0x3FDE, 0x3FFD
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor "
    b"MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20"
    b"\\b\\i\\u\\tab\\tx"
)  # what MS-OXRTFCP says that every window starts with


class CompoundFile(olefile.OleFileIO):  # type: ignore[misc]
    """The file of a message. A part that claims to be larger than the file is refused: its sectors may go in a ring."""

    def _open(self, start: int, size: int = olefile.UNKNOWN_SIZE, force_FAT: bool = False) -> Any:
        if size != olefile.UNKNOWN_SIZE and size > self._filesize:
            raise DocumentRefused("broken MSG: a part claims to be larger than the file")
        return super()._open(start, size, force_FAT)


class Properties:
    """The properties of one storage. prefix: the path of the storage in the file."""

    def __init__(self, file: olefile.OleFileIO, prefix: tuple[str, ...]) -> None:
        self._file = file
        self._prefix = "/".join((*prefix, ""))
        self._fixed = self._read_fixed("__attach" in (prefix or ("",))[-1], bool(prefix))

    def text(self, identifier: int) -> str:
        """The property as text, '' if it is not there."""
        wide = self._stream(identifier, 0x001F)
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        narrow = self._stream(identifier, 0x001E)
        return narrow.decode(self.code_page, "replace").rstrip("\0") if narrow is not None else ""

    def binary(self, identifier: int) -> bytes:
        """The property as bytes; also where it is text in a code page."""
        found = self._stream(identifier, 0x0102)
        return found if found is not None else self._stream(identifier, 0x001E) or b""

    def flag(self, identifier: int) -> bool:
        return bool(self._fixed.get(identifier, bytes(8))[0])

    def time(self, identifier: int) -> str:
        """The property as `2026-03-01 09:30 UTC`, '' if it is not there."""
        ticks = int.from_bytes(self._fixed.get(identifier, b""), "little")
        if not 0 < ticks < 1 << 62:
            return ""
        try:
            moment = datetime(1601, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=ticks // 10)
        except OverflowError:
            return ""
        return moment.strftime("%Y-%m-%d %H:%M UTC")

    @property
    def code_page(self) -> str:
        """The codec of texts that are not Unicode."""
        for identifier in (_INTERNET_CODE_PAGE, _MESSAGE_CODE_PAGE):
            number = int.from_bytes(self._fixed.get(identifier, b"")[:4], "little")
            if number:
                name = _CODE_PAGES.get(number, f"cp{number}")
                return name if _is_codec(name) else "cp1252"
        return "cp1252"

    def _stream(self, identifier: int, kind: int) -> bytes | None:
        path = f"{self._prefix}__substg1.0_{identifier:04X}{kind:04X}"
        if not self._file.exists(path) or self._file.get_type(path) != olefile.STGTY_STREAM:
            return None
        content: bytes = self._file.openstream(path).read()
        return content

    def _read_fixed(self, is_attachment: bool, is_inner: bool) -> dict[int, bytes]:
        """Identifier to the eight bytes of each property of fixed size."""
        path = f"{self._prefix}__properties_version1.0"
        if not self._file.exists(path):
            return {}
        content = self._file.openstream(path).read()
        start = 8 if is_attachment else 24 if is_inner else 32
        content = content[start : start + (len(content) - start) // _ENTRY.size * _ENTRY.size]
        return {identifier: value for _, identifier, _, value in _ENTRY.iter_unpack(content)}


def inflate_rtf(data: bytes, limit: int) -> bytes:
    """Rich text as MS-OXRTFCP compresses it, inflated. Raises LimitExceeded if it is longer than `limit` bytes."""
    if len(data) < 16:
        raise DocumentRefused("broken MSG: its rich text is cut off")
    _, size, kind, _ = struct.unpack_from("<IIII", data)
    if size > limit:
        raise LimitExceeded(f"unpacks to more than {limit} bytes", "raise limits.inflated_bytes")
    if kind == 0x414C454D:  # stored
        return data[16 : 16 + size]
    output = bytearray(_DICTIONARY)
    end, position = len(_DICTIONARY) + size, 16
    while position < len(data) and len(output) < end:
        flags, position = data[position], position + 1
        for bit in range(8):
            if position >= len(data) or len(output) >= end:
                break
            if not flags >> bit & 1:
                output.append(data[position])
                position += 1
                continue
            reference = int.from_bytes(data[position : position + 2], "big")
            position += 2
            if not _copy(output, reference >> 4, (reference & 15) + 2):
                return bytes(output[len(_DICTIONARY) : end])
    return bytes(output[len(_DICTIONARY) : end])


def _copy(output: bytearray, offset: int, length: int) -> bool:
    """Copies from the last 4096 bytes, whose places count round; False where the reference marks the end."""
    place = len(output) % 4096
    if offset == place:
        return False
    start = len(output) - (place - offset) % 4096
    for index in range(length):
        output.append(output[start + index] if start + index >= 0 else 0x20)
    return True


def _is_codec(name: str) -> bool:
    try:
        b"".decode(name)
    except LookupError:
        return False
    return True

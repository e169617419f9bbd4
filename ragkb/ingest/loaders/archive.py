"""ZIP archives that hold one document: refused before any parser sees them if they are bombs or carry DTDs."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from lxml import etree

from ragkb.errors import DocumentRefused, LimitExceeded
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings

_ENTRIES = 20_000
_PLAUSIBLE_RATIO = 300
_SMALL = 10_000_000
_BLOCK = 1 << 20
_XML = (".xml", ".rels", ".vml")
_DOCTYPES = (b"<!DOCTYPE", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))


def check(data: bytes, limits: LimitSettings, *, doctypes: bool = False) -> None:
    """Raises DocumentRefused or LimitExceeded unless the archive is safe to hand to a parser.

    Looks at its directory first (entries, sizes, overlaps, encryption), then inflates every part, counting bytes.
    doctypes: its XML may declare document types, since it is read by parsers that expand no entity.
    """
    if data.count(b"PK\x01\x02") > _ENTRIES:
        raise DocumentRefused(f"more than {_ENTRIES} parts in the archive")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        _check_directory(entries, limits)
        left = limits.inflated_bytes
        for entry in entries:
            left -= _inflate(archive, entry, doctypes)
            if left < 0:
                raise _too_large(limits)


def _check_directory(entries: list[zipfile.ZipInfo], limits: LimitSettings) -> None:
    if sum(entry.file_size for entry in entries) > limits.inflated_bytes:
        raise _too_large(limits)
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.flag_bits & 1:
            raise DocumentRefused("encrypted with a password", "save it without a password")
        if entry.header_offset < end:
            raise DocumentRefused("parts of the archive overlap: it is a zip bomb or damaged")
        if entry.file_size > max(_SMALL, _PLAUSIBLE_RATIO * entry.compress_size):
            raise DocumentRefused(
                f"{entry.filename} unpacks from {entry.compress_size} to {entry.file_size} bytes: it seems a zip bomb"
            )
        end = entry.header_offset + 30 + entry.compress_size


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, doctypes: bool) -> int:
    """The bytes that the part unpacks to. Raises DocumentRefused if it is XML with a document type."""
    is_xml, size, tail = not doctypes and entry.filename.lower().endswith(_XML), 0, b""
    with archive.open(entry) as part:
        while block := part.read(_BLOCK):
            size += len(block)
            if is_xml and any(doctype in tail + block for doctype in _DOCTYPES):
                raise DocumentRefused(f"{entry.filename} declares a document type, which Office files never do")
            tail = block[-32:]
    return size


def xml(data: bytes) -> Any:
    """The root element. Entities are not expanded, nothing is fetched. Raises DocumentRefused if it is broken."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentRefused(f"broken XML: {one_line(str(error))[:200]}") from None


def _too_large(limits: LimitSettings) -> LimitExceeded:
    return LimitExceeded(f"unpacks to more than {limits.inflated_bytes} bytes", "raise limits.inflated_bytes")

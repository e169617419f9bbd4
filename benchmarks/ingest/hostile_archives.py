"""Archives and files of the newer formats that are made to hurt: bombs of every kind, in every format that is a ZIP."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

from benchmarks.ingest import made_files
from benchmarks.ingest.hostile_files import Make, docx, pptx, xlsx

_ENTRY = b"PK\x01\x02"
_SECRET = '<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/passwd">]>'
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_BOMB = f'<!DOCTYPE x [<!ENTITY l0 "ha">{_LAUGHS}]>'
_MOST_PARTS = 20_001  # one more than is read


# --- good files, to be spoiled ----------------------------------------------------------------------------------------


def _odt(body: str = "<text:p>The pump runs.</text:p>") -> bytes:
    return made_files.odf("text", body)


def _epub(extra: dict[str, str] | None = None) -> bytes:
    return made_files.epub({"one": "<p>The hall has three doors.</p>"}, extra)


def _zip(parts: dict[str, bytes] | None = None) -> bytes:
    return made_files.archive({**(parts or {"a.txt": b"The first hall.", "b.txt": b""})})


_GOOD: dict[str, tuple[Callable[[], bytes], str]] = {
    "docx": (docx, "word/document.xml"),
    "xlsx": (xlsx, "xl/worksheets/sheet1.xml"),
    "pptx": (pptx, "ppt/slides/slide1.xml"),
    "odt": (_odt, "content.xml"),
    "epub": (_epub, "OEBPS/one.xhtml"),
    "zip": (_zip, "a.txt"),
}
"""Format to a good file and the part of it that a bomb is put into."""


# --- bombs ------------------------------------------------------------------------------------------------------------


def _rebuilt(data: bytes, *parts: tuple[str, bytes]) -> bytes:
    """The archive with these parts; its first one stays stored, as OpenDocument and EPUB want it."""
    stream, names = io.BytesIO(), {name for name, _ in parts}
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in names:
                new.writestr(entry.filename, old.read(entry), entry.compress_type)
        for name, content in parts:
            new.writestr(name, content)
    return stream.getvalue()


def _inflating(kind: str) -> bytes:
    """One part that unpacks to a thousand times its size."""
    make, part = _GOOD[kind]
    return _rebuilt(make(), (part, b"<x>" + bytes(100_000_000) + b"</x>"))


def _overlapping(kind: str) -> bytes:
    """All entries of the directory for the same bytes, as in a bomb without nesting."""
    data = bytearray(_GOOD[kind][0]())
    start = data.index(_ENTRY)
    first = data[start + 42 : start + 46]
    while start >= 0:
        data[start + 42 : start + 46] = first
        start = data.find(_ENTRY, start + 4)
    return bytes(data)


def _lying(kind: str) -> bytes:
    """Its text unpacks to 9 MB; directory and local header say 100 bytes."""
    make, part = _GOOD[kind]
    content = b"<x>" + b" " * 9_000_000 + b"</x>"
    data = _rebuilt(make(), (part, content))
    return data.replace(struct.pack("<I", len(content)), struct.pack("<I", 100))


def _many(kind: str) -> bytes:
    """More parts than any document has."""
    return _rebuilt(_GOOD[kind][0](), *((f"x/{number}.txt", b"") for number in range(_MOST_PARTS)))


def _nested(depth: int, width: int) -> bytes:
    """Archives inside archives, `width` in each; a bomb in the last."""
    data = _zip({"zeros.txt": bytes(50_000_000)})
    for _ in range(depth):
        data = _zip({f"{number}.zip": data for number in range(width)})
    return data


def _inside_message() -> bytes:
    """A bomb as the attachment of a message that is broken itself."""
    return made_files.archive({"mail.eml/inner.zip": _inflating("zip"), "x.zip": _nested(1, 2)})


def _bombs() -> dict[str, Make]:
    made: dict[str, Make] = {}
    ways = {"inflating": _inflating, "all-overlap": _overlapping, "lying": _lying, "many": _many}
    for way, make in ways.items():
        for kind in _GOOD:
            made[f"{way}.{kind}"] = lambda make=make, kind=kind: make(kind)  # type: ignore[misc]
    for kind, (good, part) in _GOOD.items():
        if kind != "zip":  # archives inside an office file are not opened: what is left is no document
            made[f"nested.{kind}"] = lambda good=good, part=part: _rebuilt(good(), (part, _nested(2, 2)))  # type: ignore[misc]
    return made


# --- what else is new -------------------------------------------------------------------------------------------------


def _spoiled(data: bytes, part: str, before: str, inside: str) -> bytes:
    """The part with a document type before its root, and an entity in its text."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        xml = archive.read(part).decode()
    return _rebuilt(data, (part, (before + xml.replace("</text:p>", f"{inside}</text:p>", 1)).encode()))


def _repeated() -> bytes:
    """A sheet of a thousand million cells in 500 bytes."""
    cell = '<table:table-cell table:number-columns-repeated="1000000"><text:p>4</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
    return made_files.odf("spreadsheet", f'<table:table table:name="S">{row}</table:table>')


def _looping_chain() -> bytes:
    """A message whose table of sectors leads in a circle."""
    data = made_files.msg(made_files.message_tree({0x0037: "Hall", 0x1000: "Door. " * 2000}))
    return data[:-512] + struct.pack("<I", 0) * 128


REFUSED_ARCHIVES: dict[str, Make] = _bombs() | {
    "nested-deep.zip": lambda: _nested(30, 1),
    "nested-wide.zip": lambda: _nested(2, 8),
    "in-message.zip": _inside_message,
    "locked-parts.zip": lambda: _zip().replace(_ENTRY + b"\x14\x03\x14\x00\x00", _ENTRY + b"\x14\x03\x14\x00\x01"),
    "no-directory.zip": lambda: _zip()[:40],
    "entity.odt": lambda: _spoiled(_odt(), "content.xml", _SECRET, "&s;"),
    "laughs.odt": lambda: _spoiled(_odt(), "content.xml", _BOMB, "&l9;"),
    "deep.odt": lambda: _odt("<text:span>" * 100_000 + "x" + "</text:span>" * 100_000),
    "no-spine.epub": lambda: _rebuilt(_epub(), ("OEBPS/book.opf", b"<package/>")),
    "cells.ods": _repeated,
    "braces.rtf": lambda: rb"{\rtf1 " + b"{" * 5_000_000,
    "binary.rtf": lambda: rb"{\rtf1 \bin2000000000 abc}",
    "picture.rtf": lambda: rb"{\rtf1{\pict\pngblip " + b"00" * 5_000_000 + b"}}",
    "header-only.msg": lambda: made_files.msg(made_files.message_tree({0x0037: "Hall"}))[:600],
    "no-page.mhtml": lambda: made_files.mhtml("").replace(b"text/html; charset", b"image/gif; charset"),
    "parts.mhtml": lambda: made_files.mhtml("") + b"--b\r\n\r\n" * 200_000,
}

READABLE_ARCHIVES: dict[str, Make] = {
    "circle.msg": _looping_chain,
    "outside.epub": lambda: _rebuilt(
        _epub(),
        (
            "META-INF/container.xml",
            b'<container><rootfiles><rootfile full-path="../../../etc/passwd"/></rootfiles></container>',
        ),
    ),
    "laughs.epub": lambda: _epub({"OEBPS/two.xhtml": f"{_BOMB}<html><body>&l9;</body></html>"}),
    "script.mhtml": lambda: made_files.mhtml("<html><script>alert(1)</script><p>The door is red.</p></html>"),
    "object.rtf": lambda: rb"{\rtf1 The door is red.{\object\objdata 0105000002}{\field{\*\fldinst DDEAUTO c}}\par}",
    "names.zip": lambda: _zip({"../../etc/passwd.txt": b"The door is red."}),
    "script.odt": lambda: made_files.odf("text", "<text:p>Red.</text:p>", extra={"Basic/script.xml": "<script/>"}),
}
"""Tricks beside text that a person can read: it goes in without them."""

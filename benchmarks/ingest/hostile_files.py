"""Files that are made to hurt a reader of documents, each by a few lines.

`REFUSED` cannot be read, or must not be: what holds no text, what is locked or broken, what unpacks to far more than it
is, what would take the machine. `READABLE` hold tricks beside text that a person can read: macros, scripts, odd
characters; they go in without the tricks.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

Make = Callable[[], bytes]

_WORD, _SHEET, _SLIDE = "word/document.xml", "xl/worksheets/sheet1.xml", "ppt/slides/slide1.xml"
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
SECRET = "root:"
"""How /etc/passwd begins, which no document may quote."""


# --- good files, to be spoiled ----------------------------------------------------------------------------------------


@cache
def docx() -> bytes:
    from docx import Document

    document, stream = Document(), io.BytesIO()
    document.add_paragraph("The pump runs at 4 bar.")
    document.save(stream)
    return stream.getvalue()


@cache
def xlsx() -> bytes:
    from openpyxl import Workbook

    workbook, stream = Workbook(), io.BytesIO()
    for row in (("Item", "Price"), ("Pump", 400), ("Valve", 25)):
        workbook.active.append(row)
    workbook.save(stream)
    return stream.getvalue()


@cache
def pptx() -> bytes:
    from pptx import Presentation

    presentation, stream = Presentation(), io.BytesIO()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "The valve closes in two seconds"
    presentation.save(stream)
    return stream.getvalue()


def pdf(content: bytes = b"BT /F 12 Tf 72 700 Td (The hall has three doors.) Tj ET", **objects: bytes) -> bytes:
    """A PDF of one page with this content. objects: `o1` to `o5`, each instead of the usual one."""
    packed = zlib.compress(content, 9)
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)
    usual = {
        "o1": b"<</Type/Catalog/Pages 2 0 R>>",
        "o2": b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "o3": b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        "o4": stream,
        "o5": b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    } | objects
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(usual.values(), 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = (len(places) + 1, table, len(places) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % end


def with_parts(data: bytes, *parts: tuple[str, bytes]) -> bytes:
    """The archive with these parts, new or instead of those of the same name."""
    stream, names = io.BytesIO(), {name for name, _ in parts}
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in names:
                new.writestr(name, old.read(name))
        for name, content in parts:
            new.writestr(name, content)
    return stream.getvalue()


def _spoiled(data: bytes, part: str, before: str, inside: str = "") -> bytes:
    """The part with a document type before its root, and an entity in its text."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        xml = archive.read(part).decode()
    head, _, rest = xml.partition("?>")
    return with_parts(data, (part, f"{head}?>{before}{rest.replace('</', inside + '</', 1)}".encode()))


# --- archives and XML -------------------------------------------------------------------------------------------------


def _overlapping() -> bytes:
    """Two entries of the directory for the same bytes."""
    data = with_parts(docx(), ("word/a.xml", b"<a/>" * 1000), ("word/b.xml", b"<b/>" * 1000))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first, second = (archive.getinfo(f"word/{name}.xml").header_offset for name in "ab")
    directory = data.index(b"PK\x01\x02")
    return data[:directory] + data[directory:].replace(struct.pack("<I", second), struct.pack("<I", first))


def _locked() -> bytes:
    """Every entry says that it is encrypted."""
    data = bytearray(docx())
    start = 0
    while (start := data.find(b"PK\x01\x02", start)) >= 0:
        data[start + 8] |= 1
        start += 4
    return bytes(data)


def _understated() -> bytes:
    """A part that unpacks to 9 MB and says 100 bytes."""
    content = b"<w>" + b" " * 9_000_000 + b"</w>"
    data = with_parts(docx(), (_WORD, content))
    return data.replace(struct.pack("<I", len(content)), struct.pack("<I", 100))


def _many_parts(data: bytes) -> bytes:
    return with_parts(data, *((f"media/{number}.bin", bytes(9_900_000)) for number in range(60)))


def _deep_xml() -> bytes:
    name = b'<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    return with_parts(docx(), (_WORD, name + b"<w:p>" * 100_000 + b"x" + b"</w:p>" * 100_001))


def _empty_office(kind: str) -> bytes:
    """Files that hold nothing, or nothing that is shown."""
    stream = io.BytesIO()
    if kind == "docx":
        from docx import Document

        Document().save(stream)
    else:
        from pptx import Presentation

        Presentation().save(stream)
    return stream.getvalue()


# --- PDF --------------------------------------------------------------------------------------------------------------


def _locked_pdf() -> bytes:
    import pypdf

    writer, stream = pypdf.PdfWriter(io.BytesIO(pdf())), io.BytesIO()
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(stream)
    return stream.getvalue()


def _operator_flood() -> bytes:
    """90 MB of operators in 90 kB, which write one letter each: no memory, but minutes."""
    return pdf(b"BT /F 1 Tf " + b"1 0 0 1 9 9 Tm(a)Tj " * 4_500_000 + b"ET")


def _nested_forms() -> bytes:
    """Forms that each draw the next one ten times: ten thousand million drawings in 2 kB."""
    count = 10
    forms = {}
    for number in range(count):
        inner = b"/X Do " * 10 if number + 1 < count else b"BT /F 1 Tf (a) Tj ET"
        resources = b"/Resources<</Font<</F 5 0 R>>/XObject<</X %d 0 R>>>>/Length %d>>"
        head = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]" + resources
        forms[f"o{6 + number}"] = head % (7 + number, len(inner)) + b"stream\n" + inner + b"\nendstream"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</X 6 0 R>>>>>>"
    return pdf(b"/X Do " * 10, o3=page, **forms)


def _stacked_filters() -> bytes:
    """A stream packed four times: each layer unpacks to a thousand times more."""
    content = bytes(60_000_000)
    for _ in range(4):
        content = zlib.compress(content, 9)
    filters = b"/FlateDecode " * 4
    return pdf(o4=b"<</Length %d/Filter[%s]>>stream\n%s\nendstream" % (len(content), filters, content))


# --- links and special files ------------------------------------------------------------------------------------------


def links(folder: Path, outside: Path) -> list[str]:
    """Makes what is no regular file; gives the names. outside: a file that must not be read."""
    (folder / "link-out.txt").symlink_to(outside)
    (folder / "link-passwd.txt").symlink_to("/etc/passwd")
    (folder / "link-folder").symlink_to(outside.parent, target_is_directory=True)
    (folder / "link-nowhere.txt").symlink_to(folder / "no-such-file.txt")
    (folder / "link-loop.txt").symlink_to(folder / "link-loop.txt")
    (folder / "link-dots.txt").symlink_to(Path("..") / outside.relative_to(folder.parent))
    os.mkfifo(folder / "pipe.txt")
    (folder / "link-device.txt").symlink_to("/dev/zero")
    here = os.getcwd()
    try:
        os.chdir(folder)  # the path of a socket may have some hundred characters only
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("socket.txt")
    finally:
        os.chdir(here)
    names = ["link-out.txt", "link-passwd.txt", "link-folder", "link-nowhere.txt", "link-loop.txt", "link-dots.txt"]
    return [*names, "pipe.txt", "link-device.txt", "socket.txt"]


def sparse(path: Path, size: int, start: bytes) -> None:
    """A file of that many bytes that takes no space: `start`, then zeros."""
    with open(path, "wb") as stream:
        stream.write(start)
        stream.truncate(size)


# --- the lists --------------------------------------------------------------------------------------------------------

_ENTITY = '<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/passwd">]>'
_BOMB = f'<!DOCTYPE x [<!ENTITY l0 "ha">{_LAUGHS}]>'

REFUSED: dict[str, Make] = {
    "bomb.docx": lambda: with_parts(docx(), (_WORD, b"<w>" + bytes(200_000_000) + b"</w>")),
    "bomb.xlsx": lambda: with_parts(xlsx(), (_SHEET, b"<w>" + bytes(200_000_000) + b"</w>")),
    "bomb.pptx": lambda: with_parts(pptx(), (_SLIDE, b"<w>" + bytes(200_000_000) + b"</w>")),
    "many-parts.docx": lambda: _many_parts(docx()),
    "many-parts.xlsx": lambda: _many_parts(xlsx()),
    "many-parts.pptx": lambda: _many_parts(pptx()),
    "overlapping.docx": _overlapping,
    "understated.docx": _understated,
    "entries.docx": lambda: with_parts(docx(), *((f"x/{number}", b"") for number in range(20_001))),
    "laughs.docx": lambda: _spoiled(docx(), _WORD, _BOMB, "&l9;"),
    "laughs.xlsx": lambda: _spoiled(xlsx(), _SHEET, _BOMB),
    "laughs.pptx": lambda: _spoiled(pptx(), _SLIDE, _BOMB),
    "entity.docx": lambda: _spoiled(docx(), _WORD, _ENTITY, "&s;"),
    "entity.xlsx": lambda: _spoiled(xlsx(), _SHEET, _ENTITY),
    "entity.pptx": lambda: _spoiled(pptx(), _SLIDE, _ENTITY),
    "dtd.docx": lambda: _spoiled(docx(), _WORD, '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'),
    "dtd-utf16.docx": lambda: with_parts(docx(), (_WORD, f"<?xml version='1.0'?>{_ENTITY}<x/>".encode("utf-16"))),
    "deep-xml.docx": _deep_xml,
    "locked.docx": _locked,
    "sealed.docx": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le"),
    "old.doc": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000),
    "truncated.docx": lambda: docx()[: len(docx()) // 2],
    "truncated.xlsx": lambda: xlsx()[: len(xlsx()) // 2],
    "empty.docx": lambda: _empty_office("docx"),
    "empty.pptx": lambda: _empty_office("pptx"),
    "flood.pdf": _operator_flood,
    "forms.pdf": _nested_forms,
    "filters.pdf": _stacked_filters,
    "loop.pdf": lambda: pdf(o2=b"<</Type/Pages/Kids[2 0 R]/Count 1>>"),
    "loop-two.pdf": lambda: pdf(o2=b"<</Type/Pages/Kids[3 0 R]/Count 1>>", o3=b"<</Type/Pages/Kids[2 0 R]/Count 1>>"),
    "many-pages.pdf": lambda: pdf(o2=b"<</Type/Pages/Count 30000/Kids[" + b"3 0 R " * 30_000 + b"]>>"),
    "no-pages.pdf": lambda: pdf(o2=b"<</Type/Pages/Kids[]/Count 0>>"),
    "half.pdf": lambda: pdf()[: len(pdf()) // 2],
    "no-text.pdf": lambda: pdf(b"0 0 100 100 re f"),
    "locked.pdf": _locked_pdf,
    "header-only.pdf": lambda: b"%PDF-1.7\n",
    "noise.pdf": lambda: b"%PDF-1.7\n" + zlib.compress(bytes(range(256)) * 50),
    "picture.txt": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "program.md": lambda: b"\x7fELF" + bytes(100),
    "noise.docx": lambda: zlib.compress(bytes(range(256)) * 50),
    "words.pdf": lambda: b"These are words, and no PDF.",
    "words.xlsx": lambda: b"Item,Price\nPump,400\n",
    "packed.csv": lambda: b"\x1f\x8b\x08" + zlib.compress(b"a,b"),
    "video.html": lambda: b"\0\0\0\x20ftypmp42" + bytes(100),
    "database.json": lambda: b"SQLite format 3\0" + bytes(100),
    "picture-and-script.html": lambda: b"GIF89a/*<html><script>*/=1;alert(1)//</script></html>",
    "nothing.txt": lambda: b"",
    "nothing.pdf": lambda: b"",
    "nul.txt": lambda: bytes(1_000_000),
    "spaces.md": lambda: b" \n\t\r\n" * 1000,
    "unseen.txt": lambda: "\u202e\u200b\u2066\ufeff\u2069".encode() * 1000,
    "half.txt": lambda: b"\xff\xfea\0b\0\0\xd8",
    "deep.json": lambda: b"[" * 1_000_000,
    "lists.json": lambda: b"[" + b"[]," * 3_000_000 + b"[]]",
    "broken.json": lambda: b'{"a": [1, 2',
    "broken.jsonl": lambda: b'{"a": 1}\n{"a": \n{"a": 3}\n',
    "commas.csv": lambda: b"a," * 14_000_000,
    "tags.html": lambda: b"<html><body>" + b"<i>" * 1_000_000,
    "unknown.xyz": lambda: b"Words in a format that nobody knows.",
}

READABLE: dict[str, Make] = {
    "macros.xlsm": lambda: with_parts(xlsx(), ("xl/vbaProject.bin", b"Auto_Open" * 1000)),
    "dots.docx": lambda: with_parts(docx(), ("../../../../tmp/evil.sh", b"#!/bin/sh")),
    "script.pdf": lambda: pdf(o1=b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"),
    "launch.pdf": lambda: pdf(o1=b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/Launch/F(/bin/sh)>>>>"),
    "named.txt": pdf,
    "nested.pdf": lambda: pdf(o1=b"<</A" + b"[" * 100_000 + b"]" * 100_000 + b"/Pages 2 0 R>>"),
    "truncated.pdf": lambda: pdf()[:-6],
    "bidi.txt": lambda: "The invoice is \u202etxt.exe\u202c and the pump is \u2067blue\u2069.".encode(),
    "nul-inside.txt": lambda: b"The pump\0 runs." + b" It has 4 bar." * 50,
    "marks.txt": lambda: ("a" + "\u0301" * 200_000 + " and the valve").encode(),
    "one-line.txt": lambda: b"word " * 20_000,
    "mixed.txt": lambda: "Ménage à trois bars. ".encode("cp1252") * 20 + b"caf\xc3\xa9 " * 20,
    "formulas.csv": lambda: b"Item,Price\n=cmd|' /C calc'!A0,4\n@SUM(1),5\n",
    "script.html": lambda: b"<html><body><script>alert(1)</script><p>The door is red.</p></body></html>",
    "divs.html": lambda: b"<html><body>" + b"<div>" * 300 + b"The wall is thick." + b"</div>" * 300,
    "parts.eml": lambda: b"From: a@b.example\nSubject: The boiler\n\nIt is warm.\n",
}

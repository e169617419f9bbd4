"""Files of the formats that no library at hand writes, made part by part."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage
from itertools import pairwise

from benchmarks.ingest.hostile_files import pdf

_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_NAMESPACES = " ".join(
    f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in ("office", "text", "table", "style", "meta", "presentation")
)
_FREE, _END = 0xFFFFFFFF, 0xFFFFFFFE


def archive(parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive. A part named `mimetype` is stored, as EPUB and OpenDocument want it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in parts.items():
            file.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else method)
    return stream.getvalue()


def epub(pages: Mapping[str, str], extra: Mapping[str, str] | None = None) -> bytes:
    """A book of XHTML pages (name to body) in the given order; the archive holds them in another."""
    items = "".join(f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in pages)
    spine = "".join(f'<itemref idref="{name}"/>' for name in pages)
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>The handbook</dc:title><dc:creator>Ana</dc:creator><dc:language>en</dc:language></metadata>"
        f'<manifest>{items}</manifest><spine toc="ncx">{spine}</spine></package>'
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    head = (
        '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title>p</title></head>'
    )
    bodies = {f"OEBPS/{name}.xhtml": f"{head}<body>{body}</body></html>" for name, body in reversed(pages.items())}
    parts = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/book.opf": package}
    return archive({**parts, **bodies, **(extra or {})})


def odf(kind: str, body: str, styles: str = "", extra: Mapping[str, str] | None = None) -> bytes:
    """An OpenDocument file. kind: text, spreadsheet or presentation."""
    content = (
        f'<office:document-content {_NAMESPACES} xmlns:draw="{_ODF}:drawing:1.0">'
        f"<office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    about = (
        f'<office:document-meta {_NAMESPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        "<dc:title>Policy</dc:title><meta:initial-creator>Ana</meta:initial-creator></office:meta></office:document-meta>"
    )
    parts = {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content, "meta.xml": about}
    return archive({**parts, **(extra or {})})


def eml(subject: str, body: str, files: Mapping[str, bytes] | None = None, messages: tuple[bytes, ...] = ()) -> bytes:
    """A message with attachments and attached messages."""
    from email import message_from_bytes
    from email.policy import default

    message = EmailMessage()
    message["Subject"], message["From"], message["Date"] = subject, "ana@example.com", "Mon, 2 Mar 2026 09:30:00 +0000"
    message.set_content(body)
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    for inner in messages:
        message.add_attachment(message_from_bytes(inner, policy=default))
    return message.as_bytes()


def mhtml(page: str, charset: str = "utf-8") -> bytes:
    """A page as a browser saves it, with a picture."""
    head = (
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://intranet.example.com/leave\r\nSubject: Leave\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/related; type="text/html"; boundary="b"\r\n\r\n'
    )
    part = f"--b\r\nContent-Type: text/html; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    picture = "\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"
    return head.encode() + part.encode() + page.encode(charset) + picture.encode()


def pdf_over() -> bytes:
    """A page with a form field, two remarks and an attachment."""
    box = b"/Rect[72 640 300 655]/F 4"
    return pdf(
        o1=b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>/Names<</EmbeddedFiles<</Names[(a.txt)7 0 R]>>>>>>",
        o3=b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"
        b"/Annots[6 0 R 9 0 R 10 0 R]>>",
        o6=b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ana)" + box + b">>",
        o7=b"<</Type/Filespec/F(a.txt)/EF<</F 8 0 R>>>>",
        o8=b"<</Type/EmbeddedFile/Length 12>>stream\nThree doors.\nendstream",
        o9=b"<</Type/Annot/Subtype/Text/Contents(Ask Ben)/T(Ana)" + box + b">>",
        o10=b"<</Type/Annot/Subtype/FreeText/Contents(Approved)" + box + b">>",
    )


# --- Outlook ----------------------------------------------------------------------------------------------------------

Tree = Mapping[str, "bytes | Tree"]


def message_tree(
    texts: Mapping[int, str], binary: Mapping[int, bytes] | None = None, fixed: Mapping[int, int] | None = None,
    head: int = 32, narrow: str = "",
) -> dict[str, bytes | Tree]:  # fmt: skip
    """The streams of a message. narrow: the code page in which texts are stored, Unicode where it is ''."""
    kind = "001E" if narrow else "001F"
    tree: dict[str, bytes | Tree] = {
        f"__substg1.0_{number:04X}{kind}": text.encode(narrow or "utf-16-le") for number, text in texts.items()
    }
    tree.update({f"__substg1.0_{number:04X}0102": content for number, content in (binary or {}).items()})
    entries = b"".join(struct.pack("<HHIQ", 3, number, 6, value) for number, value in (fixed or {}).items())
    tree["__properties_version1.0"] = bytes(head) + entries
    return tree


def msg(tree: Tree) -> bytes:
    """A compound file (MS-CFB) of streams and storages; everything small enough for the short sectors or not."""
    entries: list[list[object]] = []  # name, type, child, right sibling, start, size
    blobs: list[tuple[int, bytes]] = []

    def add(name: str, node: bytes | Tree) -> int:
        number = len(entries)
        is_stream = isinstance(node, bytes)
        entries.append([name, 2 if is_stream else 1, _FREE, _FREE, 0, len(node) if is_stream else 0])
        if isinstance(node, bytes):
            blobs.append((number, node))
        else:
            children = [add(child, content) for child, content in sorted(node.items())]
            for left, right in pairwise(children):
                entries[left][3] = right
            entries[number][2] = children[0] if children else _FREE
        return number

    add("Root Entry", tree)
    entries[0][1] = 5
    short, short_table, sectors, table = bytearray(), [], bytearray(), []

    def chain(size: int, unit: int, into: list[int]) -> int:
        start, count = len(into), -(-size // unit)
        into.extend([*range(start + 1, start + count), _END])
        return start

    for number, content in blobs:
        if 0 < len(content) < 4096:
            entries[number][4] = chain(len(content), 64, short_table)
            short += content + bytes(-len(content) % 64)
        elif content:
            entries[number][4] = chain(len(content), 512, table)
            sectors += content + bytes(-len(content) % 512)
    entries[0][5] = len(short)

    def put(content: bytes) -> int:
        nonlocal sectors
        start = chain(len(content), 512, table)
        sectors += content + bytes(-len(content) % 512)
        return start

    entries[0][4] = put(bytes(short))
    short_start = put(struct.pack(f"<{len(short_table)}I", *short_table).ljust(512, b"\xff"))
    directory = b"".join(_entry(*entry) for entry in entries)
    directory_start = put(directory)
    count = 1 + (len(table) + 1) // 128
    first = len(table)
    whole = table + [0xFFFFFFFD] * count
    fat = struct.pack(f"<{len(whole)}I", *whole).ljust(512 * count, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + bytes(10)
    short_count = -(-len(short_table) * 4 // 512)
    header += struct.pack("<IIIIIIIII", count, directory_start, 0, 4096, short_start, short_count, _END, 0, first)
    header += b"".join(struct.pack("<I", first + number if number < count else _FREE) for number in range(1, 109))
    return header[:512] + bytes(sectors) + fat


def _entry(name: str, kind: int, child: int, right: int, start: int, size: int) -> bytes:
    title = name.encode("utf-16-le")
    head = title.ljust(64, b"\0") + struct.pack("<HBBIII", len(title) + 2, kind, 1, _FREE, right, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)

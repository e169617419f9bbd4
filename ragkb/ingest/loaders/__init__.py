"""From the bytes of a file to a Draft: one module a format, imported when the first file of that format comes."""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from types import MappingProxyType

from ragkb.errors import DocumentRefused, InputError, LimitExceeded
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_OOXML = "application/vnd.openxmlformats-officedocument"
_MEDIA_TYPES = {
    **{name: f"image/{name}" for name in ("bmp", "jpeg", "png", "tiff", "webp")},
    "csv": "text/csv",
    "docx": f"{_OOXML}.wordprocessingml.document",
    "eml": "message/rfc822",
    "html": "text/html",
    "json": "application/json",
    "markdown": "text/markdown",
    "pdf": "application/pdf",
    "pptx": f"{_OOXML}.presentationml.presentation",
    "text": "text/plain",
    "xlsx": f"{_OOXML}.spreadsheetml.sheet",
}
_FORMATS = {
    ".bmp": "bmp", ".jpeg": "jpeg", ".jpg": "jpeg", ".png": "png", ".tif": "tiff", ".tiff": "tiff", ".webp": "webp",
    ".csv": "csv", ".docx": "docx", ".eml": "eml", ".htm": "html", ".html": "html", ".json": "json", ".jsonl": "json",
    ".markdown": "markdown", ".md": "markdown", ".pdf": "pdf", ".pptx": "pptx", ".text": "text", ".tsv": "csv",
    ".txt": "text", ".xhtml": "html", ".xlsm": "xlsx", ".xlsx": "xlsx",
}  # fmt: skip
_PICTURES = frozenset({"bmp", "jpeg", "png", "tiff", "webp"})  # read by one module
_TEXTUAL = frozenset({"csv", "eml", "html", "json", "markdown", "text"})

EXTENSIONS: Mapping[str, str] = MappingProxyType({suffix: _MEDIA_TYPES[name] for suffix, name in _FORMATS.items()})
"""File name extension, in lower case with its dot, to media type."""

_MAGIC = (
    (b"\x1f\x8b", "a gzip archive"), (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"), (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"), (b"\xfd7zXZ", "an xz archive"), (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"),
    (b"GIF8", "a GIF picture"), (b"\x7fELF", "a program"), (b"MZ\x90", "a program"),
    (b"{\\rtf", "a rich text (RTF) file"), (b"%!PS", "a PostScript file"), (b"SQLite format 3\0", "a SQLite database"),
    (b"OggS", "a sound or video file"), (b"ID3", "a sound file"), (b"\0\0\0\x18ftyp", "a video file"),
    (b"\0\0\0\x20ftyp", "a video file"),
)  # fmt: skip
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.I | re.S)


def media_type(data: bytes, name: str) -> str:
    """The media type as which `load` reads the file. Raises DocumentRefused where `load` does so for the type."""
    return _MEDIA_TYPES[_format(data, name)]


def load(data: bytes, name: str, limits: LimitSettings, ocr: str = "auto") -> Draft:
    """The text and structure of the file's bytes. name: the file's name; its extension tells the format.

    Content wins over a wrong extension where it is certain (a PDF named .txt). Raises DocumentRefused with a reason
    of one line for whatever cannot be read or holds no text, LimitExceeded for what passes a limit. Depends on its
    arguments alone, so that it can run in a child process. ocr: 'auto', 'on' or 'off', whether pictures of pages are
    read.
    """
    if len(data) > limits.file_bytes:
        raise LimitExceeded(f"{len(data)} bytes, the limit is {limits.file_bytes}", "raise limits.file_bytes")
    if not data:
        raise DocumentRefused("the file is empty")
    chosen = _format(data, name)
    draft = _parse(chosen, data, limits, ocr)
    if not draft.text:
        reason = "; ".join(draft.warnings)
        raise DocumentRefused(f"no text found ({reason})" if reason else "no text found")
    if chosen != _FORMATS.get(_suffix(name)):
        return replace(draft, warnings=(f"read as {chosen.upper()}, which its content is", *draft.warnings))
    return draft


def _parse(chosen: str, data: bytes, limits: LimitSettings, ocr: str) -> Draft:
    """The one boundary around the parser libraries: whatever they raise, the document is refused."""
    try:
        module = importlib.import_module(f"ragkb.ingest.loaders.{'image' if chosen in _PICTURES else chosen}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parsers warn about oddities of files that they read all the same
            arguments = (data, limits, ocr) if chosen == "pdf" or chosen in _PICTURES else (data, limits)
            draft: Draft = module.load(*arguments)
    except InputError:
        raise
    except Exception as error:
        reason = one_line(str(error))[:200] or type(error).__name__
        raise DocumentRefused(
            f"broken {chosen.upper()}: {reason}", "open it in its program and save it again"
        ) from error
    return draft


def _suffix(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def _format(data: bytes, name: str) -> str:
    """The loader's name, by content where that is certain, else by extension."""
    suffix = _suffix(name)
    named = _FORMATS.get(suffix)
    if suffix and named is None:
        known = " ".join(sorted(_FORMATS))
        raise DocumentRefused(f"format {suffix} is not supported", f"supported: {known}")
    found = _sniff(data)
    if found in _MEDIA_TYPES and not (found == "html" and named == "eml"):
        return found
    if found:
        raise DocumentRefused(f"it seems to be {found}", "save it in a supported format")
    if named is None:
        raise DocumentRefused("the name has no extension, and the content does not tell the format", "rename the file")
    if named not in _TEXTUAL:
        raise DocumentRefused(f"broken {named.upper()}: the content is not {named.upper()}", "check the extension")
    return named


def _sniff(data: bytes) -> str:
    """A loader's name, or in words what else the content surely is, or ''."""
    head = data[:4096]
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _kind_of_zip(data)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        sealed = "EncryptedPackage".encode("utf-16-le") in data
        return "an Office file encrypted with a password" if sealed else "an old Office file (.doc, .xls, .ppt)"
    if b"%PDF-" in head[:1024] and not head.lstrip().startswith(b"<"):
        return "pdf" if head.lstrip(b"\0\r\n\t \xef\xbb\xbf").startswith(b"%PDF-") or b"\0" in head else ""
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "html"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "bmp"
    return next((words for magic, words in _MAGIC if head.startswith(magic)), "")


def _kind_of_zip(data: bytes) -> str:
    """Which Office format an archive holds, told by the names in its directory, which stands at its end."""
    for kind, part in (("docx", b"word/document"), ("pptx", b"ppt/presentation"), ("xlsx", b"xl/workbook")):
        if part in data:
            return kind
    if b"mimetypeapplication/" in data[:200]:
        return "an OpenDocument or EPUB file"
    return "a ZIP archive"

"""From the bytes of a file to a Draft: one module a format, imported when the first file of that format comes."""

from __future__ import annotations

import importlib
import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType

from ragkb.errors import DocumentRefused, InputError, LimitExceeded
from ragkb.ingest.loaders import faq
from ragkb.ingest.loaders.languages import LANGUAGES
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_MEDIA_TYPES = {
    "code": "text/x-code",
    **{name: f"image/{name}" for name in ("bmp", "jpeg", "png", "tiff", "webp")},
    "csv": "text/csv",
    "docx": f"{_OOXML}.wordprocessingml.document",
    "eml": "message/rfc822",
    "epub": "application/epub+zip",
    "html": "text/html",
    "json": "application/json",
    "markdown": "text/markdown",
    "mhtml": "multipart/related",
    "msg": "application/vnd.ms-outlook",
    "odp": f"{_ODF}.presentation",
    "ods": f"{_ODF}.spreadsheet",
    "odt": f"{_ODF}.text",
    "pdf": "application/pdf",
    "pptx": f"{_OOXML}.presentationml.presentation",
    "rst": "text/x-rst",
    "rtf": "application/rtf",
    "tex": "application/x-tex",
    "text": "text/plain",
    "xlsx": f"{_OOXML}.spreadsheetml.sheet",
    "zip": "application/zip",
}
_FORMATS = {
    ".bmp": "bmp", ".jpeg": "jpeg", ".jpg": "jpeg", ".png": "png", ".tif": "tiff", ".tiff": "tiff", ".webp": "webp",
    ".csv": "csv", ".docx": "docx", ".eml": "eml", ".epub": "epub", ".htm": "html", ".html": "html", ".json": "json",
    ".jsonl": "json", ".latex": "tex", ".log": "text", ".markdown": "markdown", ".md": "markdown", ".mht": "mhtml",
    ".mhtml": "mhtml", ".msg": "msg", ".ndjson": "json", ".odp": "odp", ".ods": "ods", ".odt": "odt", ".pdf": "pdf",
    ".pptx": "pptx", ".rst": "rst", ".rtf": "rtf", ".tex": "tex", ".text": "text", ".tsv": "csv", ".txt": "text",
    ".xhtml": "html", ".xlsm": "xlsx", ".xlsx": "xlsx", ".zip": "zip", **dict.fromkeys(LANGUAGES, "code"),
}  # fmt: skip
_TEXTUAL = frozenset({"code", "csv", "eml", "html", "json", "markdown", "mhtml", "rst", "tex", "text"})
_PICTURES = frozenset({"bmp", "jpeg", "png", "tiff", "webp"})
MAY_HIDE = frozenset("docx eml epub html mhtml msg odp ods odt pdf pptx rtf xlsx".split())
"""Formats with text that nobody sees."""

_MODULES = {
    "odp": "odf",
    "ods": "odf",
    "odt": "odf",
    **dict.fromkeys(_PICTURES, "image"),
}  # where the loader's module has another name than the format

EXTENSIONS: Mapping[str, str] = MappingProxyType({suffix: _MEDIA_TYPES[name] for suffix, name in _FORMATS.items()})
"""File name extension, in lower case with its dot, to media type."""

MAY_BE_PICTURES = frozenset({".pdf", *(suffix for suffix, name in _FORMATS.items() if name in _PICTURES)})
"""Extensions of files whose pages may be pictures."""

MAY_HAVE_HIDDEN_TEXT = frozenset(suffix for suffix, name in _FORMATS.items() if name in MAY_HIDE)
"""Extensions of files with text that nobody may see."""

_MAGIC = (
    (b"\x1f\x8b", "a gzip archive"), (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"), (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"), (b"\xfd7zXZ", "an xz archive"), (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"),
    (b"GIF8", "a GIF picture"), (b"\x7fELF", "a program"), (b"MZ\x90", "a program"),
    (b"{\\rtf", "rtf"), (b"%!PS", "a PostScript file"), (b"SQLite format 3\0", "a SQLite database"),
    (b"OggS", "a sound or video file"), (b"ID3", "a sound file"), (b"\0\0\0\x18ftyp", "a video file"),
    (b"\0\0\0\x20ftyp", "a video file"),
)  # fmt: skip
_WORD = re.compile(r"[^\W_]")  # a letter or a digit: marks alone are no text
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)[\s>]", re.I | re.S)
_RELATED = re.compile(rb"^content-type:\s*multipart/related", re.MULTILINE)
_SAVED_PAGE = re.compile(rb"^(?:snapshot-content-location|x-mimeole|content-location):|^from: ?[\"<]?saved by", re.M)
_PARTS = 20_000


MEDIA_TYPES = frozenset(_MEDIA_TYPES.values())
"""Those as which `read` reads files."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document, and the media type as which its file was read."""

    draft: Draft
    media: str


def check_name(name: str) -> None:
    """Raises DocumentRefused where the file's extension alone tells that it is not read."""
    suffix = suffix_of(name)
    if suffix and suffix not in _FORMATS:
        raise DocumentRefused(f"format {suffix} is not supported", "docs/formats.md lists those that are read")


def prepare(data: bytes, name: str) -> None:
    """Imports what `read` will most likely need for this file, told by its name and first bytes."""
    found = _sniff_head(data[:4096]) or _FORMATS.get(suffix_of(name), "")
    if found in _MEDIA_TYPES and found != "zip":
        importlib.import_module(f"ragkb.ingest.loaders.{_MODULES.get(found, found)}")


def load(data: bytes, name: str, limits: LimitSettings, ocr: str = "auto", keeps_hidden: bool = False) -> Draft:
    """The text and structure of the file's bytes, as `read` gives them."""
    return read(data, name, limits, ocr, keeps_hidden).draft


def read(data: bytes, name: str, limits: LimitSettings, ocr: str = "auto", keeps_hidden: bool = False) -> Loaded:
    """The text and structure of the file's bytes. name: the file's name; its extension tells the format.

    Content wins over a wrong extension where it is certain (a PDF named .txt). Raises DocumentRefused with a reason
    of one line for whatever cannot be read or holds no text, LimitExceeded for what passes a limit. Depends on its
    arguments alone, so that it can run in a child process. A ZIP archive and the attachments of a message are not
    read here: `members.expand` gives them one by one. ocr: 'auto', 'on' or 'off', whether pictures of
    pages are read; 'later': only counted, as Draft.pictures. keeps_hidden: what nobody sees in the file is kept, each
    line of it marked (ragkb/text/hidden.py), instead of left out.
    """
    if len(data) > limits.file_bytes:
        raise LimitExceeded(f"{len(data)} bytes, the limit is {limits.file_bytes}", "raise limits.file_bytes")
    if not data:
        raise DocumentRefused("the file is empty")
    chosen = format_of(data, name)
    draft = faq.marked(_parse(chosen, data, limits, ocr, keeps_hidden))
    if not _WORD.search(draft.text) and not draft.pictures:
        reason = "; ".join(draft.warnings)
        raise DocumentRefused(f"no text found ({reason})" if reason else "no text found")
    if chosen == "code":
        draft = replace(draft, metadata={**draft.metadata, "programming_language": LANGUAGES[suffix_of(name)]})
    if chosen != _FORMATS.get(suffix_of(name)):
        draft = replace(draft, warnings=(f"read as {chosen.upper()}, which its content is", *draft.warnings))
    return Loaded(draft, _MEDIA_TYPES[chosen])


def _parse(chosen: str, data: bytes, limits: LimitSettings, ocr: str, keeps_hidden: bool) -> Draft:
    module = importlib.import_module(f"ragkb.ingest.loaders.{_MODULES.get(chosen, chosen)}")
    with boundary(chosen):
        try:
            by_ocr = (ocr,) if chosen == "pdf" or chosen in _PICTURES else ()
            draft: Draft = module.load(data, limits, *by_ocr, *((keeps_hidden,) if chosen in MAY_HIDE else ()))
        except MemoryError:
            memory = f"needed more than {limits.memory_bytes / 1e9:.1f} GB of memory"
            raise LimitExceeded(memory, "raise limits.memory_bytes") from None
        return draft


@contextmanager
def boundary(chosen: str) -> Iterator[None]:
    """The one boundary around the parser libraries: whatever they raise, the document is refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parsers warn about oddities of files that they read all the same
            yield
    except InputError:
        raise
    except MemoryError:
        raise LimitExceeded("needed more memory than one file may take", "raise limits.memory_bytes") from None
    except Exception as error:
        reason = one_line(str(error))[:200] or type(error).__name__
        raise DocumentRefused(
            f"broken {chosen.upper()}: {reason}", "open it in its program and save it again"
        ) from error


def suffix_of(name: str) -> str:
    """The extension in lower case with its dot, '' if there is none."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def format_of(data: bytes, name: str) -> str:
    """The loader's name, by content where that is certain, else by extension. Raises DocumentRefused if it has none."""
    check_name(name)
    named = _FORMATS.get(suffix_of(name))
    found = _sniff(data)
    if found == "zip" and named != "zip":
        raise DocumentRefused("it seems to be a ZIP archive", "name it .zip, and its files are read")
    if found in _MEDIA_TYPES and not (found in ("html", "mhtml") and named in ("eml", "mhtml")):
        return found
    if found and found not in _MEDIA_TYPES:
        hint = "open it in its program and save it again" if "damaged" in found else "save it in a supported format"
        raise DocumentRefused(f"it seems to be {found}", hint)
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
        return _kind_of_compound_file(data)
    return _sniff_head(head)


def _sniff_head(head: bytes) -> str:
    """The same for files that are no containers, told by their first bytes."""
    if b"%PDF-" in head[:1024] and not head.lstrip().startswith(b"<"):
        return "pdf" if head.lstrip(b"\0\r\n\t \xef\xbb\xbf").startswith(b"%PDF-") or b"\0" in head else ""
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "html"
    if _is_web_archive(head):
        return "mhtml"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "bmp"
    return next((words for magic, words in _MAGIC if head.startswith(magic)), "")


def _is_web_archive(head: bytes) -> bool:
    """True for a MIME message of related parts that a browser or office program saved, told by its header lines."""
    lines = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0].lower()
    if not lines.startswith((b"from:", b"mime-version:", b"date:")) or b"mime-version:" not in lines:
        return False
    return _RELATED.search(lines) is not None and _SAVED_PAGE.search(lines) is not None


def _kind_of_compound_file(data: bytes) -> str:
    if "__properties_version1.0".encode("utf-16-le") in data:
        return "msg"
    sealed = "EncryptedPackage".encode("utf-16-le") in data
    return "an Office file encrypted with a password" if sealed else "an old Office file (.doc, .xls, .ppt)"


def _kind_of_zip(data: bytes) -> str:
    """Which document an archive holds, told by the names in its directory."""
    names = _names(data)
    for kind, part in (("docx", "word/document"), ("pptx", "ppt/presentation"), ("xlsx", "xl/workbook")):
        if part.encode() in data if names is None else any(name.startswith(part) for name in names):
            return kind
    start = data[30:200]  # of the first part's name; OpenDocument and EPUB files begin with it, stored
    if start.startswith(b"mimetypeapplication/"):
        media = start.removeprefix(b"mimetype")
        return next((kind for kind, name in _MEDIA_TYPES.items() if media.startswith(name.encode() + b"PK")), "zip")
    if names and "META-INF/container.xml" in names and any(name.endswith(".opf") for name in names):
        return "epub"
    if names is None:
        too_many = data.count(b"PK\x01\x02") > _PARTS
        return f"an archive of more than {_PARTS} parts" if too_many else "a damaged ZIP archive"
    return "zip"


def _names(data: bytes) -> list[str] | None:
    """The names of the archive's parts, None if its directory is damaged or too long to read."""
    if data.count(b"PK\x01\x02") > _PARTS:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None

"""Electronic books: their XHTML pages in reading order, each chapter's headings as they stand."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import archive, html
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_SEALED = "{http://www.w3.org/2001/04/xmlenc#}"
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document"})


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of the spine. Pages that the spine marks as not linear, such as a cover, are read where they stand.

    Raises DocumentRefused if pages are encrypted.
    """
    archive.check(data, limits, doctypes=True)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = frozenset(book.namelist())
        package_path = _package_path(book, names)
        package = archive.xml(book.read(package_path))
        builder = TextBuilder(limits, keeps_hidden)
        missing = []
        sealed = _sealed(book, names)
        for path in _spine(package, posixpath.dirname(package_path)):
            if path in sealed:
                raise DocumentRefused("encrypted: its rights management hides the text", "get a copy without it")
            if path not in names:
                missing.append(path)
                continue
            html.write_page(book.read(path), builder)
    warnings = [f"pages that the book names but does not hold: {', '.join(missing[:10])}"] if missing else []
    title, metadata = _about(package)
    return builder.build(title or builder.first_heading, metadata, warnings)


def _package_path(book: zipfile.ZipFile, names: frozenset[str]) -> str:
    """The path of the part that lists the pages."""
    if "META-INF/container.xml" in names:
        root = archive.xml(book.read("META-INF/container.xml")).find(f".//{_CONTAINER}rootfile")
        path = root.get("full-path", "") if root is not None else ""
        if path in names:
            return str(path)
    path = min((name for name in names if name.endswith(".opf")), default="")
    if not path:
        raise DocumentRefused("broken EPUB: it has no list of pages")
    return path


def _spine(package: Any, folder: str) -> Iterator[str]:
    """The paths of the pages in reading order, each once; the table of contents is left out."""
    items = {item.get("id"): item for item in package.iterfind(f".//{_OPF}manifest/{_OPF}item")}
    seen: set[str] = set()
    for reference in package.iterfind(f".//{_OPF}spine/{_OPF}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES or "nav" in (item.get("properties") or "").split():
            continue
        path = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "").split("#")[0])))
        if path not in seen:
            seen.add(path)
            yield path


def _sealed(book: zipfile.ZipFile, names: frozenset[str]) -> frozenset[str]:
    """The paths of the parts that are encrypted."""
    if "META-INF/encryption.xml" not in names:
        return frozenset()
    root = archive.xml(book.read("META-INF/encryption.xml"))
    return frozenset(unquote(part.get("URI", "")) for part in root.iter(f"{_SEALED}CipherReference"))


def _about(package: Any) -> tuple[str, dict[str, Scalar]]:
    """(title, author, language, publisher and date as metadata)."""
    found: dict[str, str] = {}
    for name in ("title", "creator", "language", "publisher", "date"):
        values = [" ".join(element.itertext()).strip() for element in package.iter(f"{_DC}{name}")]
        found[name] = ", ".join(filter(None, values[:1] if name != "creator" else values))
    title, author = found.pop("title"), found.pop("creator")
    return title, {key: value for key, value in {"author": author, **found}.items() if value}

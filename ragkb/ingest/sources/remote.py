"""Folders of object stores and file servers, by fsspec: s3://, gs://, az://, sftp:// ..

Credentials and end points come from the driver's own configuration (environment, ~/.config/fsspec), never from here.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ragkb.errors import DocumentRefused, InputError, NotFound
from ragkb.ingest.access import AccessUnclear
from ragkb.ingest.sources import rules
from ragkb.ingest.sources.model import (
    IGNORE,
    MANIFEST,
    SIDECAR,
    SMALL_FILE,
    Fetched,
    SourceFile,
    read_bounded,
)
from ragkb.settings import LimitSettings

DRIVERS = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs",
    "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol", "webdav": "webdav4[fsspec]", "hdfs": "pyarrow",
    "ftp": "", "memory": "",
}  # fmt: skip
"""Scheme to the package that its driver needs, '' if none."""

_MARKS = (
    "ETag", "etag", "e_tag", "md5Hash", "checksum", "generation", "VersionId", "version_id",
    "LastModified", "last_modified", "last_write_time", "mtime", "updated", "modified", "created",
)  # fmt: skip
_ERRORS = (
    ("botocore.exceptions", "BotoCoreError"), ("botocore.exceptions", "ClientError"), ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"), ("azure.core.exceptions", "AzureError"),
    ("paramiko", "SSHException"), ("smbprotocol.exceptions", "SMBException"), ("aiohttp", "ClientError"),
    ("webdav4.client", "ClientError"), ("httpx", "HTTPError"), ("ftplib", "Error"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tree:
    """What one folder of the store holds, by name."""

    files: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    folders: dict[str, _Tree] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Store:
    """A driver and the folder in it. root: its address, as documents are stored under. base: its path in the driver."""

    driver: Any
    root: str
    base: str

    def files(self, tree: _Tree, scope: rules.Scope) -> Iterator[SourceFile]:
        """The files of the tree that are no manifests, sidecars, hidden or ignored."""
        for name, info in tree.files.items():
            if not scope.skips(name, False):
                yield self.file(name, info, tree, scope)
        for name, folder in tree.folders.items():
            if not scope.skips(name, True):
                yield from self.files(folder, self.enter(folder, scope, name))

    def enter(self, tree: _Tree, scope: rules.Scope, name: str) -> rules.Scope:
        """The scope of a folder, with its ignore file and manifest."""
        prefix = f"{scope.prefix}{name}/" if name else scope.prefix
        texts = {
            own: self.text(f"{self.base}/{prefix}{own}") if own in tree.files else None for own in (IGNORE, MANIFEST)
        }
        return scope.enter(
            name,
            rules.ignored(texts[IGNORE], f"{self.root}/{prefix}{IGNORE}"),
            rules.manifest(texts[MANIFEST], f"{self.root}/{prefix}{MANIFEST}"),
        )

    def above(self) -> Iterator[rules.Rules]:
        """The manifests of the folders over the root, outermost first.

        A part of a tree that is ingested alone must not become public because the manifest stands higher up.
        """
        parts = self.base.strip("/").split("/")
        start = "/" if self.base.startswith("/") else ""
        for depth in range(0 if start else 1, len(parts)):
            folder = start + "/".join(parts[:depth])
            where = f"{folder.rstrip('/')}/{MANIFEST}"
            if entries := rules.manifest(self.text(where), where):
                yield rules.Rules("", f"{'/'.join(parts[depth:])}/", None, entries)

    def text(self, path: str) -> str | None:
        """The text of an ignore file, manifest or sidecar, None if there is none. Raises InputError."""
        try:
            with self.driver.open(path, "rb") as stream:
                return str(stream.read(SMALL_FILE).decode("utf-8-sig"))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except _errors(UnicodeDecodeError) as error:
            message = f"{path}: cannot be read: {_reason(error)}"
            raise InputError(message, "allow reading it: it may say who may read the documents") from None

    def file(self, name: str, info: Mapping[str, Any], tree: _Tree, scope: rules.Scope) -> SourceFile:
        """The file with its attributes, refused if it is no regular one or its sidecar is not understood."""
        source = scope.prefix + name
        if info.get("type") != "file":
            return SourceFile(self.root, source, None, refused="a link or something else that is no regular file")
        path = f"{self.base}/{source}"
        try:
            about = scope.about(name)
            text = self.text(path + SIDECAR) if name + SIDECAR in tree.files else None
            if text is not None:
                about = rules.with_sidecar(about, text, name + SIDECAR)
        except InputError as error:
            reason = str(AccessUnclear(error.message, error.hint))
            return SourceFile(self.root, source, None, refused=reason, is_hidden=True)
        size, mark = _signature(info)
        fetch = partial(self.fetch, path, name, int(info.get("size") or 0))
        return SourceFile(self.root, source, None, size, mark, about=about, fetch=fetch)

    def fetch(self, path: str, name: str, size: int, limits: LimitSettings) -> Fetched:
        """The bytes of one file. Raises DocumentRefused, LimitExceeded."""
        try:
            with self.driver.open(path, "rb") as stream:
                return Fetched(read_bounded(stream, size, limits.file_bytes), name)
        except _errors() as error:
            raise DocumentRefused(f"cannot be read: {_reason(error)}", "check the file and its rights") from None


def find(address: str) -> Iterator[SourceFile]:
    """The file, or the files of the folder by the bytes of their path. Raises NotFound, InputError."""
    root = normal(address)
    driver, base = _opened(root)
    try:
        driver.invalidate_cache()
        info = driver.info(base) if base.strip("/") else {"type": "directory"}
        if info.get("type") != "directory":
            yield from _single(driver, root, base, info)
            return
        listing = driver.find(base, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"{root}: no such file or folder", "check the address") from None
    except _errors() as error:
        raise InputError(f"{root}: cannot be listed: {_reason(error)}", "check the address and your rights") from None
    store = _Store(driver, root, base)
    tree, refused = _arranged(store, listing)
    found = store.files(tree, store.enter(tree, rules.Scope("", tuple(store.above())), ""))
    yield from sorted([*found, *refused], key=lambda file: file.source.encode("utf-8", "surrogatepass"))


def normal(address: str) -> str:
    """The address in one form, without '/' at its end. Raises InputError for one that cannot be used."""
    scheme, _, rest = address.partition("://")
    if "::" in address or scheme.lower() not in DRIVERS:
        known = " ".join(f"{name}://" for name in DRIVERS)
        raise InputError(f"{address}: this kind of address is not supported", f"supported: {known} https://")
    if ":" in rest.split("/")[0].rpartition("@")[0]:
        raise InputError("the address holds a password", "give it by the driver's configuration: addresses are stored")
    if not rest.strip("/"):
        raise InputError(f"{address}: names no bucket or folder", "write for instance s3://bucket/folder")
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def _opened(root: str) -> tuple[Any, str]:
    """(driver, path in it). Raises InputError that names the package to install."""
    from fsspec.core import url_to_fs

    scheme = root.partition("://")[0]
    try:
        driver, base = url_to_fs(root)
    except ImportError as error:
        package = DRIVERS[scheme] or "fsspec"
        raise InputError(f"{scheme}:// needs a package that is missing ({error})", f"pip install {package}") from None
    except _errors(TypeError) as error:
        message = f"{root}: cannot be opened: {_reason(error)}"
        raise InputError(message, "give what its driver needs in ~/.config/fsspec") from None
    return driver, str(base).rstrip("/")


def _single(driver: Any, root: str, base: str, info: Mapping[str, Any]) -> Iterator[SourceFile]:
    """The one file that the address names; its root is its folder."""
    folder, _, name = base.rpartition("/")
    store = _Store(driver, root.rpartition("/")[0], folder)
    # subtle: they are looked for by reading, since `exists` says no where the store refuses to tell.
    tree = _Tree(dict.fromkeys((name, IGNORE, MANIFEST, name + SIDECAR), info))
    if name not in (IGNORE, MANIFEST) and not name.endswith(SIDECAR):
        scope = store.enter(tree, rules.Scope("", tuple(store.above())), "")
        yield store.file(name, info, tree, scope)


def _arranged(store: _Store, listing: Mapping[str, Mapping[str, Any]]) -> tuple[_Tree, list[SourceFile]]:
    """The listing as a tree, and the names that are no paths as refused files."""
    tree, refused = _Tree(), []
    for path, info in listing.items():
        source = path.removeprefix(f"{store.base}/")
        parts = source.split("/")
        if path == store.base or source.endswith("/"):  # a marker that some consoles leave for an empty folder
            continue
        if source == path or not _is_safe(parts):
            shown = "".join(c if c.isprintable() else "�" for c in source)
            refused.append(SourceFile(store.root, shown, None, refused="its name is no path under the folder"))
            continue
        folder = tree
        for part in parts[:-1]:
            folder = folder.folders.setdefault(part, _Tree())
        folder.files[parts[-1]] = info
    return tree, refused


def _is_safe(parts: list[str]) -> bool:
    return all(part not in ("", ".", "..") and "\\" not in part and part.isprintable() for part in parts)


def _signature(info: Mapping[str, Any]) -> tuple[int, int]:
    """(size, a number that changes with the file); size -1 where the store tells nothing that changes."""
    marks = [(key, str(info[key])) for key in _MARKS if info.get(key) not in (None, "")]
    if not marks:
        return -1, 0
    return int(info.get("size") or 0), int.from_bytes(hashlib.sha256(repr(marks).encode()).digest()[:8], "big") >> 1


def _errors(*more: type[BaseException]) -> tuple[type[BaseException], ...]:
    """What the drivers that are loaded raise: each has a family of its own besides OSError."""
    found = [getattr(sys.modules.get(module), name, None) for module, name in _ERRORS]
    return (OSError, ValueError, *more, *(error for error in found if isinstance(error, type)))


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:300]

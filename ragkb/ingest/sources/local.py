"""Files and folders of this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ragkb.errors import DocumentRefused, InputError, NotFound
from ragkb.ingest.access import AccessUnclear
from ragkb.ingest.sources import rules
from ragkb.ingest.sources.model import IGNORE, MANIFEST, SIDECAR, SMALL_FILE, SourceFile, read_bounded
from ragkb.settings import LimitSettings

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def find(path: Path) -> Iterator[SourceFile]:
    """The file, or the files of the folder by the bytes of their path. Raises NotFound, InputError."""
    path = _absolute(path)
    if not path.is_dir():
        folder = _Folder.top(path.parent)
        if path.name not in (MANIFEST, IGNORE) and not path.name.endswith(SIDECAR):
            yield folder.file(path)
        return
    yield from sorted(_walk(path), key=lambda file: os.fsencode(file.source))


def read(file: SourceFile, path: Path, limits: LimitSettings) -> bytes:
    """The file's bytes. Raises DocumentRefused if it is no regular file now, LimitExceeded if it is too large."""
    file.check()
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DocumentRefused(f"not a regular file but {_kind(status.st_mode)}")
            return read_bounded(stream, status.st_size, limits.file_bytes)
    except OSError as error:
        raise DocumentRefused(f"cannot be read: {error.strerror or error}", "check the file and its rights") from None


def _absolute(path: Path) -> Path:
    """The path without links, so that one file has one name. Raises NotFound if there is nothing."""
    try:
        found = path.expanduser().resolve(strict=True)
        str(found if found.is_dir() else found.parent).encode()
        return found
    except UnicodeEncodeError:
        raise InputError(f"{_readable(str(path))}: the name of a folder is not Unicode", "rename it") from None
    except (OSError, RuntimeError, ValueError):
        raise NotFound(f"{_readable(str(path))}: no such file or folder", "check the path") from None


def _walk(root: Path) -> Iterator[SourceFile]:
    """Every file under the root. A folder's real path is entered once, so loops of links end."""
    entered: set[Path] = set()
    waiting = [(root, _Folder.top(root))]
    while waiting:
        path, folder = waiting.pop()
        real = path.resolve()
        if real in entered:
            continue
        entered.add(real)
        for child in sorted(_children(path), key=lambda child: (child.is_symlink(), os.fsencode(child.name))):
            if folder.scope.skips(child.name, child.is_dir()):
                continue
            if child.is_symlink() and not _is_inside(child, root):
                yield folder.refuse(child, "a link that leaves the folder or leads nowhere")
            elif child.is_dir():
                waiting.append((child, folder.enter(child)))
            else:
                yield folder.file(child)


def _children(path: Path) -> list[Path]:
    try:
        return list(path.iterdir())
    except OSError as error:
        raise InputError(f"{path}: the folder cannot be read: {error.strerror}", "check its rights") from None


def _is_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way down, with its rules."""

    root: str
    scope: rules.Scope

    @classmethod
    def top(cls, path: Path) -> _Folder:
        """The folder that is ingested, with the rules of those above it."""
        return cls(str(path), _entered(rules.Scope("", tuple(_rules_above(path))), path, ""))

    def enter(self, path: Path) -> _Folder:
        return _Folder(self.root, _entered(self.scope, path, path.name))

    def file(self, path: Path) -> SourceFile:
        """The file with its attributes, refused if it is not a regular one or its sidecar is not understood."""
        try:
            status = path.stat()
        except OSError as error:
            return self.refuse(path, f"cannot be read: {error.strerror or error}")
        if not stat.S_ISREG(status.st_mode):
            return self.refuse(path, f"not a regular file but {_kind(status.st_mode)}")
        try:
            about = self.scope.about(path.name)
            text = _small_text(path.with_name(path.name + SIDECAR))
            if text is not None:
                about = rules.with_sidecar(about, text, path.name + SIDECAR)
        except InputError as error:  # of the sidecar: unreadable is as unclear as broken
            return self.refuse(path, str(AccessUnclear(error.message, error.hint)), is_hidden=True)
        source = self.scope.prefix + path.name
        if source != _readable(source):
            return self.refuse(path, "its name is not Unicode: rename it")
        real = path.resolve() if path.is_symlink() else path  # what is opened is no link, so O_NOFOLLOW can hold
        return SourceFile(self.root, source, real, status.st_size, status.st_mtime_ns, "", about)

    def refuse(self, path: Path, reason: str, is_hidden: bool = False) -> SourceFile:
        source = _readable(self.scope.prefix + path.name)
        return SourceFile(self.root, source, path, refused=reason, is_hidden=is_hidden)


def _readable(name: str) -> str:
    """The name with a mark in place of each byte that is part of no character."""
    return "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in name)


def _entered(scope: rules.Scope, path: Path, name: str) -> rules.Scope:
    return scope.enter(
        name,
        rules.ignored(_small_text(path / IGNORE), str(path / IGNORE)),
        rules.manifest(_small_text(path / MANIFEST), str(path / MANIFEST)),
    )


def _rules_above(root: Path) -> Iterator[rules.Rules]:
    """The manifests of the folders over the root, outermost first.

    A part of a tree that is ingested alone must not become public because the manifest stands higher up.
    """
    for folder in reversed(root.parents):
        if entries := rules.manifest(_small_text(folder / MANIFEST), str(folder / MANIFEST)):
            yield rules.Rules("", f"{root.relative_to(folder).as_posix()}/", None, entries)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a link"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _small_text(path: Path) -> str | None:
    """The text of an ignore file, manifest or sidecar, None if there is none. Raises InputError."""
    if not os.path.lexists(path):
        return None
    try:
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path}: not a regular file", "replace it by a file or remove it")
        with open(path, "rb") as stream:
            return stream.read(SMALL_FILE).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", "it must be a text file in UTF-8") from None

"""Which files there are to ingest, and what manifests say about them.

`.ragkbignore` (gitignore's syntax) in any folder leaves files out. `ragkb-manifest.toml` in any folder gives documents
attributes:

    [[documents]]
    match = "contracts/**/*.pdf"      # gitignore's syntax, relative to the manifest's folder
    groups = ["legal"]                # who may read them; [] is everyone
    title = ".."                      # also: language = "en", metadata = { year = 2024 }

Later entries win over earlier ones and inner folders over outer ones, key by key. Manifests in the folders above an
ingested one hold too.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec

from ragkb.errors import DocumentRefused, InputError, LimitExceeded, NotFound
from ragkb.settings import LimitSettings
from ragkb.types import Scalar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MANIFEST = "ragkb-manifest.toml"
IGNORE = ".ragkbignore"
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules"})
_SMALL_FILE = 10_000_000
_BLOCK = 1 << 20
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What manifests say about a file. None and '': they say nothing. groups: () is everyone."""

    groups: tuple[str, ...] | None = None
    title: str = ""
    language: str = ""
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was found. source: its path under `root`, with '/'. refused: why it must not be read, '' if it may.

    root and path are absolute. size is 0 and mtime_ns 0 where the file is refused.
    """

    root: Path
    source: str
    path: Path
    size: int = 0
    mtime_ns: int = 0
    refused: str = ""
    about: Attributes = field(default_factory=Attributes)


def find(paths: Iterable[Path]) -> Iterator[SourceFile]:
    """The files under `paths`, in the order given, inside a folder by the bytes of their path; each file once.

    A file's root is its folder. Hidden files, ignored files and the manifests themselves are not documents. Links
    that leave the root, and whatever is no regular file, come as refused. Raises NotFound for a path that is
    missing, InputError for a manifest or ignore file that cannot be understood: then nothing of its tree comes.
    """
    seen: set[tuple[Path, str]] = set()
    for path in paths:
        for file in _under(_absolute(path)):
            if (file.root, file.source) not in seen:
                seen.add((file.root, file.source))
                yield file


def attributes(file: SourceFile) -> Attributes:
    """What the manifests above the file say about it."""
    return file.about


def read(file: SourceFile, limits: LimitSettings) -> bytes:
    """The file's bytes. Raises DocumentRefused if it is no regular file now, LimitExceeded if it is too large."""
    if file.refused:
        raise DocumentRefused(file.refused)
    try:
        descriptor = os.open(file.path, os.O_RDONLY | _NO_FOLLOW)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DocumentRefused(f"not a regular file but {_kind(status.st_mode)}")
            return _read(stream, status.st_size, limits.file_bytes)
    except OSError as error:
        raise DocumentRefused(f"cannot be read: {error.strerror or error}", "check the file and its rights") from None


def _read(stream: Any, size: int, limit: int) -> bytes:
    if size > limit:
        raise LimitExceeded(f"{size} bytes, the limit is {limit}", "raise limits.file_bytes")
    blocks, left = [], limit
    while block := stream.read(_BLOCK):  # subtle: the file can grow while it is read
        left -= len(block)
        if left < 0:
            raise LimitExceeded(f"more than {limit} bytes", "raise limits.file_bytes")
        blocks.append(block)
    return b"".join(blocks)


# --- walking ----------------------------------------------------------------------------------------------------------


def _absolute(path: Path) -> Path:
    """The path without links, so that one file has one name. Raises NotFound if there is nothing."""
    try:
        return path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise NotFound(f"{path}: no such file or folder", "check the path") from None


def _under(path: Path) -> Iterator[SourceFile]:
    if not path.is_dir():
        folder = _Folder.open(path.parent, "")
        if path.name not in (MANIFEST, IGNORE):
            yield folder.file(path)
        return
    yield from sorted(_walk(path), key=lambda file: os.fsencode(file.source))


def _walk(root: Path) -> Iterator[SourceFile]:
    """Every file under the root. A folder's real path is entered once, so loops of links end."""
    entered: set[Path] = set()
    waiting = [(root, _Folder.open(root, ""))]
    while waiting:
        path, folder = waiting.pop()
        real = path.resolve()
        if real in entered:
            continue
        entered.add(real)
        for child in sorted(_children(path), key=lambda child: (child.is_symlink(), os.fsencode(child.name))):
            if folder.skips(child):
                continue
            if child.is_symlink() and not _is_inside(child, root):
                yield folder.refuse(child, "a link that leaves the folder or leads nowhere")
            elif child.is_dir():
                waiting.append((child, _Folder.open(child, folder.source(child), folder)))
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
class _Rules:
    """What one folder's files say.

    prefix: of the folder, relative to the root, '' or with '/' at its end. above: for a folder over the root, the path
    from it to the root, with '/' at its end; else ''.
    """

    prefix: str
    above: str
    ignored: GitIgnoreSpec | None
    entries: tuple[tuple[GitIgnoreSpec, Attributes, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way down, with the rules of all folders above it, outermost first."""

    root: Path
    prefix: str
    rules: tuple[_Rules, ...]

    @classmethod
    def open(cls, path: Path, source: str, parent: _Folder | None = None) -> _Folder:
        prefix = f"{source}/" if source else ""
        own = _Rules(prefix, "", _ignored(path / IGNORE), _manifest(path / MANIFEST))
        rules = parent.rules if parent else tuple(_rules_above(path))
        return cls(parent.root if parent else path, prefix, (*rules, own) if own.ignored or own.entries else rules)

    def source(self, path: Path) -> str:
        return self.prefix + path.name

    def skips(self, path: Path) -> bool:
        """True if the file or folder is hidden, ignored or a manifest."""
        if path.name.startswith(".") or path.name == MANIFEST:
            return True
        is_folder = path.is_dir()
        if is_folder and path.name in _SKIPPED_FOLDERS:
            return True
        source = self.source(path) + ("/" if is_folder else "")
        verdicts = (
            rules.ignored.check_file(source.removeprefix(rules.prefix)).include for rules in self.rules if rules.ignored
        )
        return next((verdict for verdict in reversed(list(verdicts)) if verdict is not None), False)

    def file(self, path: Path) -> SourceFile:
        """The file with its attributes, refused if it is not a regular one."""
        try:
            status = path.stat()
        except OSError as error:
            return self.refuse(path, f"cannot be read: {error.strerror or error}")
        if not stat.S_ISREG(status.st_mode):
            return self.refuse(path, f"not a regular file but {_kind(status.st_mode)}")
        source = self.source(path)
        real = path.resolve() if path.is_symlink() else path  # what is opened is no link, so O_NOFOLLOW can hold
        return SourceFile(self.root, source, real, status.st_size, status.st_mtime_ns, "", self._about(source))

    def refuse(self, path: Path, reason: str) -> SourceFile:
        return SourceFile(self.root, self.source(path), path, refused=reason)

    def _about(self, source: str) -> Attributes:
        about = Attributes()
        for rules in self.rules:
            for spec, given, keys in rules.entries:
                if spec.match_file(rules.above + source.removeprefix(rules.prefix)):
                    values = {key: getattr(given, key) for key in keys - {"metadata"}}
                    about = replace(about, **values, metadata={**about.metadata, **given.metadata})
        return about


def _rules_above(root: Path) -> Iterator[_Rules]:
    """The manifests of the folders over the root, outermost first.

    A part of a tree that is ingested alone must not become public because the manifest stands higher up.
    """
    for folder in reversed(root.parents):
        if entries := _manifest(folder / MANIFEST):
            yield _Rules("", f"{root.relative_to(folder).as_posix()}/", None, entries)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFLNK: "a link"}
    return kinds.get(stat.S_IFMT(mode), "a device")


# --- ignore files and manifests ---------------------------------------------------------------------------------------


def _small_text(path: Path) -> str | None:
    """The text of an ignore file or manifest, None if there is none. Raises InputError if it cannot be read."""
    if not os.path.lexists(path):
        return None
    try:
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{path}: not a regular file", "replace it by a file or remove it")
        with open(path, "rb") as stream:
            return stream.read(_SMALL_FILE).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}", "it must be a text file in UTF-8") from None


def _ignored(path: Path) -> GitIgnoreSpec | None:
    text = _small_text(path)
    return _spec(text.splitlines(), str(path)) if text else None


def _spec(lines: Iterable[str], where: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise InputError(f"{where}: {error}", "patterns are those of .gitignore") from None


def _manifest(path: Path) -> tuple[tuple[GitIgnoreSpec, Attributes, frozenset[str]], ...]:
    """The entries in their order: what they match, what they say, which keys they set."""
    text = _small_text(path)
    if text is None:
        return ()
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: {error}", "check its TOML syntax") from None
    documents = table.pop("documents", [])
    if table:
        raise InputError(f"{path}: unknown key {min(table)!r}", "entries stand under [[documents]]")
    if not isinstance(documents, list):
        raise InputError(f"{path}: documents must be a list", "write [[documents]] before each entry")
    return tuple(_entry(entry, f"{path}: entry {number}") for number, entry in enumerate(documents, 1))


def _entry(entry: Any, where: str) -> tuple[GitIgnoreSpec, Attributes, frozenset[str]]:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: must be a table", "write [[documents]] before each entry")
    unknown = sorted(set(entry) - {"match", "groups", "title", "language", "metadata"})
    if unknown:
        raise InputError(f"{where}: unknown key {unknown[0]!r}", "keys: match, groups, title, language, metadata")
    match = _checked(entry.get("match"), str, f"{where}: match", "a pattern")
    if not match.strip() or match.lstrip().startswith(("#", "!")):
        raise InputError(f"{where}: match {match!r} matches nothing", "write a pattern like '*.pdf'")
    about = Attributes(
        groups=_groups(entry["groups"], where) if "groups" in entry else None,
        title=_checked(entry.get("title", ""), str, f"{where}: title", "a string"),
        language=_checked(entry.get("language", ""), str, f"{where}: language", "a string"),
        metadata=_metadata(entry.get("metadata", {}), where),
    )
    return _spec([match], where), about, frozenset(set(entry) - {"match"})


def _groups(value: Any, where: str) -> tuple[str, ...]:
    groups = _checked(value, list, f"{where}: groups", "a list of names")
    for group in groups:
        if not isinstance(group, str) or not group.strip() or "*" in group:
            raise InputError(f"{where}: group {group!r} is not a name", "groups are names without '*'")
    return tuple(groups)


def _metadata(value: Any, where: str) -> Mapping[str, Scalar]:
    table = _checked(value, dict, f"{where}: metadata", "a table")
    for key, item in table.items():
        if not isinstance(item, (str, int, float, bool)):
            kind = type(item).__name__
            raise InputError(f"{where}: metadata {key!r} is {kind}", "values are strings, numbers and booleans")
    return dict(table)


def _checked(value: Any, kind: type, where: str, expected: str) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"{where} is {type(value).__name__}", f"it must be {expected}")
    return value

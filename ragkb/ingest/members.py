"""The documents inside a file: those of a ZIP archive, the attachments of a message or PDF, and those inside these."""

from __future__ import annotations

import importlib
import io
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from ragkb.errors import DocumentRefused, InputError, LimitExceeded
from ragkb.ingest.loaders import boundary, format_of, mail, suffix_of
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.loaders.mail import Attachment
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings

_CONTAINERS = frozenset({".eml", ".msg", ".pdf", ".zip"})
_PARTS = re.compile(rb"multipart/(?!alternative)|message/rfc822", re.IGNORECASE)  # of an e-mail with attachments
_SKIPPED = frozenset({"__MACOSX", "__pycache__", "node_modules", "Thumbs.db", "desktop.ini"})
_PLAUSIBLE_RATIO = 300
_SMALL = 10_000_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Member:
    """One document of a file. source: its place, `archive.zip/inner/name.pdf`; the file's own for the file itself.

    refused: why it cannot be read, '' if it may; then `data` is empty.
    """

    source: str
    data: bytes = b""
    refused: str = ""


def may_hold(source: str) -> bool:
    """True if a file of that name can hold documents of their own."""
    return suffix_of(source) in _CONTAINERS


def holds(source: str, data: bytes) -> bool:
    """True if the file has to be opened to see what documents of their own it holds: its bytes do not rule it out."""
    suffix = suffix_of(source)
    if suffix == ".eml":
        return _PARTS.search(data) is not None
    return suffix in _CONTAINERS and (suffix != ".pdf" or mail.FILE_IN_PDF in data)


def expand(data: bytes, source: str, limits: LimitSettings) -> Iterator[Member]:
    """The documents of a file, one at a time: itself, unless it is a ZIP archive, then what it holds, in its order.

    Names are made safe: no member's source leaves that of its file, no two are the same. Members that cannot be
    taken come as refused. Raises DocumentRefused or LimitExceeded, before the first member, for an archive that
    must not be opened: damaged, with parts that overlap, with too many parts or bytes.
    """
    yield from _Expansion(limits).file(data, source, 0)


@dataclass(slots=True)
class _Expansion:
    """What one file may still unpack to, and the names that were given."""

    limits: LimitSettings
    members: int = 0
    inflated: int = 0
    taken: set[str] = field(default_factory=set)

    def file(self, data: bytes, source: str, depth: int) -> Iterator[Member]:
        kind = _kind(data, source)
        if kind == "zip":
            yield from self._archive(data, source, depth)
            return
        found = _attachments(kind, data) if kind else []  # subtle: first, so that a broken message is refused once
        yield Member(source, data)
        yield from self._attachments(found, source, depth)

    def _inside(self, data: bytes, source: str, depth: int) -> Iterator[Member]:
        """A member and what is inside it; refused where the file cannot be opened."""
        try:
            yield from self.file(data, source, depth)
        except InputError as error:
            yield Member(source, refused=str(error))

    # --- ZIP ----------------------------------------------------------------------------------------------------------

    def _archive(self, data: bytes, source: str, depth: int) -> Iterator[Member]:
        if depth >= self.limits.nesting:
            raise DocumentRefused(self._too_deep(depth))
        with boundary("zip"):
            archive = zipfile.ZipFile(io.BytesIO(data))
        with archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            self._check(entries)
            found = False
            for entry in entries:
                path = _safe(_name(entry))
                if _is_skipped(path):
                    continue
                found = True
                yield from self._entry(archive, entry, self._named(source, path), depth)
        if not found:
            yield Member(source, refused="the archive holds no files")

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        """Looks at the directory alone; its sizes hold, since no more than they say is ever inflated."""
        self._spend(len(entries), sum(entry.file_size for entry in entries if not _is_bomb(entry)))
        end = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            if entry.header_offset < end:
                raise DocumentRefused("parts of the archive overlap: it is a zip bomb or damaged")
            end = entry.header_offset + 30 + entry.compress_size

    def _entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, source: str, depth: int) -> Iterator[Member]:
        refused = _refused(entry, self.limits)
        if refused:
            yield Member(source, refused=refused)
            return
        try:
            with boundary("zip"):
                data = archive.read(entry)
        except InputError as error:
            yield Member(source, refused=str(error))
            return
        yield from self._inside(data, source, depth + 1)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _attachments(self, found: list[Attachment], source: str, depth: int) -> Iterator[Member]:
        for number, attachment in enumerate(found, 1):
            name = self._named(source, _safe(attachment.name))
            if self.members >= self.limits.members:
                more = f", nor {len(found) - number} more" if number < len(found) else ""
                yield Member(name, refused=f"{self._too_many()}: this one is not read{more} (limits.members)")
                return
            self.members += 1
            try:
                self._spend(0, len(attachment.data))
            except LimitExceeded as error:
                yield Member(name, refused=str(error))
                continue
            if depth >= self.limits.nesting:
                yield Member(name, refused=self._too_deep(depth))
            else:
                yield from self._inside(attachment.data, name, depth + 1)

    def _spend(self, members: int, size: int) -> None:
        """Counts what is taken. Raises LimitExceeded, and counts nothing, if it is too much."""
        if self.members + members > self.limits.members:
            raise LimitExceeded(self._too_many(), "raise limits.members")
        if self.inflated + size > self.limits.inflated_bytes:
            raise LimitExceeded(
                f"unpacks to more than {self.limits.inflated_bytes} bytes", "raise limits.inflated_bytes"
            )
        self.members += members
        self.inflated += size

    def _too_many(self) -> str:
        return f"more than {self.limits.members} files in one file"

    def _too_deep(self, depth: int) -> str:
        return f"{depth} archives or messages inside each other, the limit is {self.limits.nesting} (limits.nesting)"

    def _named(self, source: str, path: str) -> str:
        """The member's source, with a number where another has the same."""
        stem, dot, suffix = path.rpartition(".")
        name, number = f"{source}/{path}", 2
        while name in self.taken:
            name = f"{source}/{stem} ({number}).{suffix}" if dot and stem else f"{source}/{path} ({number})"
            number += 1
        self.taken.add(name)
        return name


def _kind(data: bytes, source: str) -> str:
    """'zip', 'eml' or 'msg' for a file that holds others, by name and content; '' for every other."""
    kind = format_of(data, source) if data and holds(source, data) else ""
    return kind if f".{kind}" in _CONTAINERS else ""


def _attachments(kind: str, data: bytes) -> list[Attachment]:
    """The attachments whose format is read; the message or PDF itself warns of the others."""
    loader = importlib.import_module(f"ragkb.ingest.loaders.{kind}")
    with boundary(kind):
        return [found for found in loader.attachments(data) if mail.is_read(found)]


def _refused(entry: zipfile.ZipInfo, limits: LimitSettings) -> str:
    """Why the entry is not read, '' if it is."""
    if entry.flag_bits & 1:
        return "encrypted with a password"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a link"
    if entry.file_size > limits.file_bytes:
        return f"{entry.file_size} bytes, the limit is {limits.file_bytes}"
    if _is_bomb(entry):
        return f"unpacks from {entry.compress_size} to {entry.file_size} bytes: it seems a zip bomb"
    return ""


def _is_bomb(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > max(_SMALL, _PLAUSIBLE_RATIO * entry.compress_size)


def _name(entry: zipfile.ZipInfo) -> str:
    """The entry's name; where it is not marked as Unicode, by guess, since programs write what their system uses."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return decode(entry.filename.encode("cp437"))
    except (UnicodeEncodeError, DocumentRefused):
        return entry.filename


def _safe(name: str) -> str:
    """The name as a relative path that leads nowhere else: no drive, no `..`, no control characters."""
    parts = [one_line(part).strip(':*?"<>|')[-_LONGEST_NAME:] for part in name.replace("\\", "/").split("/")]
    drive = len(parts) > 1 and len(parts[0]) == 1 and "/" in name.replace("\\", "/")[2:3]
    kept = [part for part in (parts[1:] if drive else parts) if part not in ("", ".", "..")]
    return "/".join(kept) or "unnamed"


def is_safe(path: str) -> bool:
    """True if the path leads nowhere but to a place beneath its file, as all that `expand` gives do."""
    return path == _safe(path)


def _is_skipped(path: str) -> bool:
    """True for what a folder's walk skips too: hidden files and what systems leave behind."""
    return any(part in _SKIPPED or part.startswith(".") for part in path.split("/"))

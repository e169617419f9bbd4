"""A disk that keeps what was synced, and of the rest what a power cut happens to leave.

The rules: fsync and fdatasync of a file make its bytes and length durable, not its name. fsync of a folder makes the
names in it durable, not what they lead to, nor the folder's own name. A write reaches the disk in sectors of 512 bytes,
each whole or not at all, and leaves what is beside it alone; a rename happens or does not; whatever was not synced does
so in any order, or not at all. Only a removal does not overtake an earlier change of names in its folder: tantivy
counts on that when it removes the files that meta.json no longer names. Real file systems keep more order than this.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.store.replay_trace import Call, bytes_of, descriptor_of, path_of

SECTOR = 512
Tree = dict[str, "bytes | None"]  # path to content; None: a folder
Piece = tuple[int, bytes]  # offset, data


@dataclass(frozen=True, slots=True)
class Change:
    """One unsynced change of a file. at: its place in the order of calls. data: None cuts or extends to `offset`."""

    at: int
    offset: int
    data: bytes | None


@dataclass
class File:
    """durable: what a power cut cannot take. current: what a reader sees now."""

    durable: bytearray = field(default_factory=bytearray)
    current: bytearray = field(default_factory=bytearray)
    changes: list[Change] = field(default_factory=list)


@dataclass
class Folder:
    """The same of names. changes: at, and what the names lead to from then on; None for nothing."""

    durable: dict[str, File | Folder] = field(default_factory=dict)
    current: dict[str, File | Folder] = field(default_factory=dict)
    changes: list[tuple[int, dict[str, File | Folder | None]]] = field(default_factory=list)


@dataclass
class Opened:
    """What descriptors lead to: one or, copied, several.

    at: the call that opened it. position: where a plain write goes.
    """

    node: File | Folder
    at: int
    appends: bool = False
    position: int = 0


@dataclass(frozen=True)
class Cut:
    """What of the unsynced is left. names: whether the change of names number `at` is. data: what is left of a write.

    length: whether a file has the length that it had, with zeros where nothing was left.
    """

    name: str
    names: Callable[[int], bool]
    data: Callable[[Change], list[Piece]]
    length: Callable[[File], bool]


def cuts(at: int, seed: str) -> list[Cut]:
    """The ways in which the power goes after `at` calls."""
    rng = random.Random(seed)
    early = max(0, at - rng.randint(1, 40))
    return [
        Cut("nothing kept", _never, _lost, _never),
        Cut("everything kept", _always, _whole, _always),
        Cut("data kept, names lost", _never, _whole, _always),
        Cut("names kept, data zeros", _always, _lost, _always),
        Cut("names kept, files short", _always, _lost, _never),
        Cut("the last calls lost", lambda n: n < early, lambda one: _whole(one) if one.at < early else [], _never),
        *(_subset(f"{seed} {number}", share) for number, share in enumerate((0.2, 0.5, 0.8))),
    ]


def _subset(seed: str, share: float) -> Cut:
    def chance(*what: object) -> float:
        return random.Random(f"{seed} {what}").random()

    def data(change: Change) -> list[Piece]:
        fate = chance("data", change.at)
        if fate < share * 0.7 or change.data is None:
            return _whole(change) if fate < share else []
        return _torn(change, random.Random(f"{seed} {change.at}")) if fate < share else []

    return Cut(
        f"a random {share:.0%}",
        lambda at: chance("names", at) < share,
        data,
        lambda file: chance("length", len(file.current)) < 0.5,
    )


def _always(_: object) -> bool:
    return True


def _never(_: object) -> bool:
    return False


def _lost(_: Change) -> list[Piece]:
    return []


def _whole(change: Change) -> list[Piece]:
    return [(change.offset, change.data or b"")]


def _torn(change: Change, rng: random.Random) -> list[Piece]:
    """Some of the sectors that the write touches."""
    data, out, start = change.data or b"", [], 0
    while start < len(data):
        end = start + SECTOR - (change.offset + start) % SECTOR
        if rng.random() < 0.5:
            out.append((change.offset + start, data[start:end]))
        start = end
    return out


class Disk:
    """The folder `root` of a traced process. Follows its calls; raises ValueError for one that it does not know."""

    def __init__(self, root: Path, first: Tree) -> None:
        """first: what is there at the beginning, durable."""
        self._root, self._at = str(root), 0
        self._open: dict[int, Opened] = {}
        self.folder = Folder()
        for path, content in sorted(first.items()):
            holder, name = self._holder(f"{root}/{path}")
            node = Folder() if content is None else File(bytearray(content), bytearray(content))
            holder.durable[name] = holder.current[name] = node

    def follow(self, call: Call) -> None:
        """Does what the call did."""
        handler = _HANDLERS.get(call.name)
        if handler is None:
            raise ValueError(f"{call.name}{call.arguments} changes files in a way that is not followed")
        handler(self, call)
        self._at += 1

    def current(self, path: str) -> bytes:
        """What a reader sees of a file now; nothing if there is none."""
        node = self._find(f"{self._root}/{path}")
        return bytes(node.current) if isinstance(node, File) else b""

    def after(self, cut: Cut) -> Tree:
        """What is there after the power was cut in this way."""
        out: Tree = {}
        _leave(self.folder, "", cut, out)
        return out

    # --- names ----------------------------------------------------------------------------------------------------

    def _below(self, path: str) -> bool:
        return path.startswith(f"{self._root}/")

    def _holder(self, path: str) -> tuple[Folder, str]:
        """The folder that holds the path, and the path's last part."""
        *parts, name = path.removeprefix(f"{self._root}/").split("/")
        folder = self.folder
        for part in parts:
            held = folder.current[part]
            assert isinstance(held, Folder), path
            folder = held
        return folder, name

    def _find(self, path: str) -> File | Folder | None:
        if path == self._root:
            return self.folder
        folder, name = self._holder(path)
        return folder.current.get(name)

    def _name(self, path: str, node: File | Folder | None) -> None:
        self._names(self._holder(path)[0], {path.rpartition("/")[2]: node})

    def _names(self, folder: Folder, names: dict[str, File | Folder | None]) -> None:
        _apply(folder.current, names)
        folder.changes.append((self._at, names))

    def _make_folder(self, path: str) -> None:
        self._name(path, Folder())

    def _remove(self, path: str) -> None:
        self._name(path, None)

    def _rename(self, source: str, target: str) -> None:
        (old, was), (new, name) = self._holder(source), self._holder(target)
        node = old.current[was]
        if old is new:
            self._names(old, {was: None, name: node})
        else:  # one change in two folders: both have the same number, so a cut leaves both or none
            self._names(old, {was: None})
            self._names(new, {name: node})

    # --- files ----------------------------------------------------------------------------------------------------

    def _opened(self, path: str, flags: str, result: str) -> None:
        if not self._below(path) and path != self._root:
            return
        node = self._find(path)
        if node is None:
            node = File()
            self._name(path, node)
        elif "O_TRUNC" in flags and isinstance(node, File):
            self._cut(node, 0)
        self._open[descriptor_of(result)] = Opened(node, self._at, "O_APPEND" in flags)

    def _write(self, descriptor: int, data: bytes, offset: int | None) -> None:
        if descriptor not in self._open:
            return
        opened, node = self._open[descriptor], self._file(descriptor)
        place = len(node.current) if opened.appends else opened.position if offset is None else offset
        if place > len(node.current):
            node.current.extend(bytes(place - len(node.current)))
        node.current[place : place + len(data)] = data
        node.changes.append(Change(self._at, place, data))
        if offset is None:
            opened.position = place + len(data)

    def _file(self, descriptor: int) -> File:
        node = self._open[descriptor].node
        assert isinstance(node, File)
        return node

    def _truncate(self, descriptor: int, length: int) -> None:
        self._cut(self._file(descriptor), length)

    def _cut(self, node: File, length: int) -> None:
        _resize(node.current, length)
        node.changes.append(Change(self._at, length, None))

    def _sync(self, descriptor: int, begun: int) -> None:
        """What was changed before the call began is durable."""
        node = self._open[descriptor].node
        if isinstance(node, Folder):
            for _, names in (one for one in node.changes if one[0] < begun):
                _apply(node.durable, names)
            node.changes = [one for one in node.changes if one[0] >= begun]
        else:
            for change in (one for one in node.changes if one.at < begun):
                _change(node.durable, change, _whole)
            node.changes = [one for one in node.changes if one.at >= begun]

    def _closed(self, descriptor: int, begun: int) -> None:
        opened = self._open.get(descriptor)
        if opened and opened.at < begun:  # subtle: else another thread was given the number while this call ended
            del self._open[descriptor]


# --- what is left -----------------------------------------------------------------------------------------------------


def _leave(folder: Folder, path: str, cut: Cut, out: Tree) -> None:
    names = dict(folder.durable)
    complete = True
    for at, changed in folder.changes:
        removes = all(node is None for node in changed.values())
        if cut.names(at) and (complete or not removes):
            _apply(names, changed)
        else:
            complete = False
    for name, node in names.items():
        if isinstance(node, Folder):
            out[path + name] = None
            _leave(node, f"{path}{name}/", cut, out)
        else:
            out[path + name] = _left(node, cut)


def _left(file: File, cut: Cut) -> bytes:
    data = bytearray(file.durable)
    for change in file.changes:
        _change(data, change, cut.data)
    if file.changes and cut.length(file):
        _resize(data, len(file.current))
    return bytes(data)


def _change(data: bytearray, change: Change, kept: Callable[[Change], list[Piece]]) -> None:
    for offset, piece in kept(change):
        if change.data is None:
            _resize(data, offset)
            continue
        if offset > len(data):
            data.extend(bytes(offset - len(data)))
        data[offset : offset + len(piece)] = piece


def _resize(data: bytearray, length: int) -> None:
    if length < len(data):
        del data[length:]
    else:
        data.extend(bytes(length - len(data)))


def _apply(names: dict[str, File | Folder], changed: Mapping[str, File | Folder | None]) -> None:
    for name, node in changed.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


# --- calls ------------------------------------------------------------------------------------------------------------


def _at(folder: str, path: str) -> str:
    """The path that a call of the `*at` kind means."""
    return os.path.normpath(os.path.join(path_of(folder), path_of(path)))


def _fallocate(disk: Disk, call: Call) -> None:
    if call.arguments[1] != "0":
        raise ValueError(f"fallocate with {call.arguments[1]} is not followed")
    node = disk._file(descriptor_of(call.arguments[0]))
    disk._truncate(descriptor_of(call.arguments[0]), max(len(node.current), sum(map(int, call.arguments[2:]))))


def _mapped(disk: Disk, call: Call) -> None:
    text = " ".join(call.arguments)
    if "PROT_WRITE" in text and "MAP_SHARED" in text and not path_of(text).endswith("-shm"):
        raise ValueError(f"{path_of(text)} is mapped for writing: what is written there cannot be seen")


def _vector(disk: Disk, call: Call) -> None:
    offset = int(call.arguments[-1]) if call.name == "pwritev" else None
    disk._write(descriptor_of(call.arguments[0]), bytes_of(" ".join(call.arguments[1:])), offset)


def _controlled(disk: Disk, call: Call) -> None:
    if call.arguments[1].startswith("F_DUPFD"):
        _copied(disk, call)


def _copied(disk: Disk, call: Call) -> None:
    if opened := disk._open.get(descriptor_of(call.arguments[0])):
        opened.at = disk._at
        disk._open[descriptor_of(call.result)] = opened


def _seek(disk: Disk, call: Call) -> None:
    disk._open[descriptor_of(call.arguments[0])].position = int(call.result)


_HANDLERS: dict[str, Callable[[Disk, Call], None]] = {
    "openat": lambda disk, call: disk._opened(_at(*call.arguments[:2]), call.arguments[2], call.result),
    "open": lambda disk, call: disk._opened(path_of(call.arguments[0]), call.arguments[1], call.result),
    "close": lambda disk, call: disk._closed(descriptor_of(call.arguments[0]), call.begun),
    "lseek": _seek,
    "write": lambda disk, call: disk._write(descriptor_of(call.arguments[0]), bytes_of(call.arguments[1]), None),
    "pwrite64": lambda disk, call: disk._write(
        descriptor_of(call.arguments[0]), bytes_of(call.arguments[1]), int(call.arguments[3])
    ),
    "writev": _vector,
    "pwritev": _vector,
    "ftruncate": lambda disk, call: disk._truncate(descriptor_of(call.arguments[0]), int(call.arguments[1])),
    "fallocate": _fallocate,
    "fsync": lambda disk, call: disk._sync(descriptor_of(call.arguments[0]), call.begun),
    "fdatasync": lambda disk, call: disk._sync(descriptor_of(call.arguments[0]), call.begun),
    "rename": lambda disk, call: disk._rename(path_of(call.arguments[0]), path_of(call.arguments[1])),
    "renameat": lambda disk, call: disk._rename(_at(*call.arguments[:2]), _at(*call.arguments[2:4])),
    "renameat2": lambda disk, call: disk._rename(_at(*call.arguments[:2]), _at(*call.arguments[2:4])),
    "unlink": lambda disk, call: disk._remove(path_of(call.arguments[0])),
    "unlinkat": lambda disk, call: disk._remove(_at(*call.arguments[:2])),
    "rmdir": lambda disk, call: disk._remove(path_of(call.arguments[0])),
    "mkdir": lambda disk, call: disk._make_folder(path_of(call.arguments[0])),
    "mkdirat": lambda disk, call: disk._make_folder(_at(*call.arguments[:2])),
    "mmap": _mapped,
    "dup": _copied,
    "fcntl": _controlled,
}

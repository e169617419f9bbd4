"""The order of a commit's system calls, as strace saw them, against what survives a power cut.

Until a file is synced its bytes may be lost, until a folder is synced its new names may be. So when the catalogue's log
is synced, which is the commit, every file of the indexes that was written must have been synced after its last write,
every file that was renamed must have been synced before, and its folder afterwards.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

TRACED = "openat,creat,write,pwrite64,writev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,close"
_CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
_FILE = re.compile(r"^(?:\d+|AT_FDCWD)<(?P<path>[^>]*)>")
_KEPT = re.compile("/(vectors|lexical-[^/]*|originals)/")
_FLAT = re.compile("/(vectors|originals)")
_NAMES = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass
class Disk:
    """What would not survive a power cut now. unsynced: files; unnamed: folder to its names that are new."""

    unsynced: set[str] = field(default_factory=set)
    unnamed: dict[str, set[str]] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    commits: int = 0


def available() -> bool:
    """Whether strace is here and may trace."""
    return (
        shutil.which("strace") is not None
        and not subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode
    )


def violations(folder: Path, mutation: str = "") -> list[str]:
    """Traces a process that makes a knowledge base and changes it in every way; returns what the rules forbid."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "trace"
    command = ["strace", "-f", "-y", "-s", "0", "-e", f"trace={TRACED}", "-o", str(log)]
    command += [sys.executable, "-m", "benchmarks.store.order", str(folder / "kb"), mutation]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    return check(log.read_text("utf-8", "replace"), str(folder / "kb"))


def check(trace: str, kb: str) -> list[str]:
    """The rules over one trace. Raises ValueError if no commit is in it."""
    disk = Disk()
    for name, rest in _calls(trace):
        _follow(disk, name, rest, kb)
    if not disk.commits:
        raise ValueError("no commit of the catalogue was traced")
    return disk.found


def _calls(trace: str) -> list[tuple[str, str]]:
    """(name, arguments and result) of the calls, when they ended."""
    out, begun = [], {}
    for line in trace.splitlines():
        if match := _RESUMED.match(line):
            out.append((match["name"], begun.pop((match["pid"], match["name"]), "") + match["rest"]))
        elif match := _CALL.match(line):
            if match["rest"].endswith("<unfinished ...>"):
                begun[match["pid"], match["name"]] = match["rest"].removesuffix("<unfinished ...>")
            else:
                out.append((match["name"], match["rest"]))
    return out


def _follow(disk: Disk, name: str, rest: str, kb: str) -> None:
    if re.search(r"= -1 \w+", rest):
        return
    match = _FILE.match(rest)
    path = match["path"] if match else ""
    if name in ("write", "pwrite64", "writev", "ftruncate") and path.startswith(kb):
        if _counts(path):
            disk.unsynced.add(path)
    elif name in ("fsync", "fdatasync") and path.startswith(kb):
        disk.unsynced.discard(path)
        disk.unnamed.pop(path, None)
        if path.endswith("catalogue.sqlite-wal"):
            _commit(disk)
    elif name.startswith("rename"):
        source, target = _NAMES.findall(rest)[:2]
        if target.startswith(kb) and _counts(target):
            if source in disk.unsynced:
                disk.found.append(f"{_short(target)} renamed before it was synced")
            disk.unsynced.discard(source)
            folder, _, held = target.rpartition("/")
            disk.unnamed.setdefault(folder, set()).add(held)
    elif name == "openat" and "O_CREAT" in rest and (names := _NAMES.findall(rest)):
        folder, _, held = names[0].rpartition("/")
        if names[0].startswith(kb) and _counts(names[0]) and not _passing(held):
            disk.unnamed.setdefault(folder, set()).add(held)


def _commit(disk: Disk) -> None:
    disk.commits += 1
    indexes = {path for path in disk.unsynced if _KEPT.search(path)}
    disk.found += [f"commit {disk.commits}: {_short(path)} is not synced" for path in sorted(indexes)]
    for folder, names in sorted(disk.unnamed.items()):
        if _KEPT.search(f"{folder}/"):
            disk.found.append(f"commit {disk.commits}: {_short(folder)} is not synced after {', '.join(sorted(names))}")
    disk.unnamed = {folder: names for folder, names in disk.unnamed.items() if not _FLAT.search(folder)}


def _counts(path: str) -> bool:
    """Files that hold data: not locks, not the notes that may be lost."""
    return not path.endswith((".lock", "writer.json", "generation.json", ".generation.json.new", "-shm"))


def _passing(name: str) -> bool:
    return name.startswith(".tmp") or name.endswith(".tmp")


def _short(path: str) -> str:
    return re.sub(r"[0-9a-f]{16,}", "…", "/".join(path.rsplit("/", 2)[-2:]))


def _work(folder: Path, mutation: str) -> None:
    from benchmarks.store import seeded
    from benchmarks.store.workload import canary, open_kb, text_of
    from ragkb.ingest.report import NewDocument

    with seeded.applied(mutation), open_kb(folder) as kb:
        for number in range(9):
            kb.add([NewDocument(f"n{number % 7}.txt", text_of(canary(number)))])
        kb.ingest_bytes("f1.txt", text_of(canary(30)).encode())
        kb.ingest_bytes("f1.txt", text_of(canary(31)).encode())
        kb.delete(next(iter(list(kb.documents()))).id)
        kb.add([NewDocument("n20.txt", text_of(canary(20)))])
        kb.rebuild()
        kb.backup(folder / "made")
        kb.purge()


if __name__ == "__main__":
    _work(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")

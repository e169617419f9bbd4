"""The system calls of a traced process that change files, with their bytes, as strace writes them.

Everything that a store does to its files goes through calls, but for two things. SQLite's -shm is mapped, and what is
in it cannot be seen: a power cut leaves zeros there, and SQLite makes it anew. And `read` is left out, though it moves
a descriptor's position. So the end of a run is compared with the real folder (replay.record), and any other mapping
for writing is refused.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TRACED = (
    "openat,open,creat,lseek,close,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,"
    "rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,copy_file_range,"
    "sendfile,splice,mmap,dup,dup2,dup3,fcntl"
)
_DONE = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>[^ ]+)", re.DOTALL)
_BEGUN = re.compile(r"^(?P<pid>\d+) +(?P<call>\w+\(.*?) ?<unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")
_LINE = re.compile(r"^\d+ +(?P<call>\w+\(.*)$")
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that succeeded. begun: how many of the calls had ended when it began."""

    name: str
    arguments: Sequence[str]
    result: str
    begun: int


def trace(module: str, arguments: Sequence[str], folder: Path, log: Path) -> list[Call]:
    """Runs the module under strace; its calls that name something below `folder`, in the order in which they ended."""
    command = [
        "strace",
        "-f",
        "--seccomp-bpf",
        "-y",
        "-xx",
        "-s",
        str(1 << 28),
        "-e",
        f"trace={TRACED}",
        "-o",
        str(log),
    ]
    command += [sys.executable, "-m", module, *arguments]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    with log.open(encoding="latin-1") as lines:
        return list(parse(lines, folder))


def parse(lines: Iterator[str], folder: Path) -> Iterator[Call]:
    """The calls below `folder` of a log."""
    below = "".join(f"\\x{byte:02x}" for byte in str(folder).encode())
    begun: dict[str, tuple[int, str]] = {}
    ended = 0
    for line in lines:
        since = ended
        if match := _BEGUN.match(line):
            begun[match["pid"]] = ended, match["call"]
            continue
        if match := _RESUMED.match(line):
            since, first = begun.pop(match["pid"])
            text = first + match["rest"]
        elif match := _LINE.match(line):
            text = match["call"]
        else:
            continue
        if below in text and (found := _DONE.match(text)) and not found["result"].startswith("-1"):
            ended += 1
            yield Call(found["name"], found["arguments"].split(", "), found["result"], since)


def path_of(argument: str) -> str:
    """The path in a quoted argument, or behind a descriptor: `"..."` or `7<...>`."""
    match = _HEX.search(argument)
    return bytes_of(match[0]).decode("utf-8", "surrogateescape") if match else ""


def descriptor_of(argument: str) -> int:
    """The number in `7<...>`."""
    return int(argument.partition("<")[0])


def bytes_of(text: str) -> bytes:
    r"""What `\x61\x62` stands for; also several strings of an iovec."""
    return b"".join(bytes.fromhex(part.replace("\\x", "")) for part in _HEX.findall(text))

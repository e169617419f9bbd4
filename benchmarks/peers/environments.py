"""One virtual environment for each library, made with pip from its pinned requirements."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ADAPTERS = {
    "ragkb": "ragkb_default",
    "langchain": "langchain_faiss",
    "llamaindex": "llamaindex_faiss",
    "haystack": "haystack_memory",
    "txtai": "txtai_hybrid",
}
DISTRIBUTIONS = {"langchain": "langchain-core", "llamaindex": "llama-index-core", "haystack": "haystack-ai"}
"""Whose version is told, where it is not called as the library."""


class NotInstalled(RuntimeError):
    """pip could not make the environment; the message is its last line."""


@dataclass(frozen=True, slots=True)
class Environment:
    """python: its interpreter. megabytes: of all its files. packages: how many distributions it holds."""

    name: str
    python: Path
    version: str
    megabytes: float
    packages: int


def environment(name: str, cache: Path) -> Environment:
    """The environment of that library, made anew if what it is made from has changed. Raises NotInstalled."""
    folder = cache / name
    arguments, made_from = _what(name)
    mark, python = folder / ".made-from", folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not mark.is_file() or mark.read_text() != made_from:
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([*pip, *arguments])
        mark.write_text(made_from)
    elif name == "ragkb":  # its dependencies are there, its code may have changed
        _run([*pip, "--no-deps", "--force-reinstall", str(ROOT)])
    site = next(folder.glob("lib/python*/site-packages"))
    infos = [path.name.removesuffix(".dist-info") for path in site.glob("*.dist-info")]
    wanted = DISTRIBUTIONS.get(name, name).replace("-", "_")
    version = next(info.split("-")[1] for info in infos if info.split("-")[0] == wanted)
    return Environment(name, python, version, _megabytes(folder), len(infos))


def _what(name: str) -> tuple[list[str], str]:
    """What pip is asked for, and a hash that changes with it."""
    if name != "ragkb":
        pinned = HERE / "requirements" / f"{name}.txt"
        return ["-r", str(pinned)], hashlib.sha256(pinned.read_bytes()).hexdigest()
    parts = (ROOT / "pyproject.toml", ROOT / "constraints.txt")
    return ["-c", str(parts[1]), str(ROOT)], hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NotInstalled((done.stderr or done.stdout).strip().splitlines()[-1])


def _megabytes(folder: Path) -> float:
    """Of all files under `folder`, one that has several names counted once."""
    sizes = {}
    for parent, _, files in os.walk(folder):
        for file in files:
            stat = os.lstat(os.path.join(parent, file))
            sizes[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(sizes.values()) / 1e6

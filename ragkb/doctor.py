"""Whether everything that ragkb needs works here, one check after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ragkb.errors import RagkbError
from ragkb.ingest.lockdown import isolation
from ragkb.ingest.sandbox import parser
from ragkb.kb import KnowledgeBase
from ragkb.models import load_embedder
from ragkb.models.prepare import cache_folder
from ragkb.settings import Settings

LEAST_FREE = 1_000_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was seen."""

    name: str
    ok: bool
    what: str


def examine(folder: Path) -> list[Check]:
    """The checks in order; one that fails does not stop the others."""
    return list(_checks(folder))


def _checks(folder: Path) -> Iterator[Check]:
    yield _check("settings", lambda: f"embedder {Settings.load().embedder or 'of the knowledge base'}")
    yield _check("model", _model)
    yield _check("sandbox", _sandbox)
    yield _disk(folder)
    yield _check("knowledge base", lambda: _knowledge_base(folder))


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except RagkbError as error:
        return Check(name, False, str(error))


def _model() -> str:
    settings = Settings.load()
    embedder = load_embedder(settings.embedder, settings.threads, settings.embedding)
    embedder.embed(["one sentence"])
    exported = not settings.embedder.startswith(("openai:", "torch:"))
    return f"{embedder.id}, {embedder.precision}" + (f", prepared in {cache_folder()}" if exported else "")


def _sandbox() -> str:
    settings = Settings.load()
    with parser(settings.ingest, settings.limits) as opened:
        opened.submit(b"one sentence", "a.txt").result().document()
    if not settings.ingest.workers:
        return "off: ingest.workers is 0, files are parsed without limits on memory and time"
    return f"a file was parsed in a process of its own, isolated by {isolation()}"


def _disk(folder: Path) -> Check:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    return Check("disk", free >= LEAST_FREE, f"{free / 1e9:.1f} GB free")


def _knowledge_base(folder: Path) -> str:
    with KnowledgeBase.open(folder, create=False) as kb:
        problems = kb.verify()
        status = kb.status()
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise RagkbError(f"{problems[0].where}: {problems[0].what}{more}", "run `ragkb doctor --rebuild`")
    return f"{status.documents} documents, {status.chunks} chunks, catalogue and indexes agree"

"""A run kept on disk: what was measured, on which data, with which configuration, model and code.

A folder of four files. Same input, same bytes, in the first three; whatever a clock says stands in the last:

    manifest.json   hashes of data, settings and code, the models, and the summary
    scores.jsonl    a line for each question: id, document, slices and measures; no text of a document
    rows.jsonl      the same with question, answer, citations and passages
    timings.json    when it ran and how long each question took
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragkb import __version__
from ragkb.errors import InputError, NotFound, StorageError
from ragkb.eval.files import json_lines, write_rows
from ragkb.eval.scores import Row

if TYPE_CHECKING:
    from ragkb.settings import Settings

Kind = Literal["answers", "retrieval", "groundedness"]
FORMAT = 1
CLOCKED = ("documents_per_second", "query_ms", "latency_ms")
"""Keys of a summary that a clock gave."""

TEXT_FILES = ("rows.jsonl",)
"""Files of a run that hold text of documents."""

_TEXT = (
    "question",
    "query",
    "answer",
    "gold",
    "reason",
    "error",
    "citations",
    "passages",
    "ranked",
    "relevant",
    "judge_reason",
    "sentences",
)
_MEASURED = ("embedder", "chunk", "search", "answer", "llm")
_SECRET = ("api_key", "api_key_file")


@dataclass(frozen=True, slots=True)
class Run:
    """One evaluation. manifest: as in manifest.json. rows: as in rows.jsonl, or scores.jsonl where that is gone.

    timings: as in timings.json.
    """

    manifest: Mapping[str, Any]
    rows: tuple[Row, ...]
    timings: Mapping[str, Any]

    @property
    def summary(self) -> Mapping[str, Any]:
        summary: Mapping[str, Any] = self.manifest["summary"]
        return summary

    def summary_with_times(self) -> dict[str, Any]:
        """The summary as a command prints it, with what a clock said."""
        timed = {name: self.timings[name] for name in CLOCKED if name in self.timings}
        return {**self.summary, **timed}

    @property
    def name(self) -> str:
        return str(self.manifest["suite"])

    @property
    def errors(self) -> int:
        """Questions that ended in an error."""
        return sum(row["status"] == "error" for row in self.rows)


@dataclass(frozen=True, slots=True)
class Data:
    """What a run was measured on. questions, documents: SHA-256. fixed: the documents belong to the suite."""

    questions: str
    documents: str
    fixed: bool


def make_run(
    kind: Kind,
    suite: str,
    data: Data,
    settings: Settings,
    models: Mapping[str, str],
    summary: Mapping[str, Any],
    rows: Sequence[Row],
    timings: Mapping[str, Any],
) -> Run:
    """The run, with what a clock said taken out of the summary and put into the timings."""
    used = configuration(settings)
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "suite": suite,
        "data": {"questions": data.questions, "documents": data.documents, "fixed": data.fixed},
        "settings": used,
        "settings_sha256": digest_of(used),
        "models": dict(models),
        "code": {"version": __version__, "sha256": code_digest()},
        "summary": untimed(summary),
    }
    return Run(manifest, tuple(rows), timings)


def untimed(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary without what differs from run to run."""
    return {
        name: untimed(value) if isinstance(value, Mapping) else value
        for name, value in summary.items()
        if name not in CLOCKED
    }


def now() -> str:
    """The time, in UTC, as runs are named: sorts as it happened."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H-%M-%S-%f")[:-3] + "Z"


def configuration(settings: Settings) -> dict[str, Any]:
    """The settings that a measure can depend on, without keys. Threads and processes are not among them."""
    held = settings.model_dump(mode="json")
    return {name: _open(held[name]) for name in _MEASURED if name in held}


def _open(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if name not in _SECRET}


def code_digest() -> str:
    """SHA-256 of the package's modules and data."""
    root = Path(__file__).parents[1]
    names = (path.relative_to(root) for path in root.rglob("*") if path.suffix in (".py", ".json"))
    digest = hashlib.sha256()
    for name in sorted(name.as_posix() for name in names if "sample_corpus" not in name.parts):
        digest.update(f"{name} {hashlib.sha256((root / name).read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def digest_of(value: object) -> str:
    """SHA-256 of a value as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def file_digest(*paths: Path) -> str:
    """SHA-256 of the SHA-256 of each file. Raises InputError where one cannot be read."""
    try:
        parts = [hashlib.sha256(path.read_bytes()).digest() for path in paths]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror or error}") from None
    return hashlib.sha256(b"".join(parts)).hexdigest()


def check_free(folder: Path) -> None:
    """Raises InputError if `folder` holds something else than a run."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / "manifest.json").exists())):
        raise InputError(f"{folder}: not empty, and not a run", "name a new folder")


def write_run(folder: Path, run: Run) -> None:
    """Writes the run into `folder`, making it. Raises InputError if it holds something else."""
    check_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be made ({error.strerror})", "check its permissions") from None
    write_rows(folder / "rows.jsonl", run.rows)
    write_rows(folder / "scores.jsonl", ({k: v for k, v in row.items() if k not in _TEXT} for row in run.rows))
    write_json(folder / "timings.json", run.timings)
    write_json(folder / "manifest.json", run.manifest)


def write_json(path: Path, value: Any) -> None:
    """Writes one JSON value, indented; the same value gives the same bytes."""
    write_text(path, json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Replaces a file as a whole: who reads it meanwhile sees the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, "utf-8", newline="\n")
        beside.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})", "check space and rights") from None


def read_run(folder: Path) -> Run:
    """The run in `folder`, or the only one beneath it. Raises NotFound, InputError."""
    if not (folder / "manifest.json").is_file():
        inner = sorted(path.parent for path in folder.glob("*/manifest.json"))
        if len(inner) != 1:
            found = f"{len(inner)} runs inside: {', '.join(path.name for path in inner)}" if inner else "no run here"
            hint = "name one of them" if inner else "a run is written by --run FOLDER and by `ragkb eval nightly`"
            raise NotFound(f"{folder}: {found}", hint)
        folder = inner[0]
    manifest = read_json(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        message = f"{folder}: a run of format {manifest.get('format')!r}, this version reads {FORMAT}"
        raise InputError(message, "run it again")
    named = next((name for name in ("rows.jsonl", "scores.jsonl") if (folder / name).is_file()), "scores.jsonl")
    rows = tuple(line.values for line in json_lines(folder / named))
    timings = read_json(folder / "timings.json") if (folder / "timings.json").is_file() else {}
    return Run(manifest, rows, timings)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises InputError."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: a JSON {type(value).__name__}, not an object")
    return value

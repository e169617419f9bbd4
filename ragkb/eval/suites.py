"""What a nightly run measures, declared in TOML."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ragkb.errors import InputError, NotFound
from ragkb.eval.compare import Gate
from ragkb.eval.runs import Kind
from ragkb.eval.scores import MEASURES
from ragkb.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SAMPLE = Path(__file__).parent / "sample_corpus"
"""The sample corpus: a link in a checkout, a folder in an installed package."""


_FIELDS: dict[Kind, tuple[str, tuple[str, ...]]] = {
    "answers": ("questions", ("documents", "leave_out")),
    "retrieval": ("folder", ()),
    "groundedness": ("file", ()),
}
"""What a suite of each kind names, and what it may name besides."""

_PLACES = ("questions", "folder", "file", "documents", "leave_out")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _GateTable(_Table):
    margin: float | None = Field(None, ge=0, le=1)
    margins: dict[str, float] = {}
    measures: tuple[str, ...] = ()
    floors: dict[str, float] = {}
    max_errors: int | None = Field(None, ge=0)


class _SuiteTable(_Table):
    name: str = Field(pattern=r"^[\w.-]+$")
    kind: Kind = "answers"
    questions: str = ""
    documents: str = ""
    leave_out: tuple[str, ...] = ()
    folder: str = ""
    file: str = ""


class _File(_Table):
    gate: _GateTable = _GateTable()
    suite: tuple[_SuiteTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Suite:
    """One thing that is measured.

    kind "answers": the answers file `questions`, over the knowledge base as it is, or over `documents`, ingested into
    one of its own. leave_out: sources that are removed from a copy before it is asked. kind "retrieval": the folder
    `questions` of BEIR's form. kind "groundedness": the file `questions` of given answers.
    """

    name: str
    kind: Kind
    questions: Path
    documents: Path | None = None
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The suites of a nightly run, in their order, and what makes it fail."""

    suites: tuple[Suite, ...]
    gate: Gate

    @property
    def needs_kb(self) -> bool:
        """Whether a suite measures a knowledge base as it is."""
        return any(one.kind == "answers" and one.documents is None for one in self.suites)


def default_plan(settings: Settings) -> Plan:
    """The sample corpus with its questions, and given answers about it. Raises NotFound where it is not installed."""
    corpus = SAMPLE.resolve()
    if not corpus.is_dir():
        raise NotFound(f"{corpus}: the sample corpus is not here", "name a suite with --suite FILE")
    sample = Suite("sample", "answers", corpus / "questions.jsonl", corpus)
    scorer = Suite("scorer", "groundedness", corpus / "groundedness.jsonl")
    return Plan((sample, scorer), Gate(margin=settings.eval.margin, max_errors=settings.eval.max_errors))


def read_plan(file: Path, settings: Settings) -> Plan:
    """The plan in `file`; its paths are relative to it. Raises InputError that says what is wrong."""
    try:
        values = _File.model_validate(tomllib.loads(file.read_text("utf-8")))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}", "name a suite file") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{file}: {place}: {first['msg']}", "docs/eval.md shows a suite file") from None
    except ValueError as error:
        raise InputError(f"{file}: not TOML: {error}", "docs/eval.md shows a suite file") from None
    if not values.suite:
        raise InputError(f"{file}: no [[suite]]", "docs/eval.md shows a suite file")
    suites = tuple(_suite(table, file) for table in values.suite)
    twice = [name for name, count in Counter(one.name for one in suites).items() if count > 1]
    if twice:
        raise InputError(f"{file}: the suite {twice[0]!r} stands there twice", "give each a name of its own")
    return Plan(suites, _gate(values.gate, file, settings))


def _suite(table: _SuiteTable, file: Path) -> Suite:
    wanted, allowed = _FIELDS[table.kind]
    named: str = getattr(table, wanted)
    given = {name for name in _PLACES if getattr(table, name)}
    if not named or given - {wanted, *allowed}:
        fields = f"`{wanted}`" + "".join(f", perhaps `{name}`" for name in allowed)
        raise InputError(f"{file}: suite {table.name!r}: one of kind {table.kind!r} has {fields}, and no other place")
    base = file.resolve().parent
    documents = base / table.documents if table.documents else None
    for path in (base / named, documents):
        if path is not None and not path.exists():
            raise NotFound(f"{file}: suite {table.name!r}: {path} is not there", "paths are relative to the suite file")
    return Suite(table.name, table.kind, base / named, documents, table.leave_out)


def _gate(table: _GateTable, file: Path, settings: Settings) -> Gate:
    named: list[Any] = [*table.measures, *table.margins, *table.floors]
    unknown = [name for name in named if name not in MEASURES]
    if unknown:
        raise InputError(f"{file}: gate: no measure is called {unknown[0]!r}", f"there are: {', '.join(MEASURES)}")
    return Gate(
        margin=settings.eval.margin if table.margin is None else table.margin,
        margins=table.margins,
        measures=table.measures,
        max_errors=settings.eval.max_errors if table.max_errors is None else table.max_errors,
        floors=table.floors,
    )

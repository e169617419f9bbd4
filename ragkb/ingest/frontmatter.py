"""Front matter: what a document says of itself before its text, as YAML between `---` or TOML between `+++`."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from ragkb.ingest.access import AccessUnclear, group_names
from ragkb.ingest.dates import KEYS, iso_date
from ragkb.ingest.normalise import one_line
from ragkb.types import Scalar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST = 20_000
_YAML = re.compile(r"---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TOML = re.compile(r"\+\+\+[ \t]*\n(.*?\n)??\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_NAMES_GROUPS = re.compile(r"""^[ \t{,]*["']?groups?["']?[ \t]*[:=]""", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What it says, and where the text after it begins. groups: None if it names none; () is everyone.

    problem: why it could not be understood, '' if it was; then nothing is said and the text begins at 0.
    """

    start: int = 0
    title: str = ""
    language: str = ""
    groups: tuple[str, ...] | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    problem: str = ""


def read(text: str) -> FrontMatter:
    """The front matter of the text, empty if there is none.

    Raises AccessUnclear where it seems to name groups but cannot be understood.
    """
    match = _YAML.match(text) or _TOML.match(text)
    if not match:
        return FrontMatter()
    block = match[1] or ""
    try:
        values = tomllib.loads(block) if text.startswith("+") else _yaml(block)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        reason = one_line(str(error))[:200]
        if _NAMES_GROUPS.search(block):
            raise AccessUnclear(f"front matter that names groups is broken: {reason}", "correct it") from None
        return FrontMatter(problem=f"front matter was not understood and is left in the text: {reason}")
    if not isinstance(values, dict) or not values:  # two rules, with a sentence between them
        return FrontMatter()
    return _said(values, match.end())


def _said(values: Mapping[Any, Any], start: int) -> FrontMatter:
    known: dict[str, Any] = {}
    metadata: dict[str, Scalar] = {}
    for key, value in values.items():
        name = one_line(str(key))
        if name.lower() in ("title", "language", "lang", "groups"):
            known[name.lower()] = value
        elif name:
            metadata |= _metadata(name, value)
    return FrontMatter(
        start=start,
        title=one_line(str(known.get("title") or "")),
        language=one_line(str(known.get("language") or known.get("lang") or "")),
        groups=group_names(known["groups"], "front matter") if "groups" in known else None,
        metadata=metadata,
    )


def _metadata(key: str, value: Any) -> dict[str, Scalar]:
    """The entry as metadata: dates as ISO, lists joined with ', ', deeper structure left out."""
    if isinstance(value, list):
        value = ", ".join(one_line(str(item)) for item in value if not isinstance(item, (list, dict)))
    if key.lower() in KEYS:
        return {key.lower(): iso_date(value) or one_line(str(value))}
    if isinstance(value, date):
        return {key: value.isoformat()}
    if isinstance(value, str):
        value = one_line(value)
    return {key: value} if isinstance(value, (str, int, float)) and value != "" else {}


class _Plain(yaml.SafeLoader):
    """YAML without aliases, tags and doubled keys; of plain scalars only true, false and decimal numbers mean more."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (the base class declares it so)

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if any(not isinstance(key, str) for key in keys) or len({key.lower() for key in keys}) < len(keys):
            raise yaml.YAMLError("a key that is no plain word or stands there twice")
        return super().construct_mapping(node, deep)


_Plain.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)"), list("tTfF")
)
_Plain.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Plain.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9]\d{0,17})$"), list("-+0123456789"))
_Plain.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d{1,17}\.\d{1,17}$"), list("-+0123456789"))


def _yaml(block: str) -> Any:
    if len(block) > _LONGEST:
        raise yaml.YAMLError(f"longer than {_LONGEST} characters")
    loader = _Plain(block)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()

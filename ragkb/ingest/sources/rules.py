"""What `.ragkbignore`, `ragkb-manifest.toml` and sidecars say, wherever their text comes from.

A manifest stands in any folder and gives documents attributes:

    [[documents]]
    match = "contracts/**/*.pdf"      # gitignore's syntax, relative to the manifest's folder
    groups = ["legal"]                # who may read them; [] is everyone
    title = ".."                      # also: language = "en", date = 2024-05-12, metadata = { year = 2024 }

A sidecar stands beside one file, under its name and `.ragkb.toml`, and has the same keys without `match`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pathspec import GitIgnoreSpec

from ragkb.errors import InputError
from ragkb.ingest.access import AccessUnclear, group_names, is_group
from ragkb.ingest.dates import KEYS, iso_date
from ragkb.ingest.sources.model import MANIFEST, SIDECAR, SKIPPED_FOLDERS, Attributes
from ragkb.types import Scalar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_ABOUT = ("groups", "title", "language", "metadata", *KEYS)

Entries = tuple[tuple[GitIgnoreSpec, Attributes, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What one folder's files say.

    prefix: of the folder, relative to the root, '' or with '/' at its end. above: for a folder over the root, the path
    from it to the root, with '/' at its end; else ''.
    """

    prefix: str
    above: str
    ignored: GitIgnoreSpec | None
    entries: Entries


@dataclass(frozen=True, slots=True)
class Scope:
    """A folder on the way down, with the rules of all folders above it, outermost first."""

    prefix: str = ""
    rules: tuple[Rules, ...] = ()

    def enter(self, name: str, ignored: GitIgnoreSpec | None, entries: Entries) -> Scope:
        """The scope of a folder in this one; name '' is the folder itself."""
        prefix = f"{self.prefix}{name}/" if name else self.prefix
        own = Rules(prefix, "", ignored, entries)
        return Scope(prefix, (*self.rules, own) if ignored or entries else self.rules)

    def skips(self, name: str, is_folder: bool) -> bool:
        """True if the file or folder is hidden, ignored, a manifest or a sidecar."""
        if name.startswith(".") or name == MANIFEST or (name.endswith(SIDECAR) and not is_folder):
            return True
        if is_folder and name in SKIPPED_FOLDERS:
            return True
        source = f"{self.prefix}{name}{'/' if is_folder else ''}"
        verdicts = (
            rules.ignored.check_file(source.removeprefix(rules.prefix)).include for rules in self.rules if rules.ignored
        )
        return next((verdict for verdict in reversed(list(verdicts)) if verdict is not None), False)

    def about(self, name: str) -> Attributes:
        """What the manifests say of the file: later entries win over earlier ones, key by key."""
        about, source = Attributes(), self.prefix + name
        for rules in self.rules:
            for spec, given, keys in rules.entries:
                if spec.match_file(rules.above + source.removeprefix(rules.prefix)):
                    values = {key: getattr(given, key) for key in keys}
                    about = replace(about, **values, metadata={**about.metadata, **given.metadata})
        return about


def ignored(text: str | None, where: str) -> GitIgnoreSpec | None:
    """The patterns of an ignore file, None if there is none. Raises InputError."""
    return _spec(text.splitlines(), where) if text else None


def manifest(text: str | None, where: str) -> Entries:
    """The entries in their order: what they match, what they say, which keys they set. Raises InputError."""
    if text is None:
        return ()
    table = _toml(text, where)
    documents = table.pop("documents", [])
    if table:
        raise InputError(f"{where}: unknown key {min(table)!r}", "entries stand under [[documents]]")
    if not isinstance(documents, list):
        raise InputError(f"{where}: documents must be a list", "write [[documents]] before each entry")
    return tuple(_entry(entry, f"{where}: entry {number}") for number, entry in enumerate(documents, 1))


def with_sidecar(about: Attributes, text: str, where: str) -> Attributes:
    """`about` with what the sidecar adds: the manifest's word wins, and groups can only be narrowed.

    Raises AccessUnclear for a sidecar that cannot be understood: whom it meant to keep out cannot be told.
    """
    try:
        table = _toml(text, where)
        _refuse_unknown(table, _ABOUT, where)
        own = _attributes({key: value for key, value in table.items() if key != "groups"}, where)
    except InputError as error:
        raise AccessUnclear(error.message, error.hint) from None
    return Attributes(
        groups=about.groups,
        title=about.title or own.title,
        language=about.language or own.language,
        metadata={**own.metadata, **about.metadata},
        own_groups=group_names(table["groups"], where) if "groups" in table else None,
    )


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{where}: {error}", "check its TOML syntax") from None
    return table


def _spec(lines: Iterable[str], where: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise InputError(f"{where}: {error}", "patterns are those of .gitignore") from None


def _entry(entry: Any, where: str) -> tuple[GitIgnoreSpec, Attributes, frozenset[str]]:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: must be a table", "write [[documents]] before each entry")
    _refuse_unknown(entry, ("match", *_ABOUT), where)
    match = _checked(entry.get("match"), str, f"{where}: match", "a pattern")
    if not match.strip() or match.lstrip().startswith(("#", "!")):
        raise InputError(f"{where}: match {match!r} matches nothing", "write a pattern like '*.pdf'")
    return _spec([match], where), _attributes(entry, where), frozenset({"groups", "title", "language"} & set(entry))


def _attributes(table: Mapping[str, Any], where: str) -> Attributes:
    return Attributes(
        groups=_groups(table["groups"], where) if "groups" in table else None,
        title=_checked(table.get("title", ""), str, f"{where}: title", "a string"),
        language=_checked(table.get("language", ""), str, f"{where}: language", "a string"),
        metadata={**_metadata(table.get("metadata", {}), where), **_dates(table, where)},
    )


def _groups(value: Any, where: str) -> tuple[str, ...]:
    groups = _checked(value, list, f"{where}: groups", "a list of names")
    for group in groups:
        if not is_group(group):
            raise InputError(f"{where}: group {group!r} is not a name", "groups are names without '*' and ','")
    return tuple(groups)


def _dates(table: Mapping[str, Any], where: str) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for key in KEYS:
        if key in table:
            found[key] = iso_date(table[key])
            if not found[key]:
                raise InputError(f"{where}: {key} {table[key]!r} is no date", "write it as 2024-05-12")
    return found


def _metadata(value: Any, where: str) -> dict[str, Scalar]:
    table = _checked(value, dict, f"{where}: metadata", "a table")
    for key, item in table.items():
        if not isinstance(item, (str, int, float, bool, date, datetime)):
            kind = type(item).__name__
            raise InputError(f"{where}: metadata {key!r} is {kind}", "values are strings, numbers, booleans and dates")
    return {key: item.isoformat() if isinstance(item, date) else item for key, item in table.items()}


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise InputError(f"{where}: unknown key {unknown[0]!r}", f"keys: {', '.join(known)}")


def _checked(value: Any, kind: type, where: str, expected: str) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"{where} is {type(value).__name__}", f"it must be {expected}")
    return value

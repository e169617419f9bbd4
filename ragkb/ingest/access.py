"""Who may read a document, where several have a say: the operator decides, the document can only narrow it."""

from __future__ import annotations

from typing import Any

from ragkb.errors import DocumentRefused


class AccessUnclear(DocumentRefused):
    """Who may read the document cannot be told. It is refused, and what is stored of it is hidden."""


def narrowed(groups: tuple[str, ...], own: tuple[str, ...] | None) -> tuple[str, ...]:
    """The groups that may read, when the document asks for `own` and the operator says `groups`.

    () is everyone, own=None is no opinion. The result never lets in who `groups` keeps out. Raises AccessUnclear where
    the two have no group in common: then there is nobody left to show the document to.
    """
    if not own:
        return groups
    if not groups:
        return own
    both = tuple(group for group in own if group in groups)
    if not both:
        raise AccessUnclear(
            f"its groups ({', '.join(own)}) are none of those it was given ({', '.join(groups)})",
            "correct the document, its sidecar or the manifest",
        )
    return both


def group_names(value: Any, where: str) -> tuple[str, ...]:
    """The groups in a list of names, or of one name. Raises AccessUnclear for anything else."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list):
        raise AccessUnclear(f"{where}: groups is {type(value).__name__}", "write a list of names")
    for name in names:
        if not is_group(name):
            raise AccessUnclear(f"{where}: group {name!r} cannot be used", "a group is a name without '*' and ','")
    return tuple(names)


def is_group(name: object) -> bool:
    """True for a name on one line without '*', ',' and white space around it."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        return False
    return len(name.splitlines()) == 1 and not any(ord(c) < 32 for c in name) and not set(name) & set("*,")

"""What nobody sees in a Word document: hidden runs, white letters on white paper, type of a point, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FLAG = "hidden-from-readers"  # an attribute in no namespace of the format
_WHITE = re.compile(r"[Ff][0-9A-Fa-f][Ff][0-9A-Fa-f][Ff][0-9A-Fa-f]")
_SMALLEST = 2  # half points
_COLOURED = (f"{_W}tc", f"{_W}txbxContent")  # may stand on a ground that a style of theirs gives


def flag(root: Any, styles: Mapping[str, Any], has_background: bool) -> bool:
    """Flags the runs under an element that nobody sees; True if one of them holds text. styles: by identifier."""
    found = False
    for run in root.iter(f"{_W}r"):
        if _vanishes(run, styles) or (not has_background and _is_white(run)) or _is_tiny(run):
            run.set(_FLAG, "1")
            found = found or bool("".join(run.itertext(f"{_W}t")).strip())
    return found


def is_flagged(element: Any) -> bool:
    """True for a run that nobody sees."""
    return element.get(_FLAG) is not None


def text(element: Any) -> str:
    """The text of the flagged runs under an element, text boxes on it left out."""
    runs = apart(element.iter(f"{_W}r"), element)
    return "".join("".join(run.itertext(f"{_W}t")) for run in runs if is_flagged(run))


def apart(found: Iterator[Any], element: Any) -> Iterator[Any]:
    """Those of the found, which stand under the element, that are not within a text box there."""
    boxes = frozenset(element.iterancestors(f"{_W}txbxContent"))
    for one in found:
        if boxes.issuperset(one.iterancestors(f"{_W}txbxContent")):
            yield one


def comments(root: Any) -> dict[str, str]:
    """Identifier of each comment to `Comment by Ana: text`. root: of the part that holds them, None without one."""
    found = {}
    for comment in root.iter(f"{_W}comment") if root is not None else ():
        said = " ".join("".join(paragraph.itertext(f"{_W}t")) for paragraph in comment.iter(f"{_W}p"))
        found[comment.get(f"{_W}id", "")] = f"Comment by {comment.get(f'{_W}author') or 'somebody'}: {said}"
    return found


def _vanishes(run: Any, styles: Mapping[str, Any]) -> bool:
    """True if the run is hidden by itself, by its style, or by that of its paragraph; the nearest decides."""
    own = run.find(f"{_W}rPr")
    paragraph = next(run.iterancestors(f"{_W}p"), None)
    named = [own.find(f"{_W}rStyle")] if own is not None else []
    named += [paragraph.find(f"{_W}pPr/{_W}pStyle")] if paragraph is not None else []
    of_styles = (styles.get(name.get(f"{_W}val", "")) for name in named if name is not None)
    for properties in (own, *(style.element.find(f"{_W}rPr") for style in of_styles if style is not None)):
        mark = properties.find(f"{_W}vanish") if properties is not None else None
        if mark is not None:
            return mark.get(f"{_W}val", "1") not in ("0", "false", "off")
    return False


def _is_white(run: Any) -> bool:
    """True for letters as white as the paper, where nothing may colour what is behind them."""
    colour = run.find(f"{_W}rPr/{_W}color")
    if colour is None or not _WHITE.fullmatch(colour.get(f"{_W}val", "")):
        return False
    paragraph = next(run.iterancestors(f"{_W}p"), None)
    grounds = [run.find(f"{_W}rPr/{_W}shd"), run.find(f"{_W}rPr/{_W}highlight"), run.find(f"{_W}rPr/{_W}rStyle")]
    if paragraph is not None:
        grounds += [paragraph.find(f"{_W}pPr/{_W}shd"), paragraph.find(f"{_W}pPr/{_W}pStyle")]
    return all(ground is None for ground in grounds) and next(run.iterancestors(*_COLOURED), None) is None


def _is_tiny(run: Any) -> bool:
    size = run.find(f"{_W}rPr/{_W}sz")
    value = size.get(f"{_W}val", "") if size is not None else ""
    return value.isdecimal() and int(value) <= _SMALLEST

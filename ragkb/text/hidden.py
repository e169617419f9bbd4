"""Text that nobody sees in the file, kept on request: each line of it says so itself, so that no quote can hide it."""

from __future__ import annotations

from collections.abc import Iterator

from ragkb.text.sentences import sentences

MARK = "[hidden text]"
"""What every line of hidden text begins with. Whoever writes it into text that can be seen marks that text alone."""

LONGEST = 160
"""Characters of a line behind the mark: less than a chunk, so that no line is cut."""


def marked(text: str) -> list[str]:
    """The text, on one line in normal form, as lines of a sentence or a part of one, each with the mark."""
    pieces = (piece for start, end in sentences(text) for piece in _cut(text[start:end]))
    return [f"{MARK} {piece}" for piece in pieces]


def is_marked(line: str) -> bool:
    """True for one line of hidden text, with white space around it or without."""
    bare = line.strip()
    return bare.startswith(MARK) and "\n" not in bare


def has_marked(text: str) -> bool:
    """True if a line of the text is hidden text."""
    return MARK in text and any(map(is_marked, text.split("\n")))


def whole(text: str, start: int) -> int:
    """`start`, or where its line begins if that is hidden text: a quote that begins there has the mark."""
    line = text.rfind("\n", 0, start) + 1
    return line if text.startswith(MARK, line) else start


def _cut(text: str) -> Iterator[str]:
    """Parts of at most LONGEST characters, cut at spaces where there are some."""
    while len(text) > LONGEST:
        space = text.rfind(" ", LONGEST // 2, LONGEST)
        end = LONGEST if space < 0 else space
        yield text[:end].strip()
        text = text[end:].strip()
    if text:
        yield text

"""Plain text: paragraphs between blank lines, and headings that are numbered like `3.2 Title`."""

from __future__ import annotations

import re

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.normalise import normalise
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_BLANK = re.compile(r"\n[ \t]*\n")
_NUMBERED = re.compile(
    r"(\d{1,2}(?:\.\d{1,2}){1,4}\.?)[ \t]+(?=[^\W\d_])(.{2,79})|(第[一二三四五六七八九十百\d]{1,4}[章节])[ ]?(.{1,40})"
)
_SENTENCE_END = re.compile(r"[.,;:!?。，；：！？、]$")


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of paragraphs. A line alone between blank lines that reads `3.2 Title` is a heading."""
    builder = TextBuilder(limits)
    for block in _BLANK.split(normalise(decode(data))):
        level = heading_level(block)
        if level:
            builder.heading(level, block)
        else:
            builder.lines(block.strip("\n"))
    return builder.build(builder.first_heading)


def heading_level(block: str) -> int:
    """The depth of a numbered heading (`3.2 Title` has 2), 0 for any other text."""
    match = _NUMBERED.fullmatch(block)
    if not match or _SENTENCE_END.search(block):
        return 0
    if match[3]:
        return 1 if match[3].endswith("章") else 2
    return match[1].rstrip(".").count(".") + 1

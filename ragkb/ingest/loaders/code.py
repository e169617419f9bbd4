"""Source code and configuration: lines with their indentation; definitions at the left margin are headings."""

from __future__ import annotations

import re

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.normalise import characters
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_MODIFIERS = (
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\(\w+\))?|sealed|partial"
    r"|data|open|override)[ ]+){0,5}"
)
_KEYWORDS = (
    r"(?:class|def|function\*?|func|fn|interface|trait|struct|enum|impl|module|namespace|object|type|record|message"
    r"|service|protocol|extension|package)"
)
_DEFINITION = re.compile(
    rf"^(?:{_MODIFIERS}{_KEYWORDS}[ ]+(?:\([^)\n]{{0,80}}\)[ ]*)?[A-Za-z_$][\w$.:]{{0,99}}"
    r"|(?i:CREATE[ ]+(?:OR[ ]+REPLACE[ ]+)?(?:TABLE|VIEW|FUNCTION|PROCEDURE|TRIGGER|INDEX)[ ]+[\w.\"`\[\]]{1,99})"
    r"|\[\[?[\w .\"-]{1,99}\]\]?(?=\s*$))",
    re.MULTILINE,
)
_TRAILING = re.compile(r"(?m)[ \t]+$")
_BLANK = re.compile(r"\n{3,}")
_XML_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding=[\"']([\w-]{2,40})")
_MOST_HEADINGS = 5_000


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of the lines, a tab as four spaces, at most one blank line in a row."""
    declared = _XML_ENCODING.match(data[:500])
    text = decode(data, declared[1].decode("ascii") if declared else "")
    text = _TRAILING.sub("", characters(text.expandtabs(4)))
    text = _BLANK.sub("\n\n", text).strip("\n")
    found = list(_DEFINITION.finditer(text))[:_MOST_HEADINGS]
    builder = TextBuilder(limits)
    builder.lines(text, [(match.start(), 1, match.group()) for match in found])
    return builder.build()

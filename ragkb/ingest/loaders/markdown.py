"""Markdown (CommonMark with tables) and its front matter."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import html
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.normalise import one_line
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_KEY = re.compile(r"([^\W\d][\w .-]{0,79}?)[ \t]*:(?:[ \t]+(.*)|)")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"[-+]?\d{1,17}\.\d{1,17}")


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft with headings, list items, tables and code as they stand; the front matter as metadata."""
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    match = _FRONT_MATTER.match(text)
    metadata = front_matter(match[1] or "") if match else {}
    builder = TextBuilder(limits)
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    _Writer(builder).write(parser.parse(text[match.end() :] if match and metadata else text))
    title = str(metadata.pop("title", "")) or builder.first_heading
    return builder.build(title, metadata)


def front_matter(text: str) -> dict[str, Scalar]:
    """The `key: value` lines; lists joined with ', '; deeper structure left out. Not YAML: no code hides in it."""
    values: dict[str, Scalar] = {}
    key = ""
    for line in text.splitlines():
        stripped = line.strip()
        if key and stripped.startswith("- "):
            values[key] = ", ".join(filter(None, (str(values.get(key, "")), str(_unquote(stripped[2:].strip())))))
            continue
        match = _KEY.fullmatch(line.rstrip())
        key = one_line(match[1]) if match else ""
        if match and key:
            values[key] = scalar(match[2] or "")
    return {key: value for key, value in values.items() if value != ""}


def scalar(text: str) -> Scalar:
    """What one value means: a quoted or plain string, a number, a boolean, `[a, b]` as 'a, b'."""
    text = one_line(text)
    if text[:1] in "\"'" and text:
        return _unquote(text)
    text = re.split(r"\s#\s", text)[0].strip()
    if text.startswith("[") and text.endswith("]"):
        return ", ".join(_unquote(part.strip()) for part in text[1:-1].split(",") if part.strip())
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


class _Writer:
    """Writes markdown-it's flat list of tokens into a builder."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._depth = -1
        self._marker: str | None = None  # of the list item that waits for its text; '' after its first block
        self._heading = 0
        self._rows: list[list[str]] | None = None

    def write(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            handle = getattr(self, f"_{token.type}", None)
            if handle:
                handle(token)

    def _heading_open(self, token: Token) -> None:
        self._heading = int(token.tag[1:])

    def _heading_close(self, token: Token) -> None:
        self._heading = 0

    def _inline(self, token: Token) -> None:
        text = _plain(token.children or ())
        if self._rows is not None:
            self._rows[-1].append(text)
        elif self._heading:
            self._builder.heading(self._heading, text)
        elif self._marker is not None:
            self._builder.item(text, self._depth, self._marker)
            self._marker = ""
        else:
            self._builder.paragraph(text)

    def _bullet_list_open(self, token: Token) -> None:
        self._depth += 1

    def _bullet_list_close(self, token: Token) -> None:
        self._depth -= 1
        self._marker = None if self._depth < 0 else ""

    _ordered_list_open = _bullet_list_open
    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, token: Token) -> None:
        self._marker = f"{token.info}{token.markup}" if token.info else "-"

    def _table_open(self, token: Token) -> None:
        self._rows = []

    def _tr_open(self, token: Token) -> None:
        if self._rows is not None:
            self._rows.append([])

    def _table_close(self, token: Token) -> None:
        self._builder.table(self._rows or [], header=True)
        self._rows = None

    def _fence(self, token: Token) -> None:
        self._builder.code(f"```{token.info.strip()}\n{token.content.rstrip()}\n```")

    def _code_block(self, token: Token) -> None:
        self._builder.code(token.content)

    def _html_block(self, token: Token) -> None:
        html.write(token.content, self._builder)


def _plain(tokens: Iterable[Token]) -> str:
    """The text of inline tokens, without marks, addresses of links and tags."""
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "image":
            parts.append(token.content)
        elif token.type == "html_inline" and token.content.lower().startswith("<br"):
            parts.append("\n")
    return "".join(parts)

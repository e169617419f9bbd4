"""Markdown (CommonMark with tables) and its front matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ragkb.ingest import frontmatter
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import html
from ragkb.ingest.loaders.charset import decode
from ragkb.settings import LimitSettings
from ragkb.types import Draft


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft with headings, list items, tables and code as they stand; the front matter as what it says."""
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    front = frontmatter.read(text)
    builder = TextBuilder(limits)
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    _Writer(builder).write(parser.parse(text[front.start :]))
    warnings = [front.problem] if front.problem else []
    draft = builder.build(front.title or builder.first_heading, front.metadata, warnings)
    return replace(draft, language=front.language, groups=front.groups)


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

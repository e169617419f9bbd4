"""reStructuredText: headings, lists, tables, code, notes. Nothing is included from elsewhere, nothing runs."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import tables
from ragkb.ingest.loaders.charset import decode
from ragkb.settings import LimitSettings
from ragkb.types import Draft

_SETTINGS = {
    "_disable_config": True,
    "doctitle_xform": False,
    "file_insertion_enabled": False,
    "halt_level": 5,
    "line_length_limit": 1_000_000,
    "raw_enabled": False,
    "report_level": 5,
    "syntax_highlight": "none",
}
_LEFT_OUT = (nodes.comment, nodes.substitution_definition, nodes.target, nodes.raw, nodes.image, nodes.docinfo)
_ROLE = re.compile(r":[\w:+.-]{1,60}:`([^`]{1,500})`")
_TARGET = re.compile(r"^(.*?)\s*<[^<>]*>$", re.DOTALL)
_DIRECTIVE = re.compile(r"\.\. ([\w:+.-]+)::[ \t]*(.*)\n?")
_VERSIONS = {"versionadded": "Added in ", "versionchanged": "Changed in ", "deprecated": "Deprecated since "}
_OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)
_INDEXES = re.compile(r"\.\. (?:toctree|contents|index|only|highlight|module|currentmodule|auto\w+|raw|include)::")


def load(data: bytes, limits: LimitSettings) -> Draft:
    """A Draft of the text. Directives of other tools (Sphinx) are read as the text that stands in them."""
    tree = publish_doctree(_without_roles(decode(data)), settings_overrides=_SETTINGS)
    builder = TextBuilder(limits)
    _Writer(builder).children(tree)
    return builder.build(builder.first_heading)


def _without_roles(text: str) -> str:
    """The text with `:ref:`words <target>`` as its words, since roles of other tools are unknown here."""
    return _ROLE.sub(lambda match: _TARGET.sub(r"\1", match[1]).lstrip("~!") or match[1], text)


class _Writer:
    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._level = 0

    def children(self, parent: Any, depth: int = -1) -> None:
        """Writes what stands under a node. depth: of the list that it lies in, -1 outside of lists."""
        for node in parent.children:
            self._node(node, depth)

    def _node(self, node: Any, depth: int) -> None:
        if isinstance(node, _LEFT_OUT):
            return
        if isinstance(node, nodes.section):
            self._level += 1
            self.children(node)
            self._level -= 1
        elif isinstance(node, nodes.title):
            self._builder.heading(max(1, self._level), node.astext())
        elif isinstance(node, (nodes.literal_block, nodes.doctest_block, nodes.math_block)):
            self._builder.code(node.astext())
        elif isinstance(node, (nodes.bullet_list, nodes.enumerated_list)):
            self._list(node, depth + 1)
        elif isinstance(node, (nodes.definition_list, nodes.field_list, nodes.option_list)):
            self._definitions(node)
        elif isinstance(node, nodes.table):
            self._table(node)
        elif isinstance(node, nodes.system_message):
            self._unknown(node)
        elif isinstance(node, nodes.Admonition) and not isinstance(node, nodes.admonition):
            self._admonition(node, depth)
        elif isinstance(node, nodes.footnote):
            self._builder.item(_body(node), marker=f"[{node.next_node(nodes.label).astext()}]")
        elif isinstance(node, nodes.TextElement):
            self._builder.paragraph(node.astext())
        else:
            self.children(node, depth)

    def _list(self, node: Any, depth: int) -> None:
        first = node.get("start", 1)
        for number, item in enumerate(node.children, first):
            marker = f"{number}." if isinstance(node, nodes.enumerated_list) else "-"
            for child in item.children:
                if isinstance(child, nodes.paragraph):
                    self._builder.item(child.astext(), depth, marker)
                    marker = ""
                else:
                    self._node(child, depth)

    def _definitions(self, node: Any) -> None:
        for item in node.children:
            if len(item.children) > 1:
                *names, body = item.children
                term = ", ".join(name.astext() for name in names)
                text = "\n".join(child.astext() for child in body.children)
                self._builder.paragraph(f"{term}: {text}")

    def _admonition(self, node: Any, depth: int) -> None:
        self._builder.paragraph(f"{node.tagname.capitalize()}:")
        self.children(node, depth)

    def _table(self, node: Any) -> None:
        caption = node.next_node(nodes.title)
        if caption is not None:
            self._builder.paragraph(caption.astext())
        rows = [_row(row) for row in node.findall(nodes.row)]
        self._builder.table(rows, header=node.next_node(nodes.thead) is not None or tables.has_header(rows))

    def _unknown(self, message: Any) -> None:
        """A directive that docutils does not know: the text that stands in it."""
        block = message.next_node(nodes.literal_block)
        source = block.astext() if block is not None else ""
        match = _DIRECTIVE.match(source)
        if match is None or _INDEXES.match(source):
            return
        body = _OPTION.sub("", dedent(source[match.end() :]))
        self._builder.paragraph(f"{_VERSIONS.get(match[1], '')}{match[2]}\n{body}")


def _row(row: Any) -> list[str]:
    cells: list[str] = []
    for entry in row.children:
        cells += [entry.astext(), *[""] * min(entry.get("morecols", 0), 100)]
    return cells


def _body(note: Any) -> str:
    return " ".join(child.astext() for child in note.children if not isinstance(child, nodes.label))

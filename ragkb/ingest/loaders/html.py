"""HTML: the main text with its headings, lists and tables, without what surrounds it."""

from __future__ import annotations

import re
from dataclasses import replace

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.dates import iso_date
from ragkb.ingest.loaders import tables
from ragkb.ingest.loaders.charset import decode
from ragkb.ingest.loaders.html_visible import is_dropped, is_furniture, is_hidden
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_DEEPEST = 150
_WIDEST = 1_000
_MOST_OPEN = 5_000
_TAG = re.compile(
    r"<(/?)(?:a|abbr|article|b|big|blockquote|code|div|em|font|i|ins|kbd|main|ol|q|s|section|small|span|strong|sub|sup|"
    r"table|u|ul)(?=[\s>/])[^<>]{0,2000}(?<!/)>",
    re.IGNORECASE,
)  # elements that have to be closed
_HIDDEN_LEAST = 200  # characters of hidden text that are worth a warning
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark output q ruby rb rt rp s samp "
    "small span strike strong sub sup time tt u var wbr nobr".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_QUESTION = 7  # level of a question that unfolds its answer
_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,40})|<\?xml[^>]*encoding=["']([\w-]+)""", re.I
)
_SPACE = re.compile(r"[ \t\r\n\f]+")


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of the main text. Title: <title>, else the first h1."""
    builder = TextBuilder(limits, keeps_hidden)
    soup = _parse(_decoded(data))
    hidden = _write_main(soup, builder)
    title, metadata = _about(soup)
    draft = builder.build(title or builder.first_heading, metadata)
    if keeps_hidden or hidden < _HIDDEN_LEAST or hidden * 5 < len(draft.text):
        return draft
    return replace(draft, warnings=(f"hidden text left out ({hidden} characters)",))


def write_page(source: bytes | str, builder: TextBuilder) -> tuple[str, dict[str, Scalar]]:
    """Writes the main text of a page that is part of another document; its (title, metadata)."""
    soup = _parse(_decoded(source) if isinstance(source, bytes) else source)
    _write_main(soup, builder)
    return _about(soup)


def write(source: str, builder: TextBuilder) -> None:
    """Writes a piece of HTML that stands inside another document."""
    soup = _parse(source)
    _Writer(builder).block(soup.body or soup)


def _decoded(data: bytes) -> str:
    match = _CHARSET.search(data[:4096])
    return decode(data, (match[1] or match[2]).decode("ascii", "ignore") if match else "")


def _parse(source: str) -> BeautifulSoup:
    """The tree. Raises DocumentRefused for thousands of elements that are opened and not closed: each costs more."""
    open_ = 0
    for match in _TAG.finditer(source):
        open_ = max(0, open_ - 1) if match[1] else open_ + 1
        if open_ > _MOST_OPEN:
            raise DocumentRefused(f"more than {_MOST_OPEN} elements inside each other")
    return BeautifulSoup(source, "lxml")


def _main(soup: BeautifulSoup) -> Tag:
    """What holds the main text: <main> or the only <article> if a good part of the text is there, else the body."""
    body = soup.body or soup
    articles = soup.find_all("article", limit=2)
    article = articles[0] if len(articles) == 1 else None
    found = soup.find("main") or soup.find(True, attrs={"role": "main"}) or article
    if isinstance(found, Tag) and len(found.get_text()) * 3 >= len(body.get_text()):
        return found
    return body


def _write_main(soup: BeautifulSoup, builder: TextBuilder) -> int:
    """Writes the main text; how many characters of it are hidden and were left out."""
    writer = _Writer(builder)
    writer.block(_main(soup))
    return writer.hidden


def _about(soup: BeautifulSoup) -> tuple[str, dict[str, Scalar]]:
    """(title, author and date as metadata)."""
    found = {}
    for name in ("author", "date"):
        tag = soup.find("meta", attrs={"name": name})
        if isinstance(tag, Tag) and tag.get("content"):
            content = str(tag["content"])
            found[name] = (name == "date" and iso_date(content)) or content
    return soup.title.get_text().strip() if soup.title else "", dict(found)


class _Writer:
    """Walks the tree; gathers inline text, writes it when a block begins or ends."""

    def __init__(self, builder: TextBuilder) -> None:
        self.hidden = 0
        self._builder = builder
        self._text: list[str] = []
        self._lists = -1
        self._unseen: list[str] = []  # what is hidden in the block at hand
        self._marker: str | None = None  # of the list item that waits for its text; '' after its first block

    def block(self, element: Tag, depth: int = 0) -> None:
        """Writes the children of a block element."""
        self._flush()
        self._children(element, depth)
        self._flush()

    def _children(self, element: Tag, depth: int) -> None:
        for child in element.children:
            self._node(child, depth + 1)

    def _node(self, node: PageElement, depth: int) -> None:
        if isinstance(node, Tag):
            if is_hidden(node):
                self._hide(node)
            elif not is_furniture(node):
                self._element(node, depth)
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            self._text.append(_SPACE.sub(" ", node))

    def _hide(self, tag: Tag) -> None:
        """Leaves the element out of the block at hand; it comes after it, where hidden text is kept."""
        self.hidden += len(tag.get_text())
        if self._builder.keeps_hidden:
            self._unseen.append(tag.get_text(" "))

    def _hide_inside(self, tag: Tag) -> None:
        """The same for what is hidden inside an element that is read as one piece."""
        nodes = list(reversed(list(tag.children)))
        while nodes:
            node = nodes.pop()
            if isinstance(node, Tag) and is_hidden(node):
                self._hide(node)
            elif isinstance(node, Tag):
                nodes.extend(reversed(list(node.children)))

    def _element(self, tag: Tag, depth: int) -> None:
        name = tag.name
        if depth > _DEEPEST:
            self._text.append(_words(tag))
        elif name in _INLINE:
            self._children(tag, depth)
        elif name == "br":
            self._text.append("\n")
        elif name in _HEADINGS:
            self._flush()
            self._builder.heading(_HEADINGS[name], _words(tag))
            self._hide_inside(tag)
        elif name in ("summary", "dt") and _words(tag).endswith(("?", "？")):
            self._flush()
            self._builder.heading(_QUESTION, _words(tag))
        elif name == "pre":
            self._flush()
            self._builder.code(tag.get_text())
        elif name in ("ul", "ol"):
            self._list(tag, depth)
        elif name == "table":
            self._table(tag, depth)
        else:
            self.block(tag, depth)

    def _list(self, tag: Tag, depth: int) -> None:
        self._flush()
        self._lists += 1
        number = _span(tag, "start", 1) if tag.name == "ol" else None
        for child in tag.children:
            if isinstance(child, Tag) and child.name == "li" and not is_dropped(child):
                self._marker = "-" if number is None else f"{number}."
                number = None if number is None else number + 1
            self._node(child, depth + 1)
            self._flush()
        self._lists -= 1
        self._marker = None if self._lists < 0 else ""

    def _table(self, tag: Tag, depth: int) -> None:
        self._flush()
        # subtle: a table in a table is looked for first, since reading the cells of each level takes quadratic time
        is_layout = tag.get("role") == "presentation" or tag.find(["table", *_HEADINGS]) is not None
        rows, is_headed = ([], False) if is_layout else _rows(tag)
        if max(map(len, rows), default=0) < 2:
            self.block(tag, depth)
            return
        if tag.caption:
            self._builder.paragraph(_words(tag.caption))
        self._builder.table(rows, header=is_headed or tables.has_header(rows))
        self._hide_inside(tag)

    def _flush(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if text.strip() and self._marker is None:
            self._builder.paragraph(text)
        elif text.strip():
            self._builder.item(text, self._lists, self._marker or "")
            self._marker = ""
        for one in self._unseen:
            self._builder.hidden(one)
        self._unseen.clear()


def _words(tag: Tag) -> str:
    """The visible text of an element, on one line."""
    parts: list[str] = []
    nodes: list[PageElement] = list(reversed(list(tag.children)))
    while nodes:
        node = nodes.pop()
        if isinstance(node, Tag):
            if not is_dropped(node):
                parts.append("" if node.name in _INLINE else " ")
                nodes.append(NavigableString("" if node.name in _INLINE else " "))
                nodes.extend(reversed(list(node.children)))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            parts.append(node)
    return _SPACE.sub(" ", "".join(parts)).strip()


def _rows(table: Tag) -> tuple[list[list[str]], bool]:
    """The cells as a grid, and whether the first row names the columns. A cell over several rows stands in each."""
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}  # column -> (rows left, text)
    is_headed = False
    for line in table.find_all("tr"):
        if is_hidden(line) or (line.parent and is_hidden(line.parent)):
            continue
        cells = line.find_all(["td", "th"], recursive=False)
        if not rows:
            is_headed = line.find_parent("thead") is not None or all(cell.name == "th" for cell in cells)
        rows.append(_row(cells, hanging))
    return rows, is_headed


def _row(cells: list[Tag], hanging: dict[int, tuple[int, str]]) -> list[str]:
    """One row; takes what hangs down from the rows above and leaves what hangs down from this one."""
    row: list[str] = []
    for cell in cells:
        _take(hanging, row)
        text, down = "" if is_hidden(cell) else _words(cell), _span(cell, "rowspan", 1)
        for offset in range(min(_span(cell, "colspan", 1), _WIDEST - len(row))):
            if down > 1:
                hanging[len(row)] = (down, text if offset == 0 else "")
            row.append(text if offset == 0 else "")
    _take(hanging, row)
    return row


def _take(hanging: dict[int, tuple[int, str]], row: list[str]) -> None:
    while len(row) in hanging and hanging[len(row)][0] > 1:
        left, text = hanging[len(row)]
        hanging[len(row)] = (left - 1, text)
        row.append(text)


def _span(tag: Tag, name: str, default: int) -> int:
    value = str(tag.get(name) or default)
    return min(int(value), _WIDEST) if value.isdecimal() and len(value) < 6 else default

"""TextBuilder: what every loader writes its document into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ragkb.errors import LimitExceeded
from ragkb.ingest.normalise import characters, normalise, one_line
from ragkb.settings import LimitSettings
from ragkb.text import hidden
from ragkb.types import Draft, Heading, Scalar, Table, Unit

_BAD_TITLE = re.compile(
    r"(?:microsoft \w+ - .*|untitled.*|无标题.*|document\d*|presentation\d*|(?:power)?point presentation|slide \d+"
    r"|[\W\d_]*|.*\.(?:docx?|pptx?|xlsx?|pdf|html?|md|txt|indd|qxd|tex|dvi|rtf))",
    re.IGNORECASE,
)


class TextBuilder:
    """The growing text of one document. Blocks are a blank line apart, list items and table rows one newline.

    Everything is normalised as it goes in, so every offset that is taken holds in the final text. keeps_hidden: what
    nobody sees in the file goes in too, marked.
    Raises LimitExceeded when the text or its pages pass the limits.
    """

    def __init__(self, limits: LimitSettings, keeps_hidden: bool = False) -> None:
        self._limits = limits
        self.keeps_hidden = keeps_hidden
        self._parts: list[str] = []
        self._length = 0
        self._last = ""
        self._page_starts: list[int] = []
        self._headings: list[Heading] = []
        self._tables: list[Table] = []
        self._units: list[Unit] = []
        self._unit_start: int | None = None
        self._contents: list[tuple[int, int]] = []

    def heading(self, level: int, title: str, is_hidden: bool = False) -> None:
        """A heading on a line of its own. level: 1 is the highest. is_hidden: nobody sees it, as for `hidden`."""
        title = one_line(title)
        if is_hidden:
            lines = hidden.marked(title) if self.keeps_hidden else []
            if len(lines) != 1:
                return self.hidden(title)
            title = lines[0]
        if title:
            self._headings.append(Heading(self._block("heading", title), max(1, level), title))

    def paragraph(self, text: str) -> None:
        """A block of text; its lines stay lines."""
        text = normalise(text)
        if text:
            self._block("paragraph", text)

    def code(self, text: str) -> None:
        """A block whose indentation stays."""
        text = characters(text.expandtabs(4)).strip("\n").rstrip()
        if text:
            self._block("code", text)

    def item(self, text: str, depth: int = 0, marker: str = "-") -> None:
        """A list item on one line, two spaces deeper for each level of `depth`. marker: '' where an item goes on."""
        text = one_line(text)
        if text:
            self._block("item", f"{'  ' * min(depth, 20)}{marker or ' '} {text}")

    def line(self, text: str) -> None:
        """One line that belongs to the lines before and after it."""
        text = one_line(text)
        if text:
            self._block("line", text)

    def hidden(self, text: str) -> None:
        """Text that nobody sees in the file: lines that each say so, if it is kept at all."""
        for line in hidden.marked(one_line(text)) if self.keeps_hidden else ():
            self._block("hidden", line)

    def lines(
        self,
        text: str,
        headings: Sequence[tuple[int, int, str]] = (),
        contents: Sequence[tuple[int, int]] = (),
    ) -> None:
        """A block that is in normal form already. headings: (offset in `text`, level, title), ascending.

        contents: (start, end) in `text` of what is a table of contents.
        """
        if text:
            start = self._block("paragraph", text)
            self._headings.extend(Heading(start + offset, level, title) for offset, level, title in headings)
            self._contents.extend((start + first, start + last) for first, last in contents)

    def table(self, rows: Sequence[Sequence[str]], header: bool, names: Sequence[str] = ()) -> None:
        """A table as lines `| a | b |`, without its empty rows and columns. header: its first row names the columns.

        names: of the columns of a table that goes on from an earlier page; they are known, but do not stand here.
        """
        above = [names] if names else []
        cleaned = _without_empty([[_cell(value) for value in row] for row in (*above, *rows)])
        if len(cleaned) <= len(above):
            return
        lines = [f"| {' | '.join(row)} |" for row in cleaned]
        text = "\n".join(lines[len(above) :])
        start = self._block("table", text)
        self._tables.append(Table(start, start + len(text), lines[0] if header or names else ""))

    @contextmanager
    def unit(self, label: str = "") -> Iterator[None]:
        """What is written inside is found and cited as a whole. label: what it is about. Units do not nest."""
        self._apart()
        self._unit_start = None
        yield
        self._end_unit(one_line(label))

    def _end_unit(self, label: str) -> None:
        if self._unit_start is not None:
            self._units.append(Unit(self._unit_start, self._length, label))
        self._apart()

    def page(self, goes_on: bool = False) -> None:
        """Starts the next page. A page without text starts where the one after it does.

        goes_on: its first words end the sentence that the page before began: one line end parts them, no blank line.
        """
        if len(self._page_starts) >= self._limits.pages:
            raise LimitExceeded(f"more than {self._limits.pages} pages", "raise limits.pages")
        if self._length and self._last:
            self._write("\n" if goes_on else "\n\n")
            self._last = ""
        self._page_starts.append(self._length if self._page_starts else 0)

    def build(
        self, title: str = "", metadata: Mapping[str, Scalar] | None = None, warnings: Sequence[str] = ()
    ) -> Draft:
        """The document. A title that an editor made up (`Microsoft Word - x.doc`) counts as none."""
        text = "".join(self._parts).rstrip()
        title = one_line(title)
        return Draft(
            text=text,
            title="" if _BAD_TITLE.fullmatch(title) else title[:500],
            page_starts=tuple(min(start, len(text)) for start in self._page_starts),
            headings=tuple(self._headings),
            tables=tuple(self._tables),
            units=tuple(self._units),
            contents=tuple(self._contents),
            metadata=dict(metadata or {}),
            warnings=tuple(warnings),
        )

    @property
    def first_heading(self) -> str:
        """The title of the first heading of level 1 that can be seen, '' if there is none."""
        shown = (heading.title for heading in self._headings if heading.level == 1)
        return next((title for title in shown if not hidden.is_marked(title)), "")

    def _block(self, kind: str, text: str) -> int:
        """Writes a block and gives the offset at which it starts."""
        if self._last:
            self._write("\n" if self._last == kind and kind in ("item", "line", "hidden") else "\n\n")
        start = self._length
        self._write(text)
        self._last = kind
        self._unit_start = start if self._unit_start is None else self._unit_start
        return start

    def _apart(self) -> None:
        """Lets a blank line follow what was written last, whatever it was."""
        self._last = self._last and "unit"

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        if self._length > self._limits.text_characters:
            raise LimitExceeded(f"more than {self._limits.text_characters} characters", "raise limits.text_characters")


def _cell(value: str) -> str:
    return one_line(value).replace("|", "/")


def _without_empty(rows: list[list[str]]) -> list[list[str]]:
    """The rows that hold something, all of one width, without the columns that hold nothing."""
    rows = [row for row in rows if any(row)]
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    kept = [column for column in range(width) if any(row[column] for row in rows)]
    return rows if len(kept) == width else [[row[column] for column in kept] for row in rows]

"""Rich text: paragraphs, headings by outline level, lists, tables, notes; code pages and Unicode escapes resolved."""

from __future__ import annotations

import re

from ragkb.errors import DocumentRefused
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.loaders import tables
from ragkb.ingest.loaders.rtf_text import Characters, Group, Tables
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Scalar

_TOKEN = re.compile(
    r"\\([A-Za-z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9A-Fa-f]{2})|\\(\r?\n|.)|([{}])|([^\\{}\r\n]+)|[\r\n]+", re.DOTALL
)
_SKIPPED = frozenset(
    "atnauthor atndate atnid atnref background bkmkend bkmkstart blipuid buptim category "
    "colorschememapping comment company creatim datafield datastore do doccomm docvar factoidname falt "
    "fchars ffname fldinst footer footerf footerl footerr ftncn ftnsep ftnsepc generator header headerf headerl "
    "headerr hlinkbase htmltag keycode keywords latentstyles lchars levelnumbers leveltext list listoverride "
    "listoverridetable listtable manager mhtmltag mmathPr nonshppict objclass objdata operator panose pgdsc pict "
    "pnseclvl printim revtbl revtim rsidtbl sn sp subject sv tc themedata txe userprops wgrffmtfilter xe xmlnstbl "
    "xmlopen".split()
)
_OPTIONAL_READ = frozenset("shppict footnote fldrslt shpinst shptxt nesttableprops cs".split())
_GATHERED = frozenset("annotation colortbl fonttbl footnote listtext pntext stylesheet".split())
_GROUNDS = frozenset("cb cbpat chcbpat highlight".split())  # what colours the ground behind letters
_SMALLEST = 2  # half points
_PROPERTIES = frozenset({"title", "author"})
_CHARACTERS = {
    "tab": " ", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "softline": "\n",
}  # fmt: skip
_DEEPEST = 5_000


def load(data: bytes, limits: LimitSettings, keeps_hidden: bool = False) -> Draft:
    """A Draft of the body and its footnotes. Left out: headers, footers, deleted text, and hidden text if not kept."""
    if not data.lstrip().startswith(b"{\\rtf"):
        raise DocumentRefused("broken RTF: the content is not RTF", "check the extension")
    builder = TextBuilder(limits, keeps_hidden)
    reader = _Reader(builder)
    reader.read(data.decode("latin-1"))
    metadata: dict[str, Scalar] = {"author": reader.about["author"]} if reader.about.get("author") else {}
    warnings = ["hidden text left out"] if reader.has_hidden and not keeps_hidden else []
    return builder.build(reader.about.get("title", "") or builder.first_heading, metadata, warnings)


def write(data: bytes, builder: TextBuilder) -> None:
    """Writes rich text that stands inside another document."""
    _Reader(builder).read(data.decode("latin-1"))


class _Reader:
    """Reads token by token; a group's properties end with it."""

    def __init__(self, builder: TextBuilder) -> None:
        self.about: dict[str, str] = {}
        self.has_hidden = False
        self._unseen = Characters()
        self._remarks: list[str] = []
        self._builder = builder
        self._group = Group()
        self._groups: list[Group] = []
        self._text = Characters()
        self._tables = Tables()
        self._levels: dict[int, int] = {}  # style number to heading level
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._cell: list[str] = []
        self._notes: list[str] = []
        self._level = 0
        self._in_table = False
        self._marker: str | None = None
        self._starts = False  # a group has just begun: its first control word says what it is
        self._may_skip = False  # `\*` stood before it
        self._left_to_skip = 0  # characters that stand in for a Unicode escape

    def read(self, source: str) -> None:
        position = 0
        while match := _TOKEN.match(source, position):
            position = match.end()
            word, number, code, symbol, brace, text = match.groups()
            if word:
                position = self._word(word, number, position)
            elif brace:
                self._brace(brace)
            elif code:
                self._byte(bytes.fromhex(code))
            elif symbol:
                self._symbol(symbol)
            elif text:
                self._plain(text)
        self._paragraph()
        self._flush_table()
        self._write_unseen()
        for number, note in enumerate(self._notes, 1):
            self._builder.item(note, marker=f"[{number}]")

    # --- groups -------------------------------------------------------------------------------------------------------

    def _brace(self, brace: str) -> None:
        self._starts = brace == "{"
        self._may_skip = False
        self._left_to_skip = 0
        if brace == "{":
            if len(self._groups) >= _DEEPEST:
                raise DocumentRefused(f"broken RTF: more than {_DEEPEST} groups inside each other")
            self._groups.append(self._group)
            self._group = self._group.inner()
        elif self._groups:
            ended, self._group = self._group, self._groups.pop()
            if ended.kind != self._group.kind:
                self._end(ended)

    def _begin(self, word: str) -> bool:
        """What the group's first control word makes of it; True if the word is used up."""
        if word in _GATHERED or word in _PROPERTIES:
            if not self._group.skips:
                self._group.kind = word
                self._group.text = Characters()
            return True
        if word in _SKIPPED or (self._may_skip and word not in _OPTIONAL_READ):
            self._group.skips = True
            return True
        return False

    def _end(self, ended: Group) -> None:
        """Takes what a group with a purpose of its own has gathered."""
        gathered = ended.text.take().strip() if ended.text else ""
        if ended.kind in _PROPERTIES:
            self.about[ended.kind] = gathered
        elif ended.kind == "footnote" and gathered:
            self._notes.append(gathered)
            self._add(f"[{len(self._notes)}]")
        elif ended.kind in ("listtext", "pntext"):
            self._marker = gathered
        elif ended.kind == "annotation" and gathered:
            self._remarks.append(f"Comment: {gathered}")

    # --- characters ---------------------------------------------------------------------------------------------------

    def _target(self) -> Characters | None:
        """Where characters go; None if they are not shown."""
        group = self._group
        if group.skips or group.deleted or group.kind in ("colortbl", "fonttbl", "stylesheet"):
            return None
        if not group.kind and (group.hidden or (group.pale and not group.ground and not self._in_table)):
            return self._unseen
        return None if group.hidden else group.text or self._text

    def _add(self, text: str) -> None:
        target = self._target()
        if target is not None:
            target.add(text)

    def _byte(self, value: bytes) -> None:
        if self._left_to_skip:
            self._left_to_skip -= 1
            return
        target = self._target()
        if target is not None:
            target.add_bytes(value, self._code_page())

    def _plain(self, text: str) -> None:
        skipped = min(self._left_to_skip, len(text))
        self._left_to_skip -= skipped
        self._starts = False
        if self._group.kind == "stylesheet":
            self._tables.name_style(text, self._levels)
        elif self._group.kind == "colortbl":
            self._tables.end_colours(text.count(";"))
        target = self._target()
        if target is not None and skipped < len(text):
            target.add_bytes(text[skipped:].encode("latin-1"), self._code_page())

    def _code_page(self) -> str:
        return self._fonts.get(self._group.font, "") or self._tables.code_page

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._may_skip = True
        elif symbol in "\\{}":
            self._byte(symbol.encode())
        elif symbol == "~":
            self._add(" ")
        elif symbol == "_":
            self._add("-")
        elif symbol in "\r\n":
            self._paragraph()

    # --- control words ------------------------------------------------------------------------------------------------

    def _word(self, word: str, number: str | None, position: int) -> int:
        """Obeys a control word; where to read on."""
        starts, self._starts = self._starts or self._may_skip, False
        value = int(number) if number else None
        if word == "bin":
            return position + max(0, value or 0)
        if starts and self._begin(word):
            self._may_skip = False
            return position
        self._may_skip = False
        if not self._group.skips:
            self._obey(word, value)
        return position

    def _obey(self, word: str, value: int | None) -> None:
        group = self._group
        if word == "u" and value is not None:
            self._unicode(value)
        elif word == "uc":
            group.stand_ins = max(0, min(value or 0, 100))
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif group.kind in ("colortbl", "fonttbl", "stylesheet") or word in ("ansicpg", "mac", "pc", "pca"):
            self._define(word, value)
        elif word == "f":
            group.font = value or 0
        elif word in ("v", "deleted", "htmlrtf", "cf", "fs", "plain") or word in _GROUNDS:
            self._look(word, value)
        elif group.kind == "":
            self._layout(word, value)
        elif word == "par":
            self._add("\n")

    def _look(self, word: str, value: int | None) -> None:
        """What decides whether letters can be seen."""
        group = self._group
        if word == "v":
            group.hidden = value != 0
        elif word in ("deleted", "htmlrtf"):
            group.deleted = value != 0
        elif word in _GROUNDS:
            group.ground = bool(value)
        elif word == "plain":
            group.hidden = group.deleted = group.pale = group.ground = False
        elif word == "cf":
            group.pale = self._tables.is_white(value or 0)
        elif value is not None and value <= _SMALLEST:
            group.hidden = True

    def _unicode(self, value: int) -> None:
        self._add(chr(value & 0xFFFF))
        self._left_to_skip = self._group.stand_ins

    def _define(self, word: str, value: int | None) -> None:
        if word == "f" and self._group.kind == "fonttbl":
            self._font = value or 0
        elif word == "fcharset":
            self._fonts[self._font] = self._tables.of_charset(value or 0)
        else:
            self._tables.define(word, value, self._levels)

    def _layout(self, word: str, value: int | None) -> None:
        if word in ("par", "sect", "page"):
            self._paragraph()
        elif word == "pard":
            self._level, self._in_table = 0, False
        elif word == "s":
            self._level = self._levels.get(value or 0, 0)
        elif word == "outlinelevel":
            self._level = (value or 0) + 1 if (value or 0) < 9 else 0
        elif word in ("intbl", "itap"):
            self._in_table = value != 0
        elif word in ("cell", "nestcell"):
            self._cell.append(self._text.take())
            self._row.append("\n".join(self._cell))
            self._cell.clear()
        elif word in ("row", "nestrow"):
            self._rows.append(self._row)
            self._row = []

    # --- what is written ----------------------------------------------------------------------------------------------

    def _paragraph(self) -> None:
        text = self._text.take()
        marker, self._marker = self._marker, None
        if self._in_table:
            self._cell.append(text)
            return
        if text.strip():
            self._write(text, marker)
        self._write_unseen()

    def _write_unseen(self) -> None:
        """What nobody sees in the paragraph or table, and what people remarked on it."""
        unseen = self._unseen.take()
        self.has_hidden = self.has_hidden or bool(unseen.strip())
        if unseen.strip() or self._remarks:
            self._flush_table()
        for text in (unseen, *self._remarks):
            self._builder.hidden(text)
        self._remarks.clear()

    def _write(self, text: str, marker: str | None) -> None:
        self._flush_table()
        if self._level:
            self._builder.heading(self._level, f"{marker} {text}" if marker else text)
        elif marker is not None:
            self._builder.item(text, marker=marker if re.fullmatch(r"\w{1,8}[.)]", marker) else "-")
        else:
            self._builder.paragraph(text)

    def _flush_table(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        if max(map(len, rows), default=0) > 1:
            self._builder.table(rows, header=tables.has_header(rows))
        else:
            for row in rows:
                self._builder.paragraph("\n".join(row))

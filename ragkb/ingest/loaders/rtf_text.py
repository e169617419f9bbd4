"""What rich text is made of: its characters in whatever code page, the state of a group, styles and fonts."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace

_OF_CHARSET = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5hkscs", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 255: "cp437",
}  # fmt: skip
_OF_CODE_PAGE = {936: "gb18030", 950: "big5hkscs", 10000: "mac_roman", 65001: "utf-8", 54936: "gb18030"}
_WHITE = 240  # of 255
_MOST_COLOURS = 10_000
_HEADING = re.compile(r"\s*(?:heading|标题|titre|überschrift|título|заголовок|見出し)\s?([1-9])\b", re.IGNORECASE)


class Characters:
    """Text that comes as bytes of changing code pages and as UTF-16 units."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._bytes = bytearray()
        self._code_page = ""

    def add(self, text: str) -> None:
        self._decode()
        self._parts.append(text)

    def add_bytes(self, value: bytes, code_page: str) -> None:
        """Bytes wait for those that follow: a character may be made of two."""
        if code_page != self._code_page:
            self._decode()
            self._code_page = code_page
        self._bytes += value

    def take(self) -> str:
        """All of it, with surrogate pairs joined; begins anew."""
        self._decode()
        text = "".join(self._parts)
        self._parts.clear()
        return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _decode(self) -> None:
        if self._bytes:
            self._parts.append(self._bytes.decode(self._code_page or "cp1252", "replace"))
            self._bytes.clear()


@dataclass(slots=True)
class Group:
    """What holds until the group's closing brace.

    kind: what the group is for, '' in the body. text: where its characters go, None for the body. stand_ins:
    characters after a Unicode escape for readers that do not know it. pale: letters as white as paper;
    ground: something may be behind them.
    """

    kind: str = ""
    text: Characters | None = None
    skips: bool = False
    hidden: bool = False
    deleted: bool = False
    pale: bool = False
    ground: bool = False
    font: int = -1
    stand_ins: int = 1

    def inner(self) -> Group:
        return replace(self)


class Tables:
    """The code pages of the fonts and the heading levels of the styles, as the head of the file defines them."""

    def __init__(self) -> None:
        self.code_page = "cp1252"
        self._style = 0
        self._colours: list[dict[str, int]] = [{}]

    def is_white(self, number: int) -> bool:
        """True for the number of a colour that is white or nearly so."""
        colour = self._colours[number] if 0 <= number < len(self._colours) else {}
        return len(colour) == 3 and min(colour.values()) >= _WHITE

    def end_colours(self, count: int) -> None:
        """So many colours are defined."""
        self._colours.extend({} for _ in range(min(count, _MOST_COLOURS - len(self._colours))))

    def of_charset(self, number: int) -> str:
        """The codec of a font's character set, '' where it is that of the document."""
        return _OF_CHARSET.get(number, "")

    def define(self, word: str, value: int | None, levels: dict[int, int]) -> None:
        if word == "ansicpg" and value:
            self.code_page = _known(_OF_CODE_PAGE.get(value, f"cp{value}"))
        elif word in ("mac", "pc", "pca"):
            self.code_page = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[word]
        elif word in ("red", "green", "blue") and value is not None:
            self._colours[-1][word] = value
        elif word == "s":
            self._style = value or 0
        elif word == "outlinelevel" and value is not None and value < 9:
            levels[self._style] = value + 1

    def name_style(self, name: str, levels: dict[int, int]) -> None:
        """Takes the name of the style that is being defined: those of headings say their level."""
        match = _HEADING.match(name)
        if match:
            levels[self._style] = int(match[1])


def _known(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"

"""Citation marks in all the forms that language models write, taken out of the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = (
    r"(?:docs?|documents?|sources?|src|refs?|references?|passages?|contexts?|citations?|cite|ids?|chunks?|items?"
    r"|来源|文档|段落|资料|参考|引用|第)"
)
_NUMBER = rf"(?:\^|{_WORD}\s*[:：.#_-]?\s*)?#?[0-9０-９]{{1,3}}\s*(?:段落?)?"
_JOIN = r"\s*(?:[,，;；、&+~～–—-]|and|und|和|与|至|到)\s*"
_LIST = rf"\s*{_NUMBER}(?:{_JOIN}{_NUMBER})*\s*(?:†[^\]】]*|[,，:]\s*(?:p|pp|page|s)\.?\s*\d+)?\s*"
_SUPERSCRIPT = "[⁰¹²³⁴⁵⁶⁷⁸⁹]"
_ENDS = r"(?=\s*(?:[.。!！?？;；|]|$|[(（\[［【]\d))"
_STOPS = '[.。!！?？”"）)]'
_MARK = re.compile(
    rf"(?P<square>[\[［【〔]{{1,2}}{_LIST}[\]］】〕]{{1,2}})"
    rf"|(?P<named>[(（]\s*(?=\^|{_WORD}){_LIST}[)）])"
    rf"|(?<=\S)\s*(?P<round>[(（]{_LIST}[)）]){_ENDS}"
    rf"|(?<={_STOPS})\s?(?P<behind>[(（]{_LIST}[)）])"
    rf"|(?P<raised>(?<={_STOPS}){_SUPERSCRIPT}+|(?<=[a-zà-ÿ\u3400-\u9fff]{{3}}){_SUPERSCRIPT}+{_ENDS})",
    re.IGNORECASE | re.MULTILINE,
)
_PARTS = re.compile(r"(\d{1,3})|([-–—~～至到])")
MOST_IN_RANGE = 20  # [1-500] names nothing


@dataclass(frozen=True, slots=True)
class Mark:
    """The numbers that a mark names, and where it stood in the text without marks."""

    position: int
    numbers: tuple[int, ...]


def without_marks(text: str, most: int) -> tuple[str, list[Mark]]:
    """(text without its citation marks, the marks). Numbers over `most` name nothing, but their marks go too.

    A mark takes the space before it along, at the start of a line the space behind it.
    """
    out: list[str] = []
    marks: list[Mark] = []
    length = done = 0
    for match in _MARK.finditer(text):
        if _is_no_mark(text, match, most):
            continue
        kept = text[done : match.start()]
        at_start = not kept.strip(" \t-*•|#>") and (not out or not out[-1].strip())
        kept = kept if at_start else kept.rstrip(" \t")
        done = match.end()
        if at_start:
            done += len(text) - done - len(text[done:].lstrip(" \t"))
        elif text[done : done + 2] == " :":  # so that hygiene.inert() wrote "]:"
            done += 1
        elif text[done : done + 1].isalnum() and kept[-1:].isalnum() and kept[-1:].isascii():
            kept += " "  # "weeks[1]and"
        out.append(kept)
        length += len(kept)
        marks.append(Mark(length, tuple(n for n in _numbers(match[0]) if 1 <= n <= most)))
    out.append(text[done:])
    return "".join(out), marks


def _is_no_mark(text: str, match: re.Match[str], most: int) -> bool:
    """True for "(3)" where there are not so many passages, and for "section 5 (2)": it may be anything."""
    plain = match["round"] or match["behind"]
    if not plain:
        return False
    return any(not 1 <= n <= most for n in _numbers(plain)) or text[: match.start()].rstrip()[-1:].isdigit()


def _numbers(mark: str) -> Iterator[int]:
    """The numbers of a mark in its order, ranges filled; each once. What follows a dagger or "p." is no number."""
    if mark[0] in "⁰¹²³⁴⁵⁶⁷⁸⁹":
        yield from dict.fromkeys(int(unicodedata.digit(one)) for one in mark)
        return
    text = unicodedata.normalize("NFKC", re.split(r"†|[,，:]\s*(?:pp?|page|s)\.?\s*\d", mark, flags=re.IGNORECASE)[0])
    seen: set[int] = set()
    last, is_range = None, False
    for match in _PARTS.finditer(text):
        if match[2]:
            is_range = last is not None
            continue
        number = int(match[1])
        first = last + 1 if is_range and last is not None and 0 < number - last <= MOST_IN_RANGE else number
        for one in range(first, number + 1):
            if one not in seen:
                seen.add(one)
                yield one
        last, is_range = number, False

"""Sentences as spans of a text: the units that answers are made of and that citations quote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 600
"""Most code points of a unit; a longer sentence is cut at a clause."""

Span = tuple[int, int]

_CJK = (
    "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af"
)
_CLOSERS = r"[\"'”’»)\]）】」』〉》〕｣*_]"

_PAGE_BREAK = re.compile("[\f\u2029]")
_TABLE_ROW = re.compile(r"\|.*\|")
_RULE = re.compile(r"([-=*_~#])(?:\s*\1){2,}|`{3}.*|~{3}.*")
_MARKDOWN_HEADING = re.compile(r"#{1,6}\s+\S")
_BULLET = re.compile(r"[-*+•·▪◦●○■□‣⁃∙✓✔➢]\s+(?=\S)")
_DASH = re.compile(r"[–—]\s+(?=\S)")
_ENUMERATOR = re.compile(
    r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})\)\s+(?=\S)|[（(][一二三四五六七八九十百\d]{1,4}[）)]\s*(?=\S)"
    r"|[一二三四五六七八九十百]{1,4}、\s*(?=\S)|\d{1,2}、\s*(?=\S)"
)
_NUMBERED = re.compile(r"(?:\d{1,3}\.)+\s+(?=\S)|\d{1,3}\.(?=[\u4e00-\u9fff])")
_SECTION = re.compile(r"(?:\d{1,3}\.)+\d*\s+|[IVXLC]{1,6}\.\s+|[A-Z]\.\s+|§+\s*")

# A run of stops, the closing quotes, brackets and note marks after it.
_STOP = re.compile(
    rf"(?P<stop>[.!?…。！？；｡．؟۔।]+)"
    rf"(?P<close>(?:{_CLOSERS}|(?<=[.!?])“|[ \u00a0\u202f]»(?=[\s.,;]|$))*"
    rf"(?:\[\d{{1,3}}(?:[,–-]\s?\d{{1,3}})*\]|\[[^\s\[\]]{{1,6}}\]|[¹²³⁴⁵⁶⁷⁸⁹⁰])*)"
)
_FULL_STOP = re.compile("[。！？；｡．।۔؟]")
_SENTENCE_INSIDE = re.compile(r"[^\W\d_]{5}[.]\s|[!?]\s|[。！？；]")
_CONTINUES = re.compile("[，、,：:;）)」』”’》〉。！？.!?]")
_OPENERS = re.compile(r"[\s\"'“‘«»‹(\[（【「『《〈¿¡*_„‚–—-]*")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_MARKER_ALONE = re.compile(
    r"[\W_]*(?:(?:(?:item|note|section|article|chapter|part|step|clause|schedule|appendix|exhibit|question|"
    r"artikel|abschnitt|kapitel|teil|schritt|anhang)\s+)?(?:\d{1,3}[a-z]?|[a-z]|[ivx]{1,5}))?[\W_]*",
    re.IGNORECASE,
)
_MARKER_ROOM = 24
_MORE_STOPS = re.compile(r"\s*[.…]")
_CAPITAL = re.compile("[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]")
_LAST_WORD = re.compile(r"(?<![^\W_])(?:(?:[^\W\d_]\.\s?)+[^\W\d_]|[^\W_]+)$")
_SPACED_ABBREVIATION = re.compile(r"\s?[^\W\d_]\.")  # the B. of "z. B."
_NO_VOWEL = re.compile("[b-df-hj-np-tv-xz]+")  # Ltd, Bd, Mgmt
_ACRONYM = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_CJK_CHARACTER = re.compile(f"[{_CJK}]")
_WIDE = re.compile(f"[{_CJK}\u3000-\u3004\uff01-\uff60]")
_CLAUSES = tuple(re.compile(pattern) for pattern in (r"[;；:：]\s+|[；：]", r"[,，]\s+|[，、]|\s[–—|]\s|\s\(", r"\s+"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER_LAST = _words(
    "dr mr mrs ms mx prof gen col sen rep gov capt lt cmdr sgt rev hon messrs mmes mlle mme mgr drs ing dipl "
    "vs e.g eg i.e ie cf viz ca approx resp incl excl esp max min avg bzw bspw vgl ggf evtl sog inkl zzgl usw.b "
    "z.b d.h u.a i.d.r o.ä s.o s.u m.e i.s.d p.ex ej p.ej av herr frau sra dra sig"
)
_BEFORE_NUMBER = _words(
    "no nos nr fig figs eq eqs sec secs sect art arts vol vols ch chap p pp para paras tab tbl ref refs abs ziff "
    "bd kap s st app appx ex exh cl ed rev ver n num núm item pt pts sched rn rz anl lit abb"
)
_MAYBE_LAST = _words(
    "inc ltd corp co llc plc jr sr bros al st ave blvd rd hwy dept est univ assn natl intl govt "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun "
    "cal civ stat cir ct cl app fed reg supp ed eds dist comm op cit ibid et seq "
    "u.s u.k u.n e.u u.s.a d.c s.a s.p.a b.v "
    "n.v ph.d m.d b.a m.a mio mrd tsd str tel"
)
_STARTERS = _words(
    "the a an this that these those it its he she they we you i his her their our your my in on at for from by with "
    "if when while where as after before during although though because since until however moreover furthermore "
    "therefore thus but and or so yet all any each both some most many no not there here what who which why how "
    "under per once upon please see note to such another one two three also only according then now our his who "
    "der die das dies diese dieser dieses ein eine er sie es wir ich im in am bei mit für nach wenn als auch und aber "
    "wer was wie wo alle jeder jede jedes zur zum ab seit "
    "le la les un une des ce cette ces il elle ils elles nous vous je dans pour avec si mais et selon lorsque "
    "el los las una este esta en para con si pero y se il lo gli i un del nel per se ma de het een dit deze o os "
    "as um uma"
)
_MONTHS = _words(
    "januar februar märz april mai juni juli august september oktober november dezember jänner january february march "
    "may june july october december"
)
_BEFORE_ORDINAL = _words("am der die das dem den vom zum zur im seit bis ab ins beim jeder jede jedes")


@dataclass(slots=True)
class _Block:
    """Lines that belong together: a paragraph, a list item, a heading, a table row. lines: spans without margins.

    body: where its sentences begin, after a list marker. whole: not to be split.
    """

    lines: list[Span]
    body: int
    is_item: bool = False
    whole: bool = False


def sentences(text: str) -> list[Span]:
    """Spans (start, end) of the sentences of `text`: ascending, not overlapping, without white space at either end.

    Together they cover every character that is not white space. List items, table rows, headings and whatever stands
    between blank lines are units of their own; a line break inside a paragraph ends nothing. At most LONGEST long.
    Linear in the length of the text.
    """
    cased = 300 * len(_CAPITAL.findall(text)) > len(text)
    spans = (span for block in _blocks(text) for span in _block_sentences(text, block, cased))
    return [piece for span in spans for piece in _cut(text, span)]


def _lines(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether a page ends behind it) of each line without its margins; start == end where it is blank."""
    offset = 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        start = offset + len(line) - len(line.lstrip()) if stripped else offset
        yield start, start + len(stripped), bool(_PAGE_BREAK.search(line, len(line.rstrip())))
        offset += len(line)


def _blocks(text: str) -> Iterator[_Block]:
    block: _Block | None = None
    for start, end, page_ends in _lines(text):
        if start < end:
            opened = _opening(text, start, end, block)
            if opened:
                if block:
                    yield from _finished(text, block)
                block = opened
            elif block:
                block.lines.append((start, end))
        if block and (start == end or page_ends or block.whole):
            yield from _finished(text, block)
            block = None
    if block:
        yield from _finished(text, block)


def _opening(text: str, start: int, end: int, block: _Block | None) -> _Block | None:
    """The block that the line text[start:end] opens; None where it goes on with `block`."""
    line = text[start:end]
    if _TABLE_ROW.fullmatch(line) or _RULE.fullmatch(line) or _MARKDOWN_HEADING.match(line):
        return _Block([(start, end)], end, whole=True)
    if marker := _item_marker(text, line, block):
        return _Block([(start, end)], start + marker, is_item=True)
    if block:
        return None
    section = _SECTION.match(line)
    return _Block([(start, end)], start + section.end() if section else start)


def _item_marker(text: str, line: str, block: _Block | None) -> int:
    """The length of the list marker that `line` begins with, 0 where it is none.

    "4. The fee" inside a paragraph may be the end of "see Section" one line up: it opens an item only after a
    finished line, after another item, or as number 1.
    """
    if marker := _BULLET.match(line) or _ENUMERATOR.match(line):
        return marker.end()
    marker = _NUMBERED.match(line) or _DASH.match(line)
    if not marker:
        return 0
    if block and not block.is_item and not marker.group().startswith("1."):
        previous = text[block.lines[-1][0] : block.lines[-1][1]]
        return marker.end() if previous[-1] in ".:;!?。：；！？)" else 0
    return marker.end()


def _finished(text: str, block: _Block) -> Iterator[_Block]:
    """`block`, split behind lines that were broken on purpose."""
    if len(block.lines) == 1:
        block.whole = block.whole or _is_heading(text[block.body : block.lines[0][1]])
        yield block
        return
    widths = [_width(text[start:end]) for start, end in block.lines]
    widest, first = max(widths), 0
    for i in range(1, len(block.lines)):
        if _broken_on_purpose(text, block.lines[i - 1], block.lines[i], widths[i - 1], widest):
            yield _part(text, block, first, i)
            first = i
    yield _part(text, block, first, len(block.lines))


def _part(text: str, block: _Block, first: int, last: int) -> _Block:
    lines = block.lines[first:last]
    body = block.body if first == 0 else lines[0][0]
    whole = len(lines) == 1 and _is_heading(text[body : lines[0][1]])
    return _Block(lines, body, is_item=block.is_item and first == 0, whole=whole)


def _width(line: str) -> int:
    """Columns of a line; Han, kana, hangul and full-width marks take two."""
    return len(line) if line.isascii() else len(line) + len(_WIDE.findall(line))


def _broken_on_purpose(text: str, line: Span, following: Span, width: int, widest: int) -> bool:
    """True if the next line's first word had ample room on this line, and the two do not read as one sentence."""
    if text[line[1] - 1] in ".,;，、；-–—(（/&" or text[following[0]].islower():
        return False
    if text[following[0]].isdigit() and not (text[line[1] - 1].isdigit() or text[line[1] - 1] in ")%:"):
        return False  # "in force from / 2026", unlike two rows of figures
    word = text[following[0] : min(following[1], following[0] + 40)].split()[0]
    room = 2 if _CJK_CHARACTER.match(word) else len(word)
    return (widest < 25 and width > 1) or width + 1 + room < 0.7 * widest


def _is_heading(line: str) -> bool:
    """True for a line alone that is short, does not end like a sentence and does not hold the end of one."""
    return len(line) <= 80 and line[-1:] not in '.!?…"”’)' and not _SENTENCE_INSIDE.search(line)


def _block_sentences(text: str, block: _Block, cased: bool) -> Iterator[Span]:
    """The sentences of a block. cased: whether its text writes capitals where a sentence begins."""
    start, begin, end = block.lines[0][0], block.body, block.lines[-1][1]
    if not block.whole:
        for stop in _STOP.finditer(text, begin, end):
            if stop.end() < end and _ends_sentence(text, stop, begin, end, cased):
                yield start, stop.end()
                start = stop.end()
                while text[start].isspace():
                    start += 1
                begin = start
    yield start, end


def _ends_sentence(text: str, stop: re.Match[str], begin: int, end: int, cased: bool) -> bool:
    """True if the sentence that begins at `begin` ends behind `stop`; `end` is the end of the block."""
    after, marks = stop.end(), stop["stop"]
    if _FULL_STOP.search(marks):
        return not _CONTINUES.match(text, after)
    if not text[after].isspace():
        return _ends_without_space(text, stop, begin)
    if len(marks) > 3 and set(marks) == {"."}:  # the leader of a table of contents
        return False
    if _MORE_STOPS.match(text, after) or text[max(begin, stop.start() - 4) : stop.start()].rstrip().endswith("."):
        return False  # dots with spaces between them
    if _is_marker(text[begin : min(stop.start(), begin + _MARKER_ROOM)]):
        return False
    openers = _OPENERS.match(text, after, end)
    follower = _WORD.match(text, openers.end() if openers else after, end)
    following = follower.group() if follower else ""
    if cased and following[:1].islower() and not following[1:2].isupper():
        return False
    return marks != "." or not _is_abbreviation(text, stop, begin, following)


def _is_marker(start: str) -> bool:
    """True where a sentence would be nothing but "2", "A", "Item 1" or punctuation."""
    return len(start) < _MARKER_ROOM and _MARKER_ALONE.fullmatch(start) is not None


def _ends_without_space(text: str, stop: re.Match[str], begin: int) -> bool:
    """True if a Western stop ends a sentence though no space follows: beside Han, kana and hangul."""
    before = stop.start() > begin and _CJK_CHARACTER.match(text, stop.start() - 1) is not None
    after = _CJK_CHARACTER.match(text, stop.end()) is not None
    return (before or after) if stop["stop"][0] in "!?" else (before and after and "…" not in stop["stop"])


def _is_abbreviation(text: str, stop: re.Match[str], begin: int, following: str) -> bool:
    """True if the "." of `stop` belongs to the word before it and the sentence goes on with `following`."""
    floor = max(begin, stop.start() - 24)
    last = _LAST_WORD.search(text[floor : stop.start()])
    if not last:
        return False
    word = "".join(last.group().split())
    lowered, starts = word.lower(), following.lower() in _STARTERS and following[:1].isupper()
    if word.isdigit():
        previous = text[floor : floor + last.start()].split()
        return _is_ordinal(word, previous[-1].lower() if previous else "", following, starts)
    if lowered in _NEVER_LAST or (len(word) == 1 and word.islower() and _SPACED_ABBREVIATION.match(text, stop.end())):
        return True
    if lowered in _BEFORE_NUMBER and (following[:1].isdigit() or following in ("I", "II", "III", "IV", "V", "VI")):
        return True
    if text[stop.end() : stop.end() + 2].strip()[:1] == "§":
        return True
    if len(word) == 1 or lowered in _MAYBE_LAST or _ACRONYM.fullmatch(word):
        return not starts and (len(word) > 1 or word.isupper()) and lowered not in ("a.m", "p.m")
    return not starts and not word.isupper() and _NO_VOWEL.fullmatch(lowered) is not None


def _is_ordinal(number: str, previous: str, following: str, starts: bool) -> bool:
    """True for the day of "3. Januar" or the "2." of "der 2. Auflage"."""
    if len(number) > 2:
        return False
    return following.lower() in _MONTHS or (previous in _BEFORE_ORDINAL and not starts)


def _cut(text: str, span: Span) -> Iterator[Span]:
    """`span` in pieces of at most LONGEST, each cut behind the last clause, or else word, that fits; none is tiny."""
    start, end = span
    while end - start > LONGEST:
        cut = _clause_end(text, start + LONGEST // 3, min(start + LONGEST, end - LONGEST // 6))
        last = cut
        while text[last - 1].isspace():
            last -= 1
        yield start, last
        start = cut
        while text[start].isspace():
            start += 1
    yield start, end


def _clause_end(text: str, low: int, high: int) -> int:
    """Where the last clause inside text[low:high] ends, or else the last word; `high` where neither is."""
    for clause in _CLAUSES:
        ends = [match.end() for match in clause.finditer(text, low, high)]
        if ends:
            return ends[-1]
    return high

"""What language models say around an answer: of the passages, which a reader does not see, and of themselves."""

from __future__ import annotations

import re

_SHOWN = r"(?:given|provided|above|supplied|retrieved|available|relevant)"
_THING = r"(?:passages?|documents?|sources?|contexts?|information|texts?|excerpts?|data)"
_NUMBERS = r"(?P<numbers>\[?\d{1,2}\]?(?:\s*(?:,|and|&|or)\s*\[?\d{1,2}\]?)*)"
_LEADS = re.compile(
    r"^(?:(?:based on|according to|as (?:stated|mentioned|described|noted) in|per|from|in)\s+"
    rf"(?:the\s+)?(?:{_SHOWN}\s+)*{_THING}(?:\s+{_SHOWN})?(?:\s+{_NUMBERS})?\s*,\s*"
    rf"|(?:the\s+)?(?:passages?|documents?|sources?|contexts?)\s+{_NUMBERS.replace('numbers', 'named')}\s+"
    r"(?:also\s+)?(?:mentions?|states?|says?|suggests?|notes?|explains?|indicates?|adds?|reports?|describes?)\s+that\s+"
    r"|(?:根据|依据|按照)(?:以上|上述|所给|提供的|给定的)*(?:段落|文档|资料|内容|信息)(?P<zh>\d{0,2})(?:的内容|的规定)?[，,]\s*)",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^(?:sure|certainly|of course|absolutely|okay|great question|happy to help|好的|当然)(?:[!.,，。！]|$)[^\d]{0,60}$"
    r"|^(?:here(?:'s|’s| is| are)|below (?:is|are)|the following|以下是|下面是)[^\d]{0,120}[:：]$",
    re.IGNORECASE,
)


def without_filler(text: str) -> tuple[str, tuple[int, ...]]:
    """(a sentence without what speaks of the passages, the numbers of those that it names); '' if nothing is left.

    "According to passage 3, leave is paid." becomes "Leave is paid." and (3,).
    """
    numbers: tuple[int, ...] = ()
    if match := _LEADS.match(text):
        named = match["numbers"] or match["named"] or match["zh"] or ""
        numbers = tuple(int(number) for number in re.findall(r"\d+", named))
        rest = text[match.end() :]
        text = rest[:1].upper() + rest[1:]
    return ("" if _EMPTY.match(text) else text), numbers

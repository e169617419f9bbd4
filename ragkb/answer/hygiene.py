"""Text from a language model made harmless: nothing in it is loaded, followed or hidden, whatever renders it.

The rules look at a few neighbouring characters each, so that no construct survives by being spread over sentences,
lines or pieces of a stream. They hold for Markdown (CommonMark, GFM), HTML, and programs that make links of addresses.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

_IMAGE = re.compile(r"!\[[^\]\n]*\](?:\([^)\n]*\)?|\[[^\]\n]*\])?")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)?")
_NUMBERED = re.compile(r"\D{0,12}\d{1,3}")  # the text of a link that is a citation
_TAG = re.compile(r"<[a-zA-Z/!?][^<>\n]*>")
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*[\w+-]*[ \t]*$", re.MULTILINE)
_JOINTS = (  # what makes a link, an image, a definition or a tag of its neighbours
    (re.compile(r"\\(?=[\[\]()!<])"), ""),
    (re.compile(r"\](?=[(:])"), "] "),
    (re.compile(r"!(?=\[)"), "! "),
    (re.compile(r"<(?=[a-zA-Z/!?])"), "< "),
)
_SCHEME = "[a-z][a-z0-9+.-]{1,15}:/"
_UNTIL = rf"(?:(?!{_SCHEME})[^\s<>\"'`|，。；：！？、（）【】《》「」])"  # up to an address inside the address
_FILES = "(?:md|py|sh|rs|pl|js|ts|cs)"  # names of files, although some countries have these domains
_TOP = "com|net|org|io|co|cn|de|ru|uk|eu|info|biz|dev|app|xyz|top|site|online|link|click|cloud|ai"
_ADDRESS = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]{{1,15}}):/{{1,3}}{_UNTIL}*"
    r"|(?<![\w@.-])(?P<kind>data|javascript|vbscript|blob|about|mailto|tel|sms):(?=\S)[^\s<>|]+"
    rf"|(?<![\w.-])(?:[^\W_][\w-]*\.)+(?:[a-z]{{2,24}}|xn--[\w-]+)(?:(?::\d{{1,5}})?[/?#]{_UNTIL}*|:\d{{1,5}}\b)"
    rf"|(?<![\w@.-])(?:www\.{_UNTIL}+|(?:[^\W_][\w-]*\.)+(?:{_TOP})(?![\w-]))"
    rf"|(?<![\w@.-])(?!\w+\.{_FILES}(?![\w.-]))(?:[^\W_][\w-]*\.)*\d*[^\W\d_][\w-]+\.[a-z]{{2}}(?![\w-])",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}*_~"
_HIDDEN = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # fillers that show nothing, but are letters and symbols


def inert(text: str) -> str:
    """The text without pictures, links, tags, fences, entities and invisible characters; what they show stays.

    Line breaks and tabs are kept. Addresses that stand in the open are left to defanged().
    """
    for _ in range(3):  # entities of entities
        text = html.unescape(text)
    text = _FENCE.sub("", visible(text))
    text = _LINK.sub(_shown, _IMAGE.sub("", text))
    text = _TAG.sub("", text)
    for pattern, instead in _JOINTS:
        text = pattern.sub(instead, text)
    return text


def visible(text: str) -> str:
    """The text without characters that show nothing and may carry a message: controls, formats, tags, fillers."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one for one in text if one in "\n\t" or not _is_hidden(one))


def defanged(text: str, allowed: Collection[str] = ()) -> str:
    """The text with every address written so that a person can read it and no program follows it.

    allowed: addresses that are kept, those of cited documents. "https://a.example/x" becomes
    "hxxps://a[.]example/x"; data: and javascript: are removed.
    """
    return _ADDRESS.sub(lambda match: _one(match, allowed), text)


def _shown(link: re.Match[str]) -> str:
    """A link's text, in its brackets if it is a citation."""
    return f"[{link[1]}]" if _NUMBERED.fullmatch(link[1]) else link[1]


def _is_hidden(character: str) -> bool:
    selects = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return selects or character in _HIDDEN or unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Cs")


def _one(match: re.Match[str], allowed: Collection[str]) -> str:
    bare = match[0].rstrip(_TRAILING)
    tail = match[0][len(bare) :]
    if bare in allowed:
        return match[0]
    if match["kind"]:
        is_kept = match["kind"].lower() in ("mailto", "tel", "sms")
        return match[0].replace(":", "[:]", 1) if is_kept else "[removed]"
    scheme, colon, rest = bare.partition(":") if match["scheme"] else ("", "", bare)
    slashes = rest[: len(rest) - len(rest.lstrip("/"))]
    host = re.split("[/?#]", rest[len(slashes) :], maxsplit=1)[0]
    path = rest[len(slashes) + len(host) :]
    scheme = scheme.lower().replace("http", "hxxp")
    return (
        scheme
        + ("[:]" if scheme and "hxxp" not in scheme else colon)
        + slashes
        + re.sub(r"(?<!\[)\.", "[.]", host)
        + path
        + tail
    )

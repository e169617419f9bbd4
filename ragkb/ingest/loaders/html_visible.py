"""Which elements of a page are not its text: what is hidden from its readers, and what surrounds the text."""

from __future__ import annotations

import re

from bs4.element import Tag

_DROPPED = frozenset(
    "script style nav aside template noscript svg math iframe object canvas audio video head button select option "
    "input textarea dialog menu map".split()
)
_BANNERS = frozenset({"header", "footer"})
_BANNER_ROLES = frozenset({"banner", "contentinfo"})
_ROLES = frozenset("navigation search dialog alertdialog complementary toolbar menu menubar".split())
_CLASSES = frozenset(
    "breadcrumb breadcrumbs navbar pager pagination share-buttons skip-link skip-to-content social-share".split()
)
_HEADED = ("p", "table", "h1", "h2", "h3", "h4", "h5", "h6")
_CONSENT = re.compile(
    r"(?:cookie|consent|gdpr)[\w-]*?(?:banner|bar|notice|popup|modal|overlay|dialog|layer|message|wall)"
    r"|(?:banner|notice|popup|modal|overlay)[\w-]*?(?:cookie|consent|gdpr)"
    r"|^(?:onetrust-consent-sdk|cybotcookiebotdialog|usercentrics-root|cmpbox|didomi-host|cc-window)$",
    re.IGNORECASE,
)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$|!)"
    r"|font-size\s*:\s*0+(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:;|$|!)|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{4,}",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)", re.IGNORECASE)
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_WHITE = re.compile(r"white|#fff(?:fff)?|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\)|transparent|#[\da-f]{6}00", re.IGNORECASE)


def is_dropped(tag: Tag) -> bool:
    """True if the element's text is not part of the page's text."""
    return is_furniture(tag) or is_hidden(tag)


def is_hidden(tag: Tag) -> bool:
    """True if a reader of the page does not see the element. Style sheets are not consulted."""
    if tag.name in _DROPPED:
        return False
    if tag.has_attr("hidden") or tag.get("aria-hidden") == "true":
        return True
    style = str(tag.get("style", ""))
    return bool(style) and (_HIDDEN.search(style) is not None or _is_invisible(tag, style))


def _is_invisible(tag: Tag, style: str) -> bool:
    """True for letters in the colour of what is behind them. A class may set a background: then nobody knows."""
    colour = _COLOUR.search(style)
    if colour is None:
        return False
    behind = _BACKGROUND.search(style)
    if behind is not None:
        return colour[1].strip().lower() == behind[1].strip().lower()
    return _WHITE.fullmatch(colour[1].strip()) is not None and not any(map(_may_be_dark, (tag, *tag.parents)))


def _may_be_dark(tag: Tag) -> bool:
    has_class = bool(tag.get("class")) and tag.name not in ("html", "body")
    return bool(has_class or tag.get("bgcolor") or _BACKGROUND.search(str(tag.get("style", ""))))


def is_furniture(tag: Tag) -> bool:
    """True for navigation, banners, forms, scripts: what surrounds the text."""
    if tag.name in _DROPPED:
        return True
    role = str(tag.get("role", ""))
    if role in _ROLES or _is_furniture_by_name(tag):
        return True
    if tag.name in _BANNERS or role in _BANNER_ROLES:  # of the page; those of an article belong to it
        return tag.find_parent(["article", "main", "section"]) is None and tag.find("h1") is None
    return tag.name == "form" and tag.find(_HEADED) is None


def _is_furniture_by_name(tag: Tag) -> bool:
    """True if its id or class says that it asks for consent or leads elsewhere."""
    names = [str(tag.get("id", "")), *(str(name) for name in tag.get_attribute_list("class") if name)]
    if not any(names) or tag.name in ("body", "main", "article"):
        return False
    return any(name.lower() in _CLASSES or (len(name) < 200 and _CONSENT.search(name)) for name in names)

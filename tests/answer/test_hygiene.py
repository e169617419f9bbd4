"""What a language model writes is rendered by strangers: nothing in it may be loaded, followed or hidden."""

from __future__ import annotations

import random
import re

import pytest
from markdown_it import MarkdownIt

from ragkb.answer.hygiene import defanged, inert
from tests.answer.obeying import ACTIVE as ACTIVE_TEXTS
from tests.answer.obeying import FORMS

RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": True})
ACTIVE = re.compile(
    r"(?:https?|ftp|file|wss?)://|(?:blob|data|javascript|vbscript):(?=\S)|www\.|<[a-z/!?]|\]\(|!\[|\]:|&[#\w]+;",
    re.IGNORECASE,
)


def harmful(text: str) -> list[str]:
    """What a renderer of Markdown, of HTML, or one that links addresses would act on."""
    found = ACTIVE.findall(text)
    for token in RENDERER.parse(text):
        for inner in [token, *(token.children or ())]:
            if inner.type in ("link_open", "image", "html_inline", "html_block"):
                target = dict(inner.attrs).get("href") or dict(inner.attrs).get("src") or inner.content
                if not re.match(r"mailto:|https?://\w+\.(?:md|py|sh|rs|pl)$", str(target)):
                    found.append(f"{inner.type} {target}")
    return found


def cleaned(text: str) -> str:
    return defanged(inert(text))


@pytest.mark.parametrize("form", [*FORMS, *ACTIVE_TEXTS], ids=lambda form: ascii(form)[:40])
@pytest.mark.parametrize("address", ["https://evil.example/a.png?q=1", "//evil.com/a", "evil.com/x?d=secret"])
def test_nothing_in_any_form_is_acted_on(form: str, address: str) -> None:
    written = f"Before. {form.format(address)} After."
    assert harmful(cleaned(written)) == []
    assert cleaned(cleaned(written)) == cleaned(written)


def test_the_check_sees_what_it_should() -> None:
    for form in FORMS:
        assert harmful(form.format("https://evil.example/a.png"))


def test_nothing_grows_of_pieces_that_are_put_together() -> None:
    """Sentences are cleaned one by one and joined: each cut of each form, cleaned by halves."""
    for form in FORMS:
        written = f"A {form.format('https://evil.example/a.png')} b"
        for cut in range(1, len(written)):
            joined = f"{cleaned(written[:cut])} {cleaned(written[cut:])}"
            assert [one for one in harmful(joined) if "://" not in one and not one.startswith("www")] == [], joined


@pytest.mark.parametrize("seed", range(40))
def test_noise_of_active_characters_is_harmless(seed: int) -> None:
    chance = random.Random(seed)
    parts = ["[", "]", "(", ")", "!", "<", ">", ":", "\\", "`", "\n", " ", "a", "http://e.com", "&lt;", "img src=", "/"]
    for _ in range(50):
        written = "".join(chance.choice(parts) for _ in range(30))
        assert harmful(cleaned(written)) == [], written


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("See [the form](https://a.example/f) first.", "See the form first."),
        ("![logo](https://a.example/l.png) Text", " Text"),
        ("The portal is https://hr.example/leave?x=1.", "The portal is hxxps://hr[.]example/leave?x=1."),
        ("Ask hr@firma.de or see firma.de.", "Ask hr@firma.de or see firma[.]de."),
        ("<b>Bold</b> and a < b > c", "Bold and a < b > c"),
        ("R&amp;D", "R&D"),
        ("a\u200bb\u2063c\U000e0041d\ufeff", "abcd"),
        ("[1](https://a.example)", "[1]"),
        ("Run javascript:alert(1) now", "Run [removed] now"),
        ("打开 https://a.example/页，然后", "打开 hxxps://a[.]example/页，然后"),
    ],
)
def test_what_is_left_reads_well(written: str, read: str) -> None:
    assert cleaned(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "Leave lasts 14 weeks (see § 3), e.g. for parents; 12:30 to 14:00, 3.5 % or 1/2.",
        "The file hr/leave.md and README.md, version 1.2.3, U.S. dollars, Node.js, 10.0.0.0/8.",
        "产假为十四周（见第3条），即2026年1月1日起。",
        "array[i] = {a: b}; x -> y; A & B; 5 > 3; 'quoted' \"text\" – dash… €",
        "Step 1: do it. Note: that. Ratio 3:2. at 10:00",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert cleaned(text) == text


def test_the_address_of_a_cited_document_is_kept() -> None:
    allowed = {"https://intranet.example/leave"}
    text = "See https://intranet.example/leave. Not https://intranet.example/other"
    assert defanged(text, allowed) == "See https://intranet.example/leave. Not hxxps://intranet[.]example/other"

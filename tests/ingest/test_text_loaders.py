"""Plain text, Markdown, HTML, CSV, JSON and e-mail."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from ragkb.errors import DocumentRefused
from ragkb.ingest.loaders import load
from ragkb.settings import LimitSettings
from ragkb.types import Draft

LIMITS = LimitSettings()


def draft(text: str | bytes, name: str) -> Draft:
    return load(text.encode() if isinstance(text, str) else text, name, LIMITS)


def headings(found: Draft) -> list[tuple[int, str]]:
    assert all(found.text.startswith(heading.title, heading.start) for heading in found.headings)
    return [(heading.level, heading.title) for heading in found.headings]


# --- text -------------------------------------------------------------------------------------------------------------


def test_text_is_normalised() -> None:
    assert (
        draft("ﬁne\u00a0 \tword\u200b s\u00adoft\r\nＡＢ１２，。\x07\u202eabc", "a.txt").text
        == "fine word soft\nAB12，。abc"
    )


def test_numbered_lines_of_text_are_headings() -> None:
    found = draft("1.2 Scope\n\nAll sites.\n\n3.5 litres are enough.\n\n第二章 总则\n\n适用于全体员工。", "a.txt")
    assert headings(found) == [(2, "1.2 Scope"), (1, "第二章 总则")]


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 8, b"\0\1\2\3" * 500, b"\x7fELF" + bytes(100), b"\x89PNG\r\n\x1a\n"]
)
def test_binary_named_txt_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentRefused):
        draft(data, "a.txt")


# --- markdown ---------------------------------------------------------------------------------------------------------

MARKDOWN = """---
title: "Remote work"
version: 2.1
tags: [hr, policy]
owner:
  - Ana
  - Bo
draft: false
---
# Remote work

First *line*
second [line](https://example.com).

## Rules

- two days
    - per week
1. ask
2. wait

| Site | Days |
|------|-----:|
| Brno | 2    |
| a\\|b | `3`  |

```python
if x:
    y()
```

<div hidden>secret</div>
"""


def test_markdown() -> None:
    found = draft(MARKDOWN, "a.md")
    assert found.title == "Remote work"
    assert dict(found.metadata) == {"version": 2.1, "tags": "hr, policy", "owner": "Ana, Bo", "draft": False}
    assert headings(found) == [(1, "Remote work"), (2, "Rules")]
    assert found.text == (
        "Remote work\n\nFirst line\nsecond line.\n\nRules\n\n- two days\n  - per week\n1. ask\n2. wait\n\n"
        "| Site | Days |\n| Brno | 2 |\n| a/b | 3 |\n\n```python\nif x:\n    y()\n```"
    )
    (table,) = found.tables
    assert table.header == "| Site | Days |"
    assert found.text[table.start : table.end].endswith("| a/b | 3 |")


def test_markdown_without_front_matter_keeps_its_rules() -> None:
    assert draft("---\n\nHello\n\n---\n\nBye", "a.md").text == "Hello\n\nBye"


# --- html -------------------------------------------------------------------------------------------------------------


def test_html_main_text_only() -> None:
    page = """<!doctype html><html><head><title>FAQ</title><style>p{}</style></head><body>
    <header>Logo</header><nav>Home</nav><aside>Ads</aside><h1>Leave</h1>
    <p>Twenty <b>five</b>
       days.<br>Next.</p><p hidden>h1</p><p style="display: none">h2</p><script>x()</script>
    <ul><li>one<ul><li>inner</li></ul></li><li><p>two</p><p>more</p></li></ul><ol start="3"><li>three</li></ol>
    <table><tr><th>Site</th><th>Days</th></tr><tr><td rowspan="2">Brno</td><td>25</td></tr><tr><td>26</td></tr></table>
    <footer>Imprint</footer></body></html>"""
    found = draft(page, "a.html")
    assert found.title == "FAQ"
    assert found.text == (
        "Leave\n\nTwenty five days.\nNext.\n\n- one\n  - inner\n- two\n  more\n3. three\n\n"
        "| Site | Days |\n| Brno | 25 |\n| Brno | 26 |"
    )
    assert headings(found) == [(1, "Leave")]
    assert found.tables[0].header == "| Site | Days |"


def test_html_declares_its_charset() -> None:
    page = '<html><head><meta charset="gb2312"></head><body><p>年休假</p></body></html>'
    assert draft(page.encode("gb2312"), "a.html").text == "年休假"


def test_html_nested_deeply_is_read_or_refused() -> None:
    assert "deep" in draft("<html><body>" + "<div>" * 200 + "deep", "a.html").text
    with suppress(DocumentRefused):
        draft("<html><body>" + "<div>" * 20_000 + "deep", "a.html")


# --- csv, json, eml ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiter_is_found(delimiter: str) -> None:
    rows = [["Site", "Days"], ["Brno", "25"], ["Lyon", "27"]]
    found = draft("\n".join(delimiter.join(row) for row in rows), "a.csv")
    assert found.text == "| Site | Days |\n| Brno | 25 |\n| Lyon | 27 |"
    assert found.tables[0].header == "| Site | Days |"


def test_csv_cells_stay_on_their_line() -> None:
    found = draft('city,note\nBrno,"two\nlines, one | bar"\n,\n', "a.csv")
    assert found.text == "| city | note |\n| Brno | two lines, one / bar |"


def test_csv_of_numbers_has_no_header() -> None:
    assert draft("1,2\n3,4\n", "a.csv").tables[0].header == ""


def test_csv_in_gb18030() -> None:
    assert draft("城市,天数的标准\n苏州,是我们的工作天数\n".encode("gb18030"), "a.csv").text.startswith(
        "| 城市 | 天数的标准 |"
    )


def test_json_object() -> None:
    found = draft(
        '{"title": "Units", "unit": {"power": 12, "tags": ["a", "b"]}, "parts": [{"id": 1}, {"id": 2}]}', "a.json"
    )
    assert found.title == "Units"
    assert found.text == "title: Units\nunit.power: 12\nunit.tags: a, b\n\nparts\n\n| id |\n| 1 |\n| 2 |"
    assert headings(found) == [(1, "parts")]


def test_json_records_are_a_table() -> None:
    assert draft('[{"a": 1, "b": "x"}, {"a": 2}]', "a.json").text == "| a | b |\n| 1 | x |\n| 2 |  |"


def test_each_row_of_json_lines_is_a_unit() -> None:
    found = draft('{"name": "pump", "spec": {"bar": 10}}\n{"name": "fan", "log": [{"day": 1}]}\n', "a.jsonl")
    assert found.text == "name: pump\nspec.bar: 10\n\nname: fan\nlog.1.day: 1"
    assert [(found.text[unit.start : unit.end], unit.label) for unit in found.units] == [
        ("name: pump\nspec.bar: 10", "pump"),
        ("name: fan\nlog.1.day: 1", "fan"),
    ]


def test_a_large_json_object_keeps_its_headings() -> None:
    servers = {f"s{number}": {"port": number} for number in range(20)}
    found = draft(json.dumps({"servers": servers}), "a.json")
    assert headings(found) == [(1, "servers")]
    assert "s3.port: 3" in found.text.splitlines()


@pytest.mark.parametrize("text", ["{", "[1,", "nonsense", "[" * 100_000, '{"a": 1}\n{"b"'])
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(DocumentRefused, match="broken JSON"):
        draft(text, "a.json")


def test_email() -> None:
    mail = "From: ana@example.com\r\nSubject: =?utf-8?b?RmFocnBsYW4gw7w=?=\r\n\r\nThe train\r\nleaves.\r\n"
    found = draft(mail, "a.eml")
    assert found.title == "Fahrplan ü"
    assert found.text == "Fahrplan ü\n\nFrom: ana@example.com\n\nThe train\nleaves."


# --- which loader -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n\u200b\n", "<html><body><script>x</script></body></html>"])
def test_nothing_to_read_is_refused(text: str) -> None:
    with pytest.raises(DocumentRefused, match=r"empty|no text found"):
        draft(text, "a.txt")


def test_an_unknown_format_is_refused_with_where_to_look() -> None:
    with pytest.raises(DocumentRefused, match=r"format \.xyz is not supported: docs/formats\.md"):
        draft("x", "a.xyz")


def test_content_wins_over_a_wrong_extension() -> None:
    found = draft("<!DOCTYPE html><html><body><h1>Hi</h1></body></html>", "a.MD")
    assert found.text == "Hi"
    assert found.warnings == ("read as HTML, which its content is",)


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"PK\x03\x04" + b"x" * 50, "a.pdf", "seems to be a damaged ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "a.docx", "old Office file"),
        (b"just words", "a.pdf", "broken PDF"),
        (b"just words", "a.xlsx", "broken XLSX"),
    ],
)
def test_wrong_extension_says_what_it_is(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(DocumentRefused, match=reason):
        draft(data, name)


def test_a_damaged_byte_does_not_spoil_a_utf8_file() -> None:
    data = ("员工每年享有年休假。" * 20).encode()
    assert draft(data[:90] + b"\xff" + data[90:], "a.txt").text.count("员工每年享有年休假。") >= 19


def test_tables_in_tables_take_linear_time() -> None:
    assert "x" in draft("<html><body>" + "<table><tr><td>x" * 400, "a.html").text

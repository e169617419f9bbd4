"""Personal data do not reach the store, what only looks like them does, and every offset stays right."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.errors import InputError
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.redact import KINDS, redact
from ragkb.kb import KnowledgeBase
from ragkb.settings import LimitSettings, Settings
from ragkb.types import Draft
from tests.conftest import WordHashes

REGIONS = ("US", "CN")


def redacted(text: str, *kinds: str) -> str:
    return redact(Draft(text), kinds or KINDS, REGIONS)[0].text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ana.b+x@mail.example.co.uk.", "Write to [email]."),
        ("邮箱zhang.wei@example.cn，手机：13812345678。", "邮箱[email]，手机：[phone]。"),
        ("call (212) 555-2368 or 212-555-2368", "call [phone] or [phone]"),
        ("Ask Bo (212.994.9919) or Cy (+44 20 7408 6005)", "Ask Bo ([phone]) or Cy ([phone])"),
        ("Tel. 2125552368, +44 20 7946 0958", "Tel. [phone], [phone]"),
        ("电话 010-8888 6666，400-810-8888", "电话 [phone]，[phone]"),
        ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN [iban] BIC COBADEFF"),
        ("GB29NWBK60161331926819", "[iban]"),
        ("Visa 4111 1111 1111 1111, Amex 3782-822463-10005", "Visa [card], Amex [card]"),
        ("银联卡6222021234567890128", "银联卡[card]"),
        ("SSN 536-90-4399, ssn: 536904399", "SSN [national_id], ssn: [national_id]"),
        ("身份证号11010519491231002X", "身份证号[national_id]"),
        ("NI AB 12 34 56 C, NIR 2 55 08 14 168 025 38", "NI [national_id], NIR [national_id]"),
        ("CF RSSMRA85T10A562S, DNI 12345678Z, NIE X1234567L", "CF [national_id], DNI [national_id], NIE [national_id]"),
        ("Steuer-ID 36574261809", "Steuer-ID [national_id]"),
    ],
)
def test_found(text: str, expected: str) -> None:
    assert redacted(text) == expected


TRICKY = """
From 2019, 2020, 2021, 2022 to 2024 we sold 1,234,567 units for 12,345,678.90 EUR, 1 000 000 000 in all (+12 345 678).
Order 4083219876, order no. 212-555-0123, invoice 2024-001234-5678, part number 138 1234 5678, SKU 10-4567-8901.
订单号13812345678，编号：400-810-8888，合同编号 20240512103000。
Pages 123-125, 1024-2048, chapter 3.1.4.1.5, version 10.15.7.19041, build 20240512.1,
IP 192.168.100.200 and 10.0.0.255:8080.
30.06.2024 12:30, 2024-05-12 10:30:00, 12/31/2024, 2023-2024, 20240512, 1715500000, 1715500000000, 3.14159265358979.
ISBN 978-3-16-148410-0, tracking 9400 1000 0000 0000 0000 00, serial 1234567890123456, card 4111 1111 1111 1112.
DE00 3704 0044 0532 0130 00, 11010519491231002A, DNI 12345678A, 123-45-67890, 078-05, icon@2x.png, user@host, pkg@1.2.3.
| 100 200 3000 | 12 345 678 901 | 5551234567 | 48.8566 2.3522 | 1234-5678-9012 | 0.0000123456789 | 555 1234 |
UUID 123e4567-e89b-12d3-a456-426614174000, sha 9f86d081884c7d659a2feaa0c55ad015, EN 50126-1:2017, RAL 9005, 24x7x365.
"""


def test_what_only_looks_like_it_stays() -> None:
    assert redacted(TRICKY) == TRICKY


def test_only_the_kinds_that_were_asked_for() -> None:
    text = "a@example.com 4111 1111 1111 1111"
    assert redacted(text, "card") == "a@example.com [card]"
    assert redact(Draft(text), (), REGIONS)[0].text == text


def test_every_place_moves_along() -> None:
    builder = TextBuilder(LimitSettings())
    builder.page()
    builder.heading(1, "Ana, ana@example.com")
    builder.paragraph("Call (212) 555-2368.\nCard 4111 1111 1111 1111.")
    builder.page()
    builder.heading(2, "Contacts")
    builder.table([["Name", "bo@example.com"], ["Bo", "4111 1111 1111 1111"]], header=True)
    builder.page()
    builder.paragraph("end@example.com")
    draft = builder.build("Ana, ana@example.com", {"owner": "cy@example.com", "card": 4111111111111111, "year": 2024})
    found, counts = redact(draft, KINDS, REGIONS)
    assert found.text == (
        "Ana, [email]\n\nCall [phone].\nCard [card].\n\nContacts\n\n| Name | [email] |\n| Bo | [card] |\n\n[email]"
    )
    assert found.title == "Ana, [email]"
    assert [found.text[at:][:5] for at in found.page_starts] == ["Ana, ", "Conta", "[emai"]
    assert all(found.text.startswith(one.title, one.start) for one in found.headings)
    (table,) = found.tables
    assert found.text[table.start : table.end] == "| Name | [email] |\n| Bo | [card] |"
    assert table.header == "| Name | [email] |"
    assert dict(found.metadata) == {"owner": "[email]", "card": "[card]", "year": 2024}
    assert counts == {"email": 4, "card": 3, "phone": 1}


def test_nothing_of_it_is_stored(tmp_path: Path, words: WordHashes) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(
        "---\nowner: canary@example.com\n---\n# Of canary@example.com\n\n4111111111111111\n"
    )
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    report = kb.ingest(tmp_path / "docs", redact=True)
    assert dict(report.files[0].redacted) == dict(report.redacted) == {"card": 1, "email": 2}
    kb.close()
    files = [path for path in (tmp_path / "kb").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary@" in path.read_bytes() or b"411111111" in path.read_bytes()]


def test_turning_it_on_ingests_again(tmp_path: Path, words: WordHashes) -> None:
    (tmp_path / "a.md").write_text("Write to a@example.com\n")
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    assert kb.ingest(tmp_path / "a.md").count("ingested") == 1
    assert kb.ingest(tmp_path / "a.md", redact=True).count("ingested") == 1
    assert kb.ingest(tmp_path / "a.md", redact=True).count("unchanged") == 1
    assert kb.search("write")[0].text == "Write to [email]"


def test_settings_name_the_kinds() -> None:
    assert Settings.load(ingest={"redact": ["card"]}).redacting().ingest.redact == ("card",)
    assert Settings.load().redacting().ingest.redact == KINDS
    with pytest.raises(InputError, match=r"ingest\.redact"):
        Settings.load(ingest={"redact": ["names"]})


def test_a_region_that_is_none_is_an_error() -> None:
    with pytest.raises(InputError, match="redact_regions"):
        redact(Draft("call 212-555-2368"), KINDS, ("us",))


def test_long_runs_take_no_longer_than_they_are_long() -> None:
    for unit in ("1 ", "1", "+1 ", "a.", "a@", "A1 ", "DE89 3704 ", "(1", "1-"):
        text = unit * 20_000
        said = redacted(text)
        assert said == text or any(f"[{kind}]" in said for kind in KINDS)

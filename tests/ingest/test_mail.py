"""Messages, and what hangs on them."""

from __future__ import annotations

import struct
from email.message import EmailMessage

import more_files as make
import pytest

from ragkb.errors import DocumentRefused
from ragkb.ingest.loaders import load
from ragkb.ingest.loaders.msg_properties import inflate_rtf
from ragkb.ingest.members import Member, expand, holds
from ragkb.settings import LimitSettings

LIMITS = LimitSettings()
SENT = (0x0039, 134_000_000_000_000_000)  # in 100 ns since 1601


def members(data: bytes, name: str, limits: LimitSettings = LIMITS) -> dict[str, Member]:
    return {member.source: member for member in expand(data, name, limits)}


def test_attachments_of_an_email_are_documents_of_their_own() -> None:
    inner = make.eml("Re: rates", "See below.", {"rates.csv": b"a,b\n1,2\n"})
    data = make.eml("Leave", "25 days.", {"../../plan.txt": b"Plan.", "tool.exe": b"MZ"}, (inner,))
    found = members(data, "in/mail.eml")
    assert list(found) == [
        "in/mail.eml",
        "in/mail.eml/plan.txt",
        "in/mail.eml/Re: rates.eml",
        "in/mail.eml/Re: rates.eml/rates.csv",
    ]
    assert found["in/mail.eml/plan.txt"].data == b"Plan."
    draft = load(data, "mail.eml", LIMITS)
    assert draft.text == "Leave\n\nFrom: ana@example.com\nDate: Mon, 02 Mar 2026 09:30:00 +0000\n\n25 days."
    assert draft.warnings == ("attachments not read: tool.exe",)
    assert draft.metadata["author"] == "ana@example.com"


def test_pictures_inside_an_html_message_are_no_attachments() -> None:
    message = EmailMessage()
    message["Subject"] = "Hi"
    message.set_content("<p>See <img src='cid:logo'></p>", subtype="html")
    message.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo>")
    message.make_mixed()
    message.add_attachment("年休假".encode("gb18030"), maintype="text", subtype="plain", filename="休假.txt")
    draft = load(message.as_bytes(), "a.eml", LIMITS)
    assert (draft.text, draft.warnings) == ("Hi\n\nSee", ())
    assert list(members(message.as_bytes(), "a.eml")) == ["a.eml", "a.eml/休假.txt"]


def test_an_email_in_a_charset_that_it_does_not_name() -> None:
    data = b"Subject: Urlaub\nFrom: x@example.com\n\n" + "员工每年享有年休假，详见员工手册。".encode("gb18030")
    assert load(data, "a.eml", LIMITS).text.endswith("员工每年享有年休假，详见员工手册。")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"Subject: A\n\ntext", False),
        (b'Subject: A\nContent-Type: multipart/alternative; boundary="x"\n\n--x\n\nA\n--x--\n', False),
        (b'Subject: A\nContent-Type: Multipart/Mixed; boundary="x"\n\n--x\n\nA\n--x--\n', True),
        (make.eml("A", "b", {"c.txt": b"x"}), True),
        (make.eml("A", "b", messages=(make.eml("B", "c"),)), True),
    ],
)
def test_only_an_email_that_may_have_attachments_is_opened(data: bytes, expected: bool) -> None:
    assert holds("a.eml", data) is expected


def test_an_email_with_more_attachments_than_the_limit() -> None:
    data = make.eml("A", "b", {f"{number}.txt": b"x" for number in range(5)})
    found = members(data, "a.eml", LimitSettings(members=3))
    assert [bool(member.refused) for member in found.values()] == [False, False, False, False, True]
    assert (
        found["a.eml/3.txt"].refused
        == "more than 3 files in one file: this one is not read, nor 1 more (limits.members)"
    )


# --- outlook ----------------------------------------------------------------------------------------------------------


def attachment(name: str, data: bytes) -> make.Tree:
    return make.message_tree({0x3707: name}, {0x3701: data}, head=8)


def test_msg() -> None:
    tree = make.message_tree(
        {
            0x0037: "年假 Leave",
            0x1000: "25 days.\r\nAsk early.",
            0x0C1A: "Ana",
            0x5D01: "ana@example.com",
            0x0E04: "Bo",
        },
        fixed=dict([SENT]),
    )
    draft = load(make.msg(tree), "a.msg", LIMITS)
    assert draft.text == (
        "年假 Leave\n\nFrom: Ana <ana@example.com>\nTo: Bo\nDate: 2025-08-18 14:13 UTC\n\n25 days.\nAsk early."
    )
    assert draft.title == "年假 Leave"


def test_msg_in_a_code_page() -> None:
    tree = make.message_tree({0x0037: "年休假", 0x1000: "员工手册"}, fixed={0x3FFD: 936}, narrow="gb18030")
    assert load(make.msg(tree), "a.msg", LIMITS).text == "年休假\n\n员工手册"


def test_msg_of_html_and_of_compressed_rich_text() -> None:
    page = make.message_tree({0x0037: "A"}, {0x1013: "<p>Größe</p>".encode()}, {0x3FDE: 65001})
    assert load(make.msg(page), "a.msg", LIMITS).text == "A\n\nGröße"
    rich = rb"{\rtf1\ansi Hello \'e9\par}"
    stored = struct.pack("<IIII", len(rich) + 12, len(rich), 0x414C454D, 0) + rich
    assert load(make.msg(make.message_tree({0x0037: "A"}, {0x1009: stored})), "a.msg", LIMITS).text == "A\n\nHello é"


def test_compressed_rich_text_of_the_specification() -> None:
    """The examples of MS-OXRTFCP, section 3."""
    simple = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )
    assert inflate_rtf(simple, 1000) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert inflate_rtf(crossing, 1000) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_attachments_and_messages_inside_an_outlook_message() -> None:
    inner = make.message_tree({0x0037: "Inner", 0x1000: "Deep text."}, head=24)
    inner["__attach_version1.0_#00000000"] = attachment("deep.txt", b"deepest")
    holder = make.message_tree({0x3001: "Inner"}, head=8)
    holder["__substg1.0_3701000D"] = inner
    tree = make.message_tree({0x0037: "Outer", 0x1000: "Text."})
    tree["__attach_version1.0_#00000000"] = attachment("plan.txt", b"Plan. " * 1000)
    tree["__attach_version1.0_#00000001"] = holder
    tree["__attach_version1.0_#00000002"] = attachment("x.exe", b"MZ\x90")
    data = make.msg(tree)
    found = members(data, "a.msg")
    assert list(found) == ["a.msg", "a.msg/plan.txt", "a.msg/Inner.eml", "a.msg/Inner.eml/deep.txt"]
    assert found["a.msg/plan.txt"].data == b"Plan. " * 1000
    assert load(found["a.msg/Inner.eml"].data, "Inner.eml", LIMITS).text == "Inner\n\nDeep text."
    assert load(data, "a.msg", LIMITS).warnings == ("attachments not read: x.exe",)


def test_a_part_that_claims_to_be_larger_than_its_file_is_refused_at_once() -> None:
    """The table of small parts, at byte 64 of the head: its sectors may go in a ring."""
    data = make.msg(make.message_tree({0x0037: "A", 0x1000: "Text."}))
    changed = data[:64] + struct.pack("<I", 0x7FFFFFFF) + data[68:]
    with pytest.raises(DocumentRefused, match="broken MSG"):
        load(changed, "a.msg", LIMITS)


@pytest.mark.parametrize("size", [600, 2000, 4000])
def test_a_cut_off_outlook_message_is_refused(size: int) -> None:
    data = make.msg(make.message_tree({0x0037: "A", 0x1000: "text " * 2000}))
    with pytest.raises(DocumentRefused):
        load(data[:size], "a.msg", LIMITS)

"""ZIP archives, and how an ingest treats what is inside a file."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import more_files as make
import pytest

from ragkb import KnowledgeBase, Principal
from ragkb.errors import InputError
from ragkb.ingest.members import expand
from ragkb.models import Embedder
from ragkb.settings import LimitSettings

LIMITS = LimitSettings()


def listed(data: bytes, limits: LimitSettings = LIMITS, name: str = "a.zip") -> list[tuple[str, str]]:
    return [(member.source, member.refused) for member in expand(data, name, limits)]


def test_names_of_members_are_safe_and_unique() -> None:
    parts = {
        "../../etc/a.txt": "1",
        "/abs/b.txt": "2",
        "C:\\w\\c.txt": "3",
        "x/../etc/a.txt": "4",
        "\x07\u202ee.txt": "5",
    }
    names = [name for name, _ in listed(make.archive(parts))]
    assert names == ["a.zip/etc/a.txt", "a.zip/abs/b.txt", "a.zip/w/c.txt", "a.zip/x/etc/a.txt", "a.zip/e.txt"]
    assert [name for name, _ in listed(make.archive({"a.txt": "1", "./a.txt": "2"}))] == [
        "a.zip/a.txt",
        "a.zip/a (2).txt",
    ]


def test_names_in_the_code_page_of_another_system() -> None:
    data = make.archive({"xxxx.txt": "1"})
    assert listed(data.replace(b"xxxx", "合同".encode("gb18030"))) == [("a.zip/合同.txt", "")]


def test_what_systems_leave_behind_is_skipped() -> None:
    data = make.archive({"__MACOSX/._a.txt": "x", ".DS_Store": "x", "b/": "", "c.txt": "x"})
    assert listed(data) == [("a.zip/c.txt", "")]
    assert listed(make.archive({".hidden": "x"})) == [("a.zip", "the archive holds no files")]


def test_archives_inside_each_other_up_to_the_limit() -> None:
    data = make.archive({"x.txt": "x"})
    for level in (3, 2, 1):
        data = make.archive({f"{level}.zip": data, f"{level}.txt": "y"})
    found = listed(data)
    assert [name for name, refused in found if not refused] == [
        "a.zip/1.zip/2.zip/3.txt",
        "a.zip/1.zip/2.txt",
        "a.zip/1.txt",
    ]
    ((name, refused),) = [(name, refused) for name, refused in found if refused]
    assert (name, "limits.nesting" in refused) == ("a.zip/1.zip/2.zip/3.zip", True)


def test_members_are_refused_one_by_one() -> None:
    data = make.archive({"bomb.txt": "A" * 30_000_000, "b.txt": "x"})
    refused = dict(listed(data))
    assert "zip bomb" in refused["a.zip/bomb.txt"]
    assert refused["a.zip/b.txt"] == ""


def flagged(data: bytes, bit: int) -> bytes:
    """The archive with a flag set on its first member, in both of its headers."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(signature) + offset
        struct.pack_into("<H", changed, place, struct.unpack_from("<H", data, place)[0] | bit)
    return bytes(changed)


def test_an_encrypted_member_is_refused_and_the_others_are_read() -> None:
    data = flagged(make.archive({"a.txt": "secret", "b.txt": "open"}), 1)
    assert listed(data) == [("a.zip/a.txt", "encrypted with a password"), ("a.zip/b.txt", "")]


def test_a_link_in_an_archive_is_refused() -> None:
    import io

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        entry = zipfile.ZipInfo("a.txt")
        entry.external_attr = 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    assert listed(stream.getvalue()) == [("a.zip/a.txt", "a link")]


def test_a_damaged_member_is_refused_and_the_others_are_read() -> None:
    data = make.archive({"a.txt": "hello hello", "b.txt": "open"}, zipfile.ZIP_STORED)
    (first, refused), second = listed(data.replace(b"hello hello", b"jello hello"))
    assert (first, second) == ("a.zip/a.txt", ("a.zip/b.txt", ""))
    assert "CRC" in refused


def overlapping() -> bytes:
    """Two entries of the directory over the same bytes, as zip bombs have them by the thousand."""
    data = make.archive({"aa": "x" * 500, "bb": "y"})
    directory = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", directory + 4)
    changed = bytearray(data)
    struct.pack_into("<I", changed, second + 42, 0)
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (overlapping(), LIMITS, "overlap"),
        (make.archive({"a.txt": "x" * 5000}), LimitSettings(inflated_bytes=4000), "inflated_bytes"),
        (make.archive({"a.txt": "x", "b.txt": "y"}), LimitSettings(members=1), "members"),
    ],
)
def test_an_archive_that_must_not_be_opened(data: bytes, limits: LimitSettings, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        listed(data, limits)


def test_limits_hold_over_all_archives_inside() -> None:
    inner = make.archive({"a.txt": "x" * 5000})
    outer = make.archive({"1.zip": inner, "2.zip": inner, "3.txt": "z"}, zipfile.ZIP_STORED)
    found = listed(outer, LimitSettings(inflated_bytes=len(inner) * 2 + 6000))
    assert [bool(refused) for _, refused in found] == [False, True, False]


def test_a_damaged_archive_is_refused() -> None:
    from ragkb.ingest.loaders import load

    data = make.archive({"a.txt": "x" * 5000})[:60]
    for read in (listed, lambda data: load(data, "a.zip", LIMITS)):
        with pytest.raises(InputError, match="damaged ZIP"):
            read(data)
    assert "damaged ZIP" in dict(listed(make.archive({"b.zip": data})))["a.zip/b.zip"]


# --- ingest -----------------------------------------------------------------------------------------------------------


def statuses(kb: KnowledgeBase, folder: Path, **options: bool) -> dict[str, str]:
    return {file.source: file.status for file in kb.ingest(folder, **options).files}


def test_members_are_ingested_recognised_and_pruned(tmp_path: Path, words: Embedder) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    box = folder / "box.zip"
    box.write_bytes(make.archive({"a.txt": "alpha leave", "b.txt": "beta leave", "c.xyz": "?"}))
    (folder / "mail.eml").write_bytes(make.eml("Subject", "body words", {"plan.txt": b"gamma plan"}))
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        first = statuses(kb, folder)
        assert first == {
            "box.zip/a.txt": "ingested",
            "box.zip/b.txt": "ingested",
            "box.zip/c.xyz": "refused",
            "mail.eml": "ingested",
            "mail.eml/plan.txt": "ingested",
        }
        again = statuses(kb, folder, prune=True)
        assert set(again.values()) == {"unchanged", "refused"}
        (folder / "copy.txt").write_text("alpha leave")
        assert statuses(kb, folder)["copy.txt"] == "ingested"
        box.write_bytes(make.archive({"a.txt": "alpha changed"}))
        third = statuses(kb, folder, prune=True)
        assert (third["box.zip/a.txt"], third["box.zip/b.txt"]) == ("ingested", "removed")
        box.write_bytes(b"PK\x03\x04 damaged")
        assert statuses(kb, folder, prune=True)["box.zip"] == "refused"
        assert "box.zip/a.txt" in {info.source for info in kb.documents(as_=Principal.admin())}
        box.unlink()
        assert statuses(kb, folder, prune=True)["box.zip/a.txt"] == "removed"
        (hit,) = kb.search("gamma plan", k=1)
        assert hit.source == "mail.eml/plan.txt"


def test_members_have_the_groups_of_their_file(tmp_path: Path, words: Embedder) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/box.zip").write_bytes(make.archive({"a.txt": "salary bands"}))
    (tmp_path / "docs/ragkb-manifest.toml").write_text('[[documents]]\nmatch = "*.zip"\ngroups = ["hr"]\n')
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        kb.ingest(tmp_path / "docs")
        assert kb.search("salary bands") == []
        assert len(kb.search("salary bands", as_=Principal("ana", groups=("hr",)))) == 1


def test_a_part_of_a_tree_ingested_alone_finds_its_archives_again(tmp_path: Path, words: Embedder) -> None:
    inner = tmp_path / "docs" / "hr"
    inner.mkdir(parents=True)
    (inner / "box.zip").write_bytes(make.archive({"a.txt": "alpha leave"}))
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        kb.ingest(tmp_path / "docs")
        assert statuses(kb, inner) == {"hr/box.zip/a.txt": "unchanged"}

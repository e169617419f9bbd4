from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ragkb import KnowledgeBase
from ragkb.errors import DocumentRefused, InputError, LimitExceeded, NotFound
from ragkb.ingest.sources import Attributes, attributes, find, read
from ragkb.models import Embedder
from ragkb.settings import LimitSettings

LIMITS = LimitSettings()


def tree(root: Path, **files: str) -> Path:
    """Files by path; `__` in a name stands for '/', a trailing `_md` and the like for the extension."""
    for name, text in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        path = root / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def names(root: Path) -> list[str]:
    return [file.source for file in find([root]) if not file.refused]


def test_files_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    tree(tmp_path, b_md="b", a__z_md="z", a_md="a", 员工_md="y", Z_md="z")
    (tmp_path / ".hidden.md").write_text("h")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.md").write_text("x")
    assert names(tmp_path) == ["Z.md", "a.md", "a/z.md", "b.md", "员工.md"]


def test_single_file_has_its_folder_as_root(tmp_path: Path) -> None:
    tree(tmp_path, a__b_md="hello")
    (file,) = find([tmp_path / "a" / "b.md"])
    assert (file.root, file.source, file.size) == (str(tmp_path.resolve() / "a"), "b.md", 5)
    assert read(file, LIMITS) == b"hello"


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there")
def test_a_name_that_is_not_unicode_is_refused_and_the_others_go_in(tmp_path: Path, words: Embedder) -> None:
    folder = tree(tmp_path / "docs", a_md="alpha", box__b_md="beta")
    (folder / os.fsdecode(b"\xff\xfe.md")).write_text("gamma")
    (folder / os.fsdecode(b"\xc3x")).mkdir()
    (folder / os.fsdecode(b"\xc3x") / "c.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        report = kb.ingest(folder)
        assert {(file.source, file.status) for file in report.files} == {
            ("a.md", "ingested"),
            ("box/b.md", "ingested"),
            ("\ufffd\ufffd.md", "refused"),
            ("\ufffdx/c.zip", "refused"),
        }
        assert {file.reason for file in report.refused} == {"its name is not Unicode: rename it"}
        with pytest.raises(InputError, match="not Unicode"):
            kb.ingest(folder / os.fsdecode(b"\xc3x"))


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere: no such file or folder"):
        list(find([tmp_path / "nowhere"]))


def test_ignore_files_follow_gitignore(tmp_path: Path) -> None:
    tree(tmp_path, a_md="a", a_tmp="t", sub__keep_tmp="k", sub__b_md="b", drafts__c_md="c")
    (tmp_path / ".ragkbignore").write_text("*.tmp\n/drafts/\n")
    (tmp_path / "sub" / ".ragkbignore").write_text("!keep.tmp\nb.md\n")
    assert names(tmp_path) == ["a.md", "sub/keep.tmp"]


def test_links_stay_inside(tmp_path: Path) -> None:
    root = tree(tmp_path / "root", a_md="a", sub__b_md="b")
    outside = tree(tmp_path / "outside", secret_md="s")
    (root / "inside.md").symlink_to(root / "a.md")
    (root / "file.md").symlink_to(outside / "secret.md")
    (root / "folder").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "gone.md").symlink_to(root / "missing")
    assert names(root) == ["a.md", "inside.md", "sub/b.md"]
    refused = {file.source: file.refused for file in find([root]) if file.refused}
    assert sorted(refused) == ["file.md", "folder", "gone.md"]
    assert set(refused.values()) == {"a link that leaves the folder or leads nowhere"}


def test_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    (file,) = find([tmp_path])
    assert file.refused == "not a regular file but a pipe"
    with pytest.raises(DocumentRefused):
        read(file, LIMITS)


def test_file_swapped_for_a_link_is_not_read(tmp_path: Path) -> None:
    tree(tmp_path, a_md="a")
    (file,) = find([tmp_path])
    (tmp_path / "a.md").unlink()
    (tmp_path / "a.md").symlink_to("/etc/passwd")
    with pytest.raises(DocumentRefused):
        read(file, LIMITS)


def test_large_file_is_refused_unread(tmp_path: Path) -> None:
    with open(tmp_path / "sparse.md", "wb") as stream:
        stream.truncate(10_000_000_000)
    (file,) = find([tmp_path])
    with pytest.raises(LimitExceeded):
        read(file, LIMITS)


MANIFEST = """
[[documents]]
match = "*.md"
groups = ["staff"]
title = "Outer"
metadata = { year = 2024, site = "Brno" }

[[documents]]
match = "b.md"
groups = ["legal"]
metadata = { year = 2025 }
"""


def test_manifest_entries_win_key_by_key(tmp_path: Path) -> None:
    tree(tmp_path, a_md="a", b_md="b", sub__c_md="c", sub__d_txt="d")
    (tmp_path / "ragkb-manifest.toml").write_text(MANIFEST)
    (tmp_path / "sub" / "ragkb-manifest.toml").write_text(
        '[[documents]]\nmatch = "c.md"\ngroups = []\nlanguage = "zh"\n'
    )
    found = {file.source: attributes(file) for file in find([tmp_path])}
    assert found == {
        "a.md": Attributes(("staff",), "Outer", "", {"year": 2024, "site": "Brno"}),
        "b.md": Attributes(("legal",), "Outer", "", {"year": 2025, "site": "Brno"}),
        "sub/c.md": Attributes((), "Outer", "zh", {"year": 2024, "site": "Brno"}),
        "sub/d.txt": Attributes(None, "", "", {}),
    }


def test_manifest_counts_for_a_single_file(tmp_path: Path) -> None:
    tree(tmp_path, b_md="b")
    (tmp_path / "ragkb-manifest.toml").write_text(MANIFEST)
    (file,) = find([tmp_path / "b.md"])
    assert attributes(file).groups == ("legal",)


@pytest.mark.parametrize(
    "text",
    [
        "not toml",
        "[[document]]\nmatch = '*'",
        "[[documents]]\ngroups = ['a']",
        "[[documents]]\nmatch = '*'\ngroup = ['a']",
        "[[documents]]\nmatch = '*'\ngroups = 'a'",
        "[[documents]]\nmatch = '*'\ngroups = [1]",
        "[[documents]]\nmatch = '*'\ngroups = ['*']",
        "[[documents]]\nmatch = '*'\nmetadata = { a = [1] }",
        "[documents]\nmatch = '*'",
    ],
)
def test_manifest_that_is_not_understood_stops_everything(tmp_path: Path, text: str) -> None:
    tree(tmp_path, a_md="a", sub__b_md="b")
    (tmp_path / "sub" / "ragkb-manifest.toml").write_text(text)
    with pytest.raises(InputError, match=r"ragkb-manifest\.toml"):
        next(find([tmp_path]))

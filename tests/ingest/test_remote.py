"""Object stores, by fsspec's memory file system: what holds for folders holds for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from ragkb.errors import InputError, LimitExceeded, NotFound
from ragkb.ingest.sources import fetch, find, read
from ragkb.kb import KnowledgeBase
from ragkb.settings import LimitSettings
from ragkb.types import Principal
from tests.conftest import WordHashes

ROOT = "memory://bucket/docs"


@pytest.fixture
def bucket() -> Iterator[Any]:
    """A store with three documents; `put` writes more."""
    driver = fsspec.filesystem("memory")
    driver.store.clear()
    driver.pipe({f"/bucket/docs/{name}": f"About {name}".encode() for name in ("a.md", "hr/pay.md", "z.txt")})
    yield driver
    driver.store.clear()


def put(driver: Any, name: str, text: str) -> None:
    driver.pipe_file(f"/bucket/{name}", text.encode())


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes) -> KnowledgeBase:
    return KnowledgeBase.open(tmp_path / "kb", embedder=words)


def statuses(kb: KnowledgeBase, **options: Any) -> dict[str, str]:
    return {file.source: file.status for file in kb.ingest(ROOT, **options).files}


def test_a_bucket_is_ingested_and_unchanged_files_are_not_read(
    kb: KnowledgeBase, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert statuses(kb) == dict.fromkeys(("a.md", "hr/pay.md", "z.txt"), "ingested")
    opened: list[str] = []
    real = type(bucket).open
    monkeypatch.setattr(
        type(bucket), "open", lambda self, path, *a, **k: opened.append(path) or real(self, path, *a, **k)
    )
    assert statuses(kb) == dict.fromkeys(("a.md", "hr/pay.md", "z.txt"), "unchanged")
    assert [path for path in opened if not path.endswith("ragkb-manifest.toml")] == []
    put(bucket, "docs/a.md", "About a new a")
    assert statuses(kb)["a.md"] == "ingested"


def test_prune_removes_what_is_gone_from_the_bucket(kb: KnowledgeBase, bucket: Any) -> None:
    put(bucket, "docs-of-others/b.md", "b")
    kb.ingest("memory://bucket/docs-of-others")
    statuses(kb)
    bucket.rm("/bucket/docs/a.md")
    assert statuses(kb, prune=True)["a.md"] == "removed"
    assert [document.source for document in kb.documents()] == ["b.md", "hr/pay.md", "z.txt"]


def test_manifests_and_ignore_files_hold_at_every_level(bucket: Any) -> None:
    put(bucket, "docs/.ragkbignore", "z.txt\n/drafts/\n")
    put(bucket, "docs/drafts/ragkb-manifest.toml", "broken, but nobody reads it")
    put(bucket, "docs/drafts/x.md", "x")
    put(bucket, "docs/.hidden.md", "h")
    put(bucket, "docs/hr/ragkb-manifest.toml", '[[documents]]\nmatch = "*.md"\ngroups = ["hr"]\n')
    put(bucket, "ragkb-manifest.toml", '[[documents]]\nmatch = "docs/*.md"\ngroups = ["staff"]\n')
    found = {file.source: file.about.groups for file in find([ROOT])}
    assert found == {"a.md": ("staff",), "hr/pay.md": ("hr",)}


def test_groups_hold_for_a_part_and_for_a_single_file(kb: KnowledgeBase, bucket: Any) -> None:
    put(bucket, "docs/ragkb-manifest.toml", '[[documents]]\nmatch = "hr/**"\ngroups = ["hr"]\n')
    for part in (f"{ROOT}/hr", f"{ROOT}/hr/pay.md"):
        (file,) = find([part])
        assert (file.root, file.source, file.about.groups) == (f"{ROOT}/hr", "pay.md", ("hr",))
    kb.ingest(ROOT)
    assert [file.status for file in kb.ingest(f"{ROOT}/hr/pay.md").files] == ["unchanged"]
    assert [file.source for file in kb.documents()] == ["a.md", "z.txt"]


def test_a_sidecar_narrows_and_a_broken_one_hides(kb: KnowledgeBase, bucket: Any) -> None:
    statuses(kb)
    put(bucket, "docs/a.md.ragkb.toml", 'groups = ["legal"]\ntitle = "Alpha"\n')
    put(bucket, "docs/z.txt.ragkb.toml", "group = ")
    assert statuses(kb) == {"a.md": "ingested", "hr/pay.md": "unchanged", "z.txt": "refused"}
    assert [document.source for document in kb.documents()] == ["hr/pay.md"]
    seen = [document.title for document in kb.documents(as_=Principal.admin())]
    assert seen == ["Alpha", "pay"]


def test_a_manifest_that_the_store_does_not_show_stops_everything(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = type(bucket)._open

    def forbidding(self: Any, path: str, *rest: Any, **options: Any) -> Any:
        if path == "/bucket/ragkb-manifest.toml":
            raise PermissionError("AccessDenied")
        return real(self, path, *rest, **options)

    monkeypatch.setattr(type(bucket), "_open", forbidding)
    for address in (ROOT, f"{ROOT}/a.md"):
        with pytest.raises(InputError, match="AccessDenied"):
            list(find([address]))


def test_names_that_are_no_paths_are_refused(bucket: Any) -> None:
    for name in ("../outside.md", "a//b.md", "x/./y.md", "back\\slash.md", "new\nline.md", "bell\x07.md"):
        bucket.store[f"/bucket/docs/{name}"] = bucket.store["/bucket/docs/a.md"]
    found = list(find([ROOT]))
    assert sum(bool(file.refused) for file in found) == 6
    assert all(file.source.isprintable() for file in found)


def test_reading_is_bounded(bucket: Any) -> None:
    (file,) = find([f"{ROOT}/a.md"])
    assert fetch(file, LimitSettings()).name == "a.md"
    with pytest.raises(LimitExceeded):
        read(file, LimitSettings(file_bytes=3))


@pytest.mark.parametrize("address", ["memory://bucket/nothing", "memory://bucket/docs/none.md"])
def test_missing(bucket: Any, address: str) -> None:
    with pytest.raises(NotFound, match="no such file or folder"):
        list(find([address]))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("gopher://host/x", "not supported"),
        ("simplecache::memory://bucket", "not supported"),
        ("reference://x/y", "not supported"),
        ("sftp://ana:secret@host/x", "holds a password"),
        ("memory://", "names no bucket"),
        ("smb://host/share", "pip install smbprotocol"),
    ],
)
def test_addresses_that_cannot_be_used(address: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        list(find([address]))
    assert "secret" not in str(error.value)


def test_file_addresses_are_local_files(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    (tmp_path / "out.md").symlink_to("/etc/passwd")
    found = {file.source: bool(file.refused) for file in find([f"file://{tmp_path}"])}
    assert found == {"a.md": False, "out.md": True}

"""Who may read a document when the command, manifests, a sidecar and the document itself have a say."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ragkb.errors import DocumentRefused
from ragkb.ingest.access import AccessUnclear, narrowed
from ragkb.ingest.dates import iso_date
from ragkb.ingest.loaders import load
from ragkb.kb import KnowledgeBase
from ragkb.settings import LimitSettings
from ragkb.types import Draft, Principal
from tests.conftest import WordHashes

ADMIN = Principal.admin()


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes) -> KnowledgeBase:
    return KnowledgeBase.open(tmp_path / "kb", embedder=words)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


def markdown(text: str) -> Draft:
    return load(text.encode(), "a.md", LimitSettings())


CHOICES = [(), ("a",), ("b",), ("a", "b"), ("b", "c")]


@pytest.mark.parametrize(
    ("given", "front", "sidecar"), list(itertools.product(CHOICES, [None, *CHOICES], [None, *CHOICES]))
)
def test_an_author_never_widens(given: tuple[str, ...], front: tuple[str, ...], sidecar: tuple[str, ...]) -> None:
    """Against the plain rule: who reads must be let in by the operator, by the sidecar and by the document."""
    said = [groups for groups in (given, front, sidecar) if groups]
    readers = {group for group in "abc" if all(group in groups for groups in said)}
    try:
        found = narrowed(narrowed(given, sidecar), front)
    except AccessUnclear:
        assert not readers
        return
    assert set(found) == (readers if said else set())
    assert bool(found) == bool(said)  # () is everyone: never the outcome of a narrowing


@pytest.mark.parametrize(
    ("front", "sidecar", "manifest", "command", "expected"),
    [
        ("", "", "", "", ()),
        ("groups: [hr]", "", "", "", ("hr",)),
        ("groups: hr", "", "", "staff,hr", ("hr",)),
        ("groups: []", "", "", "staff", ("staff",)),
        ("groups: [hr, all]", "", '["hr", "legal"]', "", ("hr",)),
        ("", 'groups = ["legal"]', '["hr", "legal"]', "", ("legal",)),
        ("groups: [hr, legal]", 'groups = ["legal", "it"]', '["hr", "legal"]', "it", ("legal",)),
        ("groups: [it]", "", '["hr"]', "it", None),
        ("groups: ['*']", "", "", "", None),
        ("groups: {a: b}", "", "", "", None),
        ("groups:", "", "", "", None),
        ("groups: [a\ntitle: x", "", "", "", None),
        ("Groups: [a]\ngroups: [b]", "", "", "", None),
        ("a: &x [b]\ngroups: *x", "", "", "", None),
        ("", 'group = ["hr"]', "", "", None),
        ("", "groups = [", "", "", None),
        ("", "groups = 'hr,it'", "", "", None),
    ],
)
def test_groups_of_a_document(
    kb: KnowledgeBase,
    docs: Path,
    front: str,
    sidecar: str,
    manifest: str,
    command: str,
    expected: tuple[str, ...] | None,
) -> None:
    (docs / "a.md").write_text("# Pay\n\nBand C.\n")
    kb.ingest(docs)  # public, before anybody said anything
    (docs / "a.md").write_text(f"---\n{front}\n---\n# Pay\n\nBand C.\n" if front else "# Pay\n\nBand C.\n")
    if sidecar:
        (docs / "a.md.ragkb.toml").write_text(sidecar)
    if manifest:
        (docs / "ragkb-manifest.toml").write_text(f'[[documents]]\nmatch = "*.md"\ngroups = {manifest}\n')
    report = kb.ingest(docs, groups=command.split(",") if command else ())
    found = [document.groups for document in kb.documents(as_=ADMIN)]
    assert found == ([] if expected is None else [expected])
    assert len(report.refused) == (expected is None)


def test_toml_front_matter_and_dates(kb: KnowledgeBase, docs: Path) -> None:
    (docs / "a.md").write_text(
        '+++\ntitle = "Travel"\nlanguage = "de"\ngroups = ["hr"]\ndate = 2024-05-12\nexpires = "1 June 2026"\n'
        "+++\nText.\n"
    )
    kb.ingest(docs)
    (found,) = kb.documents(as_=ADMIN)
    assert (found.title, found.language, found.groups) == ("Travel", "de", ("hr",))
    assert dict(found.metadata) == {"date": "2024-05-12", "expires": "2026-06-01"}
    assert kb.document(found.id, as_=ADMIN).text == "Text."


def test_the_manifest_wins_over_the_sidecar_and_that_over_front_matter(kb: KnowledgeBase, docs: Path) -> None:
    (docs / "a.md").write_text("---\ntitle: F\nowner: F\nsite: F\ndate: 2001-01-01\n---\nText.\n")
    (docs / "a.md.ragkb.toml").write_text('title = "S"\ndate = 2002-02-02\nmetadata = { owner = "S", kind = "S" }\n')
    (docs / "ragkb-manifest.toml").write_text('[[documents]]\nmatch = "*"\nmetadata = { owner = "M" }\n')
    report = kb.ingest(docs)
    assert [file.source for file in report.files] == ["a.md"]
    (found,) = kb.documents()
    assert found.title == "S"
    assert dict(found.metadata) == {"owner": "M", "site": "F", "kind": "S", "date": "2002-02-02"}


def test_a_sidecar_of_a_single_file_and_its_change_count(kb: KnowledgeBase, docs: Path) -> None:
    (docs / "a.md").write_text("Text.\n")
    (docs / "a.md.ragkb.toml").write_text('groups = ["hr"]\n')
    assert kb.ingest(docs / "a.md").count("ingested") == 1
    assert [document.groups for document in kb.documents(as_=ADMIN)] == [("hr",)]
    assert kb.ingest(docs).count("unchanged") == 1
    (docs / "a.md.ragkb.toml").write_text('groups = ["legal"]\n')
    assert kb.ingest(docs).count("ingested") == 1
    assert [document.groups for document in kb.documents(as_=ADMIN)] == [("legal",)]


def test_a_sidecar_that_is_a_link_hides(kb: KnowledgeBase, docs: Path) -> None:
    (docs / "a.md").write_text("Text.\n")
    (docs / "a.md.ragkb.toml").symlink_to("/dev/null")
    assert kb.ingest(docs).count("refused") == 1


def test_upload_is_narrowed_too(kb: KnowledgeBase) -> None:
    kb.ingest_bytes("a.md", b"---\ngroups: [hr]\n---\nText.", groups=("hr", "it"))
    assert [document.groups for document in kb.documents(as_=ADMIN)] == [("hr",)]
    assert kb.ingest_bytes("a.md", b"---\ngroups: [x]\n---\nText.", groups=("hr", "it")).count("refused") == 1
    assert list(kb.documents(as_=ADMIN)) == []


# --- front matter -----------------------------------------------------------------------------------------------------


def test_plain_values_mean_what_they_look_like() -> None:
    front = "code: 007\nanswer: no\nat: 12:30\nversion: 1.5\ncount: 3\ndraft: true\nwhen: 2024-01-31\nnested: {a: 1}\n"
    assert dict(markdown(f"---\n{front}---\nText").metadata) == {
        "code": "007", "answer": "no", "at": "12:30", "version": 1.5, "count": 3, "draft": True, "when": "2024-01-31",
    }  # fmt: skip


@pytest.mark.parametrize(
    "block",
    [
        "a: [1\n",
        "a: b: c\n",
        "a: &x 1\nb: *x\n",
        "a: !!python/object/apply:os.system [id]\n",
        "a: 1\na: 2\n",
        "[" * 9_000,
    ],
)
def test_broken_front_matter_stays_in_the_text_with_a_warning(block: str) -> None:
    draft = markdown(f"---\n{block}\n---\n\nText.")
    assert draft.text.endswith("Text.")
    assert "front matter was not understood" in draft.warnings[0]
    assert not draft.metadata


def test_broken_front_matter_that_names_groups_is_refused() -> None:
    with pytest.raises(DocumentRefused, match="names groups"):
        markdown("---\ntitle: a: b\ngroups: [hr]\n---\nText.")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-12", "2024-05-12"), ("2024-05-12T10:00:00Z", "2024-05-12"), ("D:20240512103000+02'00'", "2024-05-12"),
        ("Sun, 12 May 2024 10:00:00 +0200", "2024-05-12"), ("12 May 2024", "2024-05-12"),
        ("2024年5月12日", "2024-05-12"), ("May 12, 2024", "2024-05-12"),
        ("03/04/2024", ""), ("2024", ""), ("2024-13-45", ""), ("soon", ""), (None, ""),
    ],
)  # fmt: skip
def test_dates_have_one_form(value: object, expected: str) -> None:
    assert iso_date(value) == expected


def test_dates_of_files_become_metadata() -> None:
    mail = b"Date: Sun, 12 May 2024 10:00:00 +0200\nSubject: Hi\n\nText"
    page = b'<html><head><meta name="date" content="May 12, 2024"></head><body>Text</body></html>'
    for data, name in ((mail, "a.eml"), (page, "a.html")):
        assert load(data, name, LimitSettings()).metadata["date"] == "2024-05-12"

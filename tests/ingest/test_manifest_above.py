"""A part of a tree, ingested alone, keeps the groups that a manifest higher up gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.ingest import sources
from ragkb.kb import KnowledgeBase
from tests.conftest import WordHashes


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "hr" / "pay").mkdir(parents=True)
    (root / "ragkb-manifest.toml").write_text('[[documents]]\nmatch = "hr/pay/*.md"\ngroups = ["hr"]\n', "utf-8")
    (root / "hr" / "pay" / "bands.md").write_text("# Bands\n\nBand C starts at 61,000 euros.\n", "utf-8")
    return root


@pytest.mark.parametrize("part", ["", "hr", "hr/pay", "hr/pay/bands.md"])
def test_groups_hold_for_every_part(tree: Path, part: str) -> None:
    (file,) = sources.find([tree / part])
    assert sources.attributes(file).groups == ("hr",)


def test_a_part_ingested_later_is_the_same_document(tree: Path, tmp_path: Path, words: WordHashes) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words)
    kb.ingest(tree)
    report = kb.ingest(tree / "hr" / "pay" / "bands.md")
    assert [file.status for file in report.files] == ["unchanged"]
    assert list(kb.documents()) == []

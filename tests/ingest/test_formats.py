"""Every extension that is read, each with a real file; and what the page of formats says of them."""

from __future__ import annotations

import re
from pathlib import Path

import more_files as make
import pytest

from ragkb.ingest.loaders import EXTENSIONS, load
from ragkb.ingest.loaders.languages import LANGUAGES
from ragkb.ingest.members import expand
from ragkb.settings import LimitSettings

LIMITS = LimitSettings()
PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
PLAIN = b"Annual leave is 25 days.\n"


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
def test_every_extension_is_read(extension: str) -> None:
    data = make.examples().get(extension, PLAIN)
    drafts = [load(member.data, member.source, LIMITS) for member in expand(data, f"a{extension}", LIMITS)]
    assert any("25 days" in draft.text for draft in drafts)
    assert not any(draft.warnings for draft in drafts)


def test_only_plain_text_needs_no_example() -> None:
    plain = set(LANGUAGES) | {".log", ".markdown", ".md", ".rst", ".text", ".txt"}
    assert set(EXTENSIONS) == plain | set(make.examples())


def test_the_page_of_formats_lists_every_extension() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    listed = [name for row in rows for name in re.findall(r"`(\.\w+)`", row.split("|")[2])]
    assert sorted(listed) == sorted(EXTENSIONS)


def test_each_row_of_the_page_names_a_test_that_exists() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\|[^|]+\| `\.", line)]
    for row in rows:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row)
        assert named, row
        for file, name in named:
            assert f"def {name}(" in (Path(__file__).parent / file).read_text(), row

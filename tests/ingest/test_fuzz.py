"""Damaged files of every format: refused with a reason, or read with exact offsets. `make fuzz` makes more of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.ingest.fuzz import SAMPLES, check, fuzz
from ragkb.ingest.sandbox import Parser, parser
from ragkb.settings import IngestSettings, LimitSettings


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Parser]:
    with parser(IngestSettings(workers=1, hidden_text="mark"), LimitSettings(seconds=20)) as opened:
        yield opened


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_damaged_files_are_refused_or_read_exactly(sandbox: Parser, kind: str) -> None:
    assert check(sandbox, SAMPLES[kind](), f"good.{kind}") == "accepted"
    seen = fuzz(sandbox, kind, examples=25, number=7)
    assert seen["accepted"] + seen["refused"] >= 20

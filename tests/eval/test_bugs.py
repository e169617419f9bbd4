"""The bugs that `make gate` seeds: what they replace is there, and comes back."""

from __future__ import annotations

import pytest

from benchmarks.evaluation import bugs, ingest_bugs
from ragkb.answer.sources import Sources
from ragkb.ingest import chunk
from ragkb.retrieve import current, search
from ragkb.settings import Settings
from ragkb.text import tokens

SEEDED = {**bugs.BUGS, **bugs.SUBTLE, **ingest_bugs.BUGS}
PLACES = ((search, "marked"), (search, "dense_weight"), (Sources, "cite"), (chunk._Contexts, "of"), (tokens, "stem"))


@pytest.mark.parametrize("name", list(SEEDED))
def test_a_bug_is_put_in_and_taken_out(name: str) -> None:
    def state() -> list[object]:
        return [getattr(owner, attribute) for owner, attribute in (*PLACES, (current, "shared_embedder"))]

    before = state()
    with SEEDED[name]():
        pass
    assert state() == before


@pytest.mark.parametrize("name", [*bugs.SETTINGS, *ingest_bugs.SETTINGS])
def test_a_setting_goes_wrong(name: str) -> None:
    right = Settings()
    assert {**bugs.SETTINGS, **ingest_bugs.SETTINGS}[name](right) != right
    assert right == Settings()

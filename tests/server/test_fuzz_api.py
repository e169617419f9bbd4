"""A thousand requests made from the OpenAPI document; `make api-fuzz` makes ten thousand, sequences too."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.server.fuzz import fuzz
from ragkb.kb import KnowledgeBase


@pytest.mark.parametrize("known", [True, False])
def test_no_answer_that_the_document_does_not_allow(kb: KnowledgeBase, serve: Any, known: bool) -> None:
    _, key = kb.ledger.keys.create("root", "admin")
    with serve(kb) as client:
        held, cases, printed = fuzz(str(client.base_url).rstrip("/"), key * known, 45, "fuzzing")
    assert held, printed
    assert cases >= 500

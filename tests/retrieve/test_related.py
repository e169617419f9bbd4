"""Documents like a given one."""

from __future__ import annotations

import pytest

from ragkb.errors import InputError, LimitExceeded, NotFound
from ragkb.kb import KnowledgeBase
from ragkb.types import Principal

ADMIN = Principal.admin()


def _id(kb: KnowledgeBase, source: str) -> str:
    return next(one.id for one in kb.documents(as_=ADMIN) if one.source == source)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("products/hb-200-datasheet.md", "hb-200e"),
        ("finance/差旅费用报销办法.pdf", "finance/发票"),
    ],
)
def test_a_document_is_like_those_on_its_subject(sample_kb: KnowledgeBase, source: str, wanted: str) -> None:
    id = _id(sample_kb, source)
    found = sample_kb.related(id, k=5, as_=ADMIN)
    assert len(found) == 5
    assert any(wanted in one.document.source for one in found[:3])
    assert id not in [one.document.id for one in found]
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_only_visible_documents_are_related_and_a_hidden_one_has_none(sample_kb: KnowledgeBase) -> None:
    restricted = [one for one in sample_kb.documents(as_=ADMIN) if one.groups]
    open_to_all = {one.id for one in sample_kb.documents()}
    for id in sorted(open_to_all)[:10]:
        assert {one.document.id for one in sample_kb.related(id, k=50)} <= open_to_all - {id}
    with pytest.raises(NotFound) as hidden:
        sample_kb.related(restricted[0].id)
    with pytest.raises(NotFound) as absent:
        sample_kb.related("nothing")
    assert hidden.value.message.replace(restricted[0].id, "nothing") == absent.value.message


def test_k_is_checked(sample_kb: KnowledgeBase) -> None:
    id = next(sample_kb.documents()).id
    with pytest.raises(InputError):
        sample_kb.related(id, k=0)
    with pytest.raises(LimitExceeded):
        sample_kb.related(id, k=100_000)

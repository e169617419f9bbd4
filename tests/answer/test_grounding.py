"""How well evidence supports a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkb.answer.grounding import support

TEXT = "The mileage allowance is 0.38 euros per kilometre."


@pytest.mark.parametrize(
    "sentence", [TEXT, "苏州员工结婚可以请13天假。", "| D-14 | 铜管压扁 | 报废 |", "2026-05-12", "Ångström"]
)
def test_a_verbatim_quote_is_supported_wholly(sentence: str) -> None:
    assert support(sentence, [sentence]) == 1.0
    assert support(sentence, ["Something else.", f"Before. {sentence} After."]) == 1.0


@pytest.mark.parametrize(
    "sentence",
    [
        "The mileage allowance is 0.48 euros per kilometre.",
        "In 2025 the mileage allowance is 0.38 euros per kilometre.",
    ],
)
def test_a_made_up_number_is_hardly_supported_however_much_else_agrees(sentence: str) -> None:
    assert support(sentence, [TEXT]) <= 0.2


def test_other_words_lower_it_and_no_evidence_is_none() -> None:
    assert support(TEXT, ["Nothing of note."]) < 0.5
    assert support(TEXT, []) == 0.0
    assert support(TEXT, [""]) == 0.0
    assert support("The allowance is zebra.", [TEXT]) < 1.0


def test_words_may_come_from_several_pieces_of_evidence() -> None:
    assert support("pump canteen", ["The pump.", "The canteen."]) == 1.0
    assert support("pump canteen", ["The pump."]) < 1.0


@given(st.text(), st.lists(st.text(), max_size=3))
def test_it_is_always_a_share(sentence: str, evidence: list[str]) -> None:
    assert 0.0 <= support(sentence, evidence) <= 1.0
    assert (
        support(sentence, [*evidence, sentence]) == 1.0 or not sentence.strip() or support(sentence, [sentence]) < 1.0
    )


@pytest.mark.parametrize("sentence", ["", " ", "…", "|"])
def test_a_sentence_without_words_is_no_nan(sentence: str) -> None:
    assert support(sentence, []) == 0.0
    assert 0.0 <= support(sentence, ["text"]) <= 1.0

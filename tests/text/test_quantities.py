from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkb.text.quantities import quantities, rounds_to


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The fee is $5 and 1,234.50 kg.", [("5", "dollar"), ("1234.50", "kilogram")]),
        ("1.2 million euros, a 14-day notice, 38% off", [("1200000", "euro"), ("14", "day"), ("38", "percent")]),
        ("twenty-five weeks", [("25", "week")]),
        ("See [3] and [4, 5].", []),
        ("2. Wait for 30 minutes", [("30", "minute")]),
        ("每晚四百五十元，十四天，3.5万元", [("450", "yuan"), ("14", "day"), ("35000", "yuan")]),
        ("HX-200", [("200", "")]),
        ("5 minutely", [("5", "")]),
    ],
)
def test_numbers_have_one_form_and_their_unit(text: str, found: list[tuple[str, str]]) -> None:
    expected = sorted((Decimal(value), unit) for value, unit in found)
    assert sorted((one.value, one.unit) for one in quantities(text)) == expected


def test_a_rounded_number_is_the_exact_one() -> None:
    assert rounds_to(Decimal("38.2"), Decimal("38"))
    assert not rounds_to(Decimal("38.2"), Decimal("39"))
    assert not rounds_to(Decimal("38"), Decimal("38.2"))


@given(st.text(alphabet="0123456789.,'%$ 千万亿十百零一二twoenhudrmilo-[]()٣", max_size=40))
def test_any_text_can_be_read(text: str) -> None:
    for one in quantities(text):
        assert one.value >= 0

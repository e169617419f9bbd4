"""Ranges of numbers as tables and rules give them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ragkb.text.quantities import Quantity
from ragkb.text.ranges import ranges


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("60 to 74 %", "64", "59"),
        ("满10年不满20年", "12", "9"),
        ("more than 8 hours", "9", "7"),
        ("up to 5,000 EUR", "4999", "5001"),
        ("超过25公斤", "30", "20"),
        ("below 60 %", "59", "61"),
        ("100万元以上", "150", "99"),
    ],
)
def test_a_number_lies_in_a_range_or_not(text, inside, outside):
    (found,) = ranges(text)
    assert found.holds(Quantity(Decimal(inside), found.unit))
    assert not found.holds(Quantity(Decimal(outside), found.unit))


def test_another_unit_lies_in_no_range():
    (found,) = ranges("more than 8 hours")
    assert not found.holds(Quantity(Decimal(9), "kilogram"))


@pytest.mark.parametrize("text", ["2026-03-17", "TVI-90-C", "104 kg", "no number", ""])
def test_a_date_a_code_and_a_plain_number_are_no_range(text):
    assert list(ranges(text)) == []

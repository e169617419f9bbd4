"""The vocabulary: places in a text, and who may read."""

from __future__ import annotations

import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkb import types
from ragkb.types import Explain, Heading, Hit, Principal, headings_at, page_at

PAGES = (0, 100, 100, 250)  # the second page is empty


@pytest.mark.parametrize(("offset", "page"), [(0, 1), (99, 1), (100, 3), (249, 3), (250, 4), (9999, 4)])
def test_the_page_of_an_offset_counts_from_1_and_empty_pages_count(offset: int, page: int) -> None:
    assert page_at(PAGES, offset) == page


def test_a_format_without_pages_has_none() -> None:
    assert page_at((), 0) is None
    assert page_at((), 500) is None


@given(st.lists(st.integers(1, 50), max_size=8), st.integers(0, 500))
def test_an_offset_lies_on_the_last_page_that_starts_before_it(lengths: list[int], offset: int) -> None:
    starts = tuple(sum(lengths[:i]) for i in range(len(lengths) + 1))
    page = page_at(starts, offset)
    assert page == max(number for number, start in enumerate(starts, 1) if start <= offset)


HEADINGS = (
    Heading(10, 1, "Pumps"),
    Heading(50, 2, "HX-200"),
    Heading(80, 3, "Torque"),
    Heading(120, 2, "HX-300"),
    Heading(200, 1, "Fans"),
    Heading(230, 3, "Blades"),
)


@pytest.mark.parametrize(
    ("offset", "path"),
    [
        (0, ()),
        (10, ("Pumps",)),
        (49, ("Pumps",)),
        (50, ("Pumps", "HX-200")),
        (100, ("Pumps", "HX-200", "Torque")),
        (120, ("Pumps", "HX-300")),
        (210, ("Fans",)),
        (999, ("Fans", "Blades")),
    ],
)
def test_the_path_of_headings_is_what_stands_over_the_offset(offset: int, path: tuple[str, ...]) -> None:
    assert headings_at(HEADINGS, offset) == path


groups = st.lists(st.sampled_from(["hr", "it", "board", "*", ""]), max_size=3).map(tuple)


@given(groups, groups)
def test_reading_needs_a_shared_group_or_a_document_without_any(mine: tuple[str, ...], its: tuple[str, ...]) -> None:
    assert Principal("x", mine).may_read(its) == (its == () or any(group in its for group in mine))
    assert Principal.admin().may_read(its)


def test_nobody_has_no_group_and_is_no_administrator() -> None:
    assert types.NOBODY == Principal() == Principal("", (), False)


VALUES = [value for value in vars(types).values() if isinstance(value, type) and dataclasses.is_dataclass(value)]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_every_value_is_frozen_and_slotted(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(value)
    assert value.__doc__
    assert not value.__doc__.startswith(f"{value.__name__}(")  # said by a person


def test_a_hit_survives_pickling_and_cannot_be_changed() -> None:
    hit = Hit(1, 0.5, "id", "a.txt", "A", None, ("One",), 0, 4, "Text", Explain(1.0, None, 0.5))
    assert pickle.loads(pickle.dumps(hit)) == hit
    with pytest.raises(dataclasses.FrozenInstanceError):
        hit.rank = 2  # type: ignore[misc]

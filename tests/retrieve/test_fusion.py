"""Two scored lists into one: the arithmetic."""

from __future__ import annotations

import pytest

from ragkb.retrieve.fusion import above, convex, share
from ragkb.types import Explain


def test_cosines_are_counted_from_the_background() -> None:
    assert above([(7, 1.0), (8, 0.6), (9, 0.2), (5, 0.0)], 0.2) == {7: 1.0, 8: (0.6 - 0.2) / 0.8, 9: 0.0, 5: -0.25}


def test_bm25_is_a_share_of_the_most_that_there_could_be() -> None:
    assert share([(7, 6.0), (8, 3.0)], 12.0) == {7: 0.5, 8: 0.25}
    assert share([(7, 15.0), (8, 6.0)], 12.0) == {7: 1.0, 8: 6.0 / 15.0}
    assert share([(7, 0.0)], 0.0) == {7: 0.0}


def test_nothing_scales_to_nothing() -> None:
    assert above([], 0.2) == share([], 1.0) == {}
    assert convex({}, {}, 0.5) == []


def test_what_lies_under_the_background_counts_0_and_keeps_its_order() -> None:
    fused = convex({1: -0.5, 2: -0.25, 3: 0.5}, {4: 0.1}, 0.5)
    assert [(number, score) for number, score, _ in fused] == [(3, 0.25), (4, 0.05), (2, 0.0), (1, 0.0)]
    assert fused[2][2] == Explain(0.0, None, 0.5)


def test_fused_is_the_weighted_sum_and_a_leg_that_did_not_find_it_counts_0() -> None:
    fused = convex({1: 1.0, 2: 0.5}, {2: 0.8, 3: 1.0}, 0.25)
    assert [(number, score) for number, score, _ in fused] == [
        (3, 0.25 * 0 + 0.75 * 1.0),
        (2, 0.25 * 0.5 + 0.75 * 0.8),
        (1, 0.25 * 1.0 + 0.75 * 0),
    ]


def test_explain_says_what_each_leg_gave_and_none_where_it_found_nothing() -> None:
    explained = {number: explain for number, _, explain in convex({1: 0.0, 2: 0.5}, {2: 0.8}, 0.25)}
    assert explained == {1: Explain(0.0, None, 0.25), 2: Explain(0.5, 0.8, 0.25)}


def test_ties_are_ordered_by_number_whatever_leg_they_came_from() -> None:
    assert [number for number, _, _ in convex({9: 1.0, 3: 1.0}, {5: 1.0, 1: 1.0}, 0.5)] == [1, 3, 5, 9]
    assert [number for number, _, _ in convex({3: 1.0, 9: 1.0}, {1: 1.0, 5: 1.0}, 0.5)] == [1, 3, 5, 9]


@pytest.mark.parametrize(("weight", "order"), [(1.0, [1, 2]), (0.0, [2, 1])])
def test_the_weight_decides_which_leg_is_heard(weight: float, order: list[int]) -> None:
    assert [number for number, _, _ in convex({1: 1.0, 2: 0.2}, {1: 0.2, 2: 1.0}, weight)] == order

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from ragkb.eval.statistics import bootstrap, bootstrap_p, cluster_sums, fewest_changes, fewest_flips, holm, mcnemar


def test_sums_are_of_whole_documents() -> None:
    sums = cluster_sums([[(1, 1)], [(0, 1)], [(2, 3)]], ["a", "b", "a"])
    assert sums.tolist() == [[[3, 4]], [[0, 1]]]


def test_the_spread_is_the_standard_error_of_the_mean() -> None:
    values = np.random.default_rng(5).random(400)
    sums = np.stack([values, np.ones(400)], axis=1)[:, None, :]
    assert bootstrap(sums).std() == pytest.approx(values.std() / math.sqrt(400), rel=0.05)


def test_questions_about_one_document_count_as_one() -> None:
    pairs = [[(float(n % 2), 1.0)] for n in range(200) for _ in range(10)]  # ten equal questions for each document
    together = bootstrap(cluster_sums(pairs, [str(n) for n in range(200) for _ in range(10)])).std()
    alone = bootstrap(cluster_sums(pairs, [str(n) for n in range(2000)])).std()
    assert together / alone == pytest.approx(math.sqrt(10), rel=0.1)


def test_the_same_seed_gives_the_same_draws() -> None:
    sums = cluster_sums([[(float(n % 3), 1.0)] for n in range(50)], [str(n) for n in range(50)])
    assert np.array_equal(bootstrap(sums), bootstrap(sums))
    assert not np.array_equal(bootstrap(sums), bootstrap(sums, seed=1))


def test_no_difference_has_no_significance() -> None:
    assert bootstrap_p(np.zeros(100)) == 1
    assert bootstrap_p(np.full(99, 0.1)) == 2 / 100
    assert bootstrap_p(np.full(99, -0.1)) == 2 / 100


def test_mcnemar_is_a_fair_coin() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(5, 0) == 2 / 2**5
    assert mcnemar(1, 4) == mcnemar(4, 1) == 2 * (1 + 5) / 2**5


def test_holm_multiplies_the_smallest_most() -> None:
    assert holm({"a": 0.03, "b": 0.01, "c": 0.9}) == {"a": 0.06, "b": 0.03, "c": 0.9}
    assert holm({"a": 0.02, "b": 0.015}) == {"a": 0.03, "b": 0.03}  # never smaller than the one before


def test_the_fewest_changes_are_those_that_pass() -> None:
    least = fewest_flips(8)
    assert 8 * mcnemar(least, 0) <= 0.05 < 8 * mcnemar(least - 1, 0)
    assert 8 * 2 * math.exp(-fewest_changes(8)) <= 0.05 < 8 * 2 * math.exp(-(fewest_changes(8) - 1))


def test_ten_thousand_questions_are_resampled_in_a_moment() -> None:
    sums = np.random.default_rng(0).random((10_000, 16, 2))
    started = time.process_time()
    assert bootstrap(sums).shape[1] == 16
    assert time.process_time() - started < 3  # 0.2 s where nothing else runs

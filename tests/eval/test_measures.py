from __future__ import annotations

import math
import random
import warnings

import pytest

from ragkb.eval.measures import (
    answer_hit,
    mean,
    mrr,
    ndcg,
    normalise,
    percentile,
    quotes_f1,
    quotes_overlap,
    recall,
    token_f1,
)


def test_ndcg_divides_by_the_best_order() -> None:
    grades = {"a": 2, "b": 1}
    assert ndcg(["b", "x", "a"], grades, 10) == (1 / math.log2(2) + 2 / math.log2(4)) / (
        2 / math.log2(2) + 1 / math.log2(3)
    )
    assert ndcg(["a", "b"], grades, 10) == 1
    assert ndcg(["x", "a"], grades, 1) == 0


def test_recall_counts_relevant_documents_alone() -> None:
    assert recall(["a", "z", "b"], {"a": 1, "b": 2, "c": 1, "z": 0}, 3) == 2 / 3
    assert recall(["a"], {"a": 0}, 3) == 0


def test_mrr_is_of_the_first_relevant_within_k() -> None:
    assert mrr(["x", "a", "b"], {"a": 1, "b": 1}, 10) == 1 / 2
    assert mrr(["x", "a"], {"a": 1}, 1) == 0


def test_measures_agree_with_ir_measures_on_random_runs() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ir = pytest.importorskip("ir_measures")
    dice = random.Random(7)
    ours = {"nDCG@10": (ndcg, 10), "R@10": (recall, 10), "R@100": (recall, 100), "RR@10": (mrr, 10)}
    documents = [f"d{i}" for i in range(150)]
    qrels, run, ranked = {}, {}, {}
    for query in (f"q{i}" for i in range(40)):
        judged = dice.sample(documents, dice.randint(1, 30))
        qrels[query] = {document: dice.randint(0, 3) for document in judged} | {judged[0]: 1}
        ranked[query] = dice.sample(documents, dice.randint(1, 120))
        run[query] = {document: -float(rank) for rank, document in enumerate(ranked[query])}
    theirs = {name: ir.parse_measure(name) for name in ours}
    for metric in ir.iter_calc(list(theirs.values()), qrels, run):
        measure, k = ours[str(metric.measure)]
        query = metric.query_id
        assert measure(ranked[query], qrels[query], k) == pytest.approx(metric.value, abs=1e-9)


def test_mean_of_nothing_is_none() -> None:
    assert mean([1, None, 0]) == 0.5
    assert mean([None]) is None


def test_percentile_is_a_value_of_the_list() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0, 0.5, 0.75, 0.95, 1)] == [1, 2, 3, 4, 4]
    assert percentile([], 0.5) is None


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  The\n Fee ", "the fee"),
        ("1,234,567.5", "1234567.5"),
        ("1\u202f234 or 1'234", "1234 or 1234"),
        ("in 2019 200 people", "in 2019 200 people"),
        ("Ｆｅｅ：１２", "fee:12"),
        ("年假 为 5 天", "年假为5天"),
        ("the “fee” – it’s", 'the "fee" - it\'s'),
        ("Straße", "strasse"),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("text", "answer", "hit"),
    [
        ("The fee is 1,200 euros.", "1200", True),
        ("It lasts 16  Weeks.", "16 weeks", True),
        ("It costs 15 euros.", "5", False),
        ("It costs 1.5 euros.", "5", False),
        ("It costs 5.5 euros.", "5", False),
        ("It costs 5.", "5", True),
        ("I know.", "no", False),
        ("年假为 5 天。", "5天", True),
        ("年假为15天。", "5天", False),
        ("公司在北京。", "北京", True),
        ("anything", " ", False),
    ],
)
def test_answer_hit_looks_for_whole_words(text: str, answer: str, hit: bool) -> None:
    assert answer_hit(text, [answer]) is hit


def test_any_gold_answer_will_do() -> None:
    assert answer_hit("Berlin", ["Paris", "berlin"])
    assert not answer_hit("Berlin", [])


def test_token_f1_takes_the_best_answer() -> None:
    assert token_f1("sixteen weeks of leave", ["weeks leave", "x"]) == 2 * 2 / (4 + 2)
    assert token_f1("五天", ["五日"]) == 2 * 1 / (2 + 2)
    assert token_f1("The leave, a long one!", ["leave long one"]) == 1  # no articles, no punctuation, no case
    assert token_f1("a", []) == 0


def test_quotes_overlap_whatever_the_line_breaks() -> None:
    assert quotes_overlap("sixteen\nweeks", "entitled to sixteen weeks of leave")
    assert quotes_overlap(
        "A first sentence. The second sentence is rather long.", "The second sentence is\nrather long. X."
    )
    assert not quotes_overlap("The first sentence is this.", "The second sentence is that.")
    assert not quotes_overlap("", "text")


def test_quotes_overlap_whatever_the_bars_of_tables() -> None:
    assert quotes_overlap("Sight glass M30 55 Nm", "| Sight glass M30 | 55 | Nm |")
    assert not quotes_overlap("|", "| a |")


def test_quotes_f1_costs_what_is_too_long_and_what_is_left_out() -> None:
    assert quotes_f1(["sixteen weeks"], ["sixteen weeks"]) == 1
    assert quotes_f1(["sixteen weeks", "sixteen weeks"], ["sixteen weeks"]) == 1
    assert quotes_f1(["leave lasts sixteen weeks"], ["sixteen weeks"]) == 2 * 2 / (4 + 2)
    assert quotes_f1(["sixteen weeks"], ["sixteen weeks", "four days"]) == 2 * 2 / (2 + 4)
    assert quotes_f1([], ["sixteen weeks"]) == 0

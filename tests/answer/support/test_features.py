"""What is known of each word."""

from __future__ import annotations

import numpy as np
import pytest

from ragkb.answer.support.evidence import MOST_WORDS, gather
from ragkb.answer.support.features import ALIGNED, PLAIN, runs, word_features
from ragkb.answer.support.scorer import observe
from ragkb.answer.support.words import Words, hedges
from ragkb.models import Embedder


def plain(sentences: list[str], evidence: str) -> dict[str, list[float]]:
    words = Words.of(sentences)
    rows = word_features((sentences, words, None), gather([evidence], words, None), "")
    return {name: rows[:, n].tolist() for n, name in enumerate(PLAIN)}


def test_a_chinese_character_is_a_word_and_words_are_compared_by_stem() -> None:
    assert Words.of(["试用期 3 months"]).texts == ("试", "用", "期", "3", "months")
    assert plain(["Months passed."], "A month passes.")["held"] == [1.0, 1.0]


def test_runs_are_as_long_as_the_evidence_has_them() -> None:
    assert runs("a b c x a".split(), "z a b c".split()).tolist() == [3, 3, 3, 0, 1]
    assert runs(["a"], []).tolist() == [0]
    assert runs(list("abcdefghijk"), list("abcdefghijk")).max() == 8


def test_missing_words_in_a_row_are_counted() -> None:
    assert plain(["Pumps leak of purple zebras daily."], "Pumps leak daily.")["streak"] == [0, 0, 3, 3, 3, 0]


def test_the_sentence_that_fits_best_is_told_from_the_others() -> None:
    found = plain(["The pump weighs nine kilos."], "The pump weighs four kilos. The valve has nine holes.")
    assert found["held"] == [1, 1, 1, 1, 1]
    assert found["in_best"] == [1, 1, 1, 0, 1]


def test_a_number_keeps_its_company() -> None:
    text = "Leave lasts 14 weeks. The pump opens at 210 bar."
    assert plain(["Leave lasts 14 weeks"], text)["number_company"][2] == 1.0
    assert plain(["Leave lasts 210 weeks"], text)["number_company"][2] < 0.5


def test_saying_that_nothing_is_said_is_a_hedge() -> None:
    assert hedges("The passages do not mention a fee.")
    assert hedges("文件中未提到费用。")
    assert not hedges("The fee is 5 euros.")


def test_much_evidence_is_cut_to_the_blocks_that_have_the_answers_words() -> None:
    filler = ["Nothing of note happened in the town on that day. " * 12 for _ in range(20)]
    passages = [*filler, "The turbopump spins at 40,000 rpm.", *filler]
    evidence = gather(passages, Words.of(["The turbopump spins."]), None)
    assert len(evidence.words) <= MOST_WORDS
    assert any("turbopump" in sentence for sentence in evidence.sentences)


def test_token_states_add_their_columns_where_the_embedder_reads_the_answer(minilm: Embedder) -> None:
    seen = observe(["The fee is 5 euros."], ["The fee is 5 euros a day. It is paid late."], "", minilm)
    assert seen.columns == (*PLAIN, *ALIGNED)
    assert seen.model == "aligned"
    values = dict(zip(seen.columns, seen.rows.T.tolist(), strict=True))
    assert min(values["middle"]) > 0.6
    assert observe(["住宿标准为每晚四百五十元。"], ["住宿标准。"], "", minilm).model == "plain"


def test_states_do_not_depend_on_what_was_read_before(minilm: Embedder) -> None:
    sentence, passage = ["The fee is 5 euros."], "The fee is 5 euros a day."
    alone = observe(sentence, [passage], "", minilm).rows
    observe(["Another answer."], ["Another text. " * 60], "", minilm)
    assert np.array_equal(observe(sentence, [passage], "", minilm).rows, alone)


@pytest.mark.parametrize("sentences", [[""], ["…", "|"], [" "]])
def test_an_answer_without_words_has_no_rows(sentences: list[str]) -> None:
    assert len(observe(sentences, ["Text."], "", None).rows) == 0

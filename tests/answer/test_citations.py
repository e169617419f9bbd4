"""Citation marks as models write them, and replies read while they come."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from ragkb.answer.markers import without_marks
from ragkb.answer.reply import ReplyReader, Spoken

MARKS = [  # what a model writes, without its marks, the numbers
    ("It is so [1].", "It is so.", [1]),
    ("It is so. [1]", "It is so.", [1]),
    ("It is so.[1]", "It is so.", [1]),
    ("It is so [1, 2].", "It is so.", [1, 2]),
    ("It is so [1][2].", "It is so.", [1, 2]),
    ("It is so [1] [3].", "It is so.", [1, 3]),
    ("It is so [1-3].", "It is so.", [1, 2, 3]),
    ("It is so [1–3, 5].", "It is so.", [1, 2, 3, 5]),
    ("It is so [2 and 1].", "It is so.", [2, 1]),
    ("It is so (1).", "It is so.", [1]),
    ("It is so. (1)", "It is so.", [1]),
    ("It is so (1, 2).", "It is so.", [1, 2]),
    ("It is so [^1].", "It is so.", [1]),
    ("It is so [source 1].", "It is so.", [1]),
    ("It is so [Source: 1].", "It is so.", [1]),
    ("It is so [ID:1].", "It is so.", [1]),
    ("It is so [ID: 1, ID: 3].", "It is so.", [1, 3]),
    ("It is so [Doc 2].", "It is so.", [2]),
    ("It is so [document 2].", "It is so.", [2]),
    ("It is so (passage 2) today.", "It is so today.", [2]),
    ("It is so [Passage 1, p. 3].", "It is so.", [1]),
    ("It is so [[4]].", "It is so.", [4]),
    ("It is so【1】.", "It is so.", [1]),
    ("It is so【1†source】.", "It is so.", [1]),
    ("It is so ［１］.", "It is so.", [1]),
    ("It is so.¹", "It is so.", [1]),
    ("It is true²³.", "It is true.", [2, 3]),
    ("结果如此[1]。", "结果如此。", [1]),
    ("结果如此【1、2】。", "结果如此。", [1, 2]),
    ("结果如此（1）。", "结果如此。", [1]),
    ("结果如此[段落1]。", "结果如此。", [1]),
    ("结果如此[来源：2]。", "结果如此。", [2]),
    ("| HX-200 | 1,240 EUR [1] |", "| HX-200 | 1,240 EUR |", [1]),
    ("- It is so [1]", "- It is so", [1]),
    ("[1] It is so.", "It is so.", [1]),
    ("It is so [1]and not.", "It is so and not.", [1]),
    ("It is so [9].", "It is so.", []),  # not given
    ("It is so [0].", "It is so.", []),
    ("It is so [1-400].", "It is so.", [1]),
    ("It is so [ID:77, ID:2].", "It is so.", [2]),
]
NO_MARKS = [
    "It was so in [2024].",
    "An area of 5 m² and 10⁶ parts.",
    "See section 3 (2) of the plan.",
    "See section 3 (2).",
    "(1) First, (2) second.",
    "Step (1), then more.",
    "It is so (9).",
    "It [sic] is so.",
    "It is array[i] or f(x).",
    "It takes 14 days (two weeks).",
]


@pytest.mark.parametrize(("written", "text", "numbers"), MARKS, ids=[row[0] for row in MARKS])
def test_marks_are_read_in_all_forms(written: str, text: str, numbers: list[int]) -> None:
    clean, marks = without_marks(written, 5)
    assert clean == text
    assert [number for mark in marks for number in mark.numbers] == numbers


@pytest.mark.parametrize("text", NO_MARKS)
def test_what_is_no_mark_is_left_alone(text: str) -> None:
    assert without_marks(text, 5) == (text, [])


def read(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.text, one.numbers) for one in ReplyReader(5).read([text])]


def test_a_mark_belongs_to_the_sentence_that_it_follows() -> None:
    assert read("It is so [1]. It is not. [2] It may be.[3][4] And more.") == [
        ("It is so.", (1,)),
        ("It is not.", (2,)),
        ("It may be.", (3, 4)),
        ("And more.", ()),
    ]
    assert read("According to [2], it is so. It is not [3].") == [
        ("According to, it is so.", (2,)),
        ("It is not.", (3,)),
    ]
    assert read("一句话。[1]第二句话[2]。") == [("一句话。", (1,)), ("第二句话。", (2,))]


def test_marks_on_a_line_of_their_own_belong_to_the_line_before() -> None:
    assert read("It is so.\n[1][2]\n\nIt is not.\n[3]") == [("It is so.", (1, 2)), ("It is not.", (3,))]


def test_marks_at_the_start_of_a_line_belong_to_that_line() -> None:
    assert read("[1] It is so.\n[2] It is not.") == [("It is so.", (1,)), ("It is not.", (2,))]


def test_markup_goes_and_the_layout_stays() -> None:
    reply = (
        "## Leave\n\n**It is so** [1]:\n1. One [2].\n2. No.\n\n| a | b |\n|---|---|\n| c | d [3] |\n\n```\ncode\n```"
    )
    assert list(ReplyReader(3).read([reply])) == [
        Spoken("Leave", (), ""),
        Spoken("It is so:", (1,), "\n\n"),
        Spoken("One.", (2,), "\n1. "),
        Spoken("No.", (), "\n2. "),
        Spoken("| a | b |", (), "\n\n"),
        Spoken("| c | d |", (3,), "\n"),
        Spoken("code", (), "\n\n"),
    ]


@pytest.mark.parametrize(
    ("written", "text", "numbers"),
    [
        ("According to passage 3, leave is paid.", "Leave is paid.", (3,)),
        ("Based on the provided documents, leave is paid [1].", "Leave is paid.", (1,)),
        ("Passage 2 states that leave is paid.", "Leave is paid.", (2,)),
        ("Based on passages 1 and 2, leave is paid.", "Leave is paid.", (1, 2)),
        ("In Documents 4, 7 and 9, leave is paid.", "Leave is paid.", (4,)),  # five were given
        ("根据以上段落，产假为十四周[2]。", "产假为十四周。", (2,)),
        ("According to the law, leave is paid.", "According to the law, leave is paid.", ()),
        ("In information technology, leave is paid.", "In information technology, leave is paid.", ()),
        ("Here are 3 rules:", "Here are 3 rules:", ()),
    ],
)
def test_talk_of_the_passages_is_no_part_of_the_answer(written: str, text: str, numbers: tuple[int, ...]) -> None:
    assert read(written) == [(text, numbers)]


def test_what_says_nothing_is_left_out() -> None:
    assert read("Sure! Here is the answer:\n\n- Leave is paid [1].") == [("Leave is paid.", (1,))]
    assert read("Based on the given passages, here are the steps:\n1. Ask [2].") == [("Ask.", (2,))]
    assert read("好的！以下是答案：\n产假为十四周[1]。") == [("产假为十四周。", (1,))]


REPLIES = [
    "Parental leave lasts 14 weeks [1]. It is paid [1][2]. [3] And more.\n\n- First [1]\n- Second.\n[2]\n\nEnd.",
    "产假为十四周[1]。全薪【2】。之后还有更多内容在这里说明。更多\n内容[3]。",
    "[1] One line.\n[2] Another (see [the page](http://x.example/a)). ![x](http://e.example/?q=1. B) Tail text is.",
    "See **bold. Text** [1]. Dr. Smith came at 3.5 p.m. on Friday [2]! Yes <sup>1</sup>. &lt;b&gt; a < b.",
    "| a | b |\n|---|---|\n| HX | 3 EUR [1] |\n| HY | 4 EUR (2) |\nAll. It costs, e.g. for No. 7, a lot [source 3].",
]


@pytest.mark.parametrize("reply", REPLIES)
def test_however_a_reply_is_cut_into_pieces_it_is_read_the_same(reply: str) -> None:
    whole = list(ReplyReader(3).read([reply]))
    for seed in range(60):
        chance, pieces, start = random.Random(seed), [], 0
        while start < len(reply):
            length = chance.choice([1, 2, 3, 5, 8, 21])
            pieces.append(reply[start : start + length])
            start += length
        assert list(ReplyReader(3).read(pieces)) == whole, seed


def test_a_sentence_is_given_before_the_next_one_ends() -> None:
    def pieces() -> Iterator[str]:
        yield "It is so [1]. "
        yield "And this sentence is not finished but long"
        asked.append(len(given))
        yield "."

    asked: list[int] = []
    given: list[Spoken] = []
    given.extend(ReplyReader(1).read(pieces()))
    assert asked == [1]
    assert len(given) == 2


def test_a_reply_of_one_endless_line_is_read_in_linear_time() -> None:
    reply = "word " * 100_000
    assert sum(len(one.text.split()) for one in ReplyReader(1).read([reply])) >= 99_000

"""Sentences that run over the end of a page: whole for search and answers, cited on the page where they begin."""

from __future__ import annotations

from typing import Any

import pytest
from pdf_files import drawn

from ragkb.ingest.chunk import chunk
from ragkb.ingest.loaders import load
from ragkb.settings import ChunkSettings, LimitSettings
from ragkb.text.sentences import sentences
from ragkb.types import Draft

LEFT = "The auditor has to be told within"
RIGHT = "ten working days of any loss of keys. After that the locks are changed."


def pages(*texts: list[str]) -> Draft:
    def page(lines: list[str]) -> Any:
        def draw(sheet: Any) -> None:
            for number, line in enumerate(lines):
                sheet.drawString(72, 700 - 14 * number, line)

        return draw

    return load(drawn(*map(page, texts)), "a.pdf", LimitSettings())


def chunks(draft: Draft, tokens: int = 200) -> list[Any]:
    found = chunk(draft, "", lambda text: len(text.split()), ChunkSettings(tokens=tokens))
    assert all(draft.text[one.start : one.end] == one.text for one in found)
    assert "".join("".join(one.text.split()) for one in found) == "".join(draft.text.split())
    return found


def test_a_sentence_over_a_page_break_is_in_one_chunk_and_the_next_page_keeps_its_own() -> None:
    draft = pages(["Doors are locked at night.", LEFT], [RIGHT, "Spare keys are kept by the warden."])
    assert draft.text.startswith(RIGHT, draft.page_starts[1])
    first, second = chunks(draft)
    assert (first.page, first.text.split("\n")[-1]) == (1, "ten working days of any loss of keys.")
    assert (second.page, second.text) == (2, "After that the locks are changed.\nSpare keys are kept by the warden.")
    whole = [draft.text[start:end] for start, end in sentences(first.text)]
    assert whole[-1].replace("\n", " ") == f"{LEFT} ten working days of any loss of keys."


@pytest.mark.parametrize(
    ("end", "start"),
    [("Doors are locked.", "and keys are kept"), (LEFT, "Keys are kept."), ("3.1 Doors", "3.2 Keys")],
)
def test_pages_that_end_with_a_sentence_or_begin_with_another_stay_apart(end: str, start: str) -> None:
    draft = pages(["Doors are locked at night.", end], [start, "Spare keys are kept by the warden."])
    assert [one.page for one in chunks(draft)] == [1, 2]
    assert draft.text[draft.page_starts[1] - 2 : draft.page_starts[1]] == "\n\n"


def test_a_word_broken_between_two_pages_is_whole_on_the_first() -> None:
    draft = pages(
        ["All of the documen-"], ["tation is kept for ten years. It is secret.", "The documentation is long."]
    )
    assert draft.text.split("\n")[:2] == ["All of the documentation", "is kept for ten years. It is secret."]
    assert [(one.page, one.text.split("\n")[0]) for one in chunks(draft)] == [
        (1, "All of the documentation"),
        (2, "It is secret."),
    ]


def test_pages_of_one_endless_sentence_are_cut_where_they_end() -> None:
    draft = pages(*[["word and another word that goes on and on without any end of it,"] * 40 for _ in range(3)])
    found = chunks(draft)
    assert {one.page for one in found} == {1, 2, 3}
    assert all(one.start >= draft.page_starts[one.page - 1] for one in found)

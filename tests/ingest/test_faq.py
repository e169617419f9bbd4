"""Questions with their answers: one chunk a pair, found by its question, cited exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ingest_files as make
import pytest

from ragkb import KnowledgeBase
from ragkb.ingest.chunk import chunk
from ragkb.ingest.loaders import load
from ragkb.models import Embedder
from ragkb.settings import ChunkSettings, LimitSettings
from ragkb.types import Draft

LIMITS = LimitSettings()
PAIRS = [
    ("How long is leave?", "25 days."),
    ("Who approves it?", "The manager."),
    ("年假可以结转吗？", "可以，最多五天。"),
]


def draft(data: str | bytes, name: str) -> Draft:
    return load(data.encode() if isinstance(data, str) else data, name, LIMITS)


def units(found: Draft) -> list[str]:
    return [found.text[unit.start : unit.end] for unit in found.units]


def workbook(book: Any) -> None:
    for row in [("问题", "答案", "分类"), *((*pair, "hr") for pair in PAIRS)]:
        book.active.append(row)


ROWS = [{"question": question, "answer": answer} for question, answer in PAIRS]
LISTS = {
    "a.csv": "Question;Answer\n" + "".join(f'"{question}";"{answer}"\n' for question, answer in PAIRS),
    "b.csv": "id,Q,A\n" + "".join(f'{n},"{question}","{answer}"\n' for n, (question, answer) in enumerate(PAIRS)),
    "a.xlsx": make.xlsx(workbook),
    "a.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS),
    "a.json": json.dumps({"faq": ROWS}),
    "a.md": "# FAQ\n\n" + "".join(f"## {question}\n\n{answer}\n\n" for question, answer in PAIRS),
    "b.md": "# FAQ\n\n" + "".join(f"**Q: {question}**\n\nA: {answer}\n\n" for question, answer in PAIRS),
    "c.md": "| Question | Answer |\n|---|---|\n" + "".join(f"| {q} | {a} |\n" for q, a in PAIRS),
    "a.txt": "".join(f"问：{question}\n答：{answer}\n\n" for question, answer in PAIRS),
    "a.html": "<html><body>"
    + "".join(f"<details><summary>{question}</summary><p>{answer}</p></details>" for question, answer in PAIRS),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_pair_is_one_chunk(name: str) -> None:
    found = draft(LISTS[name], name)
    chunks = chunk(found, "Leave", lambda text: len(text.split()), ChunkSettings())
    for question, answer in PAIRS:
        (one,) = [item for item in chunks if question in item.text]
        assert answer in one.text
        assert not any(other in one.text for other, _ in PAIRS if other != question)
        assert found.text[one.start : one.end] == one.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "Question,Score\nHow?,3\nWho?,4\n"),
        ("a.csv", "Question,Answer\nOnly a heading,\nAnother,\nThird,x\n"),
        ("a.md", "# What is it?\n\nText.\n\n# Scope\n\nText.\n\n# Terms\n\nText.\n"),
        ("a.txt", "Q1: revenue rose.\n\nQ2: revenue fell.\n\nQ3: nothing.\n"),
        ("a.txt", "A: one\n\nB: two\n\nQ: three\n"),
        ("a.json", '[{"a": "x", "b": "y"}, {"a": "z", "b": "w"}]'),
    ],
)
def test_what_only_looks_like_questions_is_read_as_before(name: str, text: str) -> None:
    assert draft(text, name).units == ()


def test_other_columns_stand_under_the_answer() -> None:
    found = draft("Question,Answer,Owner\nHow?,So.,Ana\nWho?,Bo.,\n", "a.csv")
    assert units(found) == ["How?\n\nSo.\n\nOwner: Ana", "Who?\n\nBo."]
    assert [heading.title for heading in found.headings] == ["How?", "Who?"]


def test_an_answer_of_several_paragraphs_stays_whole() -> None:
    text = "Q: One?\nA: First.\n\nMore.\n\nQ: Two?\nA: Second.\n\nStill two.\n\nThe end of the page.\n"
    assert units(draft(text, "a.txt")) == ["Q: One?\nA: First.\n\nMore.", "Q: Two?\nA: Second.\n\nStill two."]


def test_an_answer_with_a_heading_and_a_table_stays_whole() -> None:
    answer = "### Steps\n\nAsk.\n\n| Site | Days |\n|---|---|\n| Brno | 25 |\n\nWait."
    found = draft(f"# FAQ\n\n## One?\n\n{answer}\n\n## Two?\n\nB.\n\n## Three?\n\nC.\n", "a.md")
    chunks = chunk(found, "Leave", lambda text: len(text.split()), ChunkSettings())
    assert [item.text.split("\n")[-1] for item in chunks] == ["Wait.", "B.", "C."]


def test_the_parts_of_an_answer_too_long_for_a_chunk_know_their_question() -> None:
    answer = "Every word of it counts. " * 40
    found = draft(f"Q: Why?\nA: {answer}\n\nQ: How?\nA: So.\n", "a.txt")
    settings = ChunkSettings(tokens=40, context_tokens=20)
    chunks = chunk(found, "Leave", lambda text: len(text.split()), settings)
    assert len(chunks) > 4
    assert [item.context for item in chunks[1:-1]] == ["Leave\nWhy?"] * (len(chunks) - 2)
    assert chunks[-1].text == "Q: How?\nA: So."


def test_a_pair_is_found_by_its_question(tmp_path: Path, words: Embedder) -> None:
    (tmp_path / "docs").mkdir()
    pairs = [(f"How does process number{number} work?", f"By rule{number}.") for number in range(40)]
    rows = "".join(f"{question},{answer}\n" for question, answer in pairs)
    (tmp_path / "docs/faq.csv").write_text(f"Question,Answer\n{rows}")
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        kb.ingest(tmp_path / "docs")
        (hit,) = kb.search("How does process number17 work?", k=1)
        assert hit.text == "How does process number17 work?\n\nBy rule17."
        assert kb.document(hit.document_id).text[hit.start : hit.end] == hit.text

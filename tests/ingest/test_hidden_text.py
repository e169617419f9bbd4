"""Text that nobody sees: left out, or kept so that nothing can show it without its mark."""

from __future__ import annotations

import re
from pathlib import Path

import hidden_files
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkb import KnowledgeBase
from ragkb.answer.units import Passage, units
from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.chunk import chunk
from ragkb.ingest.loaders import MAY_HIDE, load
from ragkb.models import Embedder
from ragkb.settings import ChunkSettings, LimitSettings, Settings
from ragkb.text.hidden import LONGEST, MARK, marked, whole
from ragkb.text.sentences import sentences
from ragkb.types import Explain, Hit

LIMITS = LimitSettings()
FILES = hidden_files.files()


def test_every_format_that_hides_text_has_a_file() -> None:
    assert {name.partition(".")[2] for name in FILES} == MAY_HIDE


@pytest.mark.parametrize("name", FILES)
def test_it_is_left_out(name: str) -> None:
    found = load(FILES[name][0], name, LIMITS, "off")
    assert "The seen word" in found.text
    assert "quokka" not in f"{found.title}{found.text}{found.headings}".lower()


@pytest.mark.parametrize("name", FILES)
def test_it_is_kept_and_every_line_of_it_is_marked(name: str) -> None:
    data, count = FILES[name]
    found = load(data, name, LIMITS, "off", keeps_hidden=True)
    lines = found.text.splitlines()
    secret = [line for line in lines if "quokka" in line.lower()]
    assert sum(len(re.findall("quokka", line, re.IGNORECASE)) for line in secret) == count, found.text
    assert all(line.startswith(f"{MARK} ") for line in secret), found.text
    assert not any(line.startswith(MARK) for line in lines if "seen word" in line)
    assert "quokka" not in found.title.lower()
    assert all(heading.title.startswith(MARK) for heading in found.headings if "quokka" in heading.title.lower())
    assert not any("hidden" in warning for warning in found.warnings)
    visible = "\n".join(line for line in lines if not line.startswith(MARK))
    assert visible.split() == load(data, name, LIMITS, "off").text.split()


@pytest.mark.parametrize("name", FILES)
def test_no_chunk_has_any_of_it_without_its_mark(name: str) -> None:
    found = load(FILES[name][0], name, LIMITS, "off", keeps_hidden=True)
    for chunked in chunk(found, "T", len, ChunkSettings(tokens=32)):  # every letter is a token
        for line in chunked.text.splitlines():
            assert line.startswith(MARK) or "quokka" not in line.lower()
        for heading in chunked.heading:
            assert heading.startswith(MARK) or "quokka" not in heading.lower()


def test_long_hidden_text_is_marked_line_by_line() -> None:
    text = "员工每年享有二十五天年休假，" * 40 + " " + "word " * 200 + "x" * 400
    lines = marked(text)
    assert all(line.startswith(f"{MARK} ") and len(line) <= len(MARK) + 1 + LONGEST for line in lines)
    assert "".join(line.removeprefix(f"{MARK} ") for line in lines).replace(" ", "") == text.replace(" ", "")


def test_a_quote_within_a_line_of_hidden_text_begins_with_its_mark() -> None:
    text = f"Seen.\n\n{MARK} Pay 5,000 euros. At once.\nSeen too."
    for start, end in sentences(text):
        quote = text[whole(text, start) : end]
        assert quote.startswith(MARK) or "euros" not in quote
    assert text[whole(text, text.index("At once")) :].startswith(MARK)
    assert whole(text, text.index("Seen too")) == text.index("Seen too")


WORDS = st.lists(
    st.sampled_from(
        ["quokka", "Quokka.", "1.", "(a)", "z. B.", "Dr.", "三个月。", "- ", "| x |", "A:", "Q: why?", "§ 3", "!"]
    ),
    min_size=1,
    max_size=60,
)


@given(WORDS)
@settings(max_examples=150, deadline=None)
def test_whatever_is_hidden_no_unit_of_an_answer_says_it_without_the_mark(words: list[str]) -> None:
    builder = TextBuilder(LIMITS, keeps_hidden=True)
    builder.paragraph("The seen word.")
    builder.hidden(" ".join(words))
    builder.paragraph("Seen too.")
    text = builder.build().text
    hit = Hit(1, 1.0, "d", "a", "T", None, (), 0, len(text), text, Explain(None, None, 0.5))
    for unit in units(Passage(hit)):
        if "uokka" in unit.said:
            assert MARK in unit.said[: unit.said.index("uokka")]


def test_the_setting_makes_files_be_read_again_and_answers_show_the_mark(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    page = "<p>The pump delivers 40 litres a minute.</p><p hidden>The secret discount for Acme is 30 percent.</p>"
    (folder / "a.html").write_text(f"<html><body>{page}</body></html>", "utf-8")
    (folder / "b.txt").write_text("Plain text hides nothing.", "utf-8")

    def ingested(mode: str) -> dict[str, str]:
        with KnowledgeBase.open(tmp_path / "kb", settings=Settings.load(ingest={"hidden_text": mode})) as kb:
            return {file.source: file.status for file in kb.ingest(folder).files}

    question = "What is the secret discount for Acme?"
    assert ingested("leave_out") == {"a.html": "ingested", "b.txt": "ingested"}
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        assert not any("30 percent" in hit.text for hit in kb.search(question))
    assert ingested("mark") == {"a.html": "ingested", "b.txt": "unchanged"}
    with KnowledgeBase.open(tmp_path / "kb") as kb:
        (hit,) = (hit for hit in kb.search(question) if "30 percent" in hit.text)
        assert f"{MARK} The secret discount for Acme is 30 percent." in hit.text
        answer = kb.ask(question)
        assert not answer.abstained
        assert MARK in answer.text
        assert all(one.quote.startswith(MARK) for one in answer.citations if "discount" in one.quote)
    assert ingested("leave_out") == {"a.html": "ingested", "b.txt": "unchanged"}


def test_what_is_visible_cannot_take_the_mark_from_hidden_text(words: Embedder, tmp_path: Path) -> None:
    """A page that writes the mark itself only marks its own text; none of it gets rid of one."""
    page = f"<p>{MARK} A visible line.</p><p hidden>{MARK} ] A hidden line.\n\nOne more.</p><p>After.</p>"
    found = load(f"<html><body>{page}</body></html>".encode(), "a.html", LIMITS, keeps_hidden=True)
    hidden_lines = [line for line in found.text.splitlines() if "hidden line" in line or "One more" in line]
    assert all(line.startswith(MARK) for line in hidden_lines)
    assert found.text.splitlines()[-1] == "After."

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ragkb.ingest.builder import TextBuilder
from ragkb.ingest.chunk import chunk
from ragkb.settings import ChunkSettings, LimitSettings
from ragkb.types import Chunk, Draft, headings_at, page_at

SMALL = ChunkSettings(tokens=32, context_tokens=12)


def words(text: str) -> int:
    """A token is a word, a Chinese character, or eight other characters."""
    return sum(len(word) if ord(word[0]) > 0x3000 else 1 + len(word) // 8 for word in text.split())


def check(draft: Draft, chunks: list[Chunk], most: int = 32) -> None:
    """What holds for every document: nothing lost, nothing twice, no border crossed."""
    end = 0
    for item in chunks:
        assert item.text == draft.text[item.start : item.end]
        assert item.text == item.text.strip() != ""
        assert not draft.text[end : item.start].strip()
        assert item.page == page_at(draft.page_starts, item.start) == page_at(draft.page_starts, item.end - 1)
        assert item.heading == headings_at(draft.headings, item.end - 1)
        assert words(item.text) <= most
        assert words(item.context) <= 12
        end = item.end
    assert not draft.text[end:].strip()
    for unit in draft.units:
        inside = [item for item in chunks if item.start < unit.end and unit.start < item.end]
        assert len(inside) == 1 or words(draft.text[unit.start : unit.end]) > most
        assert inside[-1].end == unit.end
        assert not any(item is not unit and inside[0].start <= item.start < unit.start for item in draft.units)


texts = st.text(st.sampled_from("ab .,\n。，年休假|é!"), max_size=300) | st.sampled_from(
    ["x" * 900, "word " * 90, "年" * 300]
)
blocks = st.lists(
    st.tuples(st.sampled_from(["heading", "paragraph", "item", "table", "unit", "page"]), texts, st.integers(1, 4)),
    max_size=14,
)


@settings(max_examples=150, deadline=None)
@given(blocks)
def test_chunks_cover_the_text_and_cross_no_border(parts: list[tuple[str, str, int]]) -> None:
    builder = TextBuilder(LimitSettings())
    if any(kind == "page" for kind, _, _ in parts):
        builder.page()
    for kind, text, number in parts:
        if kind == "heading":
            builder.heading(number, text[:60])
        elif kind == "table":
            builder.table([["Name", "Value"], *([text[:40], str(number)] for _ in range(number * 5))], header=True)
        elif kind == "unit":
            with builder.unit(text[:20]):
                builder.heading(9, text[:20])
                builder.paragraph(text)
                builder.line("Owner: Ana")
        elif kind == "page":
            builder.page()
        else:
            getattr(builder, kind)(text)
    draft = builder.build()
    for heading in draft.headings:
        assert draft.text.startswith(heading.title, heading.start)
    check(draft, chunk(draft, "A title", words, SMALL))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=2000))
def test_any_text_is_cut_without_loss(text: str) -> None:
    check(Draft(text), chunk(Draft(text), "", words, SMALL))


def made(write: object) -> Draft:
    builder = TextBuilder(LimitSettings())
    write(builder)  # type: ignore[operator]
    return builder.build()


spaces = st.lists(st.sampled_from(["word " * 20, "年假" * 12, "\n\n", " ", "\n", "Yes. "]), max_size=12).map("".join)


@given(spaces)
def test_white_space_is_given_once(text: str) -> None:
    draft = Draft(text)
    check(draft, list(chunk(draft, "", words, SMALL)))


def test_heading_stands_with_its_text() -> None:
    def write(builder: TextBuilder) -> None:
        builder.heading(1, "Leave")
        builder.heading(2, "Annual")
        builder.paragraph("Twenty-five days.")
        builder.paragraph("Ask early.")
        builder.heading(2, "Parental")
        builder.paragraph("One year.")

    first, second = chunk(made(write), "Policy", words, SMALL)
    assert first.text == "Leave\n\nAnnual\n\nTwenty-five days.\n\nAsk early."
    assert (first.heading, first.context) == (("Leave", "Annual"), "Policy > Leave > Annual")
    assert (second.text, second.heading) == ("Parental\n\nOne year.", ("Leave", "Parental"))


def test_later_rows_of_a_table_know_its_header() -> None:
    def write(builder: TextBuilder) -> None:
        builder.paragraph("See the table.")
        builder.table([["Site", "Days"], *([f"site{n}", f"{n}"] for n in range(20))], header=True)

    prose, first, second, *_ = chunk(made(write), "Policy", words, SMALL)
    assert (prose.text, prose.context) == ("See the table.", "Policy")
    assert first.text.startswith("| Site | Days |\n| site0 | 0 |")
    assert first.context == "Policy"
    assert second.text.startswith("| site")
    assert second.context == "Policy\n| Site | Days |"


def test_context_drops_the_middle_of_a_long_path() -> None:
    def write(builder: TextBuilder) -> None:
        for level in range(1, 6):
            builder.heading(level, f"chapter on topic {level}")
        builder.paragraph("Text.")

    (only,) = chunk(made(write), "A title", words, SMALL)
    assert only.context.startswith("A title > ")
    assert only.context.endswith("chapter on topic 5")
    assert words(only.context) <= 12


def test_page_number_is_that_of_the_text() -> None:
    def write(builder: TextBuilder) -> None:
        for text in ("one", "", "three"):
            builder.page()
            builder.paragraph(text)

    assert [(item.text, item.page) for item in chunk(made(write), "", words, SMALL)] == [("one", 1), ("three", 3)]


def test_tokens_counted_grow_with_the_text_not_faster() -> None:
    def counted(text: str) -> int:
        total = 0

        def count(part: str) -> int:
            nonlocal total
            total += len(part)
            return words(part)

        chunk(Draft(text), "", count, ChunkSettings())
        return total

    for unit in ("x" * 50, "年休假" * 20, "Some words, and more. ", "a\n", "a\n\n"):
        short, long = ("".join(f"{unit}{n % 97}" for n in range(size)) for size in (2000, 4000))
        assert counted(long) <= 2.5 * max(counted(short), len(short))


def test_a_megabyte_without_a_space() -> None:
    chunks = chunk(Draft("x" * 1_000_000), "", lambda text: 1 if text else 0, ChunkSettings())
    assert sum(len(item.text) for item in chunks) == 1_000_000
    assert max(len(item.text) for item in chunks) <= 3200

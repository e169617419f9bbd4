"""Questions that name a document: a company, a quarter, a year, the latest of its kind; and those that name none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.retrieve.routing import REPEATED, routed, unrouted
from ragkb.store.lexical_search import Words
from ragkb.types import NOBODY, Hit, Principal
from tests.conftest import WordHashes

QUARTERS = {"2022-09-30": "third", "2023-03-31": "first", "2023-06-30": "second"}
ADA = Principal("ada", ("finance",))


def _report(company: str, ended: str, quarter: str) -> str:
    """Twelve sections, none of which but the first says whose report it is."""
    year, month, day = ended.split("-")
    name = {"09": "September", "03": "March", "06": "June"}[month]
    first = f"Quarterly report\n\nFor the quarterly period ended {name} {day}, {year}\n\n{company} Corporation"
    symbol = f"Symbol {company[:3].upper()}X"
    subjects = "revenue lease inventory litigation taxes goodwill pensions debt equity hedging restructuring".split()
    body = [
        f"{subject.title()} {'was discussed at length by management, and ' * 6}amounts to {number} million."
        for number, subject in enumerate(subjects, len(company + ended))
    ]
    return "\n\n".join([first, symbol, *body])


@pytest.fixture
def reports(tmp_path: Path, words: WordHashes) -> KnowledgeBase:
    from ragkb.settings import ChunkSettings, Settings

    kb = KnowledgeBase.open(tmp_path / "kb", embedder=words, settings=Settings(chunk=ChunkSettings(tokens=64)))
    kb.add(
        NewDocument(f"{number}.txt", _report(company, ended, quarter), "Report")
        for number, (company, ended, quarter) in enumerate(
            (company, ended, quarter) for company in ("Acme", "Bolt", "Crane") for ended, quarter in QUARTERS.items()
        )
    )
    return kb


def _sources(hits: list[Hit]) -> list[str]:
    return [hit.source for hit in hits]


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("What was the lease of Bolt in the second quarter of 2023?", "5.txt"),
        ("What was the lease of BOLX in Q2 2023?", "5.txt"),
        ("lease cost, Bolt, three months ended June 30, 2023", "5.txt"),
        ("How much goodwill did Crane have as of September 30, 2022?", "6.txt"),
        ("What debt did Acme report in Q1 2023?", "1.txt"),
        ("What debt is in the latest report of Acme?", "2.txt"),
    ],
)
def test_a_question_that_names_company_and_period_gets_their_document_first(
    reports: KnowledgeBase, question: str, source: str
) -> None:
    best = reports.search(question, k=3)
    assert best[0].source == source
    assert best[0].explain.document == max(hit.explain.document for hit in best) > 0


def test_what_is_asked_of_the_document_decides_inside_of_it(reports: KnowledgeBase) -> None:
    for subject in ("inventory", "litigation", "pensions"):
        best = reports.search(f"What about {subject} at Acme in Q1 2023?", k=2)
        assert {hit.source for hit in best} == {"1.txt"}
        assert any(hit.text.lower().startswith(subject) for hit in best)


def test_a_question_that_names_nothing_is_left_as_it_is(reports: KnowledgeBase) -> None:
    with reports._store.reading() as reader:
        for text in ("what was the lease cost?", "What about xylophones in Q3 1961?", "在哪里"):
            assert routed(reader, text, NOBODY, reader.visible(NOBODY)) == unrouted(reader, text)


def test_names_and_periods_count_less_in_the_chunks_and_are_not_embedded(reports: KnowledgeBase) -> None:
    with reports._store.reading() as reader:
        route = routed(reader, "What was the lease of Bolt in Q2 2023?", NOBODY, reader.visible(NOBODY))
    weights: Words = route.words
    assert route.topic == "What was the lease of ?"
    assert weights["leas",] == 1
    assert weights["2023",] == REPEATED
    assert weights["bolt",] == 2 * REPEATED  # a name is looked up twice


def test_hidden_documents_lead_nobody(tmp_path: Path, words: WordHashes) -> None:
    seen, alone = (KnowledgeBase.open(tmp_path / name, embedder=words) for name in ("seen", "alone"))
    public = [NewDocument(f"{i}.txt", _report("Acme", ended, "")) for i, ended in enumerate(QUARTERS)]
    hidden = [NewDocument("h.txt", _report("Bolt", "2023-06-30", ""), groups=("finance",))]
    seen.add([*public, *hidden])
    alone.add(public)
    question = "What was the lease of Bolt in the second quarter of 2023?"
    for kb in (seen, alone):
        with kb._store.reading() as reader:
            routes = routed(reader, question, NOBODY, reader.visible(NOBODY))
            assert routes.shares.keys() <= {0, 1, 2}
    assert _sources(seen.search(question, k=1, as_=ADA)) == ["h.txt"]
    shown = [(hit.source, hit.start, hit.explain.document) for hit in seen.search(question)]
    assert shown == [(hit.source, hit.start, hit.explain.document) for hit in alone.search(question)]


def test_where_holds_for_the_documents_that_a_question_names(reports: KnowledgeBase) -> None:
    hits = reports.search("What was the lease of Bolt in Q2 2023?", k=50, where={"source": ["0.txt", "1.txt"]})
    assert set(_sources(hits)) == {"0.txt", "1.txt"}


def test_a_leg_alone_is_not_led(reports: KnowledgeBase) -> None:
    for leg in ("dense", "lexical"):
        hits = reports.search("What was the lease of Bolt in Q2 2023?", leg=leg)
        assert {hit.explain.document for hit in hits} == {0.0}


def test_a_page_and_a_document_give_way_to_others_after_two_hits(tmp_path: Path, words: WordHashes) -> None:
    from ragkb.retrieve.search import _spread
    from ragkb.types import Explain

    class Places:
        def places(self, numbers: list[int]) -> dict[int, tuple[int, int | None]]:
            return {number: (number // 90, None if number > 90 else number // 10) for number in numbers}

    ranked = [(number, 1.0, Explain(None, None, 0.0)) for number in (10, 11, 12, 13, 20, 91, 92, 93)]

    def spread(documents: int, *named: int) -> list[int]:
        return [number for number, _, _ in _spread(Places(), ranked, (2, documents), named, 8)]  # type: ignore[arg-type]

    assert spread(8) == [10, 11, 20, 91, 92, 93, 12, 13]
    assert spread(2) == [10, 11, 91, 92, 12, 13, 20, 93]
    assert spread(2, 1) == [10, 11, 91, 92, 93, 12, 13, 20]

"""A knowledge base in several languages: each text is found by the forms that its language gives to words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb import KnowledgeBase, NewDocument
from ragkb.store.lexical_rows import stored_rows
from tests.conftest import WordHashes

TEXTS = {
    "de": "Die Kündigungen sind schriftlich an das Haus zu richten, und die Fristen sind für alle gleich.",
    "fr": "Les congés sont demandés par écrit, et la durée des contrats est la même pour tous les salariés.",
    "es": "Las vacaciones se piden por escrito y la duración de los contratos es la misma para todos.",
    "ru": "Документы подаются в письменном виде, и сроки для всех одни и те же, как и было в договоре.",
    "en": "The organisation of the houses is the same for all, and the policies were written by the board.",
    "zh": "员工请假要在三天前提出，并且由主管批准。",
}


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    made = KnowledgeBase.open(tmp_path_factory.mktemp("languages") / "kb", embedder=WordHashes())
    made.add([NewDocument(f"{language}.txt", text) for language, text in TEXTS.items()])
    return made


def _sources(kb: KnowledgeBase, query: str) -> list[str]:
    return [hit.source for hit in kb.search(query, leg="lexical")]


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("Kündigung", "de.txt"),
        ("kuendigung", "de.txt"),
        ("Frist", "de.txt"),
        ("congé", "fr.txt"),
        ("demander", "fr.txt"),
        ("vacación", "es.txt"),
        ("документ", "ru.txt"),
        ("policy", "en.txt"),
        ("HOUSE", "en.txt"),
        ("请假", "zh.txt"),
    ],
)
def test_a_text_is_found_by_another_form_of_its_word(kb: KnowledgeBase, query: str, source: str) -> None:
    assert _sources(kb, query)[:1] == [source]


@pytest.mark.parametrize("language", TEXTS)
def test_a_text_is_found_by_each_of_its_words_as_it_stands(kb: KnowledgeBase, language: str) -> None:
    for word in TEXTS[language].replace(",", "").replace(".", "").replace("，", " ").replace("。", " ").split():
        assert f"{language}.txt" in _sources(kb, word) or len(word) < 4, word


def test_a_word_of_two_languages_counts_as_one(tmp_path: Path) -> None:
    """One German text that has a word of many English ones gains nothing by being alone with its stem."""
    german = "Die Organisation ist für alle gleich, und das ist auch gut so, wie es in dem Vertrag steht."
    english = "The organisation is the same for all of us and it is written in the contract, which is good."
    with KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes()) as made:
        made.add([NewDocument("de.txt", german), *(NewDocument(f"{n}.txt", f"{english} {n}") for n in range(20))])
        hits = made.search("organisation", k=30, leg="lexical")
        assert len(hits) == 21
        scores = {hit.source: hit.score for hit in hits}
        assert scores["de.txt"] == pytest.approx(scores["0.txt"], rel=0.1)


def test_english_alone_is_looked_up_by_english_stems(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes()) as made:
        made.add([NewDocument("en.txt", TEXTS["en"]), NewDocument("zh.txt", TEXTS["zh"])])
        with made._store.reading() as reader:
            assert reader.languages == ()
        made.add([NewDocument("de.txt", TEXTS["de"])])
        with made._store.reading() as reader:
            assert reader.languages == ("de",)


def test_related_documents_are_told_by_stems_of_their_language(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes()) as made:
        made.add(
            [
                NewDocument("a.txt", TEXTS["de"]),
                NewDocument("b.txt", "Der Kündigung ist eine Frist gesetzt, wie es auch in dem Vertrag steht."),
                NewDocument("c.txt", "Der Urlaub wird von der Abteilung genehmigt, wie es auch in dem Buch steht."),
            ]
        )
        identity = next(document.id for document in made.documents() if document.source == "a.txt")
        assert [one.document.source for one in made.related(identity)][:1] == ["b.txt"]


def test_title_and_headings_count_twice_unless_the_document_is_long(tmp_path: Path) -> None:
    def terms(paragraphs: int) -> list[str]:
        text = "\n\n".join(f"The valve number {n} is closed. " * 40 for n in range(paragraphs))
        with KnowledgeBase.open(tmp_path / str(paragraphs), embedder=WordHashes()) as made:
            made.add([NewDocument("a.txt", text, title="Boilers")])
            with made._store.catalogue.read() as at:
                return list(next(iter(stored_rows(at))).terms)

    assert terms(1).count("boiler") == 2
    assert terms(9).count("boiler") == 1

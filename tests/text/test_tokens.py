from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkb.text.stems import STEMMED
from ragkb.text.tokens import LONGEST, lexical_tokens, query_words


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        (" \n—…", []),
        ("Parental Leave", ["parental", "leave"]),
        ("Straße café Øre ﬁne naïve", ["strasse", "cafe", "ore", "fine", "naive"]),
        ("cafe\u0301 soft\u00adhyphen zero\u200bwidth", ["cafe", "softhyphen", "zerowidth"]),
        ("ＡＢＣ１２３", ["abc123"]),
        ("Ёлка и Ωμέγα", ["елка", "и", "ωμεγα"]),
        ("the company's don’t", ["the", "company", "don", "t"]),
        ("state-of-the-art and/or", ["state", "of", "the", "art", "and", "or"]),
        ("U.S. and U.S.A.", ["us", "and", "usa"]),
        ("C++, C# or F#.", ["c++", "c#", "or", "f#"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
    ],
)
def test_words_come_folded(text: str, terms: list[str]) -> None:
    assert lexical_tokens(text) == terms


@pytest.mark.parametrize(
    "number", ["1,234.50", "1.234,50", "1234.50", "1\u00a0234.50", "1\u202f234.50", "1'234.50", "1’234.50"]
)
def test_a_number_has_one_form(number: str) -> None:
    assert lexical_tokens(f"EUR {number}.") == ["eur", "1234.50"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("12.5", ["12.5"]),
        ("1,234,567", ["1234567"]),
        ("12,34,567", ["1234567"]),
        ("1.234.567", ["1234567"]),
        ("12,5", ["12.5", "12", "5"]),  # a decimal comma, or a list
        ("1.234", ["1.234", "1234"]),  # a decimal, or a German thousand
        ("2,019 1,000-2,000", ["2019", "1,000-2,000", "1000", "2000"]),
        ("2026-01-15", ["2026-01-15", "2026", "01", "15"]),
        ("2026/1/5", ["2026-1-5", "2026", "1", "5"]),
        ("15.01.2026", ["2026-01-15", "15", "01", "2026"]),
        ("200mm $1.5M", ["200mm", "200", "1.5m", "1.5"]),
        ("2019\u00a02020", ["2019", "2020"]),
    ],
)
def test_numbers_and_dates(text: str, terms: list[str]) -> None:
    assert lexical_tokens(text) == terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("HX-200/4B", ["hx-200/4b", "hx", "200", "4b", "4", "hx2004b"]),
        ("E-4711", ["e-4711", "e", "4711", "e4711"]),
        ("v2.3", ["v2.3", "2.3", "v2", "3"]),
        ("settings.py", ["settings.py", "settings", "py"]),
        ("max_retries", ["max_retries", "max", "retries"]),
        ("ana@example.com", ["ana@example.com", "ana", "example.com", "example", "com"]),
        ("AT&T", ["at&t", "at", "t"]),
        ("ISO-27001:2022", ["iso-27001:2022", "iso", "27001", "2022"]),
    ],
)
def test_an_identifier_is_found_whole_and_by_its_parts(text: str, terms: list[str]) -> None:
    assert lexical_tokens(text) == terms


def test_an_identifier_is_found_without_its_hyphen() -> None:
    assert set(lexical_tokens("E4711")) <= set(lexical_tokens("error E-4711"))


def test_chinese_gives_characters_and_pairs_between_latin_words() -> None:
    assert lexical_tokens("说明书iPhone手机") == ["说", "明", "书", "说明", "明书", "iphone", "手", "机", "手机"]


def test_kana_and_hangul_are_composed_first() -> None:
    assert lexical_tokens("ｶﾞｽ") == ["ガ", "ス", "ガス"]
    assert lexical_tokens("\u1112\u1161\u11ab국") == ["한", "국", "한국"]


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", "policy policies"),
        ("de", "Kündigung Kündigungen kündigung KÜNDIGUNGEN"),
        ("de", "Haus Häuser Hauses"),
        ("fr", "congé congés"),
        ("es", "información informaciones informacion"),
        ("it", "contratto contratti"),
        ("nl", "verzekering verzekeringen"),
        ("pt", "política políticas"),
        ("ro", "oraș orașele"),
        ("sv", "flicka flickorna"),
        ("fi", "talon taloissa"),
        ("hu", "házakban ház"),
        ("pl", "umowa umowy umowami"),
        ("cs", "smlouva smlouvy"),
        ("tr", "ev evlerimizden"),
        ("el", "άνθρωποι ανθρώπων ΑΝΘΡΩΠΟΙ"),
        ("ru", "документы документов"),
        ("ar", "المدرسة مدرسة"),
        ("hi", "किताब किताबें"),
    ],
)
def test_forms_of_a_word_are_one_term_in_its_language(language: str, forms: str) -> None:
    assert len(set(lexical_tokens(forms, language))) == 1


def test_english_words_in_other_letters_are_stemmed_as_english() -> None:
    assert lexical_tokens("обновления Windows policies", "ru")[1:] == ["window", "polici"]


def test_what_has_no_stems_stays_as_it_is() -> None:
    assert lexical_tokens("policies applied", "vi") == ["policies", "applied"]
    assert lexical_tokens("policies applied") == ["policies", "applied"]


def test_a_question_loses_its_stop_words_unless_it_has_no_others() -> None:
    assert query_words("What is the notice period?") == [("notic",), ("period",)]
    assert query_words("Who is who?") == [("who",), ("is",), ("who",)]


def test_a_word_of_a_question_has_the_terms_of_each_language() -> None:
    assert query_words("Policies HX-200 年假", ["de", "fr"]) == [
        ("polici", "polic"),
        *[(term,) for term in ("hx-200", "hx", "200", "hx200", "年", "假", "年假")],
    ]


def test_no_text_makes_a_giant_term() -> None:
    assert lexical_tokens("x" * 100_000) == ["x" * LONGEST]
    assert lexical_tokens("ab12-" * 50)[:2] == ["ab12", "ab12"]


@given(st.text(max_size=200), st.sampled_from(["", "zh", *sorted(STEMMED)]))
def test_terms_hold_no_white_space_and_no_capitals(text: str, language: str) -> None:
    for term in lexical_tokens(text, language):
        assert term
        assert len(term) <= 4 * LONGEST
        assert not any(character.isspace() for character in term)
        assert not re.search("[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]", term)


@given(st.text(max_size=100))
def test_a_word_indexes_as_it_is_asked(text: str) -> None:
    assert lexical_tokens(f"before\n{text}\nafter") == ["before", *lexical_tokens(text), "after"]


@pytest.mark.parametrize("unit", ["1,", "a-", "9.", "a.", "说", "x", "' ", "1\u00a0111"])
def test_time_grows_with_length_alone(unit: str) -> None:
    started = time.perf_counter()
    lexical_tokens(unit * 200_000, "en")
    assert time.perf_counter() - started < 5

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkb.text.language import cjk_share, detect, stemmed_as
from ragkb.text.stems import STEMMED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long is parental leave?", "en"),
        ("Wie viele Urlaubstage habe ich?", "de"),
        ("Combien de jours de congé ?", "fr"),
        ("¿Cuántos días de vacaciones tengo?", "es"),
        ("Quanti giorni di ferie ho?", "it"),
        ("Hoeveel vakantiedagen heb ik?", "nl"),
        ("Quantos dias de férias tenho?", "pt"),
        ("有多少天年假？", "zh"),
        ("休暇は何日ありますか", "ja"),
        ("휴가는 며칠인가요?", "ko"),
        ("iPhone 15 产品手册 specification", "zh"),
        ("The word 茶 is read cha in the north of the country.", "en"),
        ("Quants dies de vacances i quan es poden demanar amb la meva família?", "ca"),
        ("Câte zile de concediu am și când pot fi luate?", "ro"),
        ("Hur många semesterdagar har jag och när kan jag ta dem?", "sv"),
        ("Hvor mange feriedage har jeg, og hvad sker der efter jul?", "da"),
        ("Hvor mange feriedager har jeg, og hva skjer etter jul?", "no"),
        ("Kuinka monta lomapäivää minulla on ja milloin ne voi pitää?", "fi"),
        ("Hány szabadnap van, és mikor lehet kivenni?", "hu"),
        ("Ile dni urlopu jest w umowie i kiedy się kończy?", "pl"),
        ("Kolik dní dovolené je ve smlouvě a kdy se to mění?", "cs"),
        ("Kaç gün izin var ve ne zaman alınır?", "tr"),
        ("Tôi có bao nhiêu ngày nghỉ trong năm và khi nào được nghỉ?", "vi"),
        ("Πόσες ημέρες άδειας έχω και πότε;", "el"),
        ("Сколько дней отпуска и когда они кончаются?", "ru"),
        ("Скільки днів відпустки і коли вони є?", "uk"),
        ("كم عدد أيام الإجازة في السنة؟", "ar"),
        ("छुट्टी के कितने दिन हैं?", "hi"),
        ("E-4711", ""),
        ("2026 | 12.5 | 99", ""),
        ("", ""),
    ],
)
def test_detect(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_long_text_is_told_by_three_slices() -> None:
    assert detect("0 " * 40_000 + "the end of the report is here. " * 300) == "en"


@pytest.mark.parametrize(
    ("text", "expected", "stems"),
    [
        ("Die Frist ist für alle gleich, wie es im Vertrag steht.", "en", "de"),
        ("Rue de la Paix 12, Paris", "en", "en"),
        ("Kündigungsfrist 4 Wochen", "de", "de"),
        ("Kündigungsfrist 4 Wochen", "de-AT", "de"),
        ("| Supply | 400 V | 20 °C | 148 A |\n| Source | 200 V | 30 °C | 98 A |", "en", "en"),
        ("| 电压 | 400 V | 20 °C | 148 A | K 5 | B 6 | D 7 | Min | Max | E401 V | E402 C |", "zh", "en"),
        ("Kündigungsfrist 4 Wochen", "", "en"),
        ("Kündigungsfrist 4 Wochen", "Deutsch", "en"),
        ("The notice period is four weeks, and it is the same for all.", "de", "en"),
        ("有多少天年假？", "zh", "en"),
        ("Tôi có bao nhiêu ngày nghỉ", "vi", "en"),
    ],
)
def test_a_chunk_has_the_stems_of_its_document_unless_it_is_clearly_in_another_language(
    text: str, expected: str, stems: str
) -> None:
    assert stemmed_as(text, expected) == stems


def test_cjk_share_counts_letters_alone() -> None:
    assert cjk_share("中文ab 12!") == 2 / 4
    assert cjk_share("2026") == 0


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert detect(text) == "" or len(detect(text)) == 2
    assert stemmed_as(text) in STEMMED
    assert 0 <= cjk_share(text) <= 1

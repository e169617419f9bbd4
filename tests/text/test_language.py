from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragkb.text.language import cjk_share, detect


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
        ("E-4711", ""),
        ("2026 | 12.5 | 99", ""),
        ("", ""),
    ],
)
def test_detect(text: str, language: str) -> None:
    assert detect(text) == language


def test_a_long_text_is_told_by_three_slices() -> None:
    assert detect("0 " * 40_000 + "the end of the report is here. " * 300) == "en"


def test_cjk_share_counts_letters_alone() -> None:
    assert cjk_share("中文ab 12!") == 2 / 4
    assert cjk_share("2026") == 0


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert detect(text) in {"", "zh", "ja", "ko", "de", "fr", "es", "it", "nl", "pt", "en"}
    assert 0 <= cjk_share(text) <= 1

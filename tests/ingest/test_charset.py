"""Text in the encodings that companies have, in a line and in a page."""

from __future__ import annotations

import pytest

from ragkb.errors import DocumentRefused
from ragkb.ingest.loaders import load
from ragkb.ingest.loaders.charset import decode
from ragkb.settings import LimitSettings

_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
TEXTS = {
    "simplified": (
        ("gb18030", *_UNICODE),
        ("年休假", "合同编号", "员工每年享有二十五天年休假。"),
        "本办法适用于公司全体员工，包括试用期员工和实习生。请假须提前三个工作日提交申请，由部门经理审批。",
    ),
    "traditional": (
        ("big5", "gb18030", "utf-8", "utf-16-le"),
        ("員工手冊", "請假辦法", "員工每年享有二十五天的年休假。"),
        "本辦法適用於公司全體員工，包括試用期員工和實習生。請假須提前三個工作日提交申請，由部門經理審批。",
    ),
    "japanese": (
        ("shift_jis", "euc_jp", "utf-8", "utf-16-le"),
        ("有給休暇", "年次有給休暇は二十五日です。", "これは日本語のテキストです。"),
        "従業員は入社から六か月後に十日間の年次有給休暇を取得できます。申請はカレンダーで行ってください。",
    ),
    "korean": (
        ("euc_kr", "cp949", "utf-8", "utf-16-le"),
        ("연차 휴가", "직원은 매년 25일의 연차 휴가를 받습니다."),
        "이 규정은 수습 직원을 포함한 모든 직원에게 적용됩니다. 휴가는 사흘 전에 신청해야 합니다.",
    ),
    "western": (
        ("cp1252", "mac_roman", *_UNICODE),
        ("Größe", "café", "“Größe” – der Straße, café für 5 €", "¿Cuántos días de vacaciones habrá?"),
        "Le congé annuel est de vingt-cinq jours ouvrés. À l’été, les salariés préviennent leur supérieur.",
    ),
    "central": (
        ("cp1250", "iso8859-2", "utf-8"),
        ("Dovolená činí pětadvacet dní v roce, žádost se podává předem.",),
        "Każdy pracownik ma prawo do urlopu; wniosek składa się na piśmie trzy dni wcześniej. Zażółć gęślą jaźń.",
    ),
    "russian": (
        ("cp1251", "koi8-r", "utf-8", "utf-16-le", "utf-16-be"),
        ("Отпуск", "Ежегодный отпуск составляет двадцать пять дней."),
        "Каждый сотрудник имеет право на отпуск. Заявление подаётся за три рабочих дня до начала отпуска.",
    ),
    "english": (_UNICODE, ("plain", "Plain English text about leave."), "Plain English text about leave."),
}
CASES = [
    pytest.param(text, encoding, id=f"{script}-{encoding}-{len(text)}")
    for script, (encodings, lines, page) in TEXTS.items()
    for encoding in encodings
    for text in (*lines, f"{page}\n" * 12)
]


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_charset_is_found(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_a_declared_charset_wins_over_a_guess() -> None:
    page = '<html><head><meta charset="koi8-r"></head><body><p>ООО</p></body></html>'
    assert load(page.encode("koi8-r"), "a.html", LimitSettings()).text == "ООО"


def test_letters_beyond_ascii_late_in_a_long_file_are_found() -> None:
    text = "Plain words. " * 20_000 + "Größe für 5 €"
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("data", [b"\0\1\2\3" * 500, bytes(range(256)) * 8, bytes(4096), b"\x93\x01\x1f\x02" * 300])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentRefused, match="binary"):
        decode(data)

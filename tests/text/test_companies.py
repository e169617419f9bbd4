"""Chinese names are found by their last word or their brackets, and lead to the documents that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.text.companies import han_names
from tests.conftest import WordHashes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("华东水泵股份有限公司2023年的营业收入是多少？", ["华东水泵股份有限公司"]),
        ("截至2023年第三季度，北方电缆集团的负债", ["北方电缆集团"]),
        ("《差旅报销管理办法》里住宿标准是多少", ["差旅报销管理办法"]),
        ("南海造船有限公司（以下简称“南海造船”）", ["南海造船有限公司", "南海造船"]),
        ("我们公司有几天年假", []),
        ("本公司各分公司的年假", []),
        ("What is the leave at our company?", []),
    ],
)
def test_names_are_found(text: str, names: list[str]) -> None:
    assert han_names(text) == names


def test_a_company_that_a_question_names_leads_to_its_report(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes())
    for company in ("华东水泵股份有限公司", "北方电缆股份有限公司", "南海造船股份有限公司"):
        chapters = [
            f"第{n}章 本期营业收入较上年同期增长，主要由于第{n}类产品的销量上升。\n\n" * 8 for n in range(1, 12)
        ]
        kb.add([NewDocument(f"{company[:2]}.txt", f"{company}\n\n{''.join(chapters)}", title="年度报告")])
    for company, source in (("北方电缆股份有限公司", "北方.txt"), ("南海造船股份有限公司", "南海.txt")):
        hit = kb.search(f"{company}第5类产品的销量", k=1)[0]
        assert (hit.source, hit.explain.document) == (source, 1.0)

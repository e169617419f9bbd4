"""A question to hits: on a few visible texts, and over the sample corpus with the real model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ragkb.errors import InputError, LimitExceeded
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.retrieve.search import dense_weight
from ragkb.settings import SearchSettings
from ragkb.types import Explain, Hit, Principal, page_at
from tests.conftest import CORPUS, WordHashes


class TwoAxes:
    """An Embedder of two dimensions: (how often `north` stands in a text, how often `east` does)."""

    id, dim, precision = "two-axes", 2, "exact"

    def embed(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        out = np.array([[t.count("north") + 1e-6, t.count("east")] for t in texts], np.float32).reshape(-1, 2)
        return out / np.linalg.norm(out, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def readable(self, text: str) -> float:
        return 1.0


@pytest.fixture
def kb(tmp_path: Path, words: WordHashes) -> KnowledgeBase:
    return KnowledgeBase.open(tmp_path / "kb", embedder=words)


@pytest.fixture
def numbered(kb: KnowledgeBase) -> KnowledgeBase:
    kb.add([NewDocument(f"{i:02}.txt", f"Pump number {i} is blue.") for i in range(30)])
    return kb


def sources(hits: list[Hit]) -> list[str]:
    return [hit.source for hit in hits]


# --- how many, in what order ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 7, 30, 31])
def test_k_hits_are_given_as_far_as_there_are(numbered: KnowledgeBase, k: int) -> None:
    hits = numbered.search("blue pump number", k=k)
    assert len(hits) == min(k, 30)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


def test_without_k_it_is_the_setting(numbered: KnowledgeBase) -> None:
    assert len(numbered.search("blue pump")) == numbered.settings.search.k == 10


def test_a_smaller_k_is_the_beginning_of_a_larger_one(numbered: KnowledgeBase) -> None:
    whole = numbered.search("blue pump number 17", k=30)
    assert [numbered.search("blue pump number 17", k=k) for k in (1, 5, 12)] == [whole[:k] for k in (1, 5, 12)]


def test_scores_lie_between_0_and_1_and_equal_ones_stand_in_the_order_of_ingest(kb: KnowledgeBase) -> None:
    kb.add([NewDocument(f"{name}.txt", "The same words.") for name in "cab"])
    kb.add([NewDocument("best.txt", "The same rare words."), NewDocument("worst.txt", "Another thing altogether.")])
    hits = kb.search("the same rare words", k=5)
    assert sources(hits) == ["best.txt", "c.txt", "a.txt", "b.txt", "worst.txt"]
    assert hits[1].score == hits[2].score == hits[3].score
    assert all(0.0 <= hit.score <= 1.0 for hit in hits)


def test_an_empty_knowledge_base_has_no_hits_and_no_error(kb: KnowledgeBase) -> None:
    assert kb.search("anything") == []
    assert kb.search("anything", leg="dense") == []
    assert kb.search("anything", leg="lexical", where={"language": "en"}) == []


def test_the_same_question_gives_the_same_hits(numbered: KnowledgeBase) -> None:
    other = KnowledgeBase.open(numbered.status().path, embedder=WordHashes())
    first = numbered.search("blue pump number 3")
    assert [numbered.search("blue pump number 3") for _ in range(3)] == [first] * 3
    assert other.search("blue pump number 3") == first


def test_words_that_stand_nowhere_are_no_error(numbered: KnowledgeBase) -> None:
    assert numbered.search("xylophone", leg="lexical") == []
    for odd in ("?", "!!!", "((", 'AND OR NOT "', "a:b^2~", "\\", "*", "𝔘𝔫𝔦", "\ud800", "\x00", "the of and"):
        numbered.search(odd)


def test_wrong_requests_say_what_to_do(numbered: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="empty"):
        numbered.search(" \n\t")
    with pytest.raises(InputError, match="at least 1"):
        numbered.search("pump", k=0)
    with pytest.raises(LimitExceeded, match="limit is 1000"):
        numbered.search("pump", k=1001)
    with pytest.raises(LimitExceeded, match="limit is 8000"):
        numbered.search("pump " * 1700)


# --- the legs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def compass(tmp_path: Path) -> KnowledgeBase:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=TwoAxes())
    kb.add([NewDocument("n.txt", "north gate"), NewDocument("e.txt", "east harbour"), NewDocument("g.txt", "gate")])
    return kb


def test_each_leg_alone_finds_what_it_can(compass: KnowledgeBase) -> None:
    assert sources(compass.search("northern", leg="dense", k=1)) == ["n.txt"]
    assert compass.search("northern", leg="lexical") == []
    assert sorted(sources(compass.search("gate", leg="lexical"))) == ["g.txt", "n.txt"]


def test_explain_tells_the_legs_apart(compass: KnowledgeBase) -> None:
    for hit in compass.search("gate", leg="lexical"):
        assert hit.explain.dense is None
        assert hit.explain.weight == 0.0
        assert hit.score == pytest.approx(hit.explain.lexical, abs=1e-6)
    for hit in compass.search("north", leg="dense"):
        assert hit.explain.lexical is None
        assert hit.explain.weight == 1.0
        assert hit.score == pytest.approx(hit.explain.dense, abs=1e-6)


def test_the_score_is_what_explain_adds_up_to(compass: KnowledgeBase) -> None:
    hits = {hit.source: hit for hit in compass.search("north gate")}
    assert hits["n.txt"].explain.dense == pytest.approx(1.0)
    assert 0 < hits["g.txt"].explain.lexical < hits["n.txt"].explain.lexical < 1  # one word of two, and both
    assert hits["e.txt"].explain == Explain(
        pytest.approx(0.0, abs=1e-5), None, 0.5, dense_rank=3, score=hits["e.txt"].score
    )  # it points east, shares no word
    assert hits["e.txt"].score == pytest.approx(0.0, abs=1e-5)
    for hit in hits.values():
        parts = 0.5 * (hit.explain.dense or 0) + 0.5 * (hit.explain.lexical or 0)
        assert hit.score == pytest.approx(parts, abs=1e-6)


def test_the_share_of_the_dense_leg_is_the_setting_times_what_the_embedder_reads(words: WordHashes) -> None:
    def weight(text: str, setting: float = 0.5) -> float:
        return dense_weight("hybrid", words.readable(text), SearchSettings(dense_weight=setting))

    assert weight("pump") == 0.5
    assert weight("pump", 0.8) == 0.8
    assert weight("abcé") == 0.5 * 3 / 4  # WordHashes reads ASCII
    assert weight("aéé") == 0.5 * 1 / 3
    assert weight("aééééé") == 0.0  # a sixth is under the least of a fifth
    assert weight("泵的压力") == 0.0
    assert weight("pump", 0.0) == 0.0


def test_a_leg_that_is_asked_for_takes_part_whatever_the_embedder_reads() -> None:
    settings = SearchSettings()
    assert dense_weight("dense", 0.0, settings) == 1.0
    assert dense_weight("lexical", 1.0, settings) == 0.0


# --- where ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelves(kb: KnowledgeBase) -> KnowledgeBase:
    kb.add(
        [
            NewDocument(
                "a.txt", "The pump is blue.", "A", metadata={"site": "Brno", "year": 2025, "from": "2025-03-01"}
            ),
            NewDocument(
                "b.txt", "The pump is blue too.", "B", metadata={"site": "Suzhou", "year": 2026, "from": "2026-11-30"}
            ),
            NewDocument("c.txt", "The pump is red.", "C", metadata={"site": "Brno", "year": 2026, "draft": True}),
            NewDocument("d.txt", "The pump has no labels.", "D"),
        ]
    )
    return kb


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        ({"site": "Brno"}, ["a.txt", "c.txt"]),
        ({"site": ["Brno", "Suzhou"]}, ["a.txt", "b.txt", "c.txt"]),
        ({"site": "Brno", "year": 2026}, ["c.txt"]),
        ({"year": "2026"}, ["b.txt", "c.txt"]),
        ({"draft": True}, ["c.txt"]),
        ({"source": ["d.txt", "a.txt"]}, ["a.txt", "d.txt"]),
        ({"title": "B"}, ["b.txt"]),
        ({"language": "en"}, ["a.txt", "b.txt", "c.txt", "d.txt"]),
        ({"site": "brno"}, []),
        ({"site": []}, []),
        ({"colour": "blue"}, []),
        ({"site": "Brno' OR '1'='1"}, []),
        ({"site') OR 1=1 --": "Brno"}, []),
        ({}, ["a.txt", "b.txt", "c.txt", "d.txt"]),
        ({"year>=": 2026}, ["b.txt", "c.txt"]),
        ({"year>": "2025", "site !=": "Brno"}, ["b.txt"]),
        ({"year<": 1e9}, ["a.txt", "b.txt", "c.txt"]),
        ({"year<": 300}, []),
        ({"site!=": ["Brno", "Suzhou"]}, ["d.txt"]),
        ({"from<=": "2025"}, ["a.txt"]),
        ({"from>": "2025"}, ["b.txt"]),
        ({"from>=": "2025-03", "from<": "2026-11-30"}, ["a.txt"]),
        ({"from>=": "2025/3/1", "from<": "2026年11月"}, ["a.txt"]),
        ({"title>": "B"}, ["c.txt", "d.txt"]),
        ({"ingested_at>=": "2020"}, ["a.txt", "b.txt", "c.txt", "d.txt"]),
        ({"site": ">=Brno"}, []),
    ],
)
def test_where_keeps_the_documents_that_match_every_key(
    shelves: KnowledgeBase, where: dict[str, Any], wanted: list[str]
) -> None:
    for leg in ("hybrid", "dense", "lexical"):
        assert sorted(sources(shelves.search("pump", where=where, leg=leg))) == wanted


@pytest.mark.parametrize(
    "where",
    [
        {"year>=": [2024, 2025]},
        {"year<": []},
        {"draft>": True},
        {">=": 3},
        {"": "a"},
        {"from>": "2026-13-01"},
        {"from<=": "2025/2/30"},
    ],
)
def test_a_comparison_that_cannot_be_made_is_said(shelves: KnowledgeBase, where: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="where: "):
        shelves.search("pump", where=where)


def test_numbers_that_metadata_holds_as_text_are_compared_as_numbers(kb: KnowledgeBase) -> None:
    kb.add([NewDocument(f"{n}.txt", "The pump.", metadata={"rev": rev}) for n, rev in enumerate(["9", "10", "1.5.2"])])
    assert sorted(sources(kb.search("pump", where={"rev>=": "10"}))) == ["1.txt"]
    assert sorted(sources(kb.search("pump", where={"rev>=": 9}))) == ["0.txt", "1.txt"]


def test_where_does_not_shorten_the_list(kb: KnowledgeBase) -> None:
    kb.add([NewDocument(f"x{i}.txt", f"Pump pump pump {i}.", metadata={"shelf": "x"}) for i in range(200)])
    kb.add(
        [NewDocument(f"y{i}.txt", f"One pump among many other things {i}.", metadata={"shelf": "y"}) for i in range(5)]
    )
    assert len(kb.search("pump", k=5, where={"shelf": "y"})) == 5


def test_where_never_shows_what_the_groups_forbid(kb: KnowledgeBase) -> None:
    kb.add([NewDocument("hr.txt", "Salaries of the pump hall.", groups=("hr",), metadata={"site": "Brno"})])
    (hidden,) = kb.documents(as_=Principal.admin())
    for where in ({"site": "Brno"}, {"source": "hr.txt"}, {"id": hidden.id}):
        assert kb.search("salaries", where=where) == []
        assert sources(kb.search("salaries", where=where, as_=Principal("ana", ("hr",)))) == ["hr.txt"]


# --- with the real model ----------------------------------------------------------------------------------------------


def test_an_english_question_is_asked_of_both_legs_and_a_chinese_one_of_words_alone(
    sample_kb: KnowledgeBase,
) -> None:
    for hit in sample_kb.search("How long is parental leave?"):
        assert hit.explain.weight == 0.5
    for hit in sample_kb.search("年假可以结转到下一年吗？"):
        assert hit.explain.weight == 0.0
        assert hit.explain.dense is None


def test_a_mixed_question_is_weighted_by_what_the_model_reads(sample_kb: KnowledgeBase, minilm: Embedder) -> None:
    mixed = "VPN 连接失败怎么办 error 812"
    assert 0.2 <= minilm.readable(mixed) < 1.0
    assert {hit.explain.weight for hit in sample_kb.search(mixed)} == {0.5 * minilm.readable(mixed)}


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("苏州员工结婚可以请几天假？", "hr/考勤与休假管理制度.docx"),
        ("断网时终端能离线存多少条报工记录？", "it/苏州工厂MES操作手册.md"),
        ("延长保修一年收费多少？", "sales/中国区价格表2026.xlsx"),
        ("机器不干活了，断电重启有用吗？", "products/故障代码速查.html"),
        ("How many weeks before parental leave do I tell HR?", "hr/parental-leave.md"),
        ("May I take the first class on a train?", "finance/travel-expense-policy.pdf"),
    ],
)
def test_a_question_finds_its_document(sample_kb: KnowledgeBase, question: str, source: str) -> None:
    assert source in sources(sample_kb.search(question, k=5))


@pytest.mark.parametrize(
    ("query", "text"), [("D-14", "D-14"), ("form HR-17", "HR-17"), ("FIN-31", "FIN-31"), ("fd-40", "FD-40")]
)
def test_a_part_number_or_a_form_finds_where_it_stands(sample_kb: KnowledgeBase, query: str, text: str) -> None:
    best = sample_kb.search(query, k=3)
    assert any(text in f"{hit.title} {' '.join(hit.heading)} {hit.text}" for hit in best[:1])


def test_every_hit_of_forty_questions_is_the_text_that_its_document_holds_on_that_page(
    sample_kb: KnowledgeBase,
) -> None:
    rows = [json.loads(line) for line in (CORPUS / "questions.jsonl").read_text("utf-8").splitlines()]
    asked = rows[:: len(rows) // 40][:40]
    documents = {
        one.id: sample_kb.document(one.id, as_=Principal.admin()) for one in sample_kb.documents(as_=Principal.admin())
    }
    seen = 0
    for row in asked:
        as_ = Principal("x", tuple(row["groups"]))
        for hit in sample_kb.search(row["question"], k=20, as_=as_):
            document = documents[hit.document_id]
            assert hit.text == document.text[hit.start : hit.end]
            assert hit.text.strip()
            assert hit.page == page_at(document.page_starts, hit.start) == page_at(document.page_starts, hit.end - 1)
            assert (hit.source, hit.title) == (document.source, document.title)
            assert as_.may_read(document.groups)
            seen += 1 + len(hit.duplicates)
    assert len(asked) == 40
    assert seen >= 40 * 20


def test_words_that_every_text_held_are_still_found_after_most_were_deleted(kb: KnowledgeBase) -> None:
    kb.add([NewDocument(f"{i}.txt", "The pump hums.") for i in range(20)])
    for document in list(kb.documents())[:19]:
        kb.delete(document.id)
    kb.add([NewDocument("new.txt", "The pump hums and hums.")])
    assert len(kb.search("pump hums", leg="lexical")) == 2

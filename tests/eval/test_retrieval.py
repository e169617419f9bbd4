from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pytest

from ragkb.errors import InputError
from ragkb.eval.retrieval import DEPTH, Leg, measure, ranked_documents, read_suite
from ragkb.ingest.report import NewDocument
from ragkb.types import NOBODY, Explain, Hit, Principal


def hit(source: str, rank: int) -> Hit:
    return Hit(rank, 1 / rank, source, source, "", None, (), 0, 1, "x", Explain(None, None, 0.5))


class Fake:
    """Answers every query with the same sources, by leg."""

    def __init__(self, **legs: list[str]) -> None:
        self.legs, self.added, self.asked = legs, list[NewDocument](), list[int | None]()

    def add(self, documents: Iterable[NewDocument]) -> None:
        self.added.extend(documents)

    def search(self, query: str, *, k: int | None = None, as_: Principal = NOBODY, leg: Leg = "hybrid") -> list[Hit]:
        self.asked.append(k)
        return [hit(source, rank) for rank, source in enumerate(self.legs[leg][:k], 1)]


def folder(path: Path, corpus: str = "", queries: str = "", qrels: str = "") -> Path:
    documents = [{"_id": name, "title": "", "text": f"text of {name}"} for name in "abc"]
    (path / "corpus.jsonl").write_text(corpus or "".join(json.dumps(d) + "\n" for d in documents), encoding="utf-8")
    questions = [{"_id": 1, "text": "first?"}, {"_id": "2", "text": "second?"}, {"_id": "3", "text": "not judged"}]
    (path / "queries.jsonl").write_text(queries or "".join(json.dumps(q) + "\n" for q in questions), encoding="utf-8")
    (path / "qrels.tsv").write_text(
        qrels or "query-id\tcorpus-id\tscore\n1\ta\t1\n2\tb\t2\n2\tc\t1\n", encoding="utf-8"
    )
    return path


def test_a_folder_of_beir_is_read(tmp_path: Path) -> None:
    suite = read_suite(folder(tmp_path))
    assert suite.documents == {name: ("", f"text of {name}") for name in "abc"}
    assert suite.queries == {"1": "first?", "2": "second?"}
    assert suite.grades == {"1": {"a": 1}, "2": {"b": 2, "c": 1}}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"corpus": '{"_id": "a", "text": "x"}\nnonsense\n'}, "corpus.jsonl line 2: not JSON"),
        ({"corpus": '{"_id": "a"}\n'}, "corpus.jsonl line 1: 'text' is missing"),
        ({"corpus": "[]\n"}, "corpus.jsonl line 1: a JSON list, not an object"),
        ({"corpus": '{"_id": "a", "text": "x"}\n{"_id": "a", "text": "y"}\n'}, "line 2: the _id 'a' stands"),
        ({"queries": '{"_id": true, "text": "x"}\n'}, "queries.jsonl line 1: '_id' is True"),
        ({"qrels": "query-id\tcorpus-id\tscore\n1\tz\t1\n"}, "qrels.tsv line 2: document 'z' is not in corpus"),
        ({"qrels": "query-id\tcorpus-id\tscore\n9\ta\t1\n"}, "qrels.tsv line 2: query '9' is not in queries"),
        ({"qrels": "query-id\tcorpus-id\tscore\n1 a 1\n"}, "qrels.tsv line 2: 1 columns"),
        ({"qrels": "query-id\tcorpus-id\tscore\n1\ta\tx\n"}, "qrels.tsv line 2: the score 'x'"),
        ({"qrels": "query-id\tcorpus-id\tscore\n1\ta\t0\n"}, "no query has a relevant document"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_suite(folder(tmp_path, **files))
    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    (folder(tmp_path) / "qrels.tsv").unlink()
    with pytest.raises(InputError, match=r"qrels\.tsv cannot be read: No such file"):
        read_suite(tmp_path)
    with pytest.raises(InputError, match="is not a folder"):
        read_suite(tmp_path / "absent")


def test_beirs_own_place_of_the_qrels_is_read(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels.tsv").rename(tmp_path / "qrels" / "test.tsv")
    assert set(read_suite(tmp_path).queries) == {"1", "2"}


def test_the_summary_is_the_mean_over_judged_queries(tmp_path: Path) -> None:
    kb = Fake(lexical=["a", "b", "c"], dense=["c", "b"], hybrid=["b", "c", "a"])
    seen: list[tuple[str, int, int]] = []
    result = measure(kb, read_suite(folder(tmp_path)), 1000, lambda *step: seen.append(step))
    assert [document.source for document in kb.added] == ["a", "b", "c"]
    best = 2 + 1 / math.log2(3)
    lexical = (1 + (2 / math.log2(3) + 1 / math.log2(4)) / best) / 2
    legs = result.summary["legs"]
    assert legs["lexical"] == pytest.approx(
        {"ndcg@10": lexical, "recall@10": 1, "recall@100": 1, "mrr@10": 0.75}, abs=1e-6
    )
    assert legs["dense"]["recall@10"] == 0.5
    assert legs["hybrid"]["mrr@10"] == pytest.approx((1 / 3 + 1) / 2, abs=1e-6)
    assert result.summary["queries"] == 2
    assert result.summary["documents"] == 3
    assert set(result.summary["query_ms"]) == {"p50", "p95"}
    assert [row["id"] for row in result.rows] == ["1", "2"]
    assert result.rows[1]["legs"]["hybrid"]["ranked"] == ["b", "c", "a"]
    assert seen[0] == ("documents", 1, 3)
    assert seen[-1] == ("queries", 2, 2)


def test_a_document_stands_at_the_place_of_its_best_chunk() -> None:
    assert ranked_documents(Fake(dense=["b", "a", "b", "c", "a"]), "q", "dense", 1000)[0] == ["b", "a", "c"]


def test_more_chunks_are_asked_for_until_there_are_enough_documents() -> None:
    chunks = [f"d{i // 3}" for i in range(600)]  # three chunks of each document
    kb = Fake(dense=chunks)
    assert ranked_documents(kb, "q", "dense", 1000)[0] == [f"d{i}" for i in range(DEPTH)]
    assert kb.asked == [100, 200, 400]
    assert ranked_documents(Fake(dense=chunks), "q", "dense", 150)[0] == [f"d{i}" for i in range(50)]


def test_a_document_without_text_is_its_title(tmp_path: Path) -> None:
    corpus = '{"_id": "a", "title": "T", "text": ""}\n{"_id": "b", "text": ""}\n{"_id": "c", "text": "x"}\n'
    kb = Fake(lexical=[], dense=[], hybrid=[])
    measure(kb, read_suite(folder(tmp_path, corpus=corpus)), 1000)
    assert [(document.source, document.text) for document in kb.added] == [("a", "T"), ("c", "x")]

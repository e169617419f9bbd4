"""The evaluations through the whole product: its embedder, its store, its answers."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from ragkb.eval.command import app

DOCUMENTS = {
    "leave": "Parental leave lasts sixteen weeks. It can be split into two periods.",
    "notice": "The notice period of a permanent contract is four weeks.",
    "error": "Error E-4711 means that the pump HX-200/4B has lost its pressure.",
}
QUERIES = {"1": ("How long is parental leave?", "leave"), "2": ("E4711", "error"), "3": ("notice period", "notice")}


def run(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    summary: dict[str, object] = json.loads(result.stdout)
    return summary


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_retrieval_finds_each_document_first(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(lines([{"_id": i, "title": "", "text": t} for i, t in DOCUMENTS.items()]))
    (tmp_path / "queries.jsonl").write_text(lines([{"_id": i, "text": text} for i, (text, _) in QUERIES.items()]))
    qrels = "".join(f"{query}\t{document}\t1\n" for query, (_, document) in QUERIES.items())
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels)
    summary = run("retrieval", str(tmp_path), "--rows", str(tmp_path / "rows"))
    perfect = {"ndcg@10": 1, "recall@10": 1, "recall@100": 1, "mrr@10": 1}
    assert isinstance(summary["legs"], dict)
    assert summary["legs"]["lexical"] == perfect
    assert summary["legs"]["hybrid"] == perfect
    assert (summary["queries"], summary["documents"]) == (3, 3)
    assert [json.loads(row)["id"] for row in (tmp_path / "rows").read_text().splitlines()] == ["1", "2", "3"]


def test_answers_from_given_contexts_are_cited_and_repeatable(tmp_path: Path) -> None:
    contexts = [{"title": name, "text": text} for name, text in DOCUMENTS.items()]
    quote = "Parental leave lasts sixteen weeks."
    row = {"id": "1", "question": "How long does parental leave last?", "answers": ["sixteen weeks"]}
    evidence = [{"source": "leave", "page": None, "quote": quote}]
    file = tmp_path / "answers.jsonl"
    file.write_text(lines([{**row, "evidence": evidence, "contexts": contexts}]))
    written = []
    for name in ("one", "two"):
        summary = run("answers", str(file), "--rows", str(tmp_path / name))
        assert (summary["rows"], summary["errors"]) == (1, 0)
        assert (summary["answer_hit"], summary["citation_exact"], summary["citation_recall"]) == (1, 1, 1)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]

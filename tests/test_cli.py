"""The command as a person and a program use it: a real process, its output and its exit code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ragkb.errors import RagkbError
from ragkb.kb import KnowledgeBase
from ragkb.store.store import Store
from tests.conftest import CORPUS, WordHashes

RAGKB = [sys.executable, "-m", "ragkb"]


def run(*arguments: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("RAGKB_") or key == "RAGKB_CACHE"}
    return subprocess.run(
        [*RAGKB, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env={**clean, **env}, timeout=120
    )


def parsed(*arguments: str | Path, **env: str) -> Any:
    done = run(*arguments, "--json", **env)
    assert done.returncode in (0, 7), done.stderr
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A knowledge base of three small files, ingested by the command; to be read only."""
    folder = tmp_path_factory.mktemp("cli")
    docs = folder / "docs"
    (docs / "hr").mkdir(parents=True)
    (docs / "hr" / "leave.md").write_text("# Leave\n\n## Parental leave\n\nParental leave lasts 14 weeks.\n", "utf-8")
    (docs / "canteen.txt").write_text("The canteen opens at 11:30 and closes at 14:00.\n", "utf-8")
    (docs / "差旅.md").write_text("# 差旅\n\n住宿标准为每晚四百五十元。\n", "utf-8")
    report = parsed("ingest", docs, "--kb", folder / "kb")
    assert report["ingested"] == 3
    return folder / "kb"


def test_search_prints_the_contract(kb: Path) -> None:
    found = parsed("--kb", kb, "search", "parental leave", "-k", "2")
    assert set(found) >= {"query", "hits", "timings_ms"}
    hit = found["hits"][0]
    names = "rank score document_id source title page heading start end text explain".split()
    assert set(hit) >= set(names)
    assert (hit["rank"], hit["source"], hit["page"], hit["title"]) == (1, "hr/leave.md", None, "Leave")
    assert set(hit["explain"]) >= {"dense", "lexical", "weight"}
    assert len(found["hits"]) == 2


def test_search_explains_each_place_in_words(kb: Path) -> None:
    done = run("search", "住宿标准", "-k", "1", "--explain", "--kb", kb)
    assert "meaning: not found; words" in done.stdout
    assert "(rank 1), counts 100%" in done.stdout
    assert "the embedder reads 0%" in done.stdout
    assert "rank 1" not in run("search", "parental leave", "-k", "1", "--kb", kb).stdout


def test_ask_prints_the_contract_and_every_quote_is_exact(kb: Path) -> None:
    found = parsed("ask", "How long is parental leave?", "--kb", kb)
    names = """question answer abstained reason confidence groundedness sentences citations passages model timings_ms
    usage""".split()
    assert set(found) >= set(names)
    assert not found["abstained"]
    assert "14 weeks" in found["answer"]
    with KnowledgeBase.open(kb) as opened:
        for one in found["citations"]:
            assert opened.document(one["document_id"]).text[one["start"] : one["end"]] == one["quote"]
    assert found["sentences"][0]["citations"][0] in [one["n"] for one in found["citations"]]


def test_ask_in_chinese(kb: Path) -> None:
    found = parsed("ask", "住宿标准是多少？", "--kb", kb)
    assert "四百五十元" in found["answer"]


def test_what_the_documents_do_not_say_is_refused_in_words(kb: Path) -> None:
    found = parsed("ask", "Who won the chess championship of Peru in 1971?", "--kb", kb)
    assert found["abstained"]
    assert found["citations"] == []
    assert found["groundedness"] is None
    assert found["reason"]
    assert "do not say" in found["answer"]


def test_a_person_sees_the_quote_and_where_it_is_from(kb: Path) -> None:
    shown = run("ask", "When does the canteen open?", "--kb", kb).stdout
    assert "11:30" in shown
    assert "canteen.txt" in shown
    assert "[1]" in shown


def test_the_knowledge_base_is_named_before_after_or_by_the_environment(kb: Path, tmp_path: Path) -> None:
    assert parsed("--kb", kb, "status")["documents"] == 3
    assert parsed("status", "--kb", kb)["documents"] == 3
    assert parsed("status", RAGKB_KB=str(kb))["documents"] == 3
    done = run("status", cwd=tmp_path)
    assert (done.returncode, ".ragkb" in done.stderr) == (3, True)
    assert list(tmp_path.iterdir()) == []


def test_verify_documents_delete(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A text about pumps.", "utf-8")
    (tmp_path / "b.txt").write_text("A text about fans.", "utf-8")
    kb = tmp_path / "kb"
    run("ingest", tmp_path / "a.txt", tmp_path / "b.txt", "--kb", kb, "--groups", "hr")
    assert parsed("verify", "--kb", kb) == {"ok": True, "problems": []}
    assert [one["groups"] for one in parsed("documents", "--kb", kb)["documents"]] == [["hr"], ["hr"]]
    assert parsed("search", "pumps", "--kb", kb)["hits"] == []
    assert len(parsed("search", "pumps", "--kb", kb, "--groups", "it,hr")["hits"]) == 2
    parsed("delete", "a.txt", "--kb", kb)
    assert [one["source"] for one in parsed("documents", "--kb", kb)["documents"]] == ["b.txt"]
    assert run("delete", "a.txt", "--kb", kb).returncode == 3


def test_ingest_recognises_changes_moves_and_removals(tmp_path: Path) -> None:
    docs, kb = tmp_path / "docs", tmp_path / "kb"
    docs.mkdir()
    for name in ("keep", "change", "move", "drop"):
        (docs / f"{name}.txt").write_text(f"The file {name} says {name}.", "utf-8")
    ids = {file["source"]: file["document_id"] for file in parsed("ingest", docs, "--kb", kb)["files"]}
    (docs / "change.txt").write_text("The file change says something new.", "utf-8")
    (docs / "move.txt").rename(docs / "moved.txt")
    (docs / "drop.txt").unlink()
    again = parsed("ingest", docs, "--kb", kb, "--prune")
    assert {file["source"]: file["status"] for file in again["files"]} == {
        "keep.txt": "unchanged",
        "change.txt": "ingested",
        "moved.txt": "unchanged",
        "drop.txt": "removed",
    }
    assert {f["source"]: f["document_id"] for f in again["files"]}["moved.txt"] == ids["move.txt"]
    assert parsed("verify", "--kb", kb)["ok"]


def test_bad_files_are_listed_with_their_reason_and_the_others_go_in(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "good.md").write_text("# Good\n\nThis one is fine.", "utf-8")
    (docs / "empty.txt").write_bytes(b"")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (docs / "broken.docx").write_bytes(b"PK\x03\x04 not a zip")
    (docs / "binary.txt").write_bytes(bytes(range(256)) * 50)
    (docs / "model.step").write_text("ISO-10303-21;", "utf-8")
    done = run("ingest", docs, "--kb", tmp_path / "kb", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 7
    assert (report["ingested"], report["refused"]) == (1, 5)
    assert all(file["reason"] for file in report["files"] if file["status"] == "refused")
    assert parsed("verify", "--kb", tmp_path / "kb")["ok"]
    assert parsed("search", "fine", "--kb", tmp_path / "kb")["hits"][0]["source"] == "good.md"


BAD = [
    (["ingest", "/no/such/path"], 3, "/no/such/path"),
    (["ask", "   "], 2, "empty"),
    (["ask", ""], 2, "empty"),
    (["search", "x", "-k", "0"], 2, "k is 0"),
    (["search", "x", "-k", "many"], 2, "-k"),
    (["search", "x", "--where", "department"], 2, "KEY=VALUE"),
    (["ask", "x" * 9000], 2, "9000"),
    (["delete", "nothing"], 3, "nothing"),
    (["serve", "--host", "0.0.0.0", "--port", "0"], 2, "0.0.0.0"),
    (["frobnicate"], 2, "frobnicate"),
]


@pytest.mark.parametrize(("arguments", "code", "word"), BAD, ids=[" ".join(b[0])[:24] for b in BAD])
def test_bad_input_is_one_clear_line_and_the_right_code(kb: Path, arguments: list[str], code: int, word: str) -> None:
    done = run("--kb", kb, *arguments)
    assert done.returncode == code, done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_error_is_json_too_when_json_is_asked_for(kb: Path) -> None:
    done = run("--kb", kb, "ask", " ", "--json")
    assert json.loads(done.stdout)["error"]["type"] == "input_error"


def test_folders_that_are_no_knowledge_base(kb: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    for command in (["ingest", kb.parent / "docs"], ["ask", "Anything?"]):
        done = run(*command, "--kb", tmp_path / "photos")
        assert (done.returncode, "not a knowledge base" in done.stderr) == (2, True)
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_a_knowledge_base_of_another_model_says_what_to_do(tmp_path: Path) -> None:
    KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes()).close()
    done = run("ask", "Anything?", "--kb", tmp_path / "kb")
    assert done.returncode == 6
    assert "word-hashes" in done.stderr
    assert "embedder" in done.stderr


def test_a_wrong_setting_is_named(kb: Path, tmp_path: Path) -> None:
    done = run("search", "x", "--kb", kb, RAGKB_SEARCH__K="many")
    assert (done.returncode, "search.k" in done.stderr) == (2, True)
    (tmp_path / "ragkb.toml").write_text("[search\n", "utf-8")
    done = run("search", "x", "--kb", kb, cwd=tmp_path)
    assert (done.returncode, "ragkb.toml" in done.stderr) == (2, True)


def test_a_port_in_use_is_said(kb: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("--kb", kb, "serve", "--port", port)
    assert (done.returncode, port in done.stderr) == (2, True)


def committed(kb: Path) -> int:
    """How many documents another process has committed so far."""
    try:
        store = Store.open(kb)
    except RagkbError:  # it is being made
        return 0
    try:
        with store.reading() as reader:
            return reader.counts()["documents"]
    finally:
        store.close()


def test_interrupted_ingest_keeps_what_was_committed(tmp_path: Path) -> None:
    docs, kb = tmp_path / "docs", tmp_path / "kb"
    docs.mkdir()
    for i in range(100):  # five batches of short chunks
        sections = (f"# Item {i}.{n}\n\nIts value is {i * n}.\n" for n in range(30))
        (docs / f"{i:02}.md").write_text("\n".join(sections), "utf-8")
    child = subprocess.Popen([*RAGKB, "ingest", docs, "--kb", kb], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not committed(kb):
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in said
    assert parsed("verify", "--kb", kb)["ok"]
    kept = parsed("status", "--kb", kb)["documents"]
    assert 0 < kept < 100


def test_help_and_the_default_path_need_no_pytorch(kb: Path) -> None:
    code = "import sys; sys.argv[1:] = {argv}\ntry:\n import ragkb.cli; ragkb.cli.main()\nexcept SystemExit: pass\n"
    code += "print(sorted({{'torch', 'transformers', 'sentence_transformers', 'langchain_core'}} & set(sys.modules)))"
    for argv in (["--help"], ["--kb", str(kb), "ask", "How long is parental leave?", "--json"]):
        done = subprocess.run([sys.executable, "-c", code.format(argv=argv)], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_output_into_a_closed_pipe_is_no_error(kb: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m ragkb --kb {kb} documents | head -c 1", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""


def test_the_sample_corpus_goes_in_without_a_refusal(sample_kb: KnowledgeBase) -> None:
    assert sample_kb.status().documents >= 45
    assert sample_kb.verify() == []
    assert not [d for d in sample_kb.documents() if d.source.startswith(("make/", "questions"))]
    assert CORPUS.is_dir()

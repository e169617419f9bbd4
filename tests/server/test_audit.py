"""Who asked what and what they were shown, what it cost, and what no log may hold."""

from __future__ import annotations

import json
import logging
import sqlite3
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from ragkb import cli
from ragkb.kb import KnowledgeBase
from ragkb.server.logs import JsonLine, write
from ragkb.settings import AuditSettings, Settings, UsageSettings
from ragkb.store.audit import AuditFilter, AuditRow, Seen
from ragkb.store.usage import Usage

QUESTION = "How long is parental leave?"


def rows(kb: KnowledgeBase, **wanted: str) -> list[AuditRow]:
    return list(kb.ledger.audit.rows(AuditFilter(**wanted)))


def as_user(kb: KnowledgeBase, name: str, role: Any = "reader", groups: tuple[str, ...] = ()) -> dict[str, str]:
    return {"authorization": f"Bearer {kb.ledger.keys.create(name, role, groups)[1]}"}


def test_a_question_leaves_a_row_with_what_was_shown(kb: KnowledgeBase, serve: Any) -> None:
    ana = as_user(kb, "ana", groups=("hr",))
    with serve(kb) as client:
        answer = client.post("/v1/query", json={"question": QUESTION}, headers=ana)
    (row,) = rows(kb)
    assert (row.user, row.groups, row.action, row.status, row.outcome) == (
        "ana",
        ("hr",),
        "POST /v1/query",
        200,
        "answered",
    )
    assert row.question == QUESTION
    assert row.request == answer.headers["x-request-id"]
    assert row.address == "127.0.0.1"
    shown = {(hit["document_id"], hit["source"]) for hit in answer.json()["passages"]}
    assert {(one.id, one.source) for one in row.documents} == shown


def test_every_way_to_see_a_document_is_told(kb: KnowledgeBase, serve: Any) -> None:
    ana, bob = as_user(kb, "ana", groups=("hr",)), as_user(kb, "bob", "writer")
    hidden = next(info.id for info in kb.documents(as_=kb.ledger.keys.all()[0].principal) if info.groups)
    with serve(kb) as client:
        client.post("/v1/search", json={"query": "bonus pool"}, headers=ana)
        with client.stream(
            "POST", "/v1/query", json={"question": "How large is the bonus pool?", "stream": True}, headers=ana
        ) as answer:
            answer.read()
        asked = {"model": "ragkb", "messages": [{"role": "user", "content": "How large is the bonus pool?"}]}
        client.post("/v1/chat/completions", json=asked, headers=ana)
        client.get(f"/v1/documents/{hidden}", headers=ana)
        client.get(f"/v1/documents/{hidden}", headers=bob)
        added = client.post("/v1/documents", json={"source": "new.md", "text": "New."}, headers=bob)
        client.delete(added.headers["location"], headers=bob)
        client.post("/v1/admin/keys", json={"name": "me"}, headers=bob)
        client.get("/v1/me", headers=bob)
        client.get("/v1/documents", headers=bob)
        client.get("/v1/documents")
    assert [row.action for row in reversed(rows(kb, document="hr/salaries.md"))] == [
        "POST /v1/search", "POST /v1/query", "POST /v1/chat/completions", "GET /v1/documents/{id}",
    ]  # fmt: skip
    assert rows(kb, document=hidden) == rows(kb, document="hr/salaries.md")
    assert [(row.action, row.outcome, bool(row.documents)) for row in reversed(rows(kb, user="bob"))] == [
        ("GET /v1/documents/{id}", "not found", False),
        ("POST /v1/documents", "done", True),
        ("DELETE /v1/documents/{id}", "done", True),
        ("POST /v1/admin/keys", "denied", False),
    ]


def test_questions_stay_out_where_the_setting_says_so(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb, Settings(audit=AuditSettings(questions=False))) as client:
        client.post("/v1/search", json={"query": "quokka leave"})
    assert [(row.question, bool(row.documents)) for row in rows(kb)] == [("", True)]
    assert not [path for path in Path(kb.status().path).glob("ledger*") if b"quokka" in path.read_bytes()]


def test_no_answer_without_its_row(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb) as client:
        assert client.post("/v1/search", json={"query": "leave"}).status_code == 200
        with sqlite3.connect(kb.ledger.path) as at:
            at.execute("DROP TABLE audit")
        at.close()
        answer = client.post("/v1/search", json={"query": "bonus"})
        assert (answer.status_code, answer.json()["error"]["type"]) == (503, "service_unavailable")
        assert "hits" not in answer.text
        with pytest.raises(httpx.RemoteProtocolError):  # it has begun, and is not ended
            client.post("/v1/query", json={"question": QUESTION, "stream": True})


def test_old_rows_go(kb: KnowledgeBase, serve: Any) -> None:
    for at in ("2020-01-01T00:00:00.000+00:00", "2999-01-01T00:00:00.000+00:00"):
        row = AuditRow(at, "r", "ana", "", (), "", "GET /", 200, "done", "", (Seen("1", "a.md"),))
        kb.ledger.audit.add(row)
    with serve(kb, Settings(audit=AuditSettings(days=30))) as client:
        assert client.get("/v1/me").status_code == 200
    assert [row.at[:4] for row in rows(kb)] == ["2999"]


def ragkb(kb: KnowledgeBase, monkeypatch: pytest.MonkeyPatch, capsys: Any, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["ragkb", "--kb", kb.status().path, *words])
    with pytest.raises(SystemExit) as exit:
        cli.main()
    assert not exit.value.code, capsys.readouterr().err
    return str(capsys.readouterr().out)


def test_the_auditor_asks(kb: KnowledgeBase, serve: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    ana, bob = as_user(kb, "ana", groups=("hr",)), as_user(kb, "bob")
    with serve(kb) as client:
        for _ in range(2):
            client.post("/v1/search", json={"query": "bonus pool"}, headers=ana)
        client.post("/v1/search", json={"query": "bonus \x1b[31mpool"}, headers=bob)
    found = json.loads(ragkb(kb, monkeypatch, capsys, "audit", "access", "hr/salaries.md", "--json"))
    assert [one["groups"] for one in found["documents"]] == [["hr"]]
    assert [one["name"] for one in found["keys"]] == ["ana"]
    assert [(one["user"], one["times"]) for one in found["shown"]] == [("ana", 2)]
    listed = json.loads(ragkb(kb, monkeypatch, capsys, "audit", "list", "--user", "bob", "--since", "1h", "--json"))
    assert [row["question"] for row in listed["rows"]] == ["bonus \x1b[31mpool"]
    assert "\x1b[31m" not in ragkb(kb, monkeypatch, capsys, "audit", "list")
    lines = ragkb(kb, monkeypatch, capsys, "audit", "export").splitlines()
    assert [json.loads(line)["user"] for line in lines] == ["bob", "ana", "ana"]
    assert ragkb(kb, monkeypatch, capsys, "audit", "export", "--until", "2020-01-01") == ""


def test_usage_is_summed_and_priced(
    kb: KnowledgeBase, serve: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    ana, bob = as_user(kb, "ana"), as_user(kb, "bob")
    with serve(kb) as client:
        client.post("/v1/query", json={"question": QUESTION}, headers=ana)
        client.post("/v1/query", json={"question": "Who won the football world cup in 1954?"}, headers=ana)
        client.get("/v1/me", headers=bob)
    with kb.ledger.write() as at:
        from ragkb.store import usage

        usage.add(at, Usage("2026-01-01", "ana", "", "gpt", 1, 1, 0, 2000, 500, 1.5))
    monkeypatch.setenv("RAGKB_USAGE__PROMPT_PRICE", "0.01")
    monkeypatch.setenv("RAGKB_USAGE__COMPLETION_PRICE", "0.04")
    found = json.loads(ragkb(kb, monkeypatch, capsys, "usage", "--json"))
    by_user = {row["user"]: row for row in found["rows"]}
    assert (by_user["ana"]["requests"], by_user["ana"]["questions"], by_user["ana"]["abstentions"]) == (3, 3, 1)
    assert (by_user["bob"]["requests"], by_user["bob"]["questions"]) == (1, 0)
    assert by_user["ana"]["cost"] == found["total"]["cost"] == 0.04  # 2 * 0.01 + 0.5 * 0.04
    recent = json.loads(ragkb(kb, monkeypatch, capsys, "usage", "--since", "1d", "--by", "model", "--json"))
    assert {row["model"] for row in recent["rows"]} == {"", "extractive"}
    assert UsageSettings().currency in found["currency"]


def test_a_log_line_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ragkb.server")
    write(logging.INFO, "event", said="one\ntwo \x1b[31mred\u2028three")
    line = JsonLine().format(caplog.records[-1])
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert json.loads(line)["said"] == "one\ntwo \x1b[31mred\u2028three"

"""Knowledge bases do not influence each other; inside one, revocation holds at the next request and fails closed."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ragkb.errors import InputError, RagkbError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.render import answer_json, error_json, search_json
from ragkb.types import Principal
from tests.conftest import WordHashes

ANA = Principal("ana", ("hr",))
EVE = Principal("eve", ("sales",))
REQUESTS = [
    (question, as_)
    for question in (
        "How much does the HX-200 pump cost?",
        "Who approves leave?",
        "pump",
        "zebra",
        "Tell me about project heron.",
        "泵的价格",
        "fees of 2026",
    )
    for as_ in (Principal(), ANA, EVE, Principal.admin())
]


def open_at(folder: Path) -> KnowledgeBase:
    return KnowledgeBase.open(folder, embedder=WordHashes())


def said_by(kb: KnowledgeBase, ids: list[str]) -> list[str]:
    """Every response, to the byte, but for the times that it took."""
    out = []
    for question, as_ in REQUESTS:
        found = search_json(question, kb.search(question, k=5, as_=as_), 0.0)
        answer: dict[str, Any] = answer_json(kb.ask(question, as_=as_))
        answer.pop("timings_ms")
        out += [json.dumps(found), json.dumps(answer), repr(list(kb.documents(as_=as_)))]
        out += [document_or_error(kb, id, as_) for id in ids]
    return out


def document_or_error(kb: KnowledgeBase, id: str, as_: Principal) -> str:
    try:
        return repr(kb.document(id, as_=as_))
    except RagkbError as error:
        return json.dumps(error_json(error))


def test_two_knowledge_bases_do_not_change_each_other_by_a_byte(tmp_path: Path) -> None:
    a = open_at(tmp_path / "a")
    a.add([NewDocument(f"{i}.txt", f"The HX-{i} pump costs {i} euros. Leave takes {i} days.") for i in range(20)])
    a.add(
        [NewDocument("hr.txt", "Ana approves leave.", groups=("hr",)), NewDocument("s.txt", "Fees.", groups=("sales",))]
    )
    ids = ["0" * 16]
    before = said_by(a, ids)
    b = open_at(tmp_path / "b")
    b.add([NewDocument(f"{i}.txt", f"Zebra pump zebra {i}, project heron, leave, HX-200, 泵.") for i in range(60)])
    for question, as_ in REQUESTS:
        b.ask(question, as_=as_)
    ids_of_b = [one.id for one in b.documents(as_=Principal.admin())]
    between = said_by(a, ids)
    b.delete(ids_of_b[0])
    again = open_at(tmp_path / "a")
    assert len(before) == len(REQUESTS) * 4
    assert before == between == said_by(again, ids)
    only_b = set(ids_of_b) - {one.id for one in a.documents(as_=Principal.admin())}
    assert not [id for id in only_b for said in before if id in said]


@pytest.mark.parametrize("leg", ["hybrid", "dense", "lexical"])
def test_hidden_documents_never_shorten_the_list(tmp_path: Path, leg: Any) -> None:
    kb = open_at(tmp_path / "kb")
    kb.add([NewDocument(f"secret{i}.txt", "Pump pump pump.", groups=("board",)) for i in range(400)])
    kb.add([NewDocument(f"open{i}.txt", f"Among other things, sheet {i} names a pump.") for i in range(12)])
    for k in (1, 5, 12):
        hits = kb.search("pump", k=k, leg=leg)
        assert len(hits) == k
        assert all(hit.source.startswith("open") for hit in hits)


def ranking(kb: KnowledgeBase, query: str) -> list[str]:
    return [hit.source for hit in kb.search(query, leg="dense")]


def test_hidden_documents_do_not_change_which_documents_are_found(tmp_path: Path) -> None:
    visible = [
        NewDocument(f"open{i}.txt", f"Sheet {i} names a pump{' pump' * (i % 5)} and hall {i}.") for i in range(30)
    ]
    alone, beside = open_at(tmp_path / "alone"), open_at(tmp_path / "beside")
    alone.add(visible)
    beside.add(visible)
    beside.add([NewDocument(f"s{i}.txt", f"Pump pump {i} hall.", groups=("board",)) for i in range(200)])
    for query in ("pump", "hall 7", "sheet pump hall"):
        for leg in ("dense", "hybrid", "lexical"):
            one, two = alone.search(query, k=30, leg=leg), beside.search(query, k=30, leg=leg)
            assert {hit.source for hit in one} == {hit.source for hit in two}
        assert ranking(alone, query) == ranking(beside, query)  # the dense leg: to the place


def test_hidden_documents_do_not_change_an_answer_or_its_confidence(tmp_path: Path) -> None:
    visible = [NewDocument(f"o{i}.txt", f"The pump of hall {i} costs {i} euros.") for i in range(20)]
    alone, beside = open_at(tmp_path / "alone"), open_at(tmp_path / "beside")
    for kb in (alone, beside):
        kb.add(visible)
    beside.add([NewDocument("s.txt", "Heron is the secret takeover.", groups=("board",))])
    for question in ("What is the takeover?", "What does the pump of Heron cost?", "Which hall?"):
        one, two = alone.ask(question), beside.ask(question)
        assert (one.text, one.abstained, one.confidence) == (two.text, two.abstained, two.confidence)


def test_revocation_holds_at_the_next_request_of_every_open_knowledge_base(tmp_path: Path) -> None:
    kb = open_at(tmp_path / "kb")
    others = [open_at(tmp_path / "kb") for _ in range(3)]
    for turn in range(10):
        groups = ("hr",) if turn % 2 == 0 else ("sales",)
        kb.add([NewDocument("a.txt", "The zebra plan takes 3 days.", groups=groups)])
        for reader in (kb, *others):
            for as_ in (ANA, EVE):
                may = as_.groups == groups
                assert len(reader.search("zebra", as_=as_)) == may
                assert len(list(reader.documents(as_=as_))) == may
                assert ("3 days" in repr(reader.ask("How long does the zebra plan take?", as_=as_))) == may


def _revokes(folder: str) -> None:
    with open_at(Path(folder)) as kb:
        kb.add([NewDocument("a.txt", "The zebra plan takes 3 days.", groups=("board",))])


def test_revocation_by_another_process_holds_at_the_next_request(tmp_path: Path) -> None:
    kb = open_at(tmp_path / "kb")
    kb.add([NewDocument("a.txt", "The zebra plan takes 3 days.", groups=("hr",))])
    assert len(kb.search("zebra", as_=ANA)) == 1
    other = multiprocessing.get_context("spawn").Process(target=_revokes, args=(str(tmp_path / "kb"),))
    other.start()
    other.join()
    assert other.exitcode == 0
    assert kb.search("zebra", as_=ANA) == []
    assert list(kb.documents(as_=ANA)) == []
    assert "3 days" not in repr(kb.ask("How long does the zebra plan take?", as_=ANA))


@pytest.mark.parametrize(
    "group", ["a,b", "it's", 'say "hr"', "hr\nboard", "public", "人事", " hr", "HR", "group:hr", "%", "\\"]
)
def test_a_group_is_its_whole_name_or_is_refused(tmp_path: Path, group: str) -> None:
    kb = open_at(tmp_path / "kb")
    try:
        report = kb.add([NewDocument("a.txt", "The zebra plan.", groups=(group,))])
    except InputError:
        report = None
    if report is None or report.refused:
        assert list(kb.documents(as_=Principal.admin())) == []
        return
    for near in {"a", "b", "hr", "board", "public", "admin", "*", "", group.strip(), group.casefold()} - {group}:
        assert kb.search("zebra", as_=Principal("eve", (near,))) == []
        assert list(kb.documents(as_=Principal("eve", (near,)))) == []
    assert kb.search("zebra") == []
    assert len(kb.search("zebra", as_=Principal("ana", (group,)))) == 1


@pytest.mark.parametrize("user", ["admin", "root", "*", "hr", ""])
def test_a_user_name_opens_nothing(tmp_path: Path, user: str) -> None:
    kb = open_at(tmp_path / "kb")
    kb.add([NewDocument("a.txt", "The zebra plan.", groups=("hr",))])
    assert kb.search("zebra", as_=Principal(user)) == []
    assert kb.search("zebra", as_=Principal(user, ("admin", "*", ""))) == []


def test_only_the_star_of_the_command_is_the_administrator() -> None:
    assert Principal.of_groups(("*",)) == Principal.admin()
    assert not Principal.of_groups(("hr",)).is_admin
    assert not Principal("x", ("*",)).is_admin
    assert not Principal.of_groups(()).is_admin


@pytest.mark.parametrize("damage", ["access = '[]'", "access = 'x'", "access = x'00'", "access_checksum = 0"])
def test_a_document_whose_groups_are_damaged_is_shown_to_nobody(tmp_path: Path, damage: str) -> None:
    kb = open_at(tmp_path / "kb")
    kb.add([NewDocument("a.txt", "The zebra plan.", groups=("hr",))])
    kb.close()
    connection = sqlite3.connect(tmp_path / "kb" / "catalogue.sqlite")
    connection.execute(f"UPDATE documents SET {damage}")
    connection.commit()
    connection.close()
    seen = []
    for request in (
        lambda kb: kb.search("zebra"),
        lambda kb: kb.search("zebra", as_=Principal("hana", ("hr",))),
        lambda kb: list(kb.documents(as_=Principal.admin())),
        lambda kb: kb.ask("What is the zebra plan?").citations,
    ):
        with suppress(RagkbError), open_at(tmp_path / "kb") as again:
            seen += request(again)
    assert seen == []
    with open_at(tmp_path / "kb") as again:
        assert "checksum" in {problem.kind for problem in again.verify()}

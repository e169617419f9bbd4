"""What a caller may not see does not show, and web pages in the machine's browser stay out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ragkb.kb import KnowledgeBase
from ragkb.types import NOBODY, Principal

CANARY = b"quokkaberry"  # a word of the document for hr
QUESTION = "What is the bonus pool's code name quokkaber*?"
HR = Principal(groups=("hr",))


def hidden_id(kb: KnowledgeBase) -> str:
    return next(info.id for info in kb.documents(as_=HR) if info.groups)


@pytest.mark.parametrize(
    ("principal", "sees"),
    [(NOBODY, False), (Principal(groups=("finance",)), False), (HR, True), (Principal.admin(), True)],
)
def test_groups(kb: KnowledgeBase, serve: Any, principal: Principal, sees: bool) -> None:
    with serve(kb, principal=principal) as client:
        bodies = {
            "query": client.post("/v1/query", json={"question": QUESTION}),
            "search": client.post("/v1/search", json={"query": "bonus pool", "k": 1000}),
            "where": client.post("/v1/search", json={"query": "bonus pool", "where": {"title": "Salaries"}}),
            "document": client.get(f"/v1/documents/{hidden_id(kb)}"),
        }
        listed = client.get("/v1/documents")
        outside = client.get("/metrics").content + client.get("/openapi.json").content
    assert {name: CANARY in response.content for name, response in bodies.items()} == dict.fromkeys(bodies, sees)
    assert (b"salaries" in listed.content, listed.json()["total"]) == (sees, 3 if sees else 2)
    assert b"salaries" not in outside
    if not sees:
        assert b"alaries" not in b"".join(response.content for response in bodies.values())


@pytest.mark.parametrize("header", ["x-groups", "x-forwarded-groups", "x-user", "authorization", "x-remote-user"])
def test_no_header_makes_a_principal(client: httpx.Client, header: str) -> None:
    response = client.post("/v1/search", json={"query": "bonus pool"}, headers={header: "hr"})
    assert response.status_code == 200
    assert CANARY not in response.content


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_hidden_and_absent_look_the_same(kb: KnowledgeBase, serve: Any, method: str) -> None:
    path = f"/v1/documents/{hidden_id(kb)}"
    with serve(kb) as client:
        hidden = client.request(method, path)
        assert kb.document(hidden_id(kb), as_=HR)
        kb.delete(hidden_id(kb))
        absent = client.request(method, path)
    assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content)
    assert hidden.status_code == 404
    changing = ("date", "x-request-id")
    assert [item for item in hidden.headers.items() if item[0] not in changing] == [
        item for item in absent.headers.items() if item[0] not in changing
    ]


def test_a_caller_gives_documents_to_their_own_groups_alone(kb: KnowledgeBase, serve: Any) -> None:
    body = {"source": "new.md", "text": "A new text."}
    with serve(kb, principal=HR) as client:
        assert client.post("/v1/documents", json={**body, "groups": ["board", "hr"]}).status_code == 422
        form = client.post("/v1/documents", files={"file": ("b.md", b"text")}, data={"groups": "hr, board"})
        assert form.json()["error"]["message"] == "groups board: not the caller's"
        assert client.post("/v1/documents", json={**body, "groups": ["hr"]}).status_code == 201
        form = client.post("/v1/documents", files={"file": ("b.md", b"text")}, data={"groups": "hr"})
        assert form.status_code == 201
    with serve(kb) as client:
        assert client.get("/v1/documents").json()["total"] == 2


def test_nobody_overwrites_what_they_cannot_see(kb: KnowledgeBase, serve: Any) -> None:
    before = kb.document(hidden_id(kb), as_=HR)
    with serve(kb) as client:
        response = client.post("/v1/documents", json={"source": "hr/salaries.md", "text": "All get the same."})
    assert response.status_code == 201
    assert CANARY not in response.content
    assert kb.document(before.id, as_=HR) == before


@pytest.mark.parametrize("kind", ["text", "file"])
def test_a_name_in_use_out_of_sight_does_not_show(kb: KnowledgeBase, serve: Any, kind: str) -> None:
    """The answers are the same, to the id of the new document, whether a hidden one has the name or not."""

    def add(client: httpx.Client, text: str, groups: str = "") -> Any:
        given = {"source": "plan.md", "text": text, "groups": [groups] if groups else []}
        form = {"files": {"file": ("plan.md", text.encode())}, "data": {"groups": groups}}
        answer = client.post("/v1/documents", **({"json": given} if kind == "text" else form))
        return answer.status_code, {**answer.json(), "seconds": 0, "files": [answer.json()["files"][0]["document_id"]]}

    with serve(kb) as client:
        alone = [add(client, "A plan."), add(client, "A plan."), add(client, "Another plan.")]
        kb.delete(alone[0][1]["files"][0])
    with serve(kb, principal=HR) as client:
        hidden = add(client, "A plan.", "hr")
    with serve(kb) as client:
        beside = [add(client, "A plan."), add(client, "A plan."), add(client, "Another plan.")]
    assert beside == alone
    assert [status for status, _ in alone] == [201, 200, 201]
    assert kb.document(hidden[1]["files"][0], as_=HR).text == "A plan."
    with serve(kb, principal=HR) as client:
        assert add(client, "A new plan.", "hr")[1]["files"] == hidden[1]["files"], "its own are replaced"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "[::2]:80", "localhost.", ""]
)
def test_a_foreign_name_for_this_server_is_refused(client: httpx.Client, host: str) -> None:
    response = client.get("/v1/documents", headers={"host": host})
    assert response.status_code == 400
    assert "evil" not in response.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1", "127.1.2.3:5", "[::1]:80"])
def test_a_name_of_this_machine_is_taken(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "file://", ""])
def test_another_page_cannot_write(client: httpx.Client, origin: str) -> None:
    response = client.post("/v1/documents", files={"file": ("a.md", b"text")}, headers={"origin": origin})
    assert (response.status_code, response.json()["error"]["type"]) == (403, "forbidden")
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert client.get("/v1/documents").json()["total"] == 2


def test_the_own_page_may(client: httpx.Client) -> None:
    own = {"origin": str(client.base_url).rstrip("/")}
    assert client.post("/v1/search", json={"query": "leave"}, headers=own).status_code == 200

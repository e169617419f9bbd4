"""Adding, listing, reading and deleting documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.settings import LimitSettings, ServerSettings, Settings
from ragkb.types import Principal


def sources(client: httpx.Client, query: str) -> list[str]:
    """Sources of the hits."""
    return [hit["source"] for hit in client.post("/v1/search", json={"query": query}).json()["hits"]]


def test_text_is_found_at_once_and_replaced_by_its_source(kb: KnowledgeBase, serve: Any) -> None:
    body = {"source": "canteen.md", "text": "The canteen closes at three.", "title": "Canteen"}
    with serve(kb) as client:
        added = client.post("/v1/documents", json={**body, "metadata": {"site": "Lyon", "open": True}})
        assert added.status_code == 201
        assert added.json()["ingested"] == 1
        place = added.headers["location"]
        assert place == f"/v1/documents/{added.json()['files'][0]['document_id']}"
        assert sources(client, "When does the canteen close?")[0] == "canteen.md"
        stored = client.get(place).json()
        assert (stored["text"], stored["title"]) == (body["text"], "Canteen")
        assert stored["metadata"]["site"] == "Lyon"
        assert client.post("/v1/documents", json={**body, "text": "It closes at four."}).status_code == 201
        assert client.get(place).json()["text"] == "It closes at four."
        assert client.get("/v1/documents").json()["total"] == 3


def test_the_same_text_again_is_unchanged(kb: KnowledgeBase, serve: Any) -> None:
    with serve(kb) as client:
        body = {"source": "a.md", "text": "Some text."}
        assert client.post("/v1/documents", json=body).status_code == 201
        again = client.post("/v1/documents", json=body)
    assert (again.status_code, again.json()["unchanged"]) == (200, 1)


def test_a_file(kb: KnowledgeBase, serve: Any) -> None:
    content = b"# Canteen\n\nThe canteen closes at three.\n"
    with serve(kb) as client:
        added = client.post(
            "/v1/documents", files={"file": ("sub/canteen.md", content)}, data={"title": "Where to eat"}
        )
        assert added.status_code == 201
        stored = client.get(added.headers["location"]).json()
        assert (stored["source"], stored["title"]) == ("canteen.md", "Where to eat")
        assert "closes at three" in stored["text"]
        assert stored["page_starts"] == []
        assert sources(client, "canteen")[0] == "canteen.md"


REFUSED_FILES: tuple[tuple[str, bytes], ...] = (
    ("broken.pdf", b"%PDF-1.7 broken"),
    ("broken.docx", b"PK\x03\x04 broken"),
    ("empty.md", b""),
    ("blank.txt", b" \n\n "),
    ("binary.txt", bytes(range(256)) * 20),
    ("program.exe", b"MZ\x90\x00"),
    ("noextension", b"text"),
)


@pytest.mark.parametrize(("name", "content"), REFUSED_FILES, ids=[name for name, _ in REFUSED_FILES])
def test_a_refused_file_says_why_and_leaves_all_as_it_was(
    kb: KnowledgeBase, serve: Any, name: str, content: bytes
) -> None:
    before = list(kb.documents())
    with serve(kb) as client:
        response = client.post("/v1/documents", files={"file": (name, content)})
        metrics = client.get("/metrics").text
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["type"] == "document_refused"
    assert error["message"].startswith(f"{name}: ")
    assert list(kb.documents()) == before
    assert 'ragkb_ingested_files_total{status="refused"} 1.0' in metrics


T = {"source": "a.md", "text": "Some text."}
BAD_DOCUMENTS: tuple[tuple[Any, str], ...] = (
    ({}, "source: Field required; text: Field required"),
    ([T], "no JSON object"),
    ({**T, "source": ""}, "source: not a name"),
    ({**T, "source": "a\nb"}, "source: not a name"),
    ({**T, "source": "a" * 1025}, "source: not a name"),
    ({**T, "text": ""}, "a.md: "),
    ({**T, "text": None}, "text: Input should be a valid string"),
    ({**T, "groups": "hr"}, "groups: Input should be a valid list"),
    ({**T, "groups": [1]}, "groups.0: Input should be a valid string"),
    ({**T, "groups": ["*"]}, "group '*' cannot be used"),
    ({**T, "groups": [" hr"]}, "group ' hr' cannot be used"),
    ({**T, "metadata": {"a": []}}, "metadata: a: neither"),
    ({**T, "metadata": {"a": {}}}, "metadata: a: neither"),
    ({**T, "metadata": {'a"b': 1}}, "metadata: a key holds quotes"),
    ({**T, "tags": []}, "unknown field 'tags'"),
)


@pytest.fixture(scope="module")
def admin(shared_kb: KnowledgeBase, serve: Any) -> Iterator[httpx.Client]:
    with serve(shared_kb, principal=Principal.admin()) as client:
        yield client


@pytest.mark.parametrize(("body", "message"), BAD_DOCUMENTS, ids=range(len(BAD_DOCUMENTS)))
def test_bad_document(admin: httpx.Client, body: Any, message: str) -> None:
    response = admin.post("/v1/documents", json=body)
    assert response.status_code == 422
    assert response.json()["error"]["message"].startswith(message)


BAD_FORMS: tuple[tuple[dict[str, Any], int, str], ...] = (
    ({"files": {"upload": ("a.md", b"text")}}, 422, "unknown field 'upload'"),
    ({"files": {"file": ("a.md", b"text")}, "data": {"tags": "x"}}, 422, "unknown field 'tags'"),
    ({"files": {"file": (None, b"text")}}, 422, "no file in the form"),
    ({"files": {"file": ("a\x7fb.md", b"text")}}, 422, "source: not a name"),
    ({"files": {"title": ("t.md", b"text")}}, 422, "no file in the form"),
    ({"files": [("file", (f"{n}.md", b"text")) for n in range(101)]}, 400, "the request cannot be read"),
    ({"files": [("file", ("a.md", b"text"))] * 2, "data": {"title": "x"}}, 422, "one title for several files"),
    ({"content": b"nonsense", "headers": {"content-type": "multipart/form-data"}}, 400, "the request cannot"),
    ({"content": b"--x\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 422, "no file"),
)


@pytest.mark.parametrize(("request_", "status", "message"), BAD_FORMS, ids=range(len(BAD_FORMS)))
def test_bad_form(client: httpx.Client, request_: dict[str, Any], status: int, message: str) -> None:
    response = client.post("/v1/documents", **request_)
    assert (response.status_code, response.json()["error"]["message"][: len(message)]) == (status, message)


def test_a_file_over_the_limit(kb: KnowledgeBase, serve: Any) -> None:
    small = Settings(limits=LimitSettings(file_bytes=1000), server=ServerSettings(body_bytes=1000))
    with serve(kb, small) as client:
        assert client.post("/v1/documents", files={"file": ("a.md", b"word " * 200)}).status_code == 201
        over = client.post("/v1/documents", files={"file": ("b.md", b"word " * 200 + b"x")})
        far_over = client.post("/v1/documents", files={"file": ("c.md", b"word " * 2000)})
    assert (over.status_code, over.json()["error"]["type"]) == (413, "limit_exceeded")
    assert far_over.status_code == 413


def test_deleted_means_gone(kb: KnowledgeBase, serve: Any) -> None:
    id = next(info.id for info in kb.documents() if info.source == "hr/leave.md")
    with serve(kb) as client:
        assert "hr/leave.md" in sources(client, "parental leave")
        response = client.delete(f"/v1/documents/{id}")
        assert (response.status_code, response.json()) == (200, {"deleted": id})
        assert "hr/leave.md" not in sources(client, "parental leave")
        answer = client.post("/v1/query", json={"question": "How long is parental leave?"})
        assert "14 weeks" not in answer.text
        assert client.get("/v1/documents").json()["total"] == 1
        assert client.get(f"/v1/documents/{id}").status_code == 404
        assert client.delete(f"/v1/documents/{id}").status_code == 404


def test_pages_hold_every_document_once_even_if_one_goes_meanwhile(kb: KnowledgeBase, serve: Any) -> None:
    kb.add([NewDocument(f"note{n:02}.md", f"Note number {n}.") for n in range(8)])
    seen: list[str] = []
    cursor = None
    with serve(kb) as client:
        while True:
            parameters = {"limit": 3, **({"cursor": cursor} if cursor else {})}
            page = client.get("/v1/documents", params=parameters).json()
            assert len(page["documents"]) <= 3
            seen += [row["source"] for row in page["documents"]]
            if len(seen) == 3:
                kb.delete(page["documents"][-1]["id"])  # the one that the cursor stands at
            cursor = page["next"]
            if cursor is None:
                break
    assert seen == ["hr/leave.md", *(f"note{n:02}.md" for n in range(8)), "travel.md"]


@pytest.mark.parametrize("cursor", ["x", "%%%", "bnVsbA==", "WzEsMl0=", "e30=", "W1tdLFtdXQ=="])
def test_bad_cursor(client: httpx.Client, cursor: str) -> None:
    response = client.get("/v1/documents", params={"cursor": cursor})
    assert (response.status_code, response.json()["error"]["type"]) == (422, "input_error")


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "1.5", ""])
def test_bad_limit(client: httpx.Client, limit: str) -> None:
    response = client.get("/v1/documents", params={"limit": limit})
    assert response.status_code == 422
    assert response.json()["error"]["message"].startswith("limit: ")

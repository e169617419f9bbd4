"""Every route of the OpenAPI document with seven credentials.

A route without a row fails: whoever adds one says here who may use it, by a line in ROUTES.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from tests.conftest import CORPUS

CREDENTIALS = ("none", "wrong", "expired", "other tenant", "reader", "writer", "admin")
PUBLIC = dict.fromkeys(CREDENTIALS, True)
READER = {**dict.fromkeys(CREDENTIALS[:4], False), "reader": True, "writer": True, "admin": True}
WRITER = {**READER, "reader": False}
ADMIN = {**WRITER, "writer": False}


@dataclass(frozen=True)
class Row:
    """Who may use a route, and a request that would go well. {document}, {pdf}, {key}: ids of the knowledge base."""

    may: Mapping[str, bool]
    request: dict[str, Any] = field(default_factory=dict)
    path: str = ""


ROUTES: dict[tuple[str, str], Row] = {
    ("GET", "/healthz"): Row(PUBLIC),
    ("GET", "/readyz"): Row(PUBLIC),
    ("GET", "/metrics"): Row(ADMIN),
    ("GET", "/v1/me"): Row(READER),
    ("POST", "/v1/query"): Row(READER, {"json": {"question": "How long is parental leave?"}}),
    ("POST", "/v1/search"): Row(READER, {"json": {"query": "parental leave"}}),
    ("GET", "/v1/documents"): Row(READER),
    ("GET", "/v1/documents/{id}"): Row(READER, path="/v1/documents/{document}"),
    ("GET", "/v1/documents/{id}/related"): Row(READER, path="/v1/documents/{document}/related"),
    ("POST", "/v1/documents"): Row(WRITER, {"json": {"source": "new.md", "text": "A new text."}}),
    ("GET", "/v1/jobs"): Row(WRITER),
    ("GET", "/v1/jobs/{id}"): Row(WRITER, path="/v1/jobs/{job}"),
    ("DELETE", "/v1/documents/{id}"): Row(WRITER, path="/v1/documents/{document}"),
    ("GET", "/v1/documents/{id}/original"): Row(READER, path="/v1/documents/{pdf}/original"),
    ("GET", "/v1/documents/{id}/pages/{n}.png"): Row(READER, path="/v1/documents/{pdf}/pages/1.png"),
    ("POST", "/v1/feedback"): Row(READER, {"json": {"question": "How long?", "answer": "14 weeks", "rating": "up"}}),
    ("GET", "/v1/models"): Row(READER),
    ("POST", "/v1/chat/completions"): Row(
        READER, {"json": {"model": "ragkb", "messages": [{"role": "user", "content": "How long is parental leave?"}]}}
    ),
    ("GET", "/v1/admin/keys"): Row(ADMIN),
    ("POST", "/v1/admin/keys"): Row(ADMIN, {"json": {"name": "new"}}),
    ("DELETE", "/v1/admin/keys/{id}"): Row(ADMIN, path="/v1/admin/keys/{key}"),
    ("GET", "/v1/admin/status"): Row(ADMIN),
    ("GET", "/v1/admin/nightly"): Row(ADMIN),
}


@dataclass(frozen=True)
class House:
    """A server with keys, over a knowledge base and one of another tenant."""

    client: httpx.Client
    kb: KnowledgeBase
    keys: Mapping[str, str]

    def ask(self, row: Row, method: str, path: str, credential: str) -> httpx.Response:
        key = self.keys[credential]
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return self.client.request(method, self._filled(row.path or path, credential), headers=headers, **row.request)

    def _job(self, credential: str) -> str:
        """A job of the caller's own, if they may have one."""
        key = self.keys[credential if credential in ("writer", "admin") else "writer"]
        body = {"source": "job.md", "text": "It is worked on."}
        headers = {"authorization": f"Bearer {key}"}
        id = str(self.client.post("/v1/documents?wait=false", json=body, headers=headers).json()["job"])
        while self.client.get(f"/v1/jobs/{id}", headers=headers).json()["status"] in ("queued", "running"):
            time.sleep(0.02)
        return id

    def _filled(self, path: str, credential: str) -> str:
        """With ids of things made for this request, since it may remove them."""
        if "{document}" in path:
            report = self.kb.add([NewDocument("gone.md", "It is gone soon.")])
            path = path.replace("{document}", str(report.files[0].document_id))
        if "{pdf}" in path:
            pdf = next(info.id for info in self.kb.documents() if info.media_type == "application/pdf")
            path = path.replace("{pdf}", pdf)
        if "{job}" in path:
            path = path.replace("{job}", self._job(credential))
        if "{key}" in path:
            path = path.replace("{key}", self.kb.ledger.keys.create("spare", "reader")[0].id)
        return path


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, serve: Any) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with (
        KnowledgeBase.open(folder / "kb", settings=Settings(), embedder=embedder) as kb,
        KnowledgeBase.open(folder / "other", settings=Settings(), embedder=embedder) as other,
    ):
        kb.add([NewDocument("leave.md", "Parental leave is 14 weeks.")])
        kb.ingest_bytes("policy.pdf", (CORPUS / "finance/travel-expense-policy.pdf").read_bytes())
        (kb.path / "nightly").mkdir()
        (kb.path / "nightly" / "latest.json").write_text("{}")
        made = kb.ledger.keys.create
        keys = {
            "none": "",
            "wrong": "ragkb_000000000000_" + "x" * 43,
            "expired": made("expired", "admin", expires=timedelta(milliseconds=1))[1],
            "other tenant": other.ledger.keys.create("root", "admin")[1],
            "reader": made("reader", "reader")[1],
            "writer": made("writer", "writer")[1],
            "admin": made("admin", "admin")[1],
        }
        with serve(kb, others={"other": other}) as client:
            yield House(client, kb, keys)


def test_every_route_has_a_row(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(ROUTES) == {(method.upper(), path) for path, methods in paths.items() for method in methods}


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_route(house: House, route: tuple[str, str], credential: str) -> None:
    row = ROUTES[route]
    response = house.ask(row, *route, credential)
    if row.may[credential]:
        assert response.status_code < 400, response.text
    else:
        known = credential in CREDENTIALS[4:]
        assert response.status_code == (403 if known else 401)
        names = ("forbidden", "permission_error") if known else ("unauthorized", "authentication_error")
        assert response.json()["error"]["type"] in names
        assert known or response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/v1/documents", "/v1/nonesuch", "/kb/other/v1/documents", "/kb/nonesuch/v1/documents"]
)
def test_who_is_not_known_learns_nothing(house: House, path: str) -> None:
    seen = set()
    for credential in CREDENTIALS[:3]:
        response = house.ask(Row(READER), "GET", path, credential)
        seen.add((response.status_code, response.content))
    assert len(seen) == 1
    assert seen == {(401, house.ask(Row(READER), "GET", "/v1/documents", "none").content)}


def test_another_tenant_and_none_look_the_same(house: House) -> None:
    def seen(name: str) -> tuple[int, bytes, dict[str, str]]:
        response = house.ask(Row(READER), "GET", f"/kb/{name}/v1/documents", "admin")
        headers = {key: value for key, value in response.headers.items() if key not in ("date", "x-request-id")}
        return response.status_code, response.content, headers

    assert seen("other") == seen("nonesuch")
    assert seen("other")[0] == 401
    for path in ("/", "/docs", "/healthz", "/readyz"):
        assert house.client.get(f"/kb/other{path}").content == house.client.get(f"/kb/nonesuch{path}").content


def test_a_tenant_has_its_own_documents(house: House) -> None:
    own = {"authorization": f"Bearer {house.keys['other tenant']}"}
    found = house.client.get("/kb/other/v1/documents", headers=own)
    assert (found.status_code, found.json()["total"]) == (200, 0)
    me = house.client.get("/kb/other/v1/me", headers=own).json()
    assert me == {"user": "root", "groups": ["*"], "role": "admin", "kb": "other", "kbs": ["other"], "auth": "key"}


def test_either_header_takes_the_key(house: House) -> None:
    key = house.keys["reader"]
    for headers in (
        {"authorization": f"bearer {key}"},
        {"x-api-key": key},
        {"authorization": "Basic x", "x-api-key": key},
    ):
        assert house.client.get("/v1/me", headers=headers).status_code == 200
    for headers in ({"authorization": key}, {"authorization": f"Basic {key}"}, {"x-api-key": f"Bearer {key}"}):
        assert house.client.get("/v1/me", headers=headers).status_code == 401
    assert house.client.get("/v1/me", params={"key": key}).status_code == 401

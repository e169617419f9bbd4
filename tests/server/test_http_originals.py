"""Page pictures with the quote marked, and the files themselves."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.types import Principal
from tests.conftest import CORPUS

PDF = CORPUS / "finance/travel-expense-policy.pdf"
NAME = "差旅 policy's.pdf"
QUOTE = "First class rail is allowed for journeys of more than two hours."


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[KnowledgeBase]:
    folder = tmp_path_factory.mktemp("pdf") / "kb"
    with KnowledgeBase.open(folder, settings=Settings(), embedder=embedder) as opened:
        opened.ingest_bytes(NAME, PDF.read_bytes())
        opened.ingest_bytes("secret.pdf", PDF.read_bytes(), groups=("hr",))
        opened.ingest_bytes("a.txt", b"A text without pages.")
        yield opened


@pytest.fixture(scope="module")
def client(kb: KnowledgeBase, serve: Any) -> Iterator[httpx.Client]:
    with serve(kb) as opened:
        yield opened


def id_of(kb: KnowledgeBase, source: str) -> str:
    return next(info.id for info in kb.documents(as_=Principal.admin()) if info.source == source)


def pixels(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-content-type-options"] == "nosniff"
    return np.asarray(Image.open(io.BytesIO(response.content)).convert("RGB")).astype(int)


def test_a_quote_is_marked_by_its_text_and_by_its_span(kb: KnowledgeBase, client: httpx.Client) -> None:
    id = id_of(kb, NAME)
    path = f"/v1/documents/{id}/pages/1.png"
    start = kb.document(id).text.index(QUOTE)
    plain, by_text = pixels(client.get(path)), pixels(client.get(path, params={"quote": QUOTE}))
    by_span = pixels(client.get(path, params={"start": start, "end": start + len(QUOTE)}))
    assert (by_text == by_span).all()
    marked = np.abs(plain - by_text).sum(axis=2) > 0
    assert 0.001 < marked.mean() < 0.1
    assert (plain == pixels(client.get(path, params={"quote": "stands nowhere at all"}))).all()
    assert pixels(client.get(path, params={"scale": 0.5})).shape[0] * 4 - plain.shape[0] in range(-4, 5)


def test_what_cannot_be_drawn(kb: KnowledgeBase, client: httpx.Client) -> None:
    id, text = id_of(kb, NAME), id_of(kb, "a.txt")
    for path, status, word in (
        (f"{id}/pages/99.png", 404, "page 99"),
        (f"{id}/pages/0.png", 422, "n"),
        (f"{id}/pages/x.png", 422, "n"),
        (f"{id}/pages/1.png?start=3", 422, "belong together"),
        (f"{id}/pages/1.png?start=9&end=3", 422, "no span"),
        (f"{id}/pages/1.png?start=0&end=99999999", 422, "no span"),
        (f"{id}/pages/1.png?scale=100", 422, "scale"),
        (f"{text}/pages/1.png", 404, "no pages to draw"),
        (f"{text}/original", 404, "was not kept"),
    ):
        response = client.get(f"/v1/documents/{path}")
        assert (response.status_code, word in response.json()["error"]["message"]) == (status, True), response.text


def test_the_file_is_downloaded_never_shown(kb: KnowledgeBase, client: httpx.Client) -> None:
    response = client.get(f"/v1/documents/{id_of(kb, NAME)}/original")
    assert response.content == PDF.read_bytes()
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"___policy_s.pdf\"; filename*=UTF-8''%E5%B7%AE%E6%97%85%20policy%27s.pdf"
    )
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["original", "pages/1.png", "pages/99.png"])
def test_hidden_and_absent_look_the_same(kb: KnowledgeBase, client: httpx.Client, path: str) -> None:
    hidden, absent = id_of(kb, "secret.pdf"), "0" * 16
    responses = [client.get(f"/v1/documents/{id}/{path}") for id in (hidden, absent)]
    assert [one.status_code for one in responses] == [404, 404]
    assert responses[0].text.replace(hidden, absent) == responses[1].text


def test_a_page_that_harms_its_drawer_is_an_error_and_the_next_is_drawn(
    tmp_path: Path, embedder: Embedder, serve: Any
) -> None:
    settings = Settings.load(limits={"seconds": 1})
    with KnowledgeBase.open(tmp_path / "kb", settings=settings, embedder=embedder) as kb:
        id = str(kb.ingest_bytes("a.pdf", PDF.read_bytes()).files[0].document_id)
        assert kb.page_picture(id, 1)
        drawer = kb._pictures._sandbox  # type: ignore[union-attr]
        (process,) = drawer._all  # type: ignore[union-attr]
        process.kill()
        assert kb.page_picture(id, 1)

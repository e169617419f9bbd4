"""/docs and /openapi.json, without a network."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx


def test_docs_ask_nobody_else(client: httpx.Client) -> None:
    response = client.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = response.text
    references = re.findall(r"""(?:src|href|action|data)\s*=\s*["']?([^"'\s>]*)""", page)
    assert references == ["/openapi.json"]
    assert not re.search(r"<script|@import|url\(|<link|<img|<iframe", page)
    assert set(re.findall(r"https?://([^/\s:<]+)", page)) <= {"127.0.0.1"}  # the examples


def test_docs_style_is_what_the_policy_allows(client: httpx.Client) -> None:
    response = client.get("/docs")
    style = re.search(r"<style>(.*?)</style>", response.text, re.S)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = response.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert "unsafe" not in policy


def test_docs_show_every_route_and_field(client: httpx.Client) -> None:
    api = client.get("/openapi.json").json()
    page = client.get("/docs").text
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            assert f'<b class="{method}">{method.upper()}</b><code>{path}</code>' in page
            assert operation["description"], f"{method} {path} says nothing about itself"
    for name in ("question", "history", "where", "stream", "source", "metadata", "cursor", "limit", "file"):
        assert f"<code>{name}</code>" in page


def test_openapi_knows_one_shape_of_error(client: httpx.Client) -> None:
    api = client.get("/openapi.json").json()
    assert "HTTPValidationError" not in api["components"]["schemas"]
    for operations in api["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert response["content"]["application/json"]["schema"]["$ref"].endswith("ErrorShape")

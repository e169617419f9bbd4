"""The Model Context Protocol, spoken by its own client over HTTP and over stdio."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
from mcp import Client, StdioServerParameters

from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.settings import Settings
from ragkb.types import Principal
from tests.server.conftest import DOCUMENTS

HR = Principal(groups=("hr",))
TOOLS = ["ask", "get_document", "list_documents", "search"]


def in_a_thread(talk: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """What it gives; in a thread of its own, since a browser of other tests may hold a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, talk).result()


async def converse(client: Client) -> dict[str, Any]:
    """What each tool gives."""
    listed = (await client.list_tools()).tools
    asked = await client.call_tool("ask", {"question": "How long is parental leave?"})
    found = await client.call_tool("search", {"query": "parental leave", "k": 1})
    id = found.structured_content["hits"][0]["document_id"]  # type: ignore[index]
    return {
        "tools": listed,
        "ask": asked,
        "search": found,
        "part": await client.call_tool("get_document", {"id": id, "start": 2, "length": 8}),
        "list": await client.call_tool("list_documents", {}),
        "absent": await client.call_tool("get_document", {"id": "0" * 16}),
        "wrong": await client.call_tool("search", {"query": " "}),
        "strange": await client.call_tool("search", {"query": "leave", "k": 0}),
    }


def check(got: dict[str, Any], documents: int) -> None:
    assert sorted(tool.name for tool in got["tools"]) == TOOLS
    for tool in got["tools"]:
        assert tool.annotations.read_only_hint
        assert tool.description
    text, structured = got["ask"].content[0].text, got["ask"].structured_content
    assert "Parental leave is 14 weeks. [1]" in text
    assert structured["citations"][0]["source"] == "hr/leave.md"
    assert got["search"].structured_content["hits"][0]["source"] == "hr/leave.md"
    part = got["part"].structured_content
    assert (part["text"], part["start"], part["next"]) == ("Parental", 2, 10)
    assert got["list"].structured_content["total"] == len(got["list"].structured_content["documents"]) == documents
    for name, word in (("absent", "was not found"), ("wrong", "the query is empty"), ("strange", "greater than")):
        assert got[name].is_error
        assert word in got[name].content[0].text


def test_over_http_each_call_is_the_callers(kb: KnowledgeBase, serve: Any) -> None:
    def ask(principal: Principal) -> dict[str, Any]:
        async def talk() -> dict[str, Any]:
            async with Client(f"{client.base_url}/mcp") as session:
                return await converse(session)

        with serve(kb, principal=principal) as client:
            return in_a_thread(talk)

    check(ask(Principal()), 2)
    check(ask(HR), 3)


def test_over_stdio(tmp_path: Path, embedder: Embedder) -> None:
    with KnowledgeBase.open(tmp_path / "kb", settings=Settings(), embedder=embedder) as kb:
        kb.add(DOCUMENTS)

    async def talk() -> dict[str, Any]:
        arguments = ["-m", "ragkb", "--kb", str(tmp_path / "kb"), "mcp", "--groups", "hr"]
        async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as session:
            return await converse(session)

    check(in_a_thread(talk), 3)


def test_what_is_no_mcp_is_an_error(client: httpx.Client) -> None:
    response = client.post("/mcp", content=b"{", headers={"content-type": "application/json"})
    assert 400 <= response.status_code < 500
    metrics = client.get("/metrics").text
    assert 'route="/mcp"' in metrics

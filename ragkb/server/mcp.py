"""The Model Context Protocol: what an agent may do with a knowledge base, over HTTP at /mcp and over stdio.

The tools only read. Who asks is who calls the server; over stdio it is who started the process.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from ragkb import __version__
from ragkb.errors import RagkbError
from ragkb.kb import KnowledgeBase
from ragkb.render import answer_json, document_json, hit_json
from ragkb.server.chat import answer_text
from ragkb.server.problems import Refused, told
from ragkb.server.record import resume
from ragkb.server.service import caller, service
from ragkb.types import Principal

Result = TypeVar("Result")
ABOUT = (
    "A knowledge base over a company's documents. `ask` answers a question with exact quotes, or says that the "
    "documents do not hold the answer; do not fill that gap from your own knowledge. `search` finds passages, "
    "`get_document` reads on around one, `list_documents` lists what there is. Cite the title and the page of what you "
    "use."
)
READ = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
MOST_TEXT = 20_000  # characters of a document in one answer
MOST_LISTED = 200
FOLLOWED = 20  # passages that one search gives, at most


@dataclass(frozen=True, slots=True)
class Asking:
    """A knowledge base and who asks it."""

    kb: KnowledgeBase
    principal: Principal


class Desk(Protocol):
    """Where a call of a tool is worked on."""

    async def __call__(self, context: Context, work: Callable[[Asking], Result]) -> Result:
        """The result of the work, done in a thread. Raises ToolError with what the agent is told."""


def tools(desk: Desk) -> MCPServer:
    """The server with its tools."""
    server = MCPServer("ragkb", version=__version__, instructions=ABOUT, log_level="WARNING")

    @server.tool(annotations=READ)
    async def search(
        context: Context,
        query: Annotated[str, Field(description="what to look for, in the words of the documents")],
        k: Annotated[int, Field(ge=1, le=FOLLOWED, description="how many passages")] = 8,
    ) -> dict[str, Any]:
        """Finds passages, best first, each with its document, page and place (`start`, `end`) in the text."""
        hits = await desk(context, lambda asking: asking.kb.search(query, k=k, as_=asking.principal))
        return {"hits": [{key: value for key, value in hit_json(hit).items() if key != "explain"} for hit in hits]}

    @server.tool(annotations=READ)
    async def ask(
        context: Context, question: Annotated[str, Field(description="one question, complete in itself")]
    ) -> CallToolResult:
        """Answers a question with numbered citations, which are exact quotes, or says that no document does."""
        answer = await desk(context, lambda asking: asking.kb.ask(question, as_=asking.principal))
        structured = {key: value for key, value in answer_json(answer).items() if key != "passages"}
        return CallToolResult(content=[TextContent(text=answer_text(answer))], structured_content=structured)

    @server.tool(annotations=READ)
    async def get_document(
        context: Context,
        id: Annotated[str, Field(description="a `document_id` of a passage or citation")],
        start: Annotated[int, Field(ge=0, description="first character")] = 0,
        length: Annotated[int, Field(ge=1, le=MOST_TEXT, description="how many characters")] = MOST_TEXT,
    ) -> dict[str, Any]:
        """Reads a document's text from `start` on; `next` is where to go on, null at the end."""
        document = await desk(context, lambda asking: asking.kb.document(id, as_=asking.principal))
        end = min(start + length, len(document.text))
        more = end if end < len(document.text) else None
        return {**document_json(document.info), "start": start, "text": document.text[start:end], "next": more}

    @server.tool(annotations=READ)
    async def list_documents(
        context: Context,
        skip: Annotated[int, Field(ge=0, description="how many of them to pass over")] = 0,
    ) -> dict[str, Any]:
        """Lists the documents by source; `total` counts all that the caller may read."""
        found = await desk(context, lambda asking: list(asking.kb.documents(as_=asking.principal)))
        shown = [document_json(info) for info in found[skip : skip + MOST_LISTED]]
        return {"documents": shown, "total": len(found)}

    return server


# --- over stdio -------------------------------------------------------------------------------------------------------


async def over_stdio(kb: KnowledgeBase, principal: Principal) -> None:
    """Serves whoever started this process, until they close its input."""

    async def desk(context: Context, work: Callable[[Asking], Result]) -> Result:
        try:
            return await to_thread.run_sync(work, Asking(kb, principal))
        except RagkbError as error:
            raise ToolError(str(error)) from None

    await tools(desk).run_stdio_async()


# --- over HTTP --------------------------------------------------------------------------------------------------------


class OverHttp:
    """The ASGI application of /mcp. Every request stands for itself: there are no sessions to keep, or to steal."""

    def __init__(self) -> None:
        self._server: MCPServer | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Takes requests inside."""
        server = tools(_served)
        # subtle: makes the session manager; Host and Origin are checked for all routes at once, before this one
        server.streamable_http_app(
            json_response=True,
            stateless_http=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with server.session_manager.run():
            self._server = server
            yield
        self._server = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller(Request(scope))  # raises what any route does for one who may not call
        if self._server is None:
            raise Refused(503, "the server has not started", "come back in a moment")
        await self._server.session_manager.handle_request(scope, receive, send)


async def _served(context: Context, work: Callable[[Asking], Result]) -> Result:
    """Works in a reader's thread of the server, for who sent the request."""
    request = context.request_context.request
    assert isinstance(request, Request)
    served, principal = service(request), caller(request).principal
    resume(request.state.record)  # subtle: a tool may run in the context of its session, not in that of its request
    try:
        return await served.read(lambda: work(Asking(served.kb, principal)))
    except RagkbError as error:
        shown = told(request, error)["error"]
        raise ToolError(": ".join(filter(None, (shown["message"], shown["hint"])))) from None
    except Refused as error:
        raise ToolError(error.message or "the server cannot take this now") from None

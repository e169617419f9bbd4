"""OpenAI's protocol: POST /v1/chat/completions and GET /v1/models."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ragkb.errors import RagkbError
from ragkb.server.chat import MODEL, ChatBody, Completion, answer_text, chore
from ragkb.server.openai_shapes import ChatShape, ModelsShape, openai_problems
from ragkb.server.problems import Refused, told
from ragkb.server.service import Asker, Calling, Everywhere, Served, Service, Site
from ragkb.server.spoken import as_openai
from ragkb.server.streaming import sse, streamed

router = APIRouter(tags=["OpenAI"])
DONE = "data: [DONE]\n\n"
STARTED = int(time.time())
CHUNKS = {"content": {"text/event-stream": {"schema": {"description": "chunks, then [DONE]"}}}}


@router.get("/v1/models", response_model=ModelsShape, responses=openai_problems(401, 503))
async def models(served: Served, calling: Calling, everywhere: Everywhere) -> Response:
    """Lists the models: `ragkb`, the knowledge base of this path, and `ragkb-NAME` for each that the caller reaches."""
    names = [MODEL, *(f"{MODEL}-{name}" for name in _reached(served, calling.auth == "open", everywhere))]
    rows = [{"id": name, "object": "model", "created": STARTED, "owned_by": "ragkb"} for name in names]
    return JSONResponse({"object": "list", "data": rows})


@router.post(
    "/v1/chat/completions",
    response_model=ChatShape,
    responses={200: CHUNKS, **openai_problems(400, 401, 404, 413, 503)},
)
async def chat_completions(
    body: ChatBody, request: Request, served: Served, asker: Asker, calling: Calling, everywhere: Everywhere
) -> Response:
    """Answers the last message, in OpenAI's form: `[n]` and a list of sources in the text, the quotes in `citations`.

    What was said before is history; system messages and parameters of sampling are ignored. Titles that a front end
    asks for itself are made of the first question.
    """
    chosen = _chosen(body.model, served, calling.auth == "open", everywhere)
    question, history = body.asked()
    completion = Completion(body.model)
    wanted = chore(question, history)
    if wanted is not None:
        return _said(body, completion, wanted)
    asked: dict[str, Any] = {"as_": asker, "history": history}
    if body.stream:
        usage = bool(body.stream_options and body.stream_options.include_usage)
        return await streamed(
            request,
            chosen,
            lambda: completion.chunks(chosen.kb.stream(question, **asked), usage),
            lambda chunk: [sse(chunk)],
            _error,
            DONE,
        )

    def work() -> Response:
        found = chosen.kb.ask(question, **asked)
        return JSONResponse(completion.whole(answer_text(found), found))

    return await chosen.read(work)


def _said(body: ChatBody, completion: Completion, text: str) -> Response:
    if not body.stream:
        return JSONResponse(completion.whole(text, None))
    return Response("".join([*map(sse, completion.pieces(text)), DONE]), media_type="text/event-stream")


def _reached(served: Service, is_open: bool, everywhere: Site) -> list[str]:
    """The knowledge bases by name: a key is one's own, without keys all of them."""
    return sorted(everywhere.services) if is_open else [served.name]


def _chosen(model: str, served: Service, is_open: bool, everywhere: Site) -> Service:
    """The knowledge base that the model's name means. 404 for another, whether there is one or not."""
    if model == MODEL:
        return served
    name = model.removeprefix(f"{MODEL}-")
    if name != model and name in _reached(served, is_open, everywhere):
        return everywhere.services[name]
    raise Refused(404, f"there is no model {model[:100]!r}", "GET /v1/models lists them")


def _error(request: Request, error: RagkbError) -> str:
    return sse(as_openai(told(request, error), error.http_status))

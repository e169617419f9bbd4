"""POST /v1/query and POST /v1/search."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ragkb.errors import RagkbError
from ragkb.render import answer_json, hit_json, record_json, search_json
from ragkb.server.bodies import QueryBody, SearchBody
from ragkb.server.problems import told
from ragkb.server.service import Asker, Served
from ragkb.server.shapes import AnswerShape, SearchShape, problems
from ragkb.server.streaming import sse, streamed
from ragkb.types import Answer, AnswerEvent, PassagesFound

router = APIRouter(tags=["Ask"], responses=problems(401, 413, 422, 503))
EVENT_STREAM = {
    "content": {
        "text/event-stream": {
            "schema": {
                "description": "events: passages, sentence for each, answer (the whole); or error, which is the last",
            }
        }
    }
}


@router.post("/v1/query", response_model=AnswerShape, responses={200: EVENT_STREAM})
async def query(body: QueryBody, request: Request, served: Served, asker: Asker) -> Response:
    """Answers a question with quotes from the documents, or says that they do not hold the answer.

    With `stream`, server-sent events: `passages`, a `sentence` for each once it is scored, with its `new_citations`,
    and `answer`, which is the whole of it. What goes wrong on the way is an event `error`. Comments keep the line open.
    """
    asked: dict[str, Any] = {
        "k": body.k,
        "where": body.where,
        "as_": asker,
        "history": [turn.turn() for turn in body.history],
    }
    if body.stream:
        return await streamed(
            request,
            served,
            lambda: served.kb.stream(body.question, **asked),
            lambda event: [_event(event)],
            _error,
        )

    def work() -> Response:
        found = served.kb.ask(body.question, **asked)
        return JSONResponse(answer_json(found))

    return await served.read(work)


@router.post("/v1/search", response_model=SearchShape)
async def search(body: SearchBody, served: Served, asker: Asker) -> Response:
    """Finds passages, best first, without an answer."""

    def work() -> Response:
        started = time.perf_counter()
        hits = served.kb.search(body.query, k=body.k, where=body.where, as_=asker)
        milliseconds = (time.perf_counter() - started) * 1000
        return JSONResponse(search_json(body.query, hits, milliseconds))

    return await served.read(work)


def _event(event: AnswerEvent) -> str:
    if isinstance(event, PassagesFound):
        return sse({"passages": [hit_json(hit) for hit in event.hits]}, "passages")
    if isinstance(event, Answer):
        return sse(answer_json(event), "answer")
    new = [record_json(citation) for citation in event.citations]
    return sse({**record_json(event.sentence), "new_citations": new}, "sentence")


def _error(request: Request, error: RagkbError) -> str:
    return sse(told(request, error), "error")

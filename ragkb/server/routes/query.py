"""POST /v1/query and POST /v1/search."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from ragkb.render import answer_json, search_json
from ragkb.server.bodies import QueryBody, SearchBody
from ragkb.server.service import Asker, Served
from ragkb.server.shapes import AnswerShape, SearchShape, problems

router = APIRouter(tags=["Ask"], responses=problems(401, 413, 422, 503))
EVENT_STREAM = {
    "content": {
        "text/event-stream": {
            "schema": {"type": "string", "description": "events: passages, sentence for each, answer (the whole)"}
        }
    }
}


@router.post("/v1/query", response_model=AnswerShape, responses={200: EVENT_STREAM})
async def query(body: QueryBody, served: Served, asker: Asker) -> Response:
    """Answers a question with quotes from the documents, or says that they do not hold the answer.

    With `stream`, server-sent events: `passages`, a `sentence` for each, and `answer`, which is the whole of it.
    Today's generator finishes before the first event is sent, so that they arrive together.
    """

    def work() -> Response:
        history = [turn.turn() for turn in body.history]
        found = served.kb.ask(body.question, k=body.k, where=body.where, as_=asker, history=history)
        served.metrics.answer(found)
        content = answer_json(found)
        if body.stream:
            return Response("".join(events(content)), media_type="text/event-stream")
        return JSONResponse(content)

    return await served.read(work)


@router.post("/v1/search", response_model=SearchShape)
async def search(body: SearchBody, served: Served, asker: Asker) -> Response:
    """Finds passages, best first, without an answer."""

    def work() -> Response:
        started = time.perf_counter()
        hits = served.kb.search(body.query, k=body.k, where=body.where, as_=asker)
        milliseconds = (time.perf_counter() - started) * 1000
        served.metrics.stages({"search": milliseconds})
        return JSONResponse(search_json(body.query, hits, milliseconds))

    return await served.read(work)


def events(answer: dict[str, Any]) -> Iterator[str]:
    """The answer as server-sent events."""
    yield _event("passages", {"passages": answer["passages"]})
    for sentence in answer["sentences"]:
        yield _event("sentence", sentence)
    yield _event("answer", answer)


def _event(name: str, data: dict[str, Any]) -> str:
    """subtle: JSON holds no raw line break, so that one data line is enough."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, allow_nan=False)}\n\n"

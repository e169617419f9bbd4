"""Any server that speaks OpenAI's chat completions over HTTP: vLLM, Ollama, llama.cpp, a cloud."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, cast

import httpx

from ragkb.errors import InputError, ModelError
from ragkb.models.chat import Message, Piece, Usage, estimated_tokens
from ragkb.models.openai_errors import Failed, Names, unsupported
from ragkb.models.openai_http import Endpoint, address, excerpt, pause
from ragkb.models.openai_stream import LONGEST_REPLY, events
from ragkb.settings import LlmSettings

NAMES = Names(
    server="language model",
    url="llm.url",
    model="--model",
    key="RAGKB_LLM__API_KEY",
    size="llm.context_tokens or llm.max_tokens",
    timeout="llm.timeout",
    seconds="llm.seconds",
)


class OpenAIChat:
    """A model behind a URL. No redirect is followed, so that the key goes nowhere else."""

    def __init__(self, settings: LlmSettings) -> None:
        self.name = settings.model
        self._settings = settings
        url = completions_url(settings.url)
        self._endpoint = Endpoint(url, settings.model, settings.key(), NAMES, settings.timeout)
        self._unsupported: set[str] = set()  # parameters that this server refused
        if not settings.model:
            raise InputError("no model is named", "give --model NAME, or set llm.model")

    def count_tokens(self, text: str) -> int:
        """An estimate: the server has the tokenizer."""
        return estimated_tokens(text)

    def reply(self, messages: Sequence[Message]) -> Generator[Piece, None, None]:
        """The reply. Refused, overloaded and cut requests are tried again as long as nothing has come of them.

        Raises ModelError that says what the server did and what to do about it.
        """
        deadline = time.monotonic() + self._settings.seconds
        attempt = 0
        while True:
            started = False
            try:
                for piece in self._attempt(messages, deadline):
                    started = True
                    yield piece
                return
            except Failed as failure:
                if started:
                    raise ModelError(failure.message, failure.hint) from None
                pause(failure, attempt, self._settings.retries, deadline)
            attempt += 1

    def _attempt(self, messages: Sequence[Message], deadline: float) -> Iterator[Piece]:
        with (
            self._endpoint.client() as client,
            self._endpoint.answered(client, lambda: self._send(client, messages), deadline) as response,
        ):
            is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
            if is_stream:
                yield from _streamed(response, deadline)
            else:
                yield _whole(self._endpoint.body(response, LONGEST_REPLY, deadline))

    def _send(self, client: httpx.Client, messages: Sequence[Message]) -> httpx.Response:
        """The response to the request; without the parameters that the server says it does not know."""
        while True:
            request = self._endpoint.request(client, self._body(messages), self._accept())
            response = client.send(request, stream=True)
            unknown = unsupported(response) - self._unsupported if response.status_code in (400, 422) else set()
            if not unknown:
                return response
            response.close()
            self._unsupported |= unknown

    def _accept(self) -> str:
        return "text/event-stream" if self._settings.stream else "application/json"

    def _body(self, messages: Sequence[Message]) -> Mapping[str, Any]:
        settings = self._settings
        body: dict[str, Any] = {
            "model": settings.model,
            "messages": [{"role": one.role, "content": one.content} for one in messages],
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
            "stream": settings.stream,
        }
        if settings.stream:
            body["stream_options"] = {"include_usage": True}
        if "max_tokens" in self._unsupported:
            body["max_completion_tokens"] = settings.max_tokens
        return {name: value for name, value in body.items() if name not in self._unsupported}


def completions_url(url: str) -> str:
    """Where completions are asked for. Raises InputError for what is no address of a server."""
    return address(url, "/chat/completions", NAMES)


def _streamed(response: httpx.Response, deadline: float) -> Iterator[Piece]:
    """Pieces of a stream of server-sent events. Raises Failed if it ends before the model did."""
    usage, finish = Usage(), ""
    for event in events(response.iter_raw(), deadline):
        usage = _usage(event) or usage
        for choice in event.get("choices") or ():
            finish = choice.get("finish_reason") or finish
            text = (choice.get("delta") or {}).get("content")
            if isinstance(text, str) and text:
                yield Piece(text)
    if not finish:
        raise Failed("the language model's answer ended before it was finished", "look at the server's log", True)
    yield _last("", finish, usage)


def _whole(data: bytes) -> Piece:
    """The reply of a server that does not stream."""
    try:
        reply = json.loads(data)
        choice = reply["choices"][0]
        text = cast(str, choice["message"]["content"] or "")
        return _last(text, str(choice.get("finish_reason") or "stop"), _usage(reply) or Usage())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Failed(
            f"what the language model's server sent is no chat completion: {excerpt(data)}",
            "llm.url has to be the address of OpenAI's protocol; it usually ends in /v1",
        ) from None


def _last(text: str, finish: str, usage: Usage) -> Piece:
    if finish == "content_filter":
        raise Failed("the language model's server filtered the answer", "ask in other words, or take another model")
    return Piece(text, usage, is_cut=finish == "length")


def _usage(reply: Mapping[str, Any]) -> Usage | None:
    counts = reply.get("usage")
    if not isinstance(counts, Mapping):
        return None
    prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
    return Usage(*(number if isinstance(number, int) else 0 for number in (prompt, completion)))

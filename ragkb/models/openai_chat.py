"""Any server that speaks OpenAI's chat completions over HTTP: vLLM, Ollama, llama.cpp, a cloud."""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import certifi
import httpx

from ragkb.errors import InputError, ModelError
from ragkb.models.chat import Message, Piece, Usage, estimated_tokens
from ragkb.models.openai_errors import Failed, failed, unsupported
from ragkb.models.openai_stream import LONGEST_REPLY, events
from ragkb.settings import LlmSettings

FIRST_WAIT = 0.5  # seconds before the first retry; doubled before each further one
LONGEST_WAIT = 30.0


class OpenAIChat:
    """A model behind a URL. No redirect is followed, so that the key goes nowhere else."""

    def __init__(self, settings: LlmSettings) -> None:
        self.name = settings.model
        self._settings = settings
        self._url = completions_url(settings.url)
        self._key = settings.key()
        self._tls = _tls() if self._url.startswith("https:") else False
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
                wait = _wait(failure, attempt)
                spent = attempt >= self._settings.retries or time.monotonic() + wait > deadline
                if started or not failure.again or spent:
                    raise ModelError(failure.message, failure.hint) from None
            time.sleep(wait)
            attempt += 1

    def _attempt(self, messages: Sequence[Message], deadline: float) -> Iterator[Piece]:
        with self._posted(messages, deadline) as response:
            is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
            if is_stream:
                yield from _streamed(response, deadline)
            else:
                yield _whole(response, deadline)

    @contextmanager
    def _posted(self, messages: Sequence[Message], deadline: float) -> Iterator[httpx.Response]:
        """The response with status 200. Raises Failed for everything else that may happen while it is open."""
        left = max(0.1, min(self._settings.timeout, deadline - time.monotonic()))
        timeout = httpx.Timeout(left, connect=min(left, 10.0))
        where = f"the language model at {self._url}"
        try:
            with httpx.Client(timeout=timeout, verify=self._tls, follow_redirects=False) as client:
                response = self._send(client, messages)
                try:
                    if response.status_code != 200:
                        raise failed(response, where, self._settings.model, self._key)
                    yield response
                finally:
                    response.close()
        except httpx.ConnectError as error:
            raise Failed(f"{where} cannot be reached ({_reason(error)})", "is it running? see llm.url", True) from None
        except httpx.TimeoutException:
            hint = "raise llm.timeout, or take a faster model"
            raise Failed(f"{where} sent nothing for {left:.0f} s", hint, True) from None
        except httpx.TransportError as error:
            raise Failed(f"{where} cut the connection ({_reason(error)})", "look at its log", True) from None

    def _send(self, client: httpx.Client, messages: Sequence[Message]) -> httpx.Response:
        """The response to the request; without the parameters that the server says it does not know."""
        while True:
            request = client.build_request("POST", self._url, json=self._body(messages), headers=self._headers())
            response = client.send(request, stream=True)
            unknown = unsupported(response) - self._unsupported if response.status_code in (400, 422) else set()
            if not unknown:
                return response
            response.close()
            self._unsupported |= unknown

    def _headers(self) -> Mapping[str, str]:
        accept = "text/event-stream" if self._settings.stream else "application/json"
        headers = {"accept": accept, "accept-encoding": "identity", "user-agent": "ragkb"}
        return {**headers, "authorization": f"Bearer {self._key}"} if self._key else headers

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
    """Where completions are asked for: `/v1` is added to a bare host, `/chat/completions` where it is missing.

    Raises InputError for what is no address of a server.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"llm.url is {url!r}", "write for instance http://localhost:11434/v1, or local:FOLDER")
    if parts.username or parts.password:
        raise InputError("llm.url holds a user name", "give the key as RAGKB_LLM__API_KEY")
    path = parts.path.rstrip("/") or "/v1"
    if not path.endswith("/chat/completions"):
        path += "/chat/completions"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _tls() -> ssl.SSLContext:
    """Trusts what the system trusts, and the roots that come with certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


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


def _whole(response: httpx.Response, deadline: float) -> Piece:
    """The reply of a server that does not stream."""
    data = b""
    for part in response.iter_raw():
        data += part
        if len(data) > LONGEST_REPLY:
            raise Failed(f"the language model sent more than {LONGEST_REPLY:,} bytes", "lower llm.max_tokens")
        if time.monotonic() > deadline:
            raise Failed(
                "the language model took longer than llm.seconds", "raise llm.seconds, or lower llm.max_tokens"
            )
    try:
        reply = json.loads(data)
        choice = reply["choices"][0]
        text = cast(str, choice["message"]["content"] or "")
        return _last(text, str(choice.get("finish_reason") or "stop"), _usage(reply) or Usage())
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Failed(
            f"what the language model's server sent is no chat completion: {_excerpt(data)}",
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


def _wait(failure: Failed, attempt: int) -> float:
    """Seconds before the next attempt: as long as the server asks for, else longer each time, with some chance."""
    if failure.retry_after is not None:
        return failure.retry_after
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0**attempt) * (1 + random.random() / 4)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _excerpt(data: bytes) -> str:
    return repr(data[:80].decode("utf-8", "replace"))

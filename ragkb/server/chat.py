"""OpenAI's protocol: from its messages to a question, from an answer to its completion."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ragkb.answer.abstain import missing_parts
from ragkb.answer.hygiene import inert
from ragkb.errors import InputError
from ragkb.render import record_json
from ragkb.server.bodies import Text
from ragkb.text.language import detect
from ragkb.types import Answer, AnswerEvent, Citation, PassagesFound, Sentence, Turn

MODEL = "ragkb"
SOURCES = {"zh": "来源：", "en": "Sources:"}
UNSUPPORTED = {"zh": "（文档未证实）", "en": " (not confirmed by the documents)"}
_SOURCES = re.compile(r"\n\n(?:来源：|Sources:)\n\[\d+\] .*\Z", re.DOTALL)
_MARKS = re.compile(r" ?(?:\[\d+\])+")


class _Lenient(BaseModel):
    """Clients send parameters of many models: what is not known is ignored, as servers of this protocol do."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PartBody(_Lenient):
    """A part of a message. Text alone can be read."""

    type: str
    text: Text = ""


class MessageBody(_Lenient):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[PartBody] | None = None

    def said(self) -> str:
        """Its text. Raises InputError for pictures and sound."""
        if not isinstance(self.content, list):
            return self.content or ""
        other = next((part.type for part in self.content if part.type not in ("text", "input_text")), "")
        if other:
            raise InputError(f"a message holds {other[:40]!r}", "send text")
        return "\n".join(part.text for part in self.content)


class StreamOptionsBody(_Lenient):
    """include_usage: a last chunk tells the tokens."""

    include_usage: bool = False


class ChatBody(_Lenient):
    """A request for a completion. What is not named here is ignored: sampling is the generator's own affair."""

    model: Annotated[Text, Field(max_length=200)]
    messages: Annotated[list[MessageBody], Field(min_length=1)]
    stream: bool | None = False
    stream_options: StreamOptionsBody | None = None
    n: int | None = 1
    tools: list[Any] | None = None
    functions: list[Any] | None = None

    def asked(self) -> tuple[str, list[Turn]]:
        """(the question, what was said before). Raises InputError for what cannot be done."""
        if self.tools or self.functions:
            raise InputError("tools cannot be called here", "leave `tools` out; agents call ragkb's own over MCP")
        if self.n not in (None, 1):
            raise InputError(f"n is {self.n}, one answer is given", "leave `n` out")
        spoken = [one for one in self.messages if one.role in ("user", "assistant")]
        if not spoken or spoken[-1].role != "user":
            raise InputError("the last message is not the user's", "end `messages` with the question")
        history = [Turn(one.role, _plain(one)) for one in spoken[:-1]]
        return spoken[-1].said(), [turn for turn in history if turn.content.strip()]


def _plain(message: MessageBody) -> str:
    """What was said, an answer without its marks and its list of sources."""
    text = message.said()
    return text if message.role == "user" else _MARKS.sub("", _SOURCES.sub("", text))


# --- text -------------------------------------------------------------------------------------------------------------


class Written:
    """An answer as one text that grows: sentences with their numbers, then the sources."""

    def __init__(self) -> None:
        self._last = ""
        self._sentences = 0

    def sentence(self, said: Sentence) -> str:
        """What it adds to the text."""
        marks = "".join(f"[{n}]" for n in said.citations if f"[{n}]" not in said.text)
        text = inert(said.text.strip())  # clients of this protocol render Markdown: no picture of a document loads
        if not said.supported:
            text += UNSUPPORTED["zh" if detect(text) == "zh" else "en"]
        gap = "\n" if text.startswith(("- ", "• ", "* ", "| ")) and self._last else self._gap(text)
        self._last = text
        self._sentences += 1
        return f"{gap}{text} {marks}" if marks else f"{gap}{text}"

    def end(self, answer: Answer) -> str:
        """What the whole answer adds: what it leaves unanswered, its sources; or that there is none."""
        if answer.abstained:
            return answer.text if not self._sentences else f"\n\n{answer.text}"
        missing = inert(missing_parts(answer.unanswered))
        if not answer.citations:
            return missing
        head = SOURCES["zh" if detect(answer.question) == "zh" else "en"]
        return f"{missing}\n\n" + "\n".join([head, *map(_source, answer.citations)])

    def _gap(self, text: str) -> str:
        return " " if self._last else ""


def _source(citation: Citation) -> str:
    page = f", p. {citation.page}" if citation.page else ""
    return f"[{citation.n}] {inert(' '.join(citation.title.split()))}{page} ({inert(citation.source)})"


def answer_text(answer: Answer) -> str:
    """The whole text: the same that comes in pieces when it is streamed."""
    written = Written()
    pieces = [] if answer.abstained else [written.sentence(one) for one in answer.sentences]
    return "".join([*pieces, written.end(answer)])


# --- completions ------------------------------------------------------------------------------------------------------


class Completion:
    """The frame of one completion: id, time and model are the same in all of its chunks."""

    def __init__(self, model: str) -> None:
        self._frame = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}

    def whole(self, text: str, answer: Answer | None) -> dict[str, Any]:
        """The completion at once. answer: None for what a front end asks for itself."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        usage = _usage(answer)
        return {**self._frame, "object": "chat.completion", "choices": [choice], "usage": usage, **_more(answer)}

    def chunks(self, events: Iterable[AnswerEvent], usage: bool) -> Iterator[dict[str, Any]]:
        """The completion in pieces."""
        written = Written()
        for event in events:
            if isinstance(event, PassagesFound):
                yield self._chunk({"role": "assistant", "content": ""})
            elif isinstance(event, Answer):
                yield self._chunk({"content": written.end(event)})
                yield {**self._chunk({}, "stop"), **_more(event)}
                if usage:
                    yield {**self._chunk({}), "choices": [], "usage": _usage(event)}
            else:
                yield self._chunk({"content": written.sentence(event.sentence)})

    def pieces(self, text: str) -> Iterator[dict[str, Any]]:
        """A text that is there already, in pieces."""
        yield self._chunk({"role": "assistant", "content": text})
        yield self._chunk({}, "stop")

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._frame, "object": "chat.completion.chunk", "choices": [choice]}


def _usage(answer: Answer | None) -> dict[str, int]:
    given = answer.usage if answer else {}
    prompt, written = given.get("prompt_tokens", 0), given.get("completion_tokens", 0)
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _more(answer: Answer | None) -> dict[str, Any]:
    """What the protocol has no field for: the quotes, and how well they bear the answer."""
    if answer is None:
        return {}
    return {
        "citations": [record_json(citation) for citation in answer.citations],
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "groundedness": answer.groundedness,
    }


# --- what front ends ask for themselves -------------------------------------------------------------------------------

_CHORE = re.compile(
    r"### Task:|\b(?:title|tags?|follow[- ]?ups?)\b.{0,400}\bconversation\b|<chat_history>", re.I | re.S
)
_HISTORY = re.compile(r"<chat_history>(.*?)</chat_history>|\bConversation:\s*(.*)\Z", re.S)
_SPEAKER = re.compile(r"^(?:USER|User|Human)\s*:\s*", re.M)
_FIELDS = (("follow_ups", "[]"), ("queries", "[]"), ("tags", "[]"))
TITLE = 60  # characters


def chore(question: str, history: Sequence[Turn]) -> str | None:
    """The answer to a front end that wants a title, tags or the like for its own list of chats; None for a question.

    Open WebUI and LibreChat send such tasks to the model of the chat. A knowledge base has no answer to them, so a
    title is the first question, and of the rest there is none.
    """
    told = _HISTORY.search(question)
    if history or not told or not _CHORE.search(question[: told.start() + 20]):
        return None
    wanted = question[: told.start()]
    for field, value in _FIELDS:
        if f'"{field}"' in wanted:
            return f'{{"{field}": {value}}}'
    title = _title(told[1] or told[2] or "")
    return f'{{"title": {_json(title)}}}' if '"title"' in wanted else title


def _title(conversation: str) -> str:
    first = _SPEAKER.split(conversation, maxsplit=1)[-1].strip().partition("\n")[0]
    return first if len(first) <= TITLE else first[: TITLE - 1].rsplit(" ", 1)[0] + "…"


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

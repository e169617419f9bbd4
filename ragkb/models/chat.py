"""Language models: messages in, text out, in pieces. Nothing is imported or sent unless one is named."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ragkb.settings import LlmSettings

LOCAL = "local:"


@dataclass(frozen=True, slots=True)
class Message:
    """role: "system" or "user"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a language model read and wrote."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a reply. usage: of the whole reply, with the last piece. is_cut: the model ran out of tokens."""

    text: str
    usage: Usage = Usage()
    is_cut: bool = False


class ChatModel(Protocol):
    """A language model that follows messages. name: as `model.generator` shows it."""

    @property
    def name(self) -> str: ...

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`; where the model's tokenizer is not at hand, an estimate that is rather too high."""

    def reply(self, messages: Sequence[Message]) -> Generator[Piece, None, None]:
        """The reply in pieces as they come; at least one. Closing the iterator ends the work. Raises ModelError."""


def load_chat(settings: LlmSettings) -> ChatModel:
    """The model that the settings name. Raises InputError for settings that name none, ModelError."""
    if settings.url.startswith(LOCAL):
        from ragkb.models.local_chat import LocalChat

        return LocalChat(settings)
    from ragkb.models.openai_chat import OpenAIChat

    return OpenAIChat(settings)


def estimated_tokens(text: str) -> int:
    """Tokens of `text` for a model whose tokenizer is unknown: one for three ASCII characters or one other one."""
    ascii_characters = sum(character.isascii() for character in text)
    return ascii_characters // 3 + len(text) - ascii_characters + 1

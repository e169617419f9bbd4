"""What responses of OpenAI's protocol hold, for OpenAPI; chat.py makes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ragkb.server.shapes import Shape, problems
from ragkb.types import Citation


class ModelShape(Shape):
    """One model: a knowledge base."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsShape(Shape):
    """The models."""

    object: Literal["list"]
    data: list[ModelShape]


class SaidShape(Shape):
    """The message."""

    role: Literal["assistant"]
    content: str
    refusal: None


class ChoiceShape(Shape):
    """The one choice."""

    index: int
    message: SaidShape
    logprobs: None
    finish_reason: Literal["stop"]


class TokensShape(Shape):
    """Tokens of the language model; 0 where none is used."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatShape(Shape):
    """A completion. What follows `usage` is ragkb's own, and absent from titles that a front end asks for itself."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChoiceShape]
    usage: TokensShape
    citations: list[Citation] = Field(default=[])
    abstained: bool = False
    confidence: float = 0
    groundedness: float | None = None


class OpenAIProblem(Shape):
    """type: OpenAI's kind of error. code: the type that other routes give."""

    message: str
    type: str
    param: None
    code: str


class OpenAIErrorShape(Shape):
    """An error of OpenAI's protocol."""

    error: OpenAIProblem


def openai_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route of OpenAI's protocol, for OpenAPI. What is 422 elsewhere is 400 there."""
    described = problems(*(422 if status == 400 else status for status in statuses))
    return {
        400 if status == 422 else status: {**about, "model": OpenAIErrorShape} for status, about in described.items()
    }

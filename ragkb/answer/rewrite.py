"""Follow-up questions made complete by a language model, which sees what was said and nothing of the documents."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from ragkb.answer.hygiene import inert
from ragkb.answer.prompt import prompts
from ragkb.models.chat import ChatModel, Usage
from ragkb.settings import LlmSettings
from ragkb.types import Turn

LONGEST = 600  # characters of a rewritten question beyond those of the question; more is no question


def rewritten(question: str, history: Sequence[Turn], chat: ChatModel, settings: LlmSettings) -> tuple[str, Usage]:
    """(the question as it can be understood alone, the tokens that took); '' where the model wrote no question.

    Raises ModelError.
    """
    text, usage = "", Usage()
    with closing(chat.reply(prompts(question, settings.prompts).rewriting(question, history))) as pieces:
        for piece in pieces:
            text, usage = text + piece.text, usage + piece.usage
    text = text.rpartition("</think>")[2]
    lines = [line.strip(" \t\"“”'*") for line in inert(text).splitlines() if line.strip()]
    usable = len(lines) == 1 and any(map(str.isalnum, lines[0])) and len(lines[0]) <= len(question) + LONGEST
    return (lines[0] if usable else ""), usage

"""What the settings make answers with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ragkb.answer.ask import Tools
from ragkb.answer.generator import NO_TOKENS, Extractive
from ragkb.answer.history import standalone
from ragkb.answer.threshold import in_force
from ragkb.models import Embedder
from ragkb.models.chat import Usage
from ragkb.settings import Settings
from ragkb.types import Turn


def load_tools(settings: Settings, embedder: Embedder, folder: Path | None = None) -> Tools:
    """The extractive generator, or the language model that the settings name. Raises InputError, ModelError.

    folder: of the knowledge base, which may keep a threshold of its own.
    """
    answer, llm = settings.answer, settings.llm
    if not llm.url:
        threshold = in_force(answer, folder) if folder else answer.threshold
        return Tools(embedder, Extractive(answer.sentences, threshold), answer, _by_rules)
    from ragkb.answer.llm import LanguageModel
    from ragkb.answer.rewrite import rewritten
    from ragkb.models.chat import load_chat

    chat = load_chat(llm)

    def by_model(question: str, history: Sequence[Turn]) -> tuple[str, Usage]:
        if not any(turn.role == "user" for turn in history):
            return question, NO_TOKENS
        complete, usage = rewritten(question, history, chat, llm)
        return complete or standalone(question, history), usage

    return Tools(embedder, LanguageModel(chat, llm), answer, by_model if llm.rewrite else _by_rules)


def _by_rules(question: str, history: Sequence[Turn]) -> tuple[str, Usage]:
    return standalone(question, history), NO_TOKENS

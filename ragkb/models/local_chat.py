"""A language model of the transformers library, run in this process. Imported only when one is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from queue import Empty
from typing import Any

from ragkb.errors import ModelError
from ragkb.models.chat import LOCAL, Message, Piece, Usage
from ragkb.settings import LlmSettings


class LocalChat:
    """A model by folder or name, loaded when it is first asked. One reply is written at a time; others wait."""

    def __init__(self, settings: LlmSettings) -> None:
        self._path = settings.url.removeprefix(LOCAL)
        self.name = settings.model or self._path.rstrip("/").rsplit("/", 1)[-1]
        self._settings = settings
        self._busy = threading.Lock()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without the special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False, verbose=False))

    def reply(self, messages: Sequence[Message]) -> Generator[Piece, None, None]:
        """The reply as it is written. Raises ModelError if the model cannot be loaded, fails or takes too long."""
        deadline = time.monotonic() + self._settings.seconds
        prompt = self._encoded(messages)
        if not self._busy.acquire(timeout=self._settings.seconds):
            raise ModelError(f"{self.name} is busy with other answers", "raise llm.seconds, or ask fewer at once")
        try:
            yield from self._written(prompt, deadline)
        finally:
            self._busy.release()

    def _written(self, prompt: Any, deadline: float) -> Iterator[Piece]:
        from transformers import TextIteratorStreamer

        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=0.2)
        work = _Writing(self._model, prompt, streamer, self._settings)
        work.start()
        try:
            while work.is_alive() or not streamer.text_queue.empty():
                try:
                    piece = next(streamer)
                except (Empty, StopIteration):
                    piece = ""
                if piece:
                    yield Piece(piece)
                if time.monotonic() > deadline:
                    raise ModelError(f"{self.name} took longer than llm.seconds", "raise it, or lower llm.max_tokens")
        finally:
            work.stopping.set()
            work.join()
        if work.failure:
            raise ModelError(f"{self.name} failed ({work.failure})", "look at the memory, and at llm.context_tokens")
        read, wrote = int(prompt["input_ids"].shape[1]), work.wrote
        yield Piece("", Usage(read, wrote), is_cut=wrote >= self._settings.max_tokens)

    def _encoded(self, messages: Sequence[Message]) -> Any:
        """The prompt as tensors, in the form that the model was trained with."""
        from jinja2 import TemplateError

        tokenizer = self._tokenizer
        marks = sorted(filter(None, tokenizer.all_special_tokens), key=len, reverse=True)
        turns = [{"role": one.role, "content": _without(one.content, marks)} for one in messages]
        try:
            return self._templated(turns)
        except TemplateError:  # of a model that knows no system message
            merged = "\n\n".join(turn["content"] for turn in turns)
        try:
            return self._templated([{"role": "user", "content": merged}])
        except TemplateError as error:
            raise ModelError(f"the chat template of {self.name} failed ({error})", "take a chat model") from None

    def _templated(self, turns: Sequence[dict[str, str]]) -> Any:
        return self._tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        tokenizer = self._loaded(AutoTokenizer)
        if not tokenizer.chat_template:
            raise ModelError(f"{self._path} has no chat template", "take a model that was trained to chat")
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        from transformers import AutoModelForCausalLM

        return self._loaded(AutoModelForCausalLM).eval()

    def _loaded(self, kind: Any) -> Any:
        if self._path.startswith(("/", ".", "~")) and not Path(self._path).is_dir():
            raise ModelError(
                f"llm.url names {self._path}, which is no folder", "name one with a model for transformers"
            )
        try:
            return kind.from_pretrained(self._path)
        except (OSError, ValueError, ImportError) as error:
            reason = str(error).strip().splitlines()[0]
            hint = "name a folder with a model for transformers, or a model that is in its cache"
            raise ModelError(f"llm.url 'local:{self._path}' cannot be loaded ({reason})", hint) from None


class _Writing(threading.Thread):
    """Generates into a streamer. wrote: tokens so far. failure: what went wrong, '' if nothing. stopping: ends it."""

    def __init__(self, model: Any, prompt: Any, streamer: Any, settings: LlmSettings) -> None:
        super().__init__(daemon=True)
        self._model, self._prompt, self._streamer, self._settings = model, prompt, streamer, settings
        self.stopping, self.wrote, self.failure = threading.Event(), 0, ""

    def run(self) -> None:
        import torch
        from transformers import StoppingCriteriaList

        warm = self._settings.temperature > 0
        sampling = {"do_sample": True, "temperature": self._settings.temperature} if warm else {"do_sample": False}
        try:
            with torch.inference_mode():
                self._model.generate(
                    **self._prompt,
                    **sampling,
                    max_new_tokens=self._settings.max_tokens,
                    streamer=self._streamer,
                    stopping_criteria=StoppingCriteriaList([self._counted]),
                )
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            self.failure = " ".join(str(error).split())[:200] or type(error).__name__
            self._streamer.end()

    def _counted(self, ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        self.wrote = int(ids.shape[1] - self._prompt["input_ids"].shape[1])
        return torch.full((ids.shape[0],), self.stopping.is_set(), dtype=torch.bool)


def _without(text: str, marks: Sequence[str]) -> str:
    """The text with the model's own special tokens broken, so that none of it ends a turn."""
    for mark in marks:
        text = text.replace(mark, f"{mark[0]} {mark[1:]}")
    return text

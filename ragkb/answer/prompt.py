"""What a language model is told: the passages as data between marks that no document can forge, and the question."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from ragkb.answer.units import Passage
from ragkb.errors import InputError
from ragkb.models.chat import Message
from ragkb.text.language import cjk_share
from ragkb.text.sentences import sentences
from ragkb.types import Turn

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CountTokens = Callable[[str], int]
_FIELDS = {  # what each part of a prompt file has to hold
    "refusal": set(),
    "system": {"key", "refusal"},
    "passage": {"number", "key", "place", "text"},
    "question": {"passages", "question", "refusal"},
    "rewrite": {"history", "question"},
}
_FIELD = re.compile(r"\{(\w+)\}")
# Marks by which chat templates begin a turn; inside a passage they would end it.
_TEMPLATE_MARKS = re.compile(
    r"<(?=[|｜/]|s>|start_of_|end_of_|<SYS|bos>|eos>|think)|\[(?=/?(?:INST|SYSTEM|AVAILABLE))", re.I
)
_OF_MESSAGE = 8  # tokens around a message, at most
TURNS = 6  # of the history that a rewriting reads
TURN_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Prompts:
    """The parts of one prompt file."""

    refusal: str
    system: str
    passage: str
    question: str
    rewrite: str

    def answering(self, question: str, passages: Sequence[str], key: str) -> list[Message]:
        """The messages that ask for an answer. passages: as shown() gives them."""
        system = _filled(self.system, {"key": key, "refusal": self.refusal})
        values = {"passages": "\n\n".join(passages), "question": question, "refusal": self.refusal}
        return [Message("system", system), Message("user", _filled(self.question, values))]

    def rewriting(self, question: str, history: Sequence[Turn]) -> list[Message]:
        """The message that asks for a follow-up question in full."""
        lines = [f"{turn.role}: {' '.join(turn.content.split())[:TURN_CHARACTERS]}" for turn in history[-TURNS:]]
        return [Message("user", _filled(self.rewrite, {"history": "\n".join(lines), "question": question}))]

    def shown(self, number: int, passage: Passage, text: str, key: str) -> str:
        """A passage between its marks, with where it stands; all of that is data."""
        hit = passage.hit
        place = " · ".join(part for part in (hit.title, *hit.heading, f"p. {hit.page}" if hit.page else "") if part)
        header = passage.table_header
        body = f"{header}\n{text}" if header else text
        values = {"number": str(number), "key": key, "place": inert(" ".join(place.split())), "text": inert(body)}
        return _filled(self.passage, values)


def prompts(question: str, folder: str) -> Prompts:
    """The prompts in the language of the question, from `folder` where it has them. Raises InputError."""
    return _read("zh" if cjk_share(question) > 0.3 else "en", folder)


def request_key(question: str, passages: Sequence[Passage]) -> str:
    """A key that none of the passages can hold: it depends on all of them, and on the question.

    A digest and not a random number, so that the same question is the same request.
    """
    text = "\0".join([question, *(passage.hit.text for passage in passages)])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def fitted(
    prompt: Prompts, question: str, passages: Sequence[Passage], room: int, count: CountTokens
) -> tuple[list[Message], list[Passage]]:
    """The messages that fit into `room` tokens, and the passages that they show, best first.

    The last passage that has room only in part is cut at the end of a sentence. Raises InputError if none has.
    """
    key = request_key(question, passages)
    left = room - sum(count(one.content) + _OF_MESSAGE for one in prompt.answering(question, [], key))
    shown: list[str] = []
    for number, passage in enumerate(passages, 1):
        around = count(prompt.shown(number, passage, "", key)) + 1
        text = _beginning(passage.hit.text, left - around, count)
        if not text:
            break
        shown.append(prompt.shown(number, passage, text, key))
        left -= count(shown[-1]) + 1
        if len(text) < len(passage.hit.text):
            break
    if passages and not shown:
        raise InputError(f"no passage fits into {room} tokens", "raise llm.context_tokens, or lower llm.max_tokens")
    return prompt.answering(question, shown, key), list(passages[: len(shown)])


def inert(text: str) -> str:
    """The text with the marks of chat templates broken, so that no server takes a piece of it for a turn."""
    return _TEMPLATE_MARKS.sub(lambda match: match[0] + " ", text)


def _beginning(text: str, room: int, count: CountTokens) -> str:
    """The text, or as many of its first sentences as fit into `room` tokens."""
    if count(text) <= room:
        return text
    end = 0
    for _, stop in sentences(text):
        if count(text[:stop]) > room:
            break
        end = stop
    return text[:end]


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields; what a value holds in braces is left alone."""
    return _FIELD.sub(lambda match: values.get(match[1], match[0]), template)


@lru_cache(maxsize=16)
def _read(language: str, folder: str) -> Prompts:
    name = f"{language}.toml"
    own = Path(folder) / name
    if folder and not Path(folder).is_dir():
        raise InputError(
            f"llm.prompts names {folder}, which is no folder", "name the one that holds en.toml or zh.toml"
        )
    source = own if folder and own.is_file() else files("ragkb.answer").joinpath("prompts").joinpath(name)
    try:
        raw = tomllib.loads(source.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{source} cannot be read: {error}", "compare it with the file of the package") from None
    for part, fields in _FIELDS.items():
        if not isinstance(raw.get(part), str) or not raw[part].strip():
            raise InputError(f"{source} has no text {part!r}", "compare it with the file of the package")
        if missing := fields - set(_FIELD.findall(raw[part])):
            raise InputError(f"{source}: {part!r} lacks {{{min(missing)}}}", "compare it with the file of the package")
    return Prompts(**{part: raw[part].strip() for part in _FIELDS})

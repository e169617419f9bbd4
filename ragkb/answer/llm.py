"""The generator that asks a language model, and reads what it writes as claims to be checked."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain

from ragkb import stop
from ragkb.answer.generator import Claimed, Task, Written
from ragkb.answer.prompt import fitted, prompts
from ragkb.answer.reply import ReplyReader, Spoken
from ragkb.answer.units import Passage
from ragkb.errors import ModelError
from ragkb.models.chat import ChatModel, Piece, Usage
from ragkb.settings import LlmSettings

_THOUGHT, _END_OF_THOUGHT = "<think>", "</think>"
_ENDED = re.compile(r"[.!?。！？…|][\"'”’)）」]*$")
_REFUSES = re.compile(
    r"^(?:(?:i'?m |i am )?sorry\b|unfortunately\b|i (?:can ?not|can't|could ?n[o']t|do not know|don't know|am unable)"
    r"|(?:there is|there's) no (?:information|mention|answer)|no (?:information|answer|relevant)"
    r"|(?:the|these|none of the|no) (?:\w+ ){0,3}(?:documents?|passages?|context|sources?|text|information|excerpts?)"
    r"(?: \w+){0,3} (?:do(?:es)?n?[’']?t?|not|no|lacks?)\b"
    r"|not (?:stated|specified|mentioned|enough|sufficient)|insufficient (?:information|context)"
    r"|(?:很?抱歉|对不起|无法(?:回答|确定|从)|不知道|根据(?:以上|提供的|现有)\S{0,6}(?:无法|没有))"
    r"|\S{0,8}(?:没有|未|并未|不)(?:提及|提到|说明|提供|包含|涉及|给出|找到))",
    re.IGNORECASE,
)


class LanguageModel:
    """Answers in the words of a language model. Its sentences name passages; nothing that it says is taken on trust."""

    def __init__(self, chat: ChatModel, settings: LlmSettings) -> None:
        self._chat, self._settings = chat, settings
        self.name = chat.name
        self.least_confidence = settings.least_confidence

    def write(self, task: Task) -> Generator[Written, None, None]:
        """The sentences as they are finished; none where the model says that the passages do not hold the answer.

        Raises ModelError, also for a reply without a word; InputError if no passage fits into the context.
        """
        if not task.passages:
            return
        prompt = prompts(task.asked, self._settings.prompts)
        room = self._settings.context_tokens - self._settings.max_tokens
        messages, shown = fitted(prompt, task.read, task.passages, room, self._chat.count_tokens)
        with closing(self._chat.reply(messages)) as pieces:
            reply = _Reply(pieces)
            for spoken in _answering(ReplyReader(len(shown)).read(reply.texts()), prompt.refusal, reply):
                yield Written((_claimed(spoken, shown),), reply.usage)
        if not reply.spoke:
            hint = "raise llm.max_tokens: it thought until none were left" if reply.is_cut else "try another model"
            raise ModelError(f"{self.name} answered with nothing", hint)
        yield Written((), reply.usage)


class _Reply:
    """The texts of a reply. usage, is_cut: known when it has ended. spoke: whether there was a word, thoughts aside."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self.usage, self.is_cut, self.spoke = Usage(), False, False

    def texts(self) -> Iterator[str]:
        """The texts of the pieces, without what the model thought before it spoke."""
        texts = self._all_texts()
        begun = ""
        for text in texts:
            begun += text
            if not _is_thinking(begun):
                break
        if begun.lstrip().startswith(_THOUGHT):
            begun = begun.partition(_END_OF_THOUGHT)[2]
        for text in chain([begun], texts):
            self.spoke = self.spoke or bool(text.strip())
            yield text

    def _all_texts(self) -> Iterator[str]:
        for piece in self._pieces:
            stop.check()
            self.usage, self.is_cut = piece.usage, piece.is_cut
            yield piece.text


def _answering(sentences: Iterator[Spoken], refusal: str, reply: _Reply) -> Iterator[Spoken]:
    """The sentences that answer; none where the model says that it found no answer.

    The exact words of refusal end the answer. Other words to that effect count while no sentence has cited anything.
    """
    doubtful: list[Spoken] = []
    answers = False
    for spoken in sentences:
        if _bare(spoken.text) == _bare(refusal):
            for _ in sentences:  # to the end, where the tokens are counted
                pass
            return
        if reply.is_cut and answers and not _ENDED.search(spoken.text):
            return
        if not answers and not spoken.numbers and (doubtful or _REFUSES.match(spoken.text)):
            doubtful.append(spoken)
            continue
        answers = True
        yield from doubtful
        doubtful.clear()
        yield spoken


def _is_thinking(start: str) -> bool:
    """True while a reply that begins so may still be, or is, a thought."""
    begun = start.lstrip()
    return _THOUGHT.startswith(begun) or (begun.startswith(_THOUGHT) and _END_OF_THOUGHT not in begun)


def _claimed(spoken: Spoken, shown: list[Passage]) -> Claimed:
    return Claimed(spoken.text, tuple(shown[number - 1] for number in spoken.numbers), spoken.before)


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()

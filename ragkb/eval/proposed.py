"""What a language model is asked in evaluations: questions about a document, and whether an answer is right.

What it says is checked where it can be: a proposed answer has to stand in the document, word for word. What cannot be
checked, its judgement, is a measure of its own that no gate counts by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping

from ragkb.eval.answers import Probe
from ragkb.eval.questions import Question
from ragkb.eval.templates import Made
from ragkb.models.chat import ChatModel, Message
from ragkb.types import Answer, Document

JUDGED = "judge_right"
"""Key of a row: whether the judge found that the answer says what a gold answer says."""

_PASSAGE = 1_500  # characters that a model is shown
_PASSAGES = 3  # of one document
_OBJECT = re.compile(r"\{.*?\}", re.DOTALL)
_PROPOSE = """Write one question that a colleague could ask and that the passage below answers, without mentioning the
passage. Copy the answer from the passage word for word, as short as it can be. Reply with JSON alone:
{"question": "...", "answer": "..."}. Write the question in the language of the passage."""
_JUDGE = """Does the answer say what one of the gold answers says? Further true details do no harm; a different
number, date or name does. Reply with one word: yes or no."""


def proposer(chat: ChatModel) -> Callable[[Document], Iterator[Made]]:
    """Proposes up to three questions about a document; an answer that does not stand in its passage is dropped."""

    def propose(document: Document) -> Iterator[Made]:
        for start in _starts(document.text):
            passage = document.text[start : start + _PASSAGE]
            asked = f"Title: {document.title}\n\nPassage:\n{passage}"
            found = _pair(_said(chat, _PROPOSE, asked))
            place = passage.find(found[1]) if found else -1
            if found and place >= 0:
                yield Made("llm", found[0], found[1], start + place, start + place + len(found[1]))

    return propose


def _starts(text: str) -> list[int]:
    """Where passages begin: spread over the document."""
    step = max(_PASSAGE, len(text) // _PASSAGES + 1)
    return list(range(0, len(text), step))


def _pair(reply: str) -> tuple[str, str] | None:
    found = _OBJECT.search(reply)
    try:
        values = json.loads(found[0]) if found else {}
    except ValueError:
        return None
    question, answer = values.get("question"), values.get("answer")
    if not isinstance(question, str) or not isinstance(answer, str) or not question.strip() or not answer.strip():
        return None
    return question.strip(), answer.strip()


def judge_probe(chat: ChatModel, more: Probe) -> Probe:
    """`more`, and whether the model finds each answer right that was given to a question with gold answers."""

    def probe(question: Question, answer: Answer) -> Mapping[str, object]:
        found = dict(more(question, answer))
        if question.answerable and question.answers:
            found[JUDGED] = not answer.abstained and _is_right(chat, question, answer)
        return found

    return probe


def _is_right(chat: ChatModel, question: Question, answer: Answer) -> bool:
    gold = "\n".join(f"- {one}" for one in question.answers)
    asked = f"Question: {question.text}\n\nGold answers:\n{gold}\n\nAnswer: {answer.text}"
    return _said(chat, _JUDGE, asked).strip(" \n*\"'.").casefold().startswith(("yes", "是"))


def _said(chat: ChatModel, system: str, user: str) -> str:
    messages = [Message("system", system), Message("user", user)]
    said = "".join(piece.text for piece in chat.reply(messages))
    return said.rpartition("</think>")[2]

"""What a language model adds to evaluations. The model here is six lines; the real ones have tests of their own."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path

from ragkb.eval.checks import probe_of
from ragkb.eval.generate import generate
from ragkb.eval.proposed import judge_probe, proposer
from ragkb.eval.record import answers_run
from ragkb.eval.runs import configuration
from ragkb.eval.scores import MEASURES, total
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.models.chat import Message, Piece
from ragkb.settings import Settings


class Says:
    """A model that gives the same replies in turn."""

    name = "says"

    def __init__(self, *replies: str) -> None:
        self.replies, self.asked = list(replies), list[Sequence[Message]]()

    def count_tokens(self, text: str) -> int:
        return len(text)

    def reply(self, messages: Sequence[Message]) -> Generator[Piece, None, None]:
        self.asked.append(messages)
        yield Piece(self.replies[(len(self.asked) - 1) % len(self.replies)])


def filled(folder: Path, words: Embedder) -> KnowledgeBase:
    kb = KnowledgeBase.open(folder / "kb", embedder=words, settings=Settings.load(answer={"threshold": 0}))
    kb.add([NewDocument("a.md", "The canteen holds 40 places."), NewDocument("b.md", "The archive opens at nine.")])
    return kb


def test_a_proposed_answer_has_to_stand_in_the_document(tmp_path: Path, words: Embedder) -> None:
    copied = '<think>{}</think>```json\n{"question": "How large is it?", "answer": "40 places"}\n```'
    with filled(tmp_path, words) as kb:
        document = {one.source: kb.document(one.id) for one in kb.documents()}
        rows, _ = generate(kb, 10, 0, proposer(Says(copied)))
    assert [(row["question"], row["answers"], row["type"], row["made_from"]) for row in rows] == [
        ("How large is it?", ["40 places"], "llm", "a.md")
    ]
    for reply in (
        '{"question": "When?", "answer": "at ten"}',
        "I cannot.",
        "{broken}",
        '{"question": 7, "answer": ""}',
    ):
        assert list(proposer(Says(reply))(document["b.md"])) == []


def test_the_judge_is_a_measure_of_its_own_that_counts_for_nothing(tmp_path: Path, words: Embedder) -> None:
    rows = [
        {"id": "1", "question": "How many places does the canteen hold?", "answers": ["40 places"]},
        {"id": "2", "question": "When does the archive open?", "answers": ["nine"]},
        {"id": "3", "question": "Who pays?", "answerable": False},
    ]
    file = tmp_path / "q.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    chat = Says("Yes.", "No")
    with filled(tmp_path, words) as kb:
        run = answers_run(kb, file, Settings(), "s", probe=judge_probe(chat, probe_of(kb)))
    given = [row["abstained"] for row in run.rows[:2]].count(False)
    assert given
    assert len(chat.asked) == given  # abstentions and unanswerable questions are not sent
    assert total("judge_right", run.rows) is not None
    assert "judge_right" not in run.rows[2]
    assert not MEASURES["judge_right"].gated


def test_a_stored_configuration_holds_no_key() -> None:
    kept = configuration(Settings.load(llm={"url": "http://localhost:1/v1", "model": "m", "api_key": "canary-4711"}))
    assert kept["llm"]["max_tokens"]
    assert kept["llm"]["model"] == "m"
    assert "canary" not in json.dumps(kept)
    assert "api_key" not in kept["llm"]

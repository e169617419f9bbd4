"""What checking costs: the time that citations and support of a language model's answer take.

The model says at once a sentence of each of four passages in other words, three with their right numbers and one with a
wrong one, so that every branch of checking runs and nothing else takes time.

usage: python -m benchmarks.answers.verification [--kb .demo/kb] [--questions sample_corpus/questions.jsonl] [--rows 60]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator, Sequence
from pathlib import Path

from ragkb.answer.ask import Tools
from ragkb.answer.llm import LanguageModel
from ragkb.answer.units import Passage, units
from ragkb.eval.measures import percentile
from ragkb.kb import KnowledgeBase
from ragkb.models.chat import Message, Piece
from ragkb.settings import LlmSettings
from ragkb.types import Hit, Principal

SENTENCES = 4


class Speaker:
    """A ChatModel that says what it was told to."""

    name = "speaker"
    says = ""

    def count_tokens(self, text: str) -> int:
        return len(text) // 3

    def reply(self, messages: Sequence[Message]) -> Generator[Piece, None, None]:
        yield Piece(self.says)


def reworded(hits: Sequence[Hit]) -> str:
    """Four sentences, one of each of the first passages, cited; the last one with the number of another passage."""
    said = []
    for number, hit in enumerate(hits[:SENTENCES], 1):
        longest = max((unit.said for unit in units(Passage(hit))), key=len)
        words = longest.rstrip(".。").split()
        cited = 1 if number == SENTENCES else number
        said.append(f"In short, {' '.join(words[:30])} [{cited}].")
    return " ".join(said)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kb", type=Path, default=Path(".demo/kb"))
    parser.add_argument("--questions", type=Path, default=Path("sample_corpus/questions.jsonl"))
    parser.add_argument("--rows", type=int, default=60)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.questions.read_text("utf-8").splitlines()][: given.rows]
    with KnowledgeBase.open(given.kb, create=False) as kb:
        plain = kb._tools
        speaker = Speaker()
        model = LanguageModel(speaker, LlmSettings(least_confidence=0, context_tokens=8192))
        verify, quoted = [], []
        for row in rows:
            asked = {"as_": Principal.admin()}
            kb.__dict__["_tools"] = plain
            quoted.append(kb.ask(row["question"], **asked))
            speaker.says = reworded(quoted[-1].passages)
            kb.__dict__["_tools"] = Tools(plain.embedder, model, plain.settings, plain.completed)
            verify.append(kb.ask(row["question"], **asked).timings_ms["verify"])
    total = [one.timings_ms["total"] for one in quoted]
    for name, values in (("verify, four sentences", verify), ("extractive answer, whole", total)):
        shown = [f"{quantile} {percentile(values, share):.1f} ms" for quantile, share in (("p50", 0.5), ("p95", 0.95))]
        print(f"{name}: {', '.join(shown)} ({len(values)} answers)")


if __name__ == "__main__":
    main()

"""How long verification takes: an answer of four sentences that quote nothing, against eight passages.

usage: python -m benchmarks.support.speed [--repeat 20]

Prints milliseconds, medians: by words, the default; aligned, when each passage is read anew; again, when they were read
for an earlier answer; and, to compare with, embedding the same eight passages once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from ragkb.answer.grounding import Claim
from ragkb.answer.support.scorer import BuiltinScorer
from ragkb.models import load_embedder

CORPUS = Path(__file__).parents[2] / "sample_corpus"
CLAIMS = (
    "Staff who want to travel by train can take first class only on longer journeys.",
    "Receipts have to be handed in with the claim within the period that the policy sets.",
    "A manager looks at every claim and signs it before any money is paid.",
    "Whoever drives a private car gets a fixed sum for each kilometre.",
)


def passages(turn: int) -> list[str]:
    """Eight passages of about 150 words; other ones each turn."""
    words = " ".join(path.read_text("utf-8") for path in sorted(CORPUS.rglob("*.md"))).split()
    start = 1200 * turn % max(1, len(words) - 1200)
    return [" ".join(words[start + 150 * n : start + 150 * (n + 1)]) for n in range(8)]


def milliseconds(repeat: int, work: Callable[[int], object]) -> float:
    """The median time of work(turn)."""
    times = []
    for turn in range(repeat):
        began = time.perf_counter()
        work(turn)
        times.append(1000 * (time.perf_counter() - began))
    return median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=20)
    repeat = parser.parse_args().repeat
    embedder = load_embedder("minilm")
    claims = [Claim(text, ()) for text in CLAIMS]
    texts = [passages(turn) for turn in range(repeat + 1)]
    full, words = BuiltinScorer(embedder), BuiltinScorer(None)
    full.score(claims, texts[repeat])
    print(f"aligned    {milliseconds(repeat, lambda turn: full.score(claims, texts[turn])):7.1f} ms")
    print(f"again      {milliseconds(repeat, lambda turn: full.score(claims, texts[repeat - 1])):7.1f} ms")
    print(f"words      {milliseconds(repeat, lambda turn: words.score(claims, texts[turn])):7.1f} ms")
    print(f"embedding  {milliseconds(repeat, lambda turn: embedder.embed(texts[turn])):7.1f} ms")


if __name__ == "__main__":
    main()

"""Writes groundedness.jsonl: `python sample_corpus/make/groundedness.py`. Answers with labels, by construction.

Of every second question whose quote is a sentence: the quote as a grounded answer; and, not grounded, the quote with
another number, or where it has none, one of another document in the same language. The context is what questions quote
of the document.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parent.parent
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?![\w-])")
_EVERY = 2  # of the questions; the others add time and nothing new
_AROUND = 5  # quotes of a document that are the context


def main() -> int:
    """Writes the file; returns the exit code."""
    asked = [json.loads(line) for line in (CORPUS / "questions.jsonl").read_text("utf-8").splitlines()]
    usable = [row for row in asked if row["answerable"] and len(row["evidence"]) == 1 and _is_sentence(_quote(row))]
    usable = [row for row in usable if not row["groups"]]
    rows = [made for row in usable[::_EVERY] for made in _pair(row, usable)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (CORPUS / "groundedness.jsonl").write_text(text, "utf-8", newline="\n")
    print(f"{len(rows)} answers, {sum(row['grounded'] for row in rows)} of them grounded")
    return 0


def _quote(row: dict[str, Any]) -> str:
    return str(row["evidence"][0]["quote"])


def _is_sentence(quote: str) -> bool:
    return quote.endswith((".", "。")) and "|" not in quote


def _pair(row: dict[str, Any], usable: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    quote, source = _quote(row), row["evidence"][0]["source"]
    others = (_quote(one) for one in usable if one["evidence"][0]["source"] == source and _quote(one) != quote)
    context = "\n\n".join([quote, *dict.fromkeys(islice(others, _AROUND - 1))])
    head = {"question": row["question"], "context": context, "task": row["language"], "source_id": source}
    yield {"id": f"{row['id']}-a", **head, "response": quote, "grounded": True}
    yield {"id": f"{row['id']}-b", **head, "response": _wrong(row, usable), "grounded": False}


def _wrong(row: dict[str, Any], usable: list[dict[str, Any]]) -> str:
    quote = _quote(row)
    if found := _NUMBER.search(quote):
        digits = found[0]
        return f"{quote[: found.start()]}{(int(digits[0]) + 3) % 9 + 1}{digits[1:]}{quote[found.end() :]}"
    source = row["evidence"][0]["source"]
    elsewhere = [one for one in usable if one["language"] == row["language"] and one["evidence"][0]["source"] != source]
    return _quote(elsewhere[(7 * len(quote)) % len(elsewhere)])


if __name__ == "__main__":
    sys.exit(main())

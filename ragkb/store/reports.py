"""What evaluations leave in the folder of a knowledge base."""

from __future__ import annotations

from pathlib import Path

NIGHTLY = "nightly"
"""Folder of the nightly evaluations."""
THRESHOLD = "threshold.json"
"""The least confidence to answer, fitted to questions. It holds no text of a document or a question."""

_WITH_TEXT = ("rows.jsonl", "latest.html", "latest.md")


def forget(folder: Path) -> None:
    """Removes the files of nightly evaluations that hold text of documents; measures and summaries stay."""
    for name in _WITH_TEXT:
        for path in (folder / NIGHTLY).rglob(name):
            path.unlink(missing_ok=True)

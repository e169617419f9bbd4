"""Every chunk of every document: is it the text at its place, on its page, and is nothing left out between them?

    python -m benchmarks.ingest.spans FOLDER.. [--json]

FOLDER: documents of any format, each file inside archives and messages too; a `corpus.jsonl` in BEIR form is a document
for each of its rows. Exit code 1 if a chunk is not text[start:end], lies on another page, overlaps the one before, or
if text other than a table of contents is in no chunk.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ragkb.errors import InputError
from ragkb.ingest.chunk import chunk
from ragkb.ingest.loaders import load
from ragkb.ingest.members import expand
from ragkb.settings import ChunkSettings, LimitSettings
from ragkb.types import Chunk, Draft, page_at

_LIMITS = LimitSettings()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    asked = parser.parse_args()
    counted, faults = check(asked.folders)
    if asked.json:
        print(json.dumps({"counted": counted, "faults": faults}))
    else:
        for kind in sorted(key for key in counted if key.endswith(" documents")):
            name = kind.removesuffix(" documents")
            print(f"{name:8} {counted[kind]:7} documents {counted[f'{name} chunks']:8} chunks")
        print(f"{counted['refused']} refused, {len(faults)} faults", *faults[:20], sep="\n")
    return 1 if faults else 0


def check(folders: Sequence[Path]) -> tuple[Counter[str], list[str]]:
    """(documents and chunks by extension, what is wrong)."""
    counted: Counter[str] = Counter()
    faults: list[str] = []
    for folder in folders:
        for name, draft in _drafts(folder, counted):
            kind = name.rpartition(".")[2]
            spans = chunk(draft, draft.title, lambda text: len(text) // 4 + 1, ChunkSettings())
            counted[f"{kind} documents"] += 1
            counted[f"{kind} chunks"] += len(spans)
            faults += [f"{name}: {fault}" for fault in _faults(draft, spans)]
    return counted, faults


def _drafts(folder: Path, counted: Counter[str]) -> Iterator[tuple[str, Draft]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name == "corpus.jsonl":
            for line in path.read_text("utf-8").splitlines():
                row = json.loads(line)
                if row["text"].strip():
                    yield f"{path}:{row['_id']} .row", Draft(row["text"], row.get("title", ""))
            continue
        try:
            for member in expand(path.read_bytes(), path.name, _LIMITS):
                if not member.refused:
                    yield member.source, load(member.data, member.source, _LIMITS, "off")
        except InputError:
            counted["refused"] += 1


def _faults(draft: Draft, spans: Sequence[Chunk]) -> Iterator[str]:
    after = 0
    left_out = [(start, end) for start, end in draft.contents]
    for span in spans:
        if span.text != draft.text[span.start : span.end]:
            yield f"{span.start}: not the text at its place"
        if span.page != page_at(draft.page_starts, span.start):
            yield f"{span.start}: page {span.page} is not that of its start"
        if span.start < after:
            yield f"{span.start}: overlaps the chunk before"
        if _is_lost(draft.text, after, span.start, left_out):
            yield f"{after}: text between two chunks"
        after = span.end
    if _is_lost(draft.text, after, len(draft.text), left_out):
        yield f"{after}: text after the last chunk"


def _is_lost(text: str, start: int, end: int, left_out: Sequence[tuple[int, int]]) -> bool:
    """True if there is more than white space and tables of contents."""
    for first, last in left_out:
        if start <= first and last <= end:
            if text[start:first].strip():
                return True
            start = last
    return bool(text[start:end].strip())


if __name__ == "__main__":
    sys.exit(main())

"""Every chunk of the sample corpus is the text at its place, on its page. `make spans` checks other folders."""

from __future__ import annotations

from pathlib import Path

from benchmarks.ingest.spans import check

CORPUS = Path(__file__).parents[2] / "sample_corpus"


def test_every_chunk_of_the_sample_corpus_is_the_text_at_its_place() -> None:
    counted, faults = check([CORPUS])
    assert faults == []
    assert all(counted[f"{kind} chunks"] for kind in ("csv", "docx", "html", "md", "pdf", "pptx", "txt", "xlsx"))

"""The figures as Markdown, put between two marks of a page, and what they are told with: date, machine, versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.peers.environments import Environment
from benchmarks.peers.measure import FilesResult, SetResult
from ragkb.errors import InputError

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
OWN = "ragkb"
COLUMNS: tuple[tuple[str, Callable[[SetResult], str]], ...] = (
    ("nDCG@10", lambda row: f"{row.ndcg:.4f}"),
    ("ingest, docs/s", lambda row: f"{row.rate:.1f}"),
    ("chunks", lambda row: f"{row.chunks}"),
    ("query p50, ms", lambda row: f"{row.p50:.1f}"),
    ("query p95, ms", lambda row: f"{row.p95:.1f}"),
    ("import, s", lambda row: f"{row.import_s:.2f}"),
    ("start to first answer, s", lambda row: f"{row.first_answer_s:.2f}"),
    ("memory of ingest, MB", lambda row: f"{row.ingest_mb:.0f}"),
    ("memory of queries, MB", lambda row: f"{row.query_mb:.0f}"),
)


def figures(
    rows: Sequence[SetResult],
    files: Sequence[FilesResult],
    environments: Sequence[Environment],
    problems: Sequence[str],
    told: Sequence[str],
) -> str:
    """All of it: the ratios first, then what they come from."""
    parts = ["\n".join(told)]
    if headline := "\n".join(ratios(rows, files)):
        parts.append(headline)
    for name in dict.fromkeys(row.set for row in rows):
        of_set = [row for row in rows if row.set == name]
        title = f"### {name}: {of_set[0].documents} documents, {len(of_set[0].query_ms)} queries"
        cells = [[row.peer, *(cell(row) for _, cell in COLUMNS)] for row in of_set]
        parts.append(f"{title}\n\n{table(['', *(head for head, _ in COLUMNS)], cells)}")
    if files:
        cells = [[row.peer, f"{row.seconds:.1f}", f"{row.chunks}", f"{row.peak_mb:.0f}"] for row in files]
        body = table(["", "whole process, s", "chunks", "memory, MB"], cells)
        parts.append(f"### {files[0].files} PDF reports\n\n{body}")
    cells = [[one.name, one.version, f"{one.packages}", f"{one.megabytes:.0f}"] for one in environments]
    parts.append("### Environments\n\n" + table(["", "version", "packages", "size, MB"], cells))
    parts += [f"Not measured: {problem}" for problem in problems]
    return "\n\n".join(parts) + "\n"


def ratios(rows: Sequence[SetResult], files: Sequence[FilesResult]) -> Iterator[str]:
    """A line for each peer: how many times as fast ragkb is, the lowest and the highest over the sets."""
    own = {row.set: row for row in rows if row.peer == OWN}
    for peer in dict.fromkeys(row.peer for row in rows if row.peer != OWN):
        pairs = [(own[row.set], row) for row in rows if row.peer == peer and row.set in own]
        if not pairs:
            continue
        gained = ", ".join(f"{ours.ndcg - row.ndcg:+.3f} on {row.set}" for ours, row in pairs)
        yield (
            f"- ragkb against **{peer}**: ingest {_span([ours.rate / row.rate for ours, row in pairs])} as fast, "
            f"query p50 {_span([row.p50 / ours.p50 for ours, row in pairs])}, start to first answer "
            f"{_span([row.first_answer_s / ours.first_answer_s for ours, row in pairs])}; nDCG@10 {gained}."
        )
    ours = next((row for row in files if row.peer == OWN), None)
    for row in files:
        if ours and row is not ours:
            ratio = row.seconds / ours.seconds
            yield f"- {row.files} PDF reports against **{row.peer}**, whole process: {ratio:.1f} times as fast."


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.1f}", f"{max(values):.1f}"
    return f"{low} times" if low == high else f"{low} to {high} times"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers and stand right."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def told(command: str, loads: tuple[float, float], note: str = "") -> list[str]:
    """Where the figures come from. loads: runnable processes before the run and after it, mean of a minute."""
    day = datetime.now(timezone.utc).date().isoformat()
    cores, memory = os.cpu_count(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        f"`{command}`, {day}, on {cores} cores, {memory:.0f} GiB of memory, no GPU, "
        f"Python {platform.python_version()}, {platform.system()}.",
        f"Load of the machine (runnable processes, mean of a minute) when it began and when it ended: "
        f"{loads[0]:.1f} and {loads[1]:.1f}.",
    ]
    return [*lines, note] if note else lines


def put(page: Path, body: str) -> None:
    """Replaces what stands between the two marks of `page`. Raises InputError if they are not there."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"{page} has no lines {BEGIN} and {END}", "add them where the figures should stand")
    page.write_text(f"{before}{begin}\n\n{body}\n{end}{after}", encoding="utf-8")

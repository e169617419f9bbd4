"""The main figures as bars in an SVG: text and rectangles, no library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from benchmarks.peers.measure import SetResult

WIDTH, LABEL, VALUE, BAR, GAP, HEAD = 720, 100, 80, 18, 6, 34
OURS, OTHERS = "#0b5cad", "#9aa5b1"
PANELS: tuple[tuple[str, Callable[[SetResult], float], str], ...] = (
    ("nDCG@10, higher is better", lambda row: row.ndcg, "{:.3f}"),
    ("ingest, documents a second, higher is better", lambda row: row.rate, "{:.1f}"),
    ("query p50, milliseconds, lower is better", lambda row: row.p50, "{:.1f}"),
    ("start of a process to its first answer, seconds, lower is better", lambda row: row.first_answer_s, "{:.2f}"),
)


def svg(rows: Sequence[SetResult]) -> str:
    """A panel for each figure and set, a bar for each library; every panel has its own scale from 0."""
    drawn, y = [], 10
    for name in dict.fromkeys(row.set for row in rows):
        of_set = [row for row in rows if row.set == name]
        for title, value, form in PANELS:
            drawn.append(f'<text x="10" y="{y + 20}" font-weight="bold">{escape(f"{name}: {title}")}</text>')
            drawn += _bars([(row.peer, value(row)) for row in of_set], form, y + HEAD)
            y += HEAD + len(of_set) * (BAR + GAP) + 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="13">'
        f'<title>ragkb and its peers</title><rect width="{WIDTH}" height="{y}" fill="white"/>'
    )
    return "\n".join([head, *drawn, "</svg>"]) + "\n"


def _bars(values: Sequence[tuple[str, float]], form: str, top: int) -> list[str]:
    most = max((value for _, value in values), default=0) or 1
    drawn = []
    for number, (peer, value) in enumerate(values):
        y, length = top + number * (BAR + GAP), value / most * (WIDTH - LABEL - VALUE)
        colour = OURS if peer == "ragkb" else OTHERS
        drawn += [
            f'<text x="{LABEL - 8}" y="{y + BAR - 5}" text-anchor="end">{escape(peer)}</text>',
            f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LABEL + length + 6:.1f}" y="{y + BAR - 5}">{form.format(value)}</text>',
        ]
    return drawn

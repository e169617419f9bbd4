"""Error rates of abstention as an SVG: one line a set, a point for every threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

SIZE, LEFT, TOP, WIDTH = 380, 60, 20, 640
COLOURS = ("#0b5cad", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#0e7490", "#be123c")

Curve = Sequence[tuple[float, float]]


def rates(confidences: Sequence[float], answerable: Sequence[bool]) -> list[tuple[float, float]]:
    """(false refusals, false answers), each 0 to 1, for every threshold, ascending."""
    yes = [c for c, is_answerable in zip(confidences, answerable, strict=True) if is_answerable]
    no = [c for c, is_answerable in zip(confidences, answerable, strict=True) if not is_answerable]
    return [
        (sum(c < threshold for c in yes) / len(yes), sum(c >= threshold for c in no) / len(no))
        for threshold in (step / 200 for step in range(201))
    ]


def svg(curves: Mapping[str, Curve], marks: Mapping[str, tuple[float, float]]) -> str:
    """The picture. marks: the point of each set at the default threshold."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {SIZE + 70}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{SIZE + 70}" fill="white"/>',
        "<title>False answers against false refusals, for every threshold</title>",
    ]
    for step in range(6):
        share, at = f"{step / 5:.1f}", step / 5 * SIZE
        parts += [
            f'<path d="M{LEFT} {TOP + SIZE - at}h{SIZE}M{LEFT + at} {TOP}v{SIZE}" stroke="#ddd" fill="none"/>',
            f'<text x="{LEFT - 8}" y="{TOP + SIZE - at + 4}" text-anchor="end">{share}</text>',
            f'<text x="{LEFT + at}" y="{TOP + SIZE + 18}" text-anchor="middle">{share}</text>',
        ]
    for number, (name, points) in enumerate(curves.items()):
        colour, y = COLOURS[number % len(COLOURS)], TOP + 12 + 22 * number
        line = " ".join(f"{LEFT + x * SIZE:.1f},{TOP + (1 - y_) * SIZE:.1f}" for x, y_ in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        x, value = marks[name]
        parts.append(f'<circle cx="{LEFT + x * SIZE:.1f}" cy="{TOP + (1 - value) * SIZE:.1f}" r="5" fill="{colour}"/>')
        parts.append(f'<path d="M{LEFT + SIZE + 18} {y - 4}h18" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<text x="{LEFT + SIZE + 42}" y="{y}">{escape(name)}</text>')
    middle = TOP + SIZE / 2
    parts += [
        f'<text x="{LEFT + SIZE / 2}" y="{TOP + SIZE + 40}" text-anchor="middle">false refusals</text>',
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">false answers</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"

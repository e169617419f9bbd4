"""Small charts as SVG: text, no script, no network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ragkb.eval.curves import Bin

WIDTH, HEIGHT = 340, 170
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 12, 34
Points = Sequence[tuple[float, float]]
"""(x, y), both 0 to 1 of the chart's width and height."""


def lines(
    title: str,
    series: Sequence[tuple[str, Points]],
    x: tuple[str, str],
    y: tuple[str, str],
    level: float | None = None,
    marked: Points = (),
) -> str:
    """Lines in one chart. x, y: what stands at 0 and at 1 of each axis.

    level: where a dashed line is drawn across, None for none. marked: points that stand out.
    """
    across = "" if level is None else f'<path class="even" d="M{_x(0)} {_y(level)}H{_x(1)}"/>'
    drawn = "".join(_line(points, f"s{number}") for number, (_, points) in enumerate(series, 1))
    out = "".join(f'<circle class="marked" cx="{_x(x)}" cy="{_y(y)}" r="3.5"/>' for x, y in marked)
    return _chart(title, across + drawn + out + _legend([name for name, _ in series]), x, y)


def reliability_chart(title: str, bins: Sequence[Bin], x: str, y: str) -> str:
    """A dot for each bin, as large as it has rows; on the dashed line value and outcome agree."""
    most = max((one.count for one in bins), default=1)
    diagonal = f'<path class="even" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>'
    dots = "".join(
        f'<circle class="dot" cx="{_x(one.mean)}" cy="{_y(one.share)}" r="{3 + 6 * (one.count / most) ** 0.5:.1f}">'
        f"<title>{one.count} rows: {one.mean:.2f}, {one.share:.2f}</title></circle>"
        for one in bins
    )
    return _chart(title, diagonal + dots, ("0", f"{x} 1"), ("0", f"{y} 1"))


def _chart(title: str, drawn: str, x: tuple[str, str], y: tuple[str, str]) -> str:
    grid = "".join(f'<path class="grid" d="M{_x(0)} {_y(at)}H{_x(1)}"/>' for at in (0, 0.25, 0.5, 0.75, 1))
    low, high = (escape(one) for one in y)
    first, last = (escape(one) for one in x)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{grid}{drawn}'
        f'<text x="{LEFT - 6}" y="{_y(0)}" class="end">{low}</text>'
        f'<text x="{LEFT - 6}" y="{TOP + 4}" class="end">{high.split(" ")[-1]}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - BOTTOM + 16}">{first}</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - BOTTOM + 16}" class="end">{last}</text></svg>'
    )


def _line(points: Points, name: str) -> str:
    if not points:
        return ""
    path = "M" + "L".join(f"{_x(x)} {_y(y)}" for x, y in points)
    dots = "".join(_dot(x, y, name) for x, y in (points if len(points) <= 40 else points[-1:]))
    return f'<path class="line {name}" d="{path}"/>{dots}'


def _dot(x: float, y: float, name: str) -> str:
    return f'<circle class="mark {name}" cx="{_x(x)}" cy="{_y(y)}" r="2.5"/>'


def _legend(names: Sequence[str]) -> str:
    return "".join(_entries(names)) if len(names) > 1 else ""


def _entries(names: Sequence[str]) -> Iterator[str]:
    at = LEFT
    for number, name in enumerate(names, 1):
        yield f'<rect class="s{number}" x="{at}" y="{HEIGHT - 11}" width="10" height="3"/>'
        yield f'<text x="{at + 14}" y="{HEIGHT - 6}">{escape(name)}</text>'
        at += 26 + 6 * len(name)


def _x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

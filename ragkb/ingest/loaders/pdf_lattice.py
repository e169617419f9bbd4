"""Lines across and lines down that cross each other: what a ruled table is drawn with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ragkb.ingest.loaders.pdf_rules import Rules

NEAR = 3.0
"""Points by which lines may miss each other."""

_MOST_CELLS = 5_000


@dataclass(frozen=True, slots=True)
class Lattice:
    """Lines that cross: xs and ys, ascending, are the borders of columns and rows; rules, the lines themselves."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    rules: Rules


def lattices(rules: Rules) -> tuple[Lattice, ...]:
    """The lattices of at least two rows and two columns that the lines make, from top to bottom."""
    found = [_lattice(part) for part in _parts(rules)]
    kept = [one for one in found if len(one.xs) > 2 and len(one.ys) > 2 and len(one.xs) * len(one.ys) <= _MOST_CELLS]
    return tuple(sorted(kept, key=lambda lattice: -lattice.ys[-1]))


def _parts(rules: Rules) -> Iterator[Rules]:
    """The lines that hang together by crossings."""
    across, down = rules
    owner = list(range(len(across) + len(down)))

    def root(number: int) -> int:
        while owner[number] != number:
            owner[number] = owner[owner[number]]
            number = owner[number]
        return number

    for place, (y, left, right) in enumerate(across):
        for other, (x, bottom, top) in enumerate(down, len(across)):
            if left - NEAR <= x <= right + NEAR and bottom - NEAR <= y <= top + NEAR:
                owner[root(place)] = root(other)
    groups: dict[int, list[int]] = defaultdict(list)
    for number in range(len(owner)):
        groups[root(number)].append(number)
    for members in groups.values():
        horizontal = tuple(across[number] for number in members if number < len(across))
        vertical = tuple(down[number - len(across)] for number in members if number >= len(across))
        if horizontal and vertical:
            yield Rules(horizontal, vertical)


def _lattice(rules: Rules) -> Lattice:
    """subtle: where a table has no outer border, the ends of the lines between its cells are one."""
    ends = (min(left for _, left, _ in rules.across), max(right for *_, right in rules.across))
    heights = (min(bottom for _, bottom, _ in rules.down), max(top for *_, top in rules.down))
    xs = _apart([*(x for x, *_ in rules.down), *ends])
    ys = _apart([*(y for y, *_ in rules.across), *heights])
    return Lattice(tuple(xs), tuple(ys), rules)


def _apart(places: Sequence[float]) -> list[float]:
    kept: list[float] = []
    for place in sorted(places):
        if not kept or place - kept[-1] > 2 * NEAR:
            kept.append(place)
    return kept

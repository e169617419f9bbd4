"""The extractive generator: the best evidence, quoted, composed so that it reads as an answer.

Every sentence of the answer is made of spans of a document, so its citations are exact by construction.
"""

from __future__ import annotations

from collections.abc import Sequence

from ragkb.answer.evidence import Candidate

RELATIVE_SCORE = 0.8  # of the best unit's: another one needs at least this to be added


def compose(found: Sequence[Candidate], most: int) -> list[Candidate]:
    """Up to `most` units to say: the best first, then others that are nearly as good, in reading order."""
    if not found:
        return []
    best = found[0]
    rest = [one for one in found[1:most] if one.score >= RELATIVE_SCORE * best.score and one.signal("statement")]
    return [best, *sorted(rest, key=lambda one: (one.unit.passage.hit.rank, one.unit.start))]

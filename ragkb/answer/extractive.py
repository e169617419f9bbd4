"""The extractive generator: the best evidence sentences, quoted, composed so that they read as an answer.

Every sentence of the answer is a span of a document, so its citation is exact by construction. What is added around a
span is only what the same document says: a list item gets the line that leads it in, a table row the names of its
columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragkb.answer.evidence import Candidate
from ragkb.text.sentences import sentences

RELATIVE_SCORE = 0.8  # of the best sentence's: another sentence needs at least this to be added
ENOUGH = 0.999  # share of the question's information after which nothing is added


@dataclass(frozen=True, slots=True)
class Quoted:
    """One sentence to say and the spans that say it. spans: (start, end) in the document of `candidate`."""

    text: str
    candidate: Candidate
    spans: tuple[tuple[int, int], ...]


def compose(found: Sequence[Candidate], most: int) -> list[Quoted]:
    """Up to `most` sentences: the best first, then others that add to it, each document's in reading order."""
    if not found:
        return []
    best, chosen = found[0], [found[0]]
    for one in found[1:]:
        if len(chosen) >= most or one.score < RELATIVE_SCORE * best.score:
            break
        chosen.append(one)
    rest = sorted(chosen[1:], key=lambda one: (one.passage.hit.rank, one.start))
    return [_quoted(one) for one in (best, *rest)]


def _quoted(one: Candidate) -> Quoted:
    span = (one.start, one.end)
    if one.text.startswith("|"):
        return Quoted(_row_as_text(one.text, one.passage.table_header or _header_above(one)), one, (span,))
    lead = _lead_in(one)
    text = _without_marker(one.text)
    if lead:
        return Quoted(f"{one.passage.hit.text[slice(*lead)]} {text}", one, (_absolute(one, lead), span))
    return Quoted(text, one, (span,))


def _absolute(one: Candidate, span: tuple[int, int]) -> tuple[int, int]:
    return one.passage.hit.start + span[0], one.passage.hit.start + span[1]


def _lead_in(one: Candidate) -> tuple[int, int] | None:
    """The sentence before the list that `one` is an item of, if it ends with a colon; in the passage's text."""
    if not _is_item(one.text):
        return None
    text = one.passage.hit.text
    lead = None
    for start, end in sentences(text):
        if one.passage.hit.start + start >= one.start:
            return lead
        if not _is_item(text[start:end]):
            lead = (start, end) if text[start:end].endswith((":", "：")) else None
    return None


def _is_item(text: str) -> bool:
    head = text.lstrip()[:4]
    return head.startswith(("- ", "* ", "• ")) or (head[:1].isdigit() and head.lstrip("0123456789")[:2] in (". ", ") "))


def _without_marker(text: str) -> str:
    return text.lstrip()[2:].lstrip() if text.lstrip().startswith(("- ", "* ", "• ")) else text


def _header_above(one: Candidate) -> str:
    """The first row of the run of table rows that `one` stands in, if it is not `one` itself."""
    before = one.passage.hit.text[: one.start - one.passage.hit.start].split("\n")
    rows: list[str] = []
    for line in reversed(before):
        if line.startswith("|"):
            rows.append(line)
        elif line:
            break
    return rows[-1] if rows else ""


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _row_as_text(row: str, header: str) -> str:
    """ "Part: HX-200; Pressure: 210 bar" for the row under its header; without a header, the cells."""
    cells, names = _cells(row), _cells(header)
    if not header or len(names) != len(cells):
        return "; ".join(cell for cell in cells if cell)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)

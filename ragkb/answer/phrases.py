"""How a unit is said as an answer: the value that is asked for first, then what it stands in."""

from __future__ import annotations

from collections.abc import Sequence

from ragkb.answer.evidence import Candidate
from ragkb.answer.question import Question
from ragkb.answer.values import direct_value
from ragkb.text.asking import content_terms
from ragkb.text.language import cjk_share


def said(question: Question, one: Candidate) -> str:
    """The unit as a sentence: "Price of HX-300: 1,900 EUR (Pressure: 350 bar)", "30 days: Claims must be ..."."""
    if one.unit.cells:
        return row(question, one.unit.cells) or one.unit.said
    value = direct_value(question, one)
    gap = "：" if cjk_share(one.unit.said) > 0.3 else ": "
    return f"{value}{gap}{one.unit.said}" if value else one.unit.said


def row(question: Question, cells: Sequence[tuple[str, str]]) -> str:
    """ "Price of HX-300: 1,900 EUR (Pressure: 350 bar)": the column that is asked for first; '' if none is."""
    filled = [(name, cell) for name, cell in cells if cell]
    if len(filled) < 2 or not all(name for name, _ in filled[1:]):
        return ""
    label, rest = filled[0][1], filled[1:]
    marks = [_named(question, name) for name, _ in rest]
    best = max(marks)
    if best <= 0 or marks.count(best) > 1:
        return ""
    name, cell = rest[marks.index(best)]
    others = [(n, c) for n, c in rest if n != name]
    if cjk_share(label + name) > 0.3:
        more = "；".join(f"{n}：{c}" for n, c in others)
        return f"{label}的{name}：{cell}" + (f"（{more}）" if more else "")
    more = "; ".join(f"{n}: {c}" for n, c in others)
    return f"{name} of {label}: {cell}" + (f" ({more})" if more else "")


def _named(question: Question, name: str) -> float:
    """How far the question names a column: share of its name's terms, weighed as in the question."""
    terms = content_terms(name)
    return sum(question.weights.get(term, 0.0) for term in terms) / (1 + 0.1 * len(terms))

"""What people thought of answers, made into rows of an answers file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ragkb.store.feedback import Feedback
from ragkb.text.language import cjk_share

_DECLINES = ("the documents do not say", "知识库中的文档没有给出")


def rows_from(feedback: Iterable[Feedback]) -> list[dict[str, Any]]:
    """One row for each question and groups; what was said last about it counts.

    Thumb up: the quotes that were cited are the evidence; an abstention that was liked is a question that cannot be
    answered. Thumb down with a correction: that is the gold answer, its place unknown. Thumb down without one says
    that something is wrong, but not what would be right: such a row stays "to_review" and claims nothing.
    """
    latest: dict[tuple[str, tuple[str, ...]], Feedback] = {}
    for one in feedback:
        latest[one.question.strip(), tuple(sorted(one.groups))] = one
    return [_row(one) for one in latest.values()]


def _row(one: Feedback) -> dict[str, Any]:
    language = "zh" if cjk_share(one.question) > 0.3 else "en"
    row: dict[str, Any] = {
        "id": f"feedback-{one.id}",
        "question": one.question,
        "answers": [one.correction] if one.correction else [],
        "evidence": [],
        "answerable": True,
        "groups": list(one.groups),
        "type": f"feedback {one.rating}",
        "language": language,
        "answer_then": one.answer,
        "comment": one.comment,
    }
    if one.rating == "up":
        if not one.citations and one.answer.strip().casefold().startswith(_DECLINES):
            return {**row, "answerable": False}
        return {**row, "evidence": [_evidence(citation) for citation in one.citations]}
    return row if one.correction else {**row, "to_review": True}


def _evidence(citation: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": citation.get("source", ""), "page": citation.get("page"), "quote": citation.get("quote", "")}

"""What has to hold whatever was measured before: no statistics, one violation fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragkb.eval.answers import Probe, page_hit, reciprocal_rank
from ragkb.eval.compare import Gate
from ragkb.eval.questions import Question
from ragkb.eval.runs import Run
from ragkb.eval.scores import MEASURES, total
from ragkb.types import Answer, Principal

if TYPE_CHECKING:
    from ragkb.kb import KnowledgeBase

LEAK = "leak"
"""Key of a row: whether its answer shows a document that the asker may not read."""

_LEGS = ("lexical", "dense", "hybrid")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to hold. what: the violations, or what was looked at."""

    name: str
    ok: bool
    what: str


def probe_of(kb: KnowledgeBase) -> Probe:
    """What a nightly run measures besides: leaks, and each leg alone.

    Who may read what is computed from the list of documents, without a search: an oracle of its own.
    """
    groups = {one.id: one.groups for one in kb.documents(as_=Principal.admin())}

    def probe(question: Question, answer: Answer) -> Mapping[str, object]:
        as_ = Principal.of_groups(question.groups)
        shown = {one.document_id for one in answer.passages} | {one.document_id for one in answer.citations}
        leaked = any(not as_.may_read(groups[one]) for one in shown if one in groups)
        found: dict[str, object] = {LEAK: leaked}
        if question.contexts is None and answer.passages:
            found["both_legs"] = _both_legs(answer)
        if question.answerable and question.evidence and question.contexts is None:
            for leg in _LEGS:
                hits = kb.search(answer.standalone, k=10, as_=as_, leg=leg)  # type: ignore[arg-type]
                found[f"{leg} page_hit@10"] = page_hit(question.evidence, hits, 10)
                found[f"{leg} passage_mrr@10"] = reciprocal_rank(question.evidence, hits, 10)
        return found

    return probe


def _both_legs(answer: Answer) -> bool:
    """Whether both legs proposed passages, and the fusion gave each of them weight."""
    said = [hit.explain for hit in answer.passages]
    dense = any(one.dense is not None and one.weight > 0 for one in said)
    return dense and any(one.lexical is not None and one.weight < 1 for one in said)


def checks(run: Run, gate: Gate, kb: KnowledgeBase | None, documents: Path | None) -> Iterator[Check]:
    """The checks of one suite. documents: the folder that the knowledge base was made from, if it is known."""
    errors = [row for row in run.rows if row["status"] == "error"]
    named = "; ".join(f"{row['id']}: {row.get('error', '')}" for row in errors[:_SHOWN])
    yield Check("errors", len(errors) <= gate.max_errors, named or f"{len(run.rows)} rows, no error")
    if run.manifest["kind"] == "answers":
        yield _every(run, "citation_exact", "quotes that do not stand where they say")
        leaks = [str(row["id"]) for row in run.rows if row.get(LEAK)]
        yield Check("leaks", not leaks, _listed(leaks, "answers that show what their asker may not read"))
    for name, floor in gate.floors.items():
        value = total(name, run.rows)
        if value is not None:
            way = "under" if MEASURES[name].higher_is_better else "over"
            passed = MEASURES[name].drop(floor, value) <= 0
            yield Check(f"floor {name}", passed, f"{value:.4f}{'' if passed else f', {way} {floor}'}")
    if kb is not None:
        problems = [f"{one.kind} {one.where}: {one.what}" for one in kb.verify()]
        yield Check("store", not problems, _listed(problems, "inconsistencies of index and catalogue"))
        if documents is not None:
            yield _fresh(kb, documents)


def _every(run: Run, name: str, what: str) -> Check:
    broken = [str(row["id"]) for row in run.rows if row.get(name) and row[name][0] < row[name][1]]
    return Check(name, not broken, _listed(broken, what))


def _fresh(kb: KnowledgeBase, documents: Path) -> Check:
    """Whether every document is as its file is now, as far as the file is found."""
    from ragkb.store.files import sha256_file

    stale = [
        one.source
        for one in kb.documents(as_=Principal.admin())
        if (documents / one.source).is_file() and sha256_file(documents / one.source) != one.sha256
    ]
    return Check("fresh", not stale, _listed(stale, "documents whose files changed since they were ingested"))


def _listed(broken: list[str], what: str) -> str:
    if not broken:
        return f"no {what}"
    more = f" and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
    return f"{len(broken)} {what}: {', '.join(broken[:_SHOWN])}{more}"

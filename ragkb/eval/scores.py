"""Measures as values: their names, which way is better, where they come from, and how the rows of a run make one.

A row holds each of its measures as a number, as true or false, as a pair [hits, of how many], or as None where the
measure does not apply. A measure of a run is the sum of the first numbers by that of the second ones: for numbers the
mean over the rows that have one, for pairs the share over all of them together. trec_eval's conventions hold for the
ranked ones: a question without a relevant document is left out, one for which nothing was found counts 0, and
documents of one score stand in the order in which the system returned them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ragkb.eval.measures import share_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. name: its key in summaries and rows. title: as papers write it. source: paper or convention.

    gated: whether a nightly run fails over it unless a suite says otherwise.
    """

    name: str
    title: str
    higher_is_better: bool
    meaning: str
    source: str
    gated: bool = True

    def drop(self, before: float, after: float) -> float:
        """How much worse `after` is, in the measure's unit; under 0 where it is better."""
        return before - after if self.higher_is_better else after - before


_SQUAD = "Rajpurkar et al. 2016"
_JARVELIN = "Järvelin and Kekäläinen 2002; trec_eval ndcg_cut"

ANSWERS = (
    Measure("answer_hit", "answer hit", True, "answers that hold a gold answer", "exact match inside the answer"),
    Measure("token_f1", "token F1", True, "words shared with the nearest gold answer", _SQUAD, gated=False),
    Measure("page_hit@5", "page hit@5", True, "evidence pages among the first five passages", "recall of pages"),
    Measure(
        "citation_exact", "citation exact", True, "quotes that stand where they say", "checked character by character"
    ),
    Measure("citation_precision", "citation precision", True, "citations that overlap the evidence", "Gao et al. 2023"),
    Measure("citation_recall", "citation recall", True, "evidence that is cited", "Gao et al. 2023"),
    Measure("citation_f1", "citation F1", True, "words that quotes share with the evidence", "Yang et al. 2018; words"),
    Measure("false_answer", "false answer", False, "unanswerable questions that were answered", "share"),
    Measure("false_refusal", "false refusal", False, "answerable questions that were refused", "share"),
    Measure("groundedness", "groundedness", True, "support of the worst sentence of an answer", "mean"),
)
"""Measures of an answers file, in the order of its summary."""

SEARCH = (
    *(
        Measure(f"{leg} page_hit@10", f"{leg} page hit@10", True, f"evidence pages among the {leg} leg's ten", "share")
        for leg in ("lexical", "dense", "hybrid")
    ),
    *(
        Measure(
            f"{leg} passage_mrr@10",
            f"{leg} passage MRR@10",
            True,
            f"reciprocal rank of the first of the {leg} leg's ten passages that holds the evidence",
            "Voorhees 1999; over passages",
        )
        for leg in ("lexical", "dense", "hybrid")
    ),
    Measure("judge_right", "right by the judge", True, "answers that the language model finds right", "opinion", False),
    Measure("both_legs", "both legs heard", True, "answers whose passages both legs had a say in", "share"),
)
"""What a nightly run measures besides: each leg alone on the evidence pages, and whether the fusion hears both."""

RETRIEVAL = tuple(
    Measure(f"{leg} {name}", f"{leg} {title}", True, meaning, source, gated=name in ("ndcg@10", "recall@100"))
    for leg in ("lexical", "dense", "hybrid")
    for name, title, meaning, source in (
        ("ndcg@10", "nDCG@10", "gain of the first ten by the best possible", _JARVELIN),
        ("recall@10", "recall@10", "relevant documents among the first ten", "trec_eval recall"),
        ("recall@100", "recall@100", "relevant documents among the first hundred", "trec_eval recall"),
        ("mrr@10", "MRR@10", "reciprocal rank of the first relevant one", "Voorhees 1999; trec_eval recip_rank, cut"),
    )
)
"""Measures of a retrieval folder."""

GROUNDEDNESS = (
    Measure("auroc", "AUROC", True, "chance that a grounded answer scores above another", "Hanley and McNeil 1982"),
    Measure("grounded_recall", "grounded recall", True, "grounded answers that pass", "share"),
    Measure("hallucination_recall", "hallucination recall", True, "other answers that are flagged", "Niu et al. 2024"),
    Measure("support", "support", True, "mean score of all answers, labelled or not", "mean", gated=False),
)
"""Measures of a groundedness file; a row's part in AUROC is its placement among the other class."""

MEASURES: Mapping[str, Measure] = {one.name: one for one in (*ANSWERS, *SEARCH, *RETRIEVAL, *GROUNDEDNESS)}


def pair(value: object) -> tuple[float, float] | None:
    """(hits, of how many) of a row's measure; None where it does not apply."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return float(value[0]), float(value[1])
    return float(value), 1.0  # type: ignore[arg-type]


def total(name: str, rows: Iterable[Row]) -> float | None:
    """The measure over the rows, to six decimals; None where no row has it. Rows that are errors have none."""
    pairs = [found for row in rows if (found := pair(row.get(name))) is not None]
    return share_of(pairs)

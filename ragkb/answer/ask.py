"""A question and passages to an answer: evidence, confidence, sentences, verified citations, support."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragkb.answer import abstain, extractive
from ragkb.answer.evidence import Candidate, candidates
from ragkb.answer.grounding import Claim, load_scorer
from ragkb.answer.question import Idf, read_question
from ragkb.answer.units import Passage
from ragkb.errors import StorageError
from ragkb.models import Embedder
from ragkb.settings import AnswerSettings
from ragkb.types import Answer, Citation, Sentence

Quote = Callable[[str, int, int], tuple[str, int | None, tuple[str, ...]]]
"""(document id, start, end) to the stored text there, its page and heading path: what a citation is checked against."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it came, as it is read, and time.perf_counter() when its request began."""

    question: str
    standalone: str
    started: float


@dataclass(frozen=True, slots=True)
class Sources:
    """Where an answer may come from.

    kind: "searched" or "given". quote: reads a span from the stored document, for this principal.
    """

    kind: str
    passages: Sequence[Passage]
    idf: Idf
    quote: Quote


def answer(asked: Asked, sources: Sources, embedder: Embedder, settings: AnswerSettings) -> Answer:
    """The answer, or an abstention."""
    searched = time.perf_counter()
    question = read_question(asked.standalone, embedder, sources.idf)
    found = candidates(question, sources.passages, embedder)
    sure = abstain.confidence(question, found, sources.kind)
    chosen = extractive.compose(found, settings.sentences) if sure >= settings.threshold else []
    drafts, citations = _cited(chosen, sources)
    claims = [claim for claim, _ in drafts]
    passages = [passage.hit.text for passage in sources.passages]
    supports = load_scorer(settings, embedder).score(claims, passages, asked.standalone)
    sentences = [
        Sentence(claim.text, numbers, round(support, 4))
        for (claim, numbers), support in zip(drafts, supports, strict=True)
    ]
    if chosen:
        text, reason = extractive.running_text([sentence.text for sentence in sentences]), ""
    else:
        titles = list(dict.fromkeys(one.hit.title for one in sources.passages))[:3]
        text = abstain.refusal(asked.question, titles)
        reason = "nothing found" if not sources.passages else "the passages found do not hold the answer"
    ended = time.perf_counter()
    return Answer(
        question=asked.question,
        standalone=asked.standalone,
        text=text,
        abstained=not chosen,
        reason=reason,
        confidence=round(sure, 4),
        groundedness=min((sentence.support for sentence in sentences), default=None),
        sentences=tuple(sentences),
        citations=tuple(citations),
        passages=tuple(passage.hit for passage in sources.passages),
        model={"generator": "extractive", "embedder": embedder.id},
        timings_ms={
            "search": round((searched - asked.started) * 1000, 2),
            "answer": round((ended - searched) * 1000, 2),
            "total": round((ended - asked.started) * 1000, 2),
        },
        usage={"prompt_tokens": 0, "completion_tokens": 0},
    )


def _cited(chosen: Sequence[Candidate], sources: Sources) -> tuple[list[tuple[Claim, tuple[int, ...]]], list[Citation]]:
    """Each sentence with the numbers of its citations, and all citations."""
    drafts: list[tuple[Claim, tuple[int, ...]]] = []
    citations: dict[tuple[str, int, int], Citation] = {}
    for one in chosen:
        cited = []
        for start, end in one.unit.spans:
            key = (one.unit.passage.hit.document_id, start, end)
            if key not in citations:
                citations[key] = _citation(len(citations) + 1, one, start, end, sources)
            cited.append(citations[key])
        evidence = [*(citation.quote for citation in cited), one.unit.evidence]
        claim = Claim(one.unit.said, tuple(text for text in evidence if text))
        drafts.append((claim, tuple(citation.n for citation in cited)))
    return drafts, list(citations.values())


def _citation(n: int, one: Candidate, start: int, end: int, sources: Sources) -> Citation:
    """The citation, read back from the stored document. Raises StorageError if the index does not agree with it."""
    hit = one.unit.passage.hit
    quote, page, heading = sources.quote(hit.document_id, start, end)
    if quote != hit.text[start - hit.start : end - hit.start]:
        raise StorageError(f"{hit.source}: the index and the document disagree at {start}", "run `ragkb verify`")
    return Citation(n, hit.document_id, hit.source, hit.title, page, heading, start, end, quote)

"""A question and passages to an answer: evidence, confidence, sentences, verified citations, support.

There is one path: what streams is what `ask` returns, and `ask` is the last value of the stream.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ragkb import stop
from ragkb.answer import abstain, extractive
from ragkb.answer.evidence import Candidate, candidates
from ragkb.answer.generator import Draft, Generator, Task, Usage
from ragkb.answer.grounding import Claim, SupportScorer, load_scorer
from ragkb.answer.question import Question, read_question
from ragkb.answer.sources import Sources
from ragkb.models import Embedder
from ragkb.settings import AnswerSettings
from ragkb.types import Answer, AnswerEvent, Citation, PassagesFound, Sentence, SentenceScored


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it came, as it is read, and time.perf_counter() when its request began."""

    question: str
    standalone: str
    started: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known before a sentence is written. The store is not needed any more.

    confidence: 0 to 1, that the passages hold the answer. searched: time.perf_counter() when they were found.
    """

    asked: Asked
    sources: Sources
    question: Question
    found: Sequence[Candidate]
    confidence: float
    searched: float


@dataclass(frozen=True, slots=True)
class Tools:
    """What answers are made with."""

    embedder: Embedder
    generator: Generator
    settings: AnswerSettings


@dataclass(slots=True)
class _Said:
    """The answer so far."""

    drafts: list[Draft] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    citations: dict[tuple[str, int, int], Citation] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)


def weigh(asked: Asked, sources: Sources, embedder: Embedder) -> Evidence:
    """The evidence for the question, and the confidence that it answers it."""
    searched = time.perf_counter()
    question = read_question(asked.standalone, embedder, sources.idf)
    found = candidates(question, sources.passages, embedder)
    sure = abstain.confidence(question, found, sources.kind)
    return Evidence(asked, sources, question, found, sure, searched)


def stream(evidence: Evidence, tools: Tools) -> Iterator[AnswerEvent]:
    """PassagesFound, then SentenceScored for each sentence once it is scored, then the whole Answer."""
    yield PassagesFound(tuple(passage.hit for passage in evidence.sources.passages))
    said = _Said()
    if evidence.confidence >= tools.generator.least_confidence:
        task = Task(evidence.asked.question, evidence.question, evidence.sources.passages, evidence.found)
        scorer = load_scorer(tools.settings, tools.embedder)
        for written in tools.generator.write(task):
            stop.check()
            said.usage = written.usage
            yield from _scored(written.drafts, said, evidence, scorer)
    yield _answer(evidence, said, tools)


def answer(evidence: Evidence, tools: Tools) -> Answer:
    """The answer, or an abstention: the last value of the stream."""
    *_, last = stream(evidence, tools)
    assert isinstance(last, Answer)
    return last


def _scored(
    drafts: Sequence[Draft], said: _Said, evidence: Evidence, scorer: SupportScorer
) -> Iterator[SentenceScored]:
    """The drafts as sentences of the answer, each with the citations that it is the first to use."""
    cited = [_cited(draft, said, evidence.sources) for draft in drafts]
    claims = [
        Claim(draft.text, (*(citation.quote for citation in citations), *draft.context))
        for draft, (citations, _) in zip(drafts, cited, strict=True)
    ]
    texts = [passage.hit.text for passage in evidence.sources.passages]
    supports = scorer.score(claims, texts, evidence.asked.standalone) if claims else []
    for draft, (citations, new), support in zip(drafts, cited, supports, strict=True):
        numbers = tuple(dict.fromkeys(citation.n for citation in citations))
        sentence = Sentence(draft.text, numbers, round(support, 4))
        said.drafts.append(draft)
        said.sentences.append(sentence)
        yield SentenceScored(sentence, tuple(new))


def _cited(draft: Draft, said: _Said, sources: Sources) -> tuple[list[Citation], list[Citation]]:
    """(all citations of the draft, those among them that are new to the answer)."""
    cited, new = [], []
    for span in draft.cited:
        key = (span.passage.hit.document_id, span.start, span.end)
        if key not in said.citations:
            said.citations[key] = sources.cite(len(said.citations) + 1, span)
            new.append(said.citations[key])
        cited.append(said.citations[key])
    return cited, new


def _answer(evidence: Evidence, said: _Said, tools: Tools) -> Answer:
    if said.drafts:
        text, reason = running_text(said.drafts), ""
    else:
        titles = list(dict.fromkeys(one.hit.title for one in evidence.sources.passages))[:3]
        text = abstain.refusal(evidence.asked.question, titles)
        reason = "the passages found do not hold the answer" if evidence.sources.passages else "nothing found"
    started, ended = evidence.asked.started, time.perf_counter()
    return Answer(
        question=evidence.asked.question,
        standalone=evidence.asked.standalone,
        text=text,
        abstained=not said.drafts,
        reason=reason,
        confidence=round(evidence.confidence, 4),
        groundedness=min((sentence.support for sentence in said.sentences), default=None),
        sentences=tuple(said.sentences),
        citations=tuple(said.citations.values()),
        passages=tuple(passage.hit for passage in evidence.sources.passages),
        model={"generator": tools.generator.name, "embedder": tools.embedder.id},
        timings_ms={
            "search": round((evidence.searched - started) * 1000, 2),
            "answer": round((ended - evidence.searched) * 1000, 2),
            "total": round((ended - started) * 1000, 2),
        },
        usage={
            "prompt_tokens": said.usage.prompt_tokens,
            "completion_tokens": said.usage.completion_tokens,
        },
    )


def running_text(drafts: Sequence[Draft]) -> str:
    """The sentences as one text: one after the other, or laid out as they were written."""
    if all(draft.before is None for draft in drafts):
        return extractive.running_text([draft.text for draft in drafts])
    return "".join((" " if draft.before is None else draft.before) + draft.text for draft in drafts).strip()

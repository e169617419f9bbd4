"""A question and passages to an answer: evidence, confidence, sentences, verified citations, support.

There is one path: what streams is what `ask` returns, and `ask` is the last value of the stream.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from ragkb import stop
from ragkb.answer import abstain, extractive, phrases
from ragkb.answer.citations import Checker
from ragkb.answer.conflicts import conflicts
from ragkb.answer.evidence import Considered, candidates
from ragkb.answer.gather import Gathered
from ragkb.answer.generator import Draft, Generator, Task
from ragkb.answer.grounding import load_scorer
from ragkb.answer.hygiene import defanged, inert
from ragkb.answer.parts import Part, parts
from ragkb.answer.question import read_question
from ragkb.answer.sources import Sources
from ragkb.models import Embedder
from ragkb.models.chat import Usage
from ragkb.settings import AnswerSettings
from ragkb.types import Answer, AnswerEvent, Citation, PassagesFound, Sentence, SentenceScored, Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it came, as it is read, tokens spent on that, time.perf_counter() when its request began."""

    question: str
    standalone: str
    usage: Usage
    started: float

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is asked for, at least one thing. A question before a follow-up was answered, and is no part."""
        return parts(self.standalone, self.question)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known before a sentence is written. The store is not needed any more.

    parts: of the question, at least one. searched: time.perf_counter() when the passages were found.
    """

    asked: Asked
    sources: Sources
    parts: tuple[Considered, ...]
    searched: float

    @property
    def best(self) -> Considered:
        """The part that the passages answer best."""
        return max(self.parts, key=lambda part: part.confidence)

    @property
    def confidence(self) -> float:
        """0 to 1, that the passages hold the answer, to one part at least."""
        return self.best.confidence


@dataclass(frozen=True, slots=True)
class Tools:
    """What answers are made with. completed: a follow-up as it can be understood alone, and the tokens that took."""

    embedder: Embedder
    generator: Generator
    settings: AnswerSettings
    completed: Callable[[str, Sequence[Turn]], tuple[str, Usage]]


@dataclass(slots=True)
class _Said:
    """The answer so far. dropped: sentences left out. unanswered: parts of the question that nothing answers.

    verified: seconds that checking took.
    """

    drafts: list[Draft] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    citations: dict[tuple[str, int, int], Citation] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    dropped: int = 0
    unanswered: tuple[str, ...] = ()
    verified: float = 0.0

    def add(self, draft: Draft, support: float, supported: bool, sources: Sources) -> SentenceScored:
        """The sentence with the citations that it is the first to use."""
        numbers, new = [], []
        for span in draft.cited:
            key = (span.passage.hit.document_id, span.start, span.end)
            if key not in self.citations:
                self.citations[key] = sources.cite(len(self.citations) + 1, span)
                new.append(self.citations[key])
            numbers.append(self.citations[key].n)
        sentence = Sentence(draft.text, tuple(dict.fromkeys(numbers)), round(support, 4), supported)
        self.drafts.append(draft)
        self.sentences.append(sentence)
        return SentenceScored(sentence, tuple(new))


def weigh(asked: Asked, gathered: Gathered, embedder: Embedder) -> Evidence:
    """The evidence for each part of the question, and the confidence that it answers it."""
    searched, sources = time.perf_counter(), gathered.sources
    considered = []
    for part, passages in gathered.found:
        question = read_question(part.text, embedder, sources.idf, part.asks)
        found = candidates(question, passages, embedder)
        sure = abstain.confidence(question, found, sources.kind, len(sources.passages))
        considered.append(Considered(question, found, sure))
    return Evidence(asked, sources, tuple(considered), searched)


def stream(evidence: Evidence, tools: Tools) -> Iterator[AnswerEvent]:
    """PassagesFound, then SentenceScored for each sentence once it is scored, then the whole Answer.

    A sentence that the policy drops is no event. Where the policy refuses, all sentences come once all are scored.
    """
    yield PassagesFound(tuple(passage.hit for passage in evidence.sources.passages))
    said = _Said(usage=evidence.asked.usage)
    if evidence.confidence >= tools.generator.least_confidence:
        if tools.settings.policy == "refuse":
            scored = list(_sentences(evidence, tools, said))
            yield from () if said.dropped else scored
        else:
            yield from _sentences(evidence, tools, said)
    yield _answer(evidence, said, tools)


def answer(evidence: Evidence, tools: Tools) -> Answer:
    """The answer, or an abstention: the last value of the stream."""
    *_, last = stream(evidence, tools)
    assert isinstance(last, Answer)
    return last


def _sentences(evidence: Evidence, tools: Tools, said: _Said) -> Iterator[SentenceScored]:
    """Each sentence that the policy lets through, as soon as it is checked."""
    scorer = load_scorer(tools.settings, tools.embedder)
    least = tools.settings.least_support
    least = scorer.threshold if least is None else least
    checker = Checker(evidence.sources, evidence.asked.standalone, tools.embedder, scorer, least)
    task = Task(evidence.asked.question, evidence.asked.standalone, evidence.sources.passages, evidence.parts)
    with closing(tools.generator.write(task)) as steps:
        for written in steps:
            stop.check()
            said.usage = evidence.asked.usage + written.usage
            said.unanswered += written.unanswered
            before = time.perf_counter()
            checked = checker.check(written.drafts)
            said.verified += time.perf_counter() - before
            for draft, support in checked:
                supported = bool(draft.cited) and support >= least
                if not supported and tools.settings.policy != "flag":
                    said.dropped += 1
                    if tools.settings.policy == "refuse":
                        return
                    continue
                yield said.add(draft, support, supported, evidence.sources)


def _answer(evidence: Evidence, said: _Said, tools: Tools) -> Answer:
    refused = said.dropped > 0 and tools.settings.policy == "refuse"
    if said.drafts and not refused:
        text, reason = running_text(said.drafts) + abstain.missing_parts(said.unanswered), ""
    else:
        said = replace(said, drafts=[], sentences=[], citations={}, unanswered=())
        was_written = said.dropped > 0
        text = abstain.refusal(evidence.best.question, evidence.sources.passages, _closest(evidence), was_written)
        reason = _reason(evidence, said, tools.generator)
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
            "verify": round(said.verified * 1000, 2),
            "total": round((ended - started) * 1000, 2),
        },
        usage={
            "prompt_tokens": said.usage.prompt_tokens,
            "completion_tokens": said.usage.completion_tokens,
        },
        conflicts=conflicts([one for part in evidence.parts for one in part.found], said.citations),
        dropped=said.dropped,
        unanswered=said.unanswered,
    )


def _closest(evidence: Evidence) -> str:
    """What comes nearest to an answer, made harmless; '' if nothing is worth to be shown."""
    best = evidence.best
    if not best.found or best.confidence < abstain.WORTH_SHOWING:
        return ""
    return defanged(inert(phrases.said(best.question, best.found[0])), set())


def _reason(evidence: Evidence, said: _Said, generator: Generator) -> str:
    """Why there is no answer."""
    if not evidence.sources.passages:
        return "nothing found"
    if said.dropped:
        return "the passages found do not support what was written"
    if evidence.confidence < generator.least_confidence:
        return "the passages found do not hold the answer"
    return "the language model found no answer in the passages"


def running_text(drafts: Sequence[Draft]) -> str:
    """The sentences as one text: one after the other, or laid out as they were written."""
    if all(draft.before is None for draft in drafts):
        return extractive.running_text([draft.text for draft in drafts])
    return "".join((" " if draft.before is None else draft.before) + draft.text for draft in drafts).strip()

"""What a sentence may cite: the sentences of the passages that hold it, and only those.

A generator that quotes gives exact spans. One that writes in its own words names passages, rightly or wrongly. What it
names is narrowed to the sentences that hold the claim; a passage that holds nothing of it is dropped; and a claim that
is left without evidence gets some only if a passage supports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ragkb.answer.generator import Claimed, Draft, Span
from ragkb.answer.grounding import Claim, SupportScorer
from ragkb.answer.hygiene import defanged, inert
from ragkb.answer.narrow import Held, Narrower
from ragkb.answer.sources import Sources
from ragkb.models import Embedder


class Checker:
    """Checks the sentences of one answer against the passages that it was made from.

    least: support under which a claim that was given other evidence than it named is not helped by it.
    """

    def __init__(
        self, sources: Sources, question: str, embedder: Embedder, scorer: SupportScorer, least: float
    ) -> None:
        self._sources, self._question, self._embedder = sources, question, embedder
        self._scorer, self._least = scorer, least

    def check(self, drafts: Sequence[Draft | Claimed]) -> list[tuple[Draft, float]]:
        """Each sentence with exact citations, and its support, 0 to 1."""
        exact = [self._narrowed(one) if isinstance(one, Claimed) else one for one in drafts]
        supports = self._supports(exact)
        for number, one in enumerate(drafts):
            if isinstance(one, Claimed) and (supports[number] < self._least or not exact[number].cited):
                others = [self._narrower.best(one.text, self._sources.passages), self._narrower.together(one.text)]
                found = [draft for held in others if (draft := _draft(one, [held])).cited]
                scored = list(zip(found, self._supports(found), strict=True))
                better = next((pair for pair in scored if pair[1] >= self._least), None)
                exact[number], supports[number] = better or (exact[number], supports[number])
        return list(zip(exact, supports, strict=True))

    @cached_property
    def _narrower(self) -> Narrower:
        return Narrower(self._sources.passages, self._embedder)

    def _narrowed(self, claim: Claimed) -> Draft:
        """The claim with the sentences that hold it, of the passages that it names."""
        return _draft(claim, [self._narrower.holding(claim.text, passage) for passage in claim.passages])

    def _supports(self, drafts: Sequence[Draft]) -> list[float]:
        if not drafts:
            return []
        claims = [Claim(one.text, self._evidence(one)) for one in drafts]
        texts = [f"{passage.above}\n{passage.hit.text}" for passage in self._sources.passages]
        return self._scorer.score(claims, texts, self._question)

    def _evidence(self, draft: Draft) -> tuple[str, ...]:
        """What is cited, and the title, headings and column names over it: they say what it is about."""
        above = dict.fromkeys(span.passage.above for span in draft.cited)
        return (*map(self._sources.text, draft.cited), *draft.context, *filter(None, above))


def _draft(claim: Claimed, held: Sequence[Held]) -> Draft:
    """The claim made harmless, with these sentences as its evidence."""
    cited = [unit for one in held for unit in one.units]
    spans = [Span(unit.passage, start, end) for unit in cited for start, end in unit.spans]
    context = tuple(unit.evidence for unit in cited if unit.evidence)
    addresses = {unit.passage.hit.source for unit in cited if "://" in unit.passage.hit.source}
    return Draft(defanged(inert(claim.text), addresses), tuple(dict.fromkeys(spans)), context, claim.before)

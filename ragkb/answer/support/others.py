"""Scorers that a user names instead of the one that comes with ragkb."""

from __future__ import annotations

import importlib
import math
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, cast

from ragkb.answer.grounding import Claim, SupportScorer
from ragkb.errors import ModelError

NLI = "nli:"


@lru_cache(maxsize=4)
def named_scorer(name: str, embedder: Hashable) -> SupportScorer:
    """The scorer that `answer.support` names: "nli:MODEL", or "module:Factory", called with the embedder."""
    if name.startswith(NLI):
        return CrossEncoderScorer(name.removeprefix(NLI))
    module, _, factory = name.partition(":")
    try:
        scorer = getattr(importlib.import_module(module), factory)(embedder)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        hint = "set answer.support to 'builtin', 'aligned', 'nli:MODEL' or 'module:Factory'"
        raise ModelError(f"the support scorer {name!r} cannot be made ({error})", hint) from None
    if not callable(getattr(scorer, "score", None)) or not isinstance(getattr(scorer, "threshold", None), float):
        raise ModelError(f"{name!r} gives no scorer", "it needs score(claims, passages, question) and a `threshold`")
    return Checked(scorer)


class Checked:
    """A scorer whose scores are checked: one for each claim, 0 to 1."""

    def __init__(self, scorer: SupportScorer) -> None:
        self._scorer = scorer
        self.threshold = scorer.threshold

    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        """See SupportScorer. Raises ModelError where the scorer breaks its promise."""
        scores = [float(one) for one in self._scorer.score(claims, passages, question)]
        if len(scores) != len(claims) or not all(0.0 <= one <= 1.0 for one in scores):
            raise ModelError(
                f"the support scorer gave {scores!r:.80} for {len(claims)} claims", "it has to give 0 to 1 for each"
            )
        return scores


class CrossEncoderScorer:
    """Support by a cross-encoder that was trained to tell entailment: one pass for each claim and text.

    A claim is held against its citations together, and against each passage; the best one counts. A model with one
    output is read through a sigmoid; of several, the probability of the one whose label begins with "entail".
    """

    threshold = 0.5

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        try:
            self._model: Any = CrossEncoder(name)
        except (OSError, ValueError) as error:
            raise ModelError(f"cross-encoder {name!r} cannot be loaded ({str(error)[:200]})", "name a folder") from None
        labels = {str(label).lower(): int(n) for n, label in self._model.config.id2label.items()}
        self._entailed = next((n for label, n in sorted(labels.items()) if label.startswith("entail")), None)
        if len(labels) > 1 and self._entailed is None:
            raise ModelError(
                f"cross-encoder {name!r} has no label for entailment, only {sorted(labels)}", "name another"
            )

    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        """See SupportScorer."""
        texts = [list(dict.fromkeys([" ".join(claim.evidence), *passages])) for claim in claims]
        pairs = [(text, claim.text) for claim, many in zip(claims, texts, strict=True) for text in many if text.strip()]
        found = iter(self._probabilities(pairs))
        return [max((next(found) for text in many if text.strip()), default=0.0) for many in texts]

    def _probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        import torch

        if not pairs:
            return []
        logits = self._model.predict(list(pairs), activation_fn=torch.nn.Identity(), show_progress_bar=False)
        return [_probability(row, self._entailed) for row in cast("Any", logits).reshape(len(pairs), -1).tolist()]


def _probability(logits: Sequence[float], entailed: int | None) -> float:
    if entailed is None or len(logits) == 1:
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, logits[0]))))
    top = max(logits)
    return math.exp(logits[entailed] - top) / math.fsum(math.exp(one - top) for one in logits)

"""How well evidence supports a sentence. First form: words and numbers; deterministic, no model, never NaN."""

from __future__ import annotations

from collections.abc import Sequence

from ragkb.text.tokens import lexical_tokens


def support(sentence: str, evidence: Sequence[str]) -> float:
    """0 to 1: share of the sentence's terms that the evidence holds; at most 0.2 if a number of it is not there."""
    terms = lexical_tokens(sentence, "en")
    if not terms:
        return 1.0 if evidence else 0.0
    held = {term for text in evidence for term in lexical_tokens(text, "en")}
    share = sum(term in held for term in terms) / len(terms)
    made_up = any(term[:1].isdigit() and term not in held for term in terms)
    return min(share, 0.2) if made_up else share

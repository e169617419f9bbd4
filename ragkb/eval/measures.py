"""Measures of retrieval and of answers: pure functions of lists and texts."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

SHARED_RUN = 30
"""Least characters in a row, white space left out, that two quotes share to overlap, or one holds the other."""

_CJK = "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
_SPACE = re.compile(r"\s+")
_SPACE_OR_BAR = re.compile(r"[\s|]+")
_SPACE_AT_CJK = re.compile(rf"(?<=[{_CJK}])\s+|\s+(?=[{_CJK}])")
_THOUSANDS = re.compile(r"(?<=\d)[,'\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+(?:\.\d+)*")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "—": "-", "\u00ad": ""})


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """nDCG@k, 0 to 1: sum of grade / log2(rank + 1) over the first k, divided by the best such sum.

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002, with trec_eval's
    ndcg_cut: the gain is the grade itself, one under 1 gains nothing. 0 where nothing is relevant.
    """
    best = _dcg(sorted(grades.values(), reverse=True)[:k])
    return _dcg([grades.get(document, 0) for document in ranked[:k]]) / best if best else 0.0


def _dcg(gains: Iterable[int]) -> float:
    return sum(max(gain, 0) / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def recall(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Recall@k, 0 to 1: share of the relevant documents (grade 1 or more) that stand among the first k."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def mrr(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Reciprocal rank of the first relevant document, 0 where none stands among the first k.

    Voorhees, "The TREC-8 question answering track report", 1999.
    """
    return next((1 / rank for rank, document in enumerate(ranked[:k], 1) if grades.get(document, 0) > 0), 0.0)


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of the values that are not None, to six decimals; None where there is none."""
    known = [value for value in values if value is not None]
    return round(math.fsum(known) / len(known), 6) if known else None


def share_of(pairs: Iterable[tuple[float, float]]) -> float | None:
    """The sum of the first numbers by that of the second ones, to six decimals; None where that is 0."""
    known = list(pairs)
    total = math.fsum(of for _, of in known)
    return round(math.fsum(hits for hits, _ in known) / total, 6) if total else None


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed (nearest rank); None where there is none."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1] if values else None


def normalise(text: str) -> str:
    """`text` in the form in which answers are compared.

    NFKC, case folded, white space collapsed and dropped beside Han, kana and hangul, thousands separators dropped,
    typographic quotes and dashes as typed ones.
    """
    text = _THOUSANDS.sub("", text.translate(_SAME))  # subtle: before NFKC, which makes plain spaces of the narrow ones
    text = unicodedata.normalize("NFKC", text).casefold()
    return _SPACE_AT_CJK.sub("", _SPACE.sub(" ", _THOUSANDS.sub("", text))).strip()


def answer_hit(text: str, answers: Iterable[str]) -> bool:
    """True if some gold answer stands in `text`, both normalised, as whole words: "5" is not in "15", nor in "1.5".

    Han, kana and hangul need no word boundary.
    """
    haystack = normalise(text)
    return any(_holds(haystack, normalise(answer)) for answer in answers)


def _holds(haystack: str, needle: str) -> bool:
    if not needle:
        return False
    before = rf"(?<![^\W_{_CJK}])(?<!\d[.,])" if _is_word(needle[0]) else ""
    after = rf"(?![^\W_{_CJK}])(?!\.\d)" if _is_word(needle[-1]) else ""
    return re.search(before + re.escape(needle) + after, haystack) is not None


def _is_word(character: str) -> bool:
    return re.match(rf"[^\W_{_CJK}]", character) is not None


def token_f1(text: str, answers: Iterable[str]) -> float:
    """The best F1, 0 to 1, between the words of `text` and of a gold answer; a character of Han or kana is a word.

    Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text", 2016, section 6: case, punctuation
    and the articles a, an, the are dropped. Characters of Chinese are words as in CMRC 2018 (Cui et al., 2019). Before
    that, this module's normalisation. 0 without gold answers.
    """
    words = _words(text)
    return max((_f1(words, _words(answer)) for answer in answers), default=0.0)


def quotes_f1(quotes: Iterable[str], evidence: Iterable[str]) -> float:
    """F1, 0 to 1, between the words of all quotes together and those of all evidence together.

    Too long a quote costs precision, evidence that is left out recall: the F1 of supporting facts of Yang et al.,
    "HotpotQA", 2018, section 4, over words instead of sentences. Repeated quotes count once.
    """
    found, gold = (sum(map(_words, dict.fromkeys(texts)), Counter[str]()) for texts in (quotes, evidence))
    return _f1(found, gold)


def _words(text: str) -> Counter[str]:
    return Counter(word for word in _TOKEN.findall(normalise(text)) if word not in ("a", "an", "the"))


def _f1(found: Counter[str], gold: Counter[str]) -> float:
    common = (found & gold).total()
    return 2 * common / (found.total() + gold.total()) if common else 0.0


def quotes_overlap(quote: str, other: str) -> bool:
    """True if two quotes share text: one holds the other, or they have SHARED_RUN characters in a row in common.

    Compared normalised and without white space and the bars of tables: line breaks, hyphenation at them, and how a
    table was written down do not count.
    """
    left, right = sorted((_SPACE_OR_BAR.sub("", normalise(text)) for text in (quote, other)), key=len)
    if not left:
        return False
    size = min(SHARED_RUN, len(left))
    return any(left[start : start + size] in right for start in range(len(left) - size + 1))

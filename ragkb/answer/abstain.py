"""Whether the passages hold the answer: a calibrated probability, and what to say when they do not."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ragkb.answer.evidence import Candidate
from ragkb.answer.question import About, Question
from ragkb.answer.units import Passage
from ragkb.text.language import cjk_share
from ragkb.text.tokens import lexical_tokens

_OF_BEST = (  # signals of the best unit, see signals.py
    "cosine aligned aligned_before worst under aligned_under coverage around before passage rarest sharp worded "
    "numbers pairs named least_named expected counted rank row"
).split()
FEATURES = (
    *_OF_BEST,
    "readable",  # share of the question that the embedder reads
    "headed",  # greatest `heading` of any unit
    "nearest",  # greatest cosine of any unit
    "margin",  # that, over the mean of the ten greatest
    "most_aligned",  # greatest `aligned` of any unit
    "has_names",  # 1 if the question names something
    "together",  # share of the question's information in the three best units
    "elsewhere",  # share of it that the best unit's passage lacks and other documents hold
    "nowhere",  # share of it that the best unit's passage lacks and no document holds
    "unknown",  # share of the question's terms that no document holds
    "lacking",  # weight of the heaviest term that neither the best unit nor its headings hold, by the heaviest
    "share",  # of the best unit, see evidence.py
    "gap",  # score of the best unit over the second
    "terms",  # content terms of the question, in twenties
    "unexpected",  # 1 if the best unit holds nothing of the kind asked for: no number, date, name, reason
    "passage_squared",
    "amounts",  # share of the question's amounts that the best unit, or what stands over it, gives; 1 if it has none
    "worded_passage",  # share of the information of the question's Chinese words in the passage
    "strange",  # share of it in words that no document holds
    "coded",  # 1 if the best unit holds a code that the question names, and what stands over it any other one
    "column",  # share of the question's information in the best fitting column name of a table row
    "lacking_meaning",  # of the question's terms that the best unit lacks, the share of information
    "passages",  # logarithm of the number of given passages: among many, one looks right by chance; 0 if searched
)
LEFT_OUT = "An answer was written, but the documents do not support it, so it was left out."
NEAREST = 3  # titles that a refusal names
LONGEST = 200  # characters of what it quotes
WORTH_SHOWING = 0.15  # least confidence to quote what comes nearest
_WORDS = re.compile(r"[A-Za-z0-9À-ÿ][A-Za-z0-9À-ÿ_./-]*")
NEAR = 0.45  # cosine of a paraphrase; what has nothing in common stays well under it


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression. weights: one a feature of FEATURES, in their units."""

    bias: float
    weights: tuple[float, ...]


def confidence(question: Question, found: Sequence[Candidate], kind: str, passages: int) -> float:
    """Probability, 0 to 1, that the passages answer the question; 0 without evidence.

    kind: "searched" if the passages were found in a knowledge base, "given" if they came with the question.
    passages: how many there are. Fitted by
    logistic regression on questions with and without an answer; see docs/architecture.md.
    """
    if not found or not question.weights or _is_strange(question, found):
        return 0.0
    signal = "words" if question.vector is None else "both" if question.read else "vectors"
    used = _calibrations()[f"{kind}, {signal}"]
    values = features(question, found, passages if kind == "given" else 0)
    logit = used.bias + sum(w * v for w, v in zip(used.weights, values, strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def _is_strange(question: Question, found: Sequence[Candidate]) -> bool:
    """True if the documents hold no term of the question and nothing that means nearly the same."""
    nearest = max(one.signal("cosine") for one in found)
    return question.unknown >= question.weights.keys() and nearest < NEAR


def features(question: Question, found: Sequence[Candidate], given: int) -> tuple[float, ...]:
    """The values of FEATURES for evidence that is sorted, best first, and not empty. given: passages, 0 if searched."""
    best = found[0]
    cosines = sorted((one.signal("cosine") for one in found), reverse=True)[:10]
    place = best.unit.passage
    held = About.of(f"{place.context}\n{place.hit.title}\n{place.file}\n{place.hit.text}").terms
    above = About.of(
        f"{place.context}\n{' '.join(place.hit.heading)}\n{place.hit.title}\n{place.file}\n{best.unit.reads}"
    ).terms
    lacking = question.weights.keys() - held
    together = frozenset().union(*(About.of(one.unit.reads).terms for one in found[:3]))
    heaviest = max(question.weights.values())
    codes = {name for name in question.named if any(map(str.isdigit, name))}
    return (
        *(best.signal(name) for name in _OF_BEST),
        question.readable,
        max(one.signal("heading") for one in found),
        cosines[0],
        cosines[0] - sum(cosines) / len(cosines),
        max(one.signal("aligned") for one in found),
        float(bool(question.named or question.dates)),
        question.covered(together),
        sum(question.weights[term] for term in lacking - question.unknown),
        sum(question.weights[term] for term in lacking & question.unknown),
        len(question.unknown) / len(question.weights),
        max((w for term, w in question.weights.items() if term not in above), default=0.0) / heaviest,
        best.share,
        best.score - found[1].score if len(found) > 1 else 0.0,
        len(question.weights) / 20,
        float(best.signal("expected") == 0),
        best.signal("passage") ** 2,
        _share([term for term, _ in question.amounts], above | question.within(best.unit.said)),
        question.worded(f"{place.above}\n{place.file}\n{place.hit.text}"),
        question.strange,
        float(codes <= above and bool(codes & About.of(best.unit.reads).terms)),
        max((question.covered(About.of(name).terms) for name, _ in best.unit.cells), default=0.0),
        sum(w for term, w in question.weights.items() if term not in above) * (1 - best.signal("aligned_under")),
        math.log(1 + given),
    )


def _share(wanted: Sequence[str], held: Set[str]) -> float:
    return sum(one in held for one in wanted) / len(wanted) if wanted else 1.0


def missing_parts(asked: Sequence[str]) -> str:
    """What to add to an answer: the parts of the question that no document answers; '' if there are none."""
    if not asked:
        return ""
    if cjk_share(asked[0]) > 0.3:
        return f"文档中没有找到：{'；'.join(f'“{one}”' for one in asked)}。"
    return f" Not found in the documents: {'; '.join(f'“{one}”' for one in asked)}"


def refusal(question: Question, passages: Sequence[Passage], closest: str = "", was_written: bool = False) -> str:
    """What to say instead of an answer, in the question's language: what is missing, what was found, what to try.

    closest: what the first passage that may help says; "" if nothing comes near. was_written: there was an answer, but
    no document supports it.
    """
    missing, titles = _missing(question), _nearest(passages)
    if cjk_share(question.text) > 0.3:
        text = "写出的回答没有文档支持，已略去。" if was_written else "知识库中的文档没有给出这个问题的答案。"
        text += f"没有文档提到{'、'.join(f'“{one}”' for one in missing)}。" if missing else ""
        text += f"最接近的内容：“{_cut(closest)}”" if closest else ""
        found = f"{'，' if closest else '最接近的内容'}见：{'、'.join(titles)}。"
        return text + (f"{found}可以换用文档中的说法，或写明产品、地点、年份再问。" if titles else "")
    text = LEFT_OUT if was_written else "The documents do not say."
    text += f" No document mentions {' or '.join(f'“{one}”' for one in missing)}." if missing else ""
    if not titles:
        return text
    text += f" The closest that was found: {f'“{_cut(closest)}” See: ' if closest else ''}{'; '.join(titles)}."
    return f"{text} Try the words of the documents, or name the product, place or year."


def _cut(text: str) -> str:
    """At most LONGEST characters, cut between words."""
    if len(text) <= LONGEST:
        return text
    short = text[:LONGEST]
    return (short if cjk_share(short) > 0.3 else short.rsplit(" ", 1)[0]).rstrip(" ,;:，；：、") + "…"


def _nearest(passages: Sequence[Passage]) -> list[str]:
    """Title and last heading of the first passages, a document once."""
    found: dict[str, str] = {}
    for one in passages:
        heading = next((text for text in reversed(one.hit.heading) if text and text != one.hit.title), "")
        found.setdefault(one.hit.title, f"{one.hit.title} ({heading})" if heading else one.hit.title)
    return list(found.values())[:NEAREST]


def _missing(question: Question) -> list[str]:
    """Names and codes of the question, as they are written there, that no visible document holds."""
    words = [word.strip(".,;:?!'\"()") for word in _WORDS.findall(question.text)]
    named = set(question.named) & question.unknown
    return list(dict.fromkeys(word for word in words if named.intersection(lexical_tokens(word, "en")[:1])))[:NEAREST]


@cache
def _calibrations() -> dict[str, Calibration]:
    """By kind and signal: "searched, both", "searched, vectors" (no token states), "searched, words", "given, ..."."""
    raw = json.loads(files("ragkb.answer").joinpath("calibration.json").read_text("utf-8"))
    return {
        name: Calibration(one["bias"], tuple(one["weights"][feature] for feature in FEATURES))
        for name, one in raw["models"].items()
    }

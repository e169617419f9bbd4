"""How well evidence supports a sentence: what a user can rely on, with the model that comes with ragkb."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkb.answer.grounding import AnswerScorer, Claim, SupportScorer, load_scorer
from ragkb.answer.verify import verify
from ragkb.errors import ModelError
from ragkb.models import Embedder
from ragkb.settings import AnswerSettings
from tests.conftest import WordHashes

PASSAGES = [
    "The mileage allowance is 0.38 euros per kilometre. It is paid with the next salary. Employees "
    "may not book first class on trips under two hours. Parental leave lasts 14 weeks from 12 May 2026, "
    "says Anna Keller.",
    "住宿标准为每晚四百五十元。员工不得乘坐头等舱。试用期为三个月。",
]


@pytest.fixture(params=["builtin", "aligned"])
def scorer(request: pytest.FixtureRequest, minilm: Embedder) -> SupportScorer:
    return load_scorer(AnswerSettings(support=request.param), minilm)


def support(scorer: SupportScorer, text: str, *evidence: str) -> float:
    (score,) = scorer.score([Claim(text, evidence)], PASSAGES)
    return score


@pytest.mark.parametrize(
    "sentence",
    [
        "The mileage allowance is 0.38 euros per kilometre.",
        "parental leave lasts 14 weeks from 12 May 2026, says Anna Keller",
        "住宿标准为每晚四百五十元。",
        "员工不得乘坐头等舱。",
    ],
)
def test_a_quote_is_supported_wholly(scorer: SupportScorer, sentence: str) -> None:
    assert support(scorer, sentence) == 1.0


def test_the_cells_of_a_cited_row_and_a_lead_in_with_its_item_are_quotes(scorer: SupportScorer) -> None:
    assert support(scorer, "Part: HX-200; Pressure: 210 bar", "| HX-200 | 210 bar |", "| Part | Pressure |") == 1.0
    assert support(scorer, "You need: a passport", "You need:", "- a passport") == 1.0


@pytest.mark.parametrize(
    "sentence",
    [
        "The mileage allowance is 0.48 euros per kilometre.",
        "The mileage allowance is 0.38 dollars per kilometre.",
        "Parental leave lasts 14 days from 12 May 2026.",
        "Parental leave lasts 14 weeks from 12 June 2026.",
        "Parental leave lasts 14 weeks, says Peter Keller.",
        "Employees may book first class on trips under two hours.",
        "住宿标准为每晚四百元。",
        "住宿标准为每晚450美元。",
        "试用期为三年。",
        "员工可以乘坐头等舱。",
    ],
)
def test_a_wrong_number_unit_date_name_or_negation_is_hardly_supported(scorer: SupportScorer, sentence: str) -> None:
    assert support(scorer, sentence) <= 0.35 < scorer.threshold


def test_what_the_passages_never_speak_of_scores_lower_than_a_paraphrase(scorer: SupportScorer) -> None:
    paraphrase = support(scorer, "Each kilometre driven is reimbursed with 0.38 euros.")
    invention = support(scorer, "The canteen serves free pizza to visitors on sunny afternoons.")
    assert invention < scorer.threshold
    assert invention < paraphrase


def test_a_citation_that_does_not_hold_the_sentence_lowers_it(scorer: SupportScorer) -> None:
    sentence = "Each kilometre driven is reimbursed with 0.38 euros."
    assert support(scorer, sentence, "试用期为三个月。") < support(scorer, sentence, PASSAGES[0].split(". It")[0])


def test_without_evidence_nothing_is_supported(scorer: SupportScorer) -> None:
    assert scorer.score([Claim("The fee is 5 euros.", ())], []) == [0.0]
    assert scorer.score([Claim("The fee is 5 euros.", ("",))], ["", " "]) == [0.0]
    assert scorer.score([], PASSAGES) == []


def test_the_whole_answer_is_judged_too(scorer: SupportScorer) -> None:
    assert isinstance(scorer, AnswerScorer)
    good = verify("Each kilometre driven is reimbursed with 0.38 euros.", PASSAGES, scorer)
    bad = verify("Each kilometre costs 3 dollars. Managers in Peru get a yacht and nine horses.", PASSAGES, scorer)
    assert bad.score < good.score
    assert [len(one.sentences) for one in (good, bad)] == [1, 2]
    assert verify("", PASSAGES, scorer).score == 1.0


def test_an_embedder_without_token_states_will_do() -> None:
    scorer = load_scorer(AnswerSettings(), WordHashes())
    assert support(scorer, "The mileage allowance is 0.48 euros per kilometre.") < scorer.threshold
    assert 0 <= support(scorer, "Each kilometre driven is reimbursed with 0.38 euros.") <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=3), st.lists(st.text(max_size=40), max_size=3))
def test_it_is_always_a_share(sentences: list[str], passages: list[str]) -> None:
    scorer = load_scorer(AnswerSettings(), WordHashes())
    scores = scorer.score([Claim(text, ()) for text in sentences], passages)
    assert len(scores) == len(sentences)
    assert all(0.0 <= one <= 1.0 for one in scores)


class Half:
    """A scorer of a user."""

    threshold = 0.4

    def __init__(self, embedder: object) -> None:
        self.embedder = embedder

    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        return [0.5 for _ in claims]


class Nan(Half):
    def score(self, claims: Sequence[Claim], passages: Sequence[str], question: str = "") -> list[float]:
        return [float("nan") for _ in claims]


def test_another_scorer_takes_its_place_by_name() -> None:
    scorer = load_scorer(AnswerSettings(support=f"{__name__}:Half"), WordHashes())
    assert support(scorer, "Anything.") == 0.5
    assert scorer.threshold == 0.4
    assert verify("One. Two.", PASSAGES, scorer).score == 0.5


def test_a_scorer_that_breaks_its_promise_or_is_not_there_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="gave"):
        support(load_scorer(AnswerSettings(support=f"{__name__}:Nan"), WordHashes()), "Anything.")
    for name in ("no.such.module:Thing", f"{__name__}:Nothing", "builtins:len", "nonsense"):
        with pytest.raises(ModelError) as raised:
            load_scorer(AnswerSettings(support=name), WordHashes())
        assert "answer.support" in raised.value.hint or "score(" in raised.value.hint

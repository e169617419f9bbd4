from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ragkb.errors import InputError, NotFound
from ragkb.eval.answers import AnswersResult, evaluate_answers, reciprocal_rank
from ragkb.eval.files import write_rows
from ragkb.eval.questions import Evidence, read_questions
from ragkb.settings import Settings
from ragkb.types import NOBODY, Answer, Citation, Document, DocumentInfo, Duplicate, Explain, Hit, Principal, Turn

TEXT = "Parental leave lasts sixteen weeks. Notice is four weeks. The office is in Bern."


def document() -> Document:
    info = DocumentInfo("d1", "hr.pdf", "HR", (), 2, 1, len(TEXT), "application/pdf", "en", "", {}, "")
    return Document(info, TEXT, (0, 36), (), ())


def citation(quote: str, *, page: int = 1, shift: int = 0, source: str = "hr.pdf", identity: str = "d1") -> Citation:
    start = TEXT.index(quote) + shift
    return Citation(1, identity, source, "HR", page, (), start, start + len(quote), quote)


def passage(source: str, page: int | None) -> Hit:
    return Hit(1, 1.0, "d1", source, "", page, (), 0, 1, "x", Explain(None, None, 0.5))


def reply(text: str = "", citations: Sequence[Citation] = (), passages: Sequence[Hit] = ()) -> Answer:
    grounded = 0.8 if text else None
    return Answer(
        "", "", text, not text, "", 0.9, grounded, (), tuple(citations), tuple(passages), {}, {"total": 1.0}, {}
    )


class Fake:
    """Gives the prepared reply to each question; an exception is raised."""

    def __init__(self, **replies: Answer | Exception) -> None:
        self.replies, self.asked = replies, list[tuple[Principal, Sequence[Hit] | None]]()
        self.histories: list[Sequence[Turn]] = []

    def ask(
        self,
        question: str,
        /,
        *,
        as_: Principal = NOBODY,
        history: Sequence[Turn] = (),
        contexts: Sequence[Hit] | None = None,
    ) -> Answer:
        self.histories.append(history)
        self.asked.append((as_, contexts))
        prepared = self.replies[question]
        if isinstance(prepared, Exception):
            raise prepared
        return prepared

    def document(self, identity: str, /, *, as_: Principal = NOBODY) -> Document:
        return document()


def evaluated(tmp_path: Path, kb: Fake, *rows: dict[str, Any]) -> AnswersResult:
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps({"id": f"{n}", **row}) + "\n" for n, row in enumerate(rows)), encoding="utf-8")
    return evaluate_answers(kb, file, Settings())


LEAVE = "Parental leave lasts sixteen weeks."
NOTICE = "Notice is four weeks."


def gold(quote: str = LEAVE, page: int | None = 1) -> dict[str, Any]:
    return {"source": "hr.pdf", "page": page, "quote": quote}


def test_a_perfect_answer(tmp_path: Path) -> None:
    kb = Fake(leave=reply("It lasts sixteen weeks.", [citation(LEAVE)], [passage("hr.pdf", 1)]))
    row = {"question": "leave", "answers": ["sixteen weeks"], "evidence": [gold()]}
    summary = evaluated(tmp_path, kb, row).summary
    assert summary["latency_ms"]["p50"] >= 0
    whole = {name: value for name, value in summary.items() if not name.startswith("by_")}
    assert {**whole, "latency_ms": None} == {
        "rows": 1,
        "errors": 0,
        "answer_hit": 1.0,
        "token_f1": round(2 * 2 / (4 + 2), 6),
        "page_hit@5": 1.0,
        "citation_exact": 1.0,
        "citation_precision": 1.0,
        "citation_recall": 1.0,
        "false_answer": None,
        "citation_f1": 1.0,
        "false_refusal": 0.0,
        "groundedness": 0.8,
        "latency_ms": None,
        "k": Settings().answer.passages,
    }


def test_an_abstention_is_a_miss_and_a_false_refusal(tmp_path: Path) -> None:
    row = {"question": "leave", "answers": ["sixteen"], "evidence": [gold()]}
    summary = evaluated(tmp_path, Fake(leave=reply()), row).summary
    assert (summary["answer_hit"], summary["false_refusal"], summary["citation_recall"]) == (0, 1, 0)
    assert (summary["citation_exact"], summary["citation_precision"], summary["groundedness"]) == (None, None, None)


def test_false_answers_are_counted_among_the_unanswerable_alone(tmp_path: Path) -> None:
    kb = Fake(a=reply("Yes."), b=reply(), c=reply("Bern."))
    rows = [{"question": q, "answerable": False} for q in "ab"] + [{"question": "c"}]
    summary = evaluated(tmp_path, kb, *rows).summary
    assert (summary["false_answer"], summary["false_refusal"], summary["answer_hit"]) == (1 / 2, 0, None)


def test_errors_are_counted_and_never_averaged_in(tmp_path: Path) -> None:
    kb = Fake(a=NotFound("gone"), b=reply("Bern."))
    result = evaluated(tmp_path, kb, *({"question": q, "answers": ["Bern"]} for q in "ab"))
    assert (result.summary["rows"], result.summary["errors"], result.summary["answer_hit"]) == (2, 1, 1)
    assert [row["status"] for row in result.rows] == ["error", "scored"]
    assert result.rows[0]["error"] == "NotFound: gone"
    assert "answer_hit" not in result.rows[0]


def test_nothing_but_errors_gives_none(tmp_path: Path) -> None:
    summary = evaluated(tmp_path, Fake(a=NotFound("gone")), {"question": "a", "answers": ["x"]}).summary
    assert summary["answer_hit"] is None
    assert summary["latency_ms"] == {"p50": None, "p95": None}


def test_a_citation_is_exact_where_its_quote_and_page_stand(tmp_path: Path) -> None:
    cited = [citation(LEAVE), citation(LEAVE, shift=1), citation(LEAVE, page=2), citation(NOTICE, page=2)]
    summary = evaluated(tmp_path, Fake(q=reply("x", cited)), {"question": "q"}).summary
    assert summary["citation_exact"] == 2 / 4
    assert summary["citation_precision"] is None  # no evidence to compare with


def test_precision_takes_overlap_or_the_answer_on_the_page(tmp_path: Path) -> None:
    cited = [
        citation("sixteen weeks"),  # inside the evidence
        citation("leave lasts"),  # inside, too
        citation("The office is in Bern.", page=1),  # elsewhere, but on its page, and holds the gold answer
        citation("Notice is four", page=2),  # neither
        citation("sixteen weeks", source="other.pdf"),  # of another source
    ]
    row = {"question": "q", "answers": ["Bern"], "evidence": [gold()]}
    summary = evaluated(tmp_path, Fake(q=reply("x", cited)), row).summary
    assert summary["citation_precision"] == 3 / 5


def test_recall_and_page_hit_are_shares_of_the_evidence(tmp_path: Path) -> None:
    passages = [passage("hr.pdf", 1), *[passage("x", None)] * 4, passage("hr.pdf", 2)]
    row = {"question": "q", "evidence": [gold(), gold(NOTICE, page=2)]}
    summary = evaluated(tmp_path, Fake(q=reply("x", [citation(LEAVE)], passages)), row).summary
    assert (summary["citation_recall"], summary["page_hit@5"]) == (1 / 2, 1 / 2)  # page 2 is the sixth passage


def test_evidence_without_a_page_is_met_by_its_source(tmp_path: Path) -> None:
    row = {"question": "q", "evidence": [gold(page=None)]}
    assert evaluated(tmp_path, Fake(q=reply("x", [], [passage("hr.pdf", 7)])), row).summary["page_hit@5"] == 1


def test_the_rank_of_a_passage_counts_where_it_holds_the_quote() -> None:
    hits = [replace(passage("hr.pdf", 1), text=text) for text in ("Notice is four weeks.", "Leave lasts ten weeks.")]
    quoted = Evidence("hr.pdf", 1, "lasts ten weeks")
    assert reciprocal_rank([quoted], hits, 10) == 1 / 2
    assert reciprocal_rank([replace(quoted, quote="")], hits, 10) == 1  # any passage of the page will do
    assert reciprocal_rank([quoted, replace(quoted, quote="four weeks")], hits, 10) == 1  # the first of them
    assert reciprocal_rank([quoted], hits, 1) == 0
    assert reciprocal_rank([replace(quoted, page=2)], hits, 10) == 0
    same = replace(hits[1], source="old.pdf", duplicates=(Duplicate("d1", "hr.pdf", 1, 0, 1),))
    assert reciprocal_rank([quoted], [same], 10) == 1  # it names the place that says the same


def test_slices_by_type_and_language(tmp_path: Path) -> None:
    kb = Fake(a=reply("Bern."), b=reply("Rom."))
    rows = [
        {"question": q, "answers": ["Bern"], "type": t, "language": "en"} for q, t in (("a", "fact"), ("b", "table"))
    ]
    summary = evaluated(tmp_path, kb, *rows).summary
    assert {name: part["answer_hit"] for name, part in summary["by_type"].items()} == {"fact": 1, "table": 0}
    assert summary["by_language"]["en"]["answer_hit"] == 1 / 2
    assert "by_type" not in summary["by_type"]["fact"]


def test_groups_become_the_principal(tmp_path: Path) -> None:
    kb = Fake(a=reply())
    evaluated(tmp_path, kb, {"question": "a", "groups": ["hr"]}, {"question": "a"})
    assert [as_ for as_, _ in kb.asked] == [Principal(groups=("hr",)), NOBODY]


def test_history_is_what_was_said_before(tmp_path: Path) -> None:
    kb = Fake(a=reply())
    evaluated(tmp_path, kb, {"question": "a", "history": ["Hi.", {"role": "assistant", "content": "Hello."}]})
    assert kb.histories == [(Turn("user", "Hi."), Turn("assistant", "Hello."))]


def test_own_contexts_are_passed_on_and_checked(tmp_path: Path) -> None:
    quoted = citation(NOTICE, source="HR", identity="context-2")
    kb = Fake(q=reply("Four weeks.", [quoted, citation(NOTICE, shift=1, identity="context-2")]))
    contexts = [{"text": "Other."}, {"title": "HR", "text": TEXT}]
    summary = evaluated(tmp_path, kb, {"question": "q", "contexts": contexts}).summary
    passed = kb.asked[0][1]
    assert passed is not None
    assert [(hit.document_id, hit.source, hit.text) for hit in passed] == [
        ("context-1", "context-1", "Other."),
        ("context-2", "HR", TEXT),
    ]
    assert summary["citation_exact"] == 1 / 2


def test_rows_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    kb = Fake(q=reply("Sechzehn Wochen ☂", [citation(LEAVE)], [passage("hr.pdf", 1)]))
    written = []
    for name in ("one", "two"):
        write_rows(tmp_path / name, evaluated(tmp_path, kb, {"question": "q", "type": "fact"}).rows)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert json.loads(written[0])["answer"] == "Sechzehn Wochen ☂"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not JSON"),
        ('{"id": "x"}', "line 2: 'question' is missing"),
        ('{"id": "x", "question": "q", "answers": "a"}', "line 2: 'answers' is 'a', not a list of str"),
        ('{"id": "x", "question": "q", "answerable": "no"}', "line 2: 'answerable' is 'no'"),
        ('{"id": "x", "question": "q", "evidence": [{"page": 1}]}', "line 2: 'source' is missing"),
        ('{"id": "x", "question": "q", "evidence": [{"source": "s", "page": "1"}]}', "line 2: 'page' of an evidence"),
        ('{"id": "x", "question": "q", "history": [{"role": "z", "content": "c"}]}', "line 2: the role 'z'"),
        ('{"id": "x", "question": "q", "history": [7]}', "line 2: 'content' is missing"),
        ('{"id": "x", "question": "q", "contexts": [{"title": "t"}]}', "line 2: 'text' is missing"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text(f'{{"id": "0", "question": "q"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_questions(file)
    assert message in str(caught.value)


def test_without_a_knowledge_base_every_row_needs_contexts(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"id": "0", "question": "q"}\n', encoding="utf-8")
    with pytest.raises(InputError, match="no contexts and no knowledge base"):
        evaluate_answers(None, file, Settings())
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="no questions"):
        read_questions(file)

"""Chunks that say the same are one hit that names the others; what disagrees is never hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.retrieve.duplicates import same
from ragkb.settings import SearchSettings, Settings
from tests.conftest import WordHashes

NOTICE = (
    "This document is confidential and meant for the staff of the company alone. It must not be handed to others, "
    "copied or kept on private devices without the written consent of the office that made it and of the legal team."
)
CLAIM = "本公司员工出差须在返回后五个工作日内提交报销单并附上全部发票原件。"


def opened(folder: Path, **search: object) -> KnowledgeBase:
    settings = Settings(search=SearchSettings(**search))  # type: ignore[arg-type]
    return KnowledgeBase.open(folder / "kb", embedder=WordHashes(), settings=settings)


def test_the_same_notice_in_many_documents_is_one_hit_that_says_where(tmp_path: Path) -> None:
    kb = opened(tmp_path)
    kb.add(NewDocument(f"policy{n}.txt", f"{NOTICE}" if n else NOTICE.replace("private", "personal")) for n in range(8))
    kb.add([NewDocument("consent.txt", "Written consent is given by the legal team on a form.")])
    hits = kb.search("written consent of the legal team", k=3)
    assert len(hits) == 2
    (notice,) = [hit for hit in hits if hit.source.startswith("policy")]
    assert len(notice.duplicates) == 7
    assert {one.source for one in notice.duplicates} | {notice.source} == {f"policy{n}.txt" for n in range(8)}
    assert [hit.rank for hit in hits] == [1, 2]
    one = notice.duplicates[0]
    assert "confidential" in kb.document(one.document_id).text[one.start : one.end]


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    kb = opened(tmp_path, collapse=False)
    kb.add(NewDocument(f"policy{n}.txt", NOTICE) for n in range(4))
    assert len(kb.search("written consent")) == 4


def test_who_may_not_read_a_duplicate_does_not_hear_of_it(tmp_path: Path) -> None:
    kb = opened(tmp_path)
    kb.add([NewDocument("open.txt", NOTICE), NewDocument("secret.txt", NOTICE, groups=("board",))])
    (hit,) = kb.search("written consent")
    assert (hit.source, hit.duplicates) == ("open.txt", ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("private", "30"),
        ("must not", "must"),
        ("legal", "Legal"),
        ("staff of the company", "Acme of the company"),
        ("written consent", "two written consents"),
    ],
)
def test_what_differs_in_a_number_a_name_or_a_not_are_two_hits(tmp_path: Path, old: str, new: str) -> None:
    kb = opened(tmp_path)
    kb.add([NewDocument("a.txt", NOTICE), NewDocument("b.txt", NOTICE.replace(old, new))])
    assert {hit.source for hit in kb.search("written consent of the legal team")} == {"a.txt", "b.txt"}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("The rate rose from 5 to 7.", "The rate rose from 7 to 5.", False),
        ("The  rate\nrose.", "The rate rose.", True),
        ("the rate rose", "the rate fell", False),
        (CLAIM, CLAIM.replace("单并", "单，并"), True),
        (CLAIM, CLAIM.replace("五个", "七个"), False),
        (CLAIM, CLAIM.replace("须在", "不须在"), False),
    ],
)
def test_what_counts_as_the_same(one: str, other: str, expected: bool) -> None:
    assert same(one, other) is expected


def test_a_document_does_not_fill_the_list_unless_the_question_names_it(tmp_path: Path) -> None:
    words = "oil filter pump valve gauge hose seal shaft rotor motor".split()
    kb = opened(tmp_path, document_hits=3)
    manual = "\n\n".join(f"# {word}\n\nThe {word} is greased each month by a fitter with grease." for word in words)
    kb.add([NewDocument("manual.md", manual.replace("# ", "")), NewDocument("memo.txt", "Grease is dear this month.")])
    small = Settings(search=SearchSettings(document_hits=3), chunk={"tokens": 32})  # type: ignore[arg-type]
    with KnowledgeBase.open(tmp_path / "small", embedder=WordHashes(), settings=small) as cut:
        cut.add([NewDocument("manual.md", manual), NewDocument("memo.txt", "The memo says that grease is dear.")])
        hits = cut.search("greased each month with grease by a fitter", k=5)
    sources = [hit.source for hit in hits]
    assert sources[:4].count("manual.md") == 3
    assert "memo.txt" in sources[:4]
    scores, before = [hit.score for hit in hits], [hit.explain.score or 0 for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert before[4] > before[3] == scores[3] == scores[4]

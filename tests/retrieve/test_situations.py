"""The situations in which fusion is tried: each has questions with what they look for, and changes them as it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.retrieval.situations import misspelt, situations, telling


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("xquad/en", "xquad/zh", "xquad/de", "nq_oracle"):
        path = tmp_path / folder
        path.mkdir(parents=True)
        row = {"_id": "d", "title": "Hall", "text": "The pumps of the northern hall were made in Graz."}
        (path / "corpus.jsonl").write_text(json.dumps(row))
        (path / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "Where were the northern pumps made?"}))
        (path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")
    return tmp_path


def test_each_situation_has_questions_that_can_be_answered(data: Path) -> None:
    for name, (_, made) in situations(data).items():
        suite = made()
        assert suite.queries, name
        assert all(suite.grades[query].keys() <= suite.documents.keys() for query in suite.queries), name


def test_questions_are_changed_as_the_name_says(data: Path) -> None:
    made = {name: suite().queries for name, (_, suite) in situations(data).items() if name.startswith("xquad/en")}
    assert made["xquad/en, capitals"]["q"] == "WHERE WERE THE NORTHERN PUMPS MADE?"
    assert made["xquad/en, two words"]["q"] == "northern Where"
    assert made["xquad/en, as it is"]["q"] in made["xquad/en, chatter around"]["q"]
    assert misspelt("Where were the northern pumps made") == "Whree were the notrhern pumps made"
    assert telling("What is it?") == ["What"]


def test_other_letters_share_nothing_with_latin_ones(data: Path) -> None:
    suite = situations(data)["other letters"][1]()
    assert suite.queries["q"].isascii() is False
    assert not any("a" <= letter <= "z" for letter in suite.queries["q"] + suite.documents["d"][1])


def test_part_numbers_are_each_in_one_text(data: Path) -> None:
    suite = situations(data)["part numbers"][1]()
    titles = [title for title, _ in suite.documents.values()]
    assert len(titles) == len(set(titles)) == 400

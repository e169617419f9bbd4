"""Questions with evidence, answerable or not: what the confidence is fitted on.

searched: the sample corpus with its gold questions, each answerable one twice (as it is, and as its *twin*: without the
passages that hold the answer), and plain questions as people ask them (natural.jsonl); public passages with questions
(DIR/xquad/en, DIR/xquad/zh, DIR/nq_oracle, DIR/cmrc2018), each twice as well, the second time without its document.
far: questions of two of these sets to the sample corpus and to a knowledge base of three documents.
given: questions that people judged against given passages (DIR/clapnq/rag.jsonl, DIR/nomiracl/en.jsonl and zh.jsonl).
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.answers.portions import about
from ragkb import Hit, KnowledgeBase, NewDocument, Principal, Turn
from ragkb.answer import sources
from ragkb.answer.abstain import features
from ragkb.answer.evidence import candidates
from ragkb.answer.history import standalone
from ragkb.answer.question import read_question
from ragkb.eval.measures import answer_hit, quotes_overlap
from ragkb.eval.questions import read_questions
from ragkb.models import load_embedder

CORPUS = Path(__file__).parents[2] / "sample_corpus"
NATURAL = Path(__file__).with_name("natural.jsonl")
PASSAGES = 8
SEARCHED = 24  # hits of which the passages are taken when some are left out


@dataclass(frozen=True, slots=True)
class Row:
    """One question with evidence. answerable: by people, or because its own document is among the passages.

    about: what the question is about: two that share it are never one fitted on and one judged.
    """

    data: str
    kind: str
    values: tuple[float, ...]
    answerable: bool
    about: str


class Collector:
    """Makes rows with one embedder. folder: where to keep the knowledge bases."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.data, self.folder, self.embedder = data, folder, load_embedder("minilm")

    def open(self, name: str) -> KnowledgeBase:
        return KnowledgeBase.open(self.folder / name, embedder=self.embedder)

    def sample(self) -> Iterator[Row]:
        """The sample corpus: gold questions, their twins, plain questions, and what has nothing to do with it."""
        with self.open("sample") as kb:
            kb.ingest(CORPUS)
            gold = _lines(CORPUS / "questions.jsonl")
            yield from self._searched("sample_corpus", kb, gold)
            yield from self._searched("twins", kb, [{**one, "is_twin": True} for one in gold if one["answerable"]])
            yield from self._searched("natural", kb, _lines(NATURAL))
            yield from self._searched("far", kb, self._strangers())

    def small(self) -> Iterator[Row]:
        """Strange questions to a knowledge base of three documents."""
        with tempfile.TemporaryDirectory() as folder, KnowledgeBase.open(folder, embedder=self.embedder) as small:
            small.add([NewDocument("leave.md", "Parental leave lasts 14 weeks.", "Leave")])
            small.add([NewDocument("canteen.txt", "The canteen opens at 11:30 and closes at 14:00.", "Canteen")])
            small.add([NewDocument("差旅.md", "住宿标准为每晚四百五十元。", "差旅")])
            yield from self._searched("far", small, self._strangers())

    def _strangers(self) -> list[dict[str, Any]]:
        asked = [one for name in ("nq_oracle", "xquad/zh") for one in public(self.data / name, 60)[1]]
        return [{"question": one["question"], "answerable": False} for one in asked]

    def public(self, name: str, many: int) -> Iterator[Row]:
        """Questions of a BEIR folder, each with and without its document."""
        documents, questions = public(self.data / name, many)
        with self.open(name.replace("/", "-")) as kb:
            kb.add(documents)
            yield from self._searched(name, kb, questions)

    def given(self, name: str, file: str) -> Iterator[Row]:
        """Questions that come with their passages."""
        for one in read_questions(self.data / file, needs_contexts=True):
            found = sources.given(one.contexts or ())
            question = read_question(one.text, self.embedder, found.idf)
            evidence = candidates(question, found.passages, self.embedder)
            if evidence:
                kind = f"given, {'words' if question.vector is None else 'both'}"
                values = features(question, evidence, len(found.passages))
                yield Row(name, kind, values, one.answerable, one.text)

    def _searched(self, name: str, kb: KnowledgeBase, asked: Sequence[dict[str, Any]]) -> Iterator[Row]:
        """Rows of questions to a knowledge base. `gold`: sources to leave out for the unanswerable twin, if any."""
        for one in asked:
            text = standalone(one["question"], [Turn(**turn) for turn in one.get("history") or ()])
            as_ = Principal(groups=tuple(one.get("groups", ())))
            hits = kb.search(text, k=SEARCHED, as_=as_)
            of = sorted(one["gold"])[0] if "gold" in one else about(one)
            with kb._store.reading() as reader:
                question = read_question(text, self.embedder, reader.rarity(as_))
                for found, answerable in _variants(hits, one):
                    passages = sources.searched(reader, found, as_).passages
                    evidence = candidates(question, passages, self.embedder)
                    if evidence:
                        kind = f"searched, {'words' if question.vector is None else 'both'}"
                        yield Row(name, kind, features(question, evidence, 0), answerable, of)


def _variants(hits: Sequence[Hit], one: dict[str, Any]) -> list[tuple[list[Hit], bool]]:
    """What a question is answered from, and whether that holds the answer."""
    if one.get("is_twin"):
        return [(_ranked([hit for hit in hits if not _answers(hit, one)]), False)]
    if "gold" not in one:
        return [(list(hits[:PASSAGES]), bool(one["answerable"]))]
    if not any(hit.source in one["gold"] for hit in hits[:PASSAGES]):
        return []
    others = [hit for hit in hits if hit.source not in one["gold"]]
    return [(list(hits[:PASSAGES]), True), (_ranked(others), False)]


def _ranked(hits: Sequence[Hit]) -> list[Hit]:
    return [replace(hit, rank=rank) for rank, hit in enumerate(hits[:PASSAGES], 1)]


def _answers(hit: Hit, one: dict[str, Any]) -> bool:
    """True if the hit holds evidence for the question, or a gold answer in a document that does."""
    mine = [item for item in one["evidence"] if item["source"] == hit.source]
    return bool(mine) and (
        any(quotes_overlap(hit.text, item["quote"]) for item in mine) or answer_hit(hit.text, one["answers"])
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def public(folder: Path, many: int) -> tuple[list[NewDocument], list[dict[str, Any]]]:
    """Documents of a BEIR folder and a seeded sample of its questions, each with the sources that answer it."""
    gold: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, source, _ = line.split("\t")
        gold[query].add(source)
    documents = [
        NewDocument(d["_id"], d["text"], d.get("title", "").replace("_", " ")) for d in _lines(folder / "corpus.jsonl")
    ]
    questions = [
        {"question": q["text"], "gold": gold[q["_id"]]} for q in _lines(folder / "queries.jsonl") if q.get("answers")
    ]
    random.Random(3).shuffle(questions)
    return documents, questions[:many]


def collect(data: Path, many: int, kbs: Path | None) -> list[Row]:
    """All rows. kbs: where to keep the knowledge bases."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as made:
        collector = Collector(data, kbs or Path(made))
        rows += [*collector.sample(), *collector.small()]
        rows += collector.given("clapnq", "clapnq/rag.jsonl")
        rows += collector.given("nomiracl/en", "nomiracl/en.jsonl")
        rows += collector.given("nomiracl/zh", "nomiracl/zh.jsonl")
        for name in ("xquad/en", "xquad/zh", "nq_oracle", "cmrc2018"):
            rows += collector.public(name, many)
            print(f"{name}: {len(rows)} rows so far", flush=True)
    return rows

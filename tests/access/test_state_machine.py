"""Nobody sees what the groups forbid: random histories of users, groups and documents against an oracle of sets.

Every text and every source holds a word that stands nowhere else. Whatever comes back, an error included, is written
out and searched for the words of documents that the reader may not see, that were replaced or that are gone.
RAGKB_SEQUENCES: how many histories (200 by default).
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ragkb.errors import NotFound, RagkbError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.render import answer_json, document_json, error_json, full_document_json, search_json
from ragkb.types import Principal
from tests.conftest import WordHashes

SEQUENCES = int(os.environ.get("RAGKB_SEQUENCES", "200"))
GROUPS = ("hr", "it", "board", "public", "hr & it", "it's")
USERS = ("ana", "ben", "eve")
TOPICS = ("pump", "leave", "budget")
QUESTIONS = (
    "What is said of the pump?",
    "How many days of leave are there?",
    "budget",
    "Tell me all about the pump, the leave and the budget.",
    "泵的压力是多少？",
)
NAMES = [f"doc{i}" for i in range(6)]
group_sets = st.lists(st.sampled_from(GROUPS), max_size=2, unique=True).map(tuple)
users = st.sampled_from(USERS)
names = st.sampled_from(NAMES)
k_values = st.sampled_from([1, 2, 3, 50])


@dataclass(frozen=True)
class Held:
    """A document as the oracle knows it. words: what nobody but its readers may see."""

    id: str
    source: str
    text: str
    groups: frozenset[str]
    words: tuple[str, str]


def canary(number: int) -> str:
    """A word of its own for each number, which no other word contains: qaaaaz, qaaabz, .."""
    return "q" + "".join("abcdefghij"[int(digit)] for digit in f"{number:05}") + "z"


class Access(RuleBasedStateMachine):
    @initialize(memberships=st.tuples(*[group_sets] * len(USERS)), first=st.lists(group_sets, max_size=4))
    def begin(self, memberships: tuple[tuple[str, ...], ...], first: list[tuple[str, ...]]) -> None:
        fast = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # no waiting for a disk to sync
        self.folder = Path(tempfile.mkdtemp(prefix="ragkb-access-", dir=fast))
        self.writer = KnowledgeBase.open(self.folder / "kb", embedder=WordHashes())
        self.readers = [self.writer, KnowledgeBase.open(self.folder / "kb", embedder=WordHashes())]
        self.groups_of = dict(zip(USERS, map(frozenset, memberships), strict=True))
        self.held: dict[str, Held] = {}
        self.all_words: set[str] = set()
        self.ids_gone: set[str] = set()
        self.numbers = count()
        if first:
            self.write(*((NAMES[i], canary(next(self.numbers)), groups) for i, groups in enumerate(first)))

    def teardown(self) -> None:
        for reader in getattr(self, "readers", ()):
            reader.close()
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    # --- the oracle ---------------------------------------------------------------------------------------------------

    def visible(self, user: str) -> list[Held]:
        """By plain sets: a document without groups, or one that shares a group with the user."""
        return [one for one in self.held.values() if not one.groups or one.groups & self.groups_of[user]]

    def principal(self, user: str) -> Principal:
        return Principal(user, tuple(sorted(self.groups_of[user])))

    def check(self, user: str, response: object, *asked: str) -> None:
        """No word and no id of what the user may not see. asked: what the request said, which may be echoed."""
        written = json.dumps(response, ensure_ascii=False) if isinstance(response, dict) else ""
        written = f"{written}\n{response!r}"
        for text in asked:
            written = written.replace(text, "")
        shown = {word for one in self.visible(user) for word in (*one.words, one.id)}
        for word in (self.all_words | self.ids_gone | {one.id for one in self.held.values()}) - shown:
            assert word not in written, f"{word} is shown to {user}: {response!r}"

    def attempt(self, user: str, request: Callable[[], Any], *asked: str) -> Any:
        """What the request returns, None if it fails; the error is searched as well."""
        try:
            return request()
        except RagkbError as error:
            self.check(user, error_json(error), *asked)
            self.check(user, str(error), *asked)
            return None

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, *documents: tuple[str, str, tuple[str, ...]]) -> None:
        """Stores (name, text's word, groups)."""
        new, words = [], []
        for name, word, groups in documents:
            source_word = self.held[name].words[0] if name in self.held else canary(next(self.numbers))
            text = f"# {word}\n\nThe {' and the '.join(TOPICS)} of {word} take 3 days."
            metadata = {"owner": word, "site": "Brno"}
            new.append(NewDocument(f"{name}/{source_word}.md", text, f"Title {word}", groups, metadata))
            words.append((source_word, word))
        report = self.writer.add(new)
        for (name, _, groups), one, file, both in zip(documents, new, report.files, words, strict=True):
            assert file.document_id is not None, file
            if name in self.held:
                assert self.held[name].id == file.document_id
            self.held[name] = Held(file.document_id, one.source, one.text, frozenset(groups), both)
            self.all_words.update(both)

    @rule(chosen=st.lists(names, min_size=1, max_size=3, unique=True), data=st.data())
    def add_or_change(self, chosen: list[str], data: st.DataObject) -> None:
        self.write(*((name, canary(next(self.numbers)), data.draw(group_sets)) for name in chosen))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), groups=group_sets)
    def give_or_take_groups(self, data: st.DataObject, groups: tuple[str, ...]) -> None:
        name = data.draw(st.sampled_from(sorted(self.held)))
        self.write((name, self.held[name].words[1], groups))  # the same text

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        gone = self.held.pop(data.draw(st.sampled_from(sorted(self.held))))
        self.writer.delete(gone.id)
        self.ids_gone.add(gone.id)

    @rule(user=users, groups=group_sets)
    def join_and_leave(self, user: str, groups: tuple[str, ...]) -> None:
        self.groups_of[user] = frozenset(groups)

    # --- reading ------------------------------------------------------------------------------------------------------

    @rule(user=users, reader=st.booleans(), topic=st.sampled_from(TOPICS), k=k_values)
    def search(self, user: str, reader: bool, topic: str, k: int) -> None:
        visible = self.visible(user)
        for leg in ("hybrid", "dense", "lexical"):
            hits = self.readers[reader].search(topic, k=k, as_=self.principal(user), leg=leg)
            self.check(user, search_json(topic, hits, 0.0))
            assert {hit.document_id for hit in hits} <= {one.id for one in visible}
            assert len(hits) == min(k, len(visible))  # each is one chunk, and each holds every topic

    @rule(user=users, reader=st.booleans(), data=st.data())
    def search_for_a_word(self, user: str, reader: bool, data: st.DataObject) -> None:
        word = data.draw(st.sampled_from(sorted(self.all_words) or ["qz"]))
        kb, as_ = self.readers[reader], self.principal(user)
        hits = kb.search(word, as_=as_, leg="lexical")
        assert [hit.document_id for hit in hits] == [one.id for one in self.visible(user) if one.words[1] == word]
        self.check(user, search_json("", hits, 0.0))
        for where in ({"owner": word}, {"title": f"Title {word}", "site": "Brno"}):
            found = kb.search("days", as_=as_, where=where)
            assert {hit.document_id for hit in found} == {one.id for one in self.visible(user) if one.words[1] == word}

    @rule(user=users, reader=st.booleans(), question=st.sampled_from(QUESTIONS), data=st.data())
    def ask(self, user: str, reader: bool, question: str, data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            question = f"{question} {data.draw(st.sampled_from(sorted(self.all_words) or ['qz']))}"
        answer = self.readers[reader].ask(question, as_=self.principal(user))
        assert answer.question == answer.standalone == question
        said = answer.text
        for word in question.split() if answer.abstained else ():  # a refusal repeats what was asked for in vain
            said = said.replace(f"“{word}”", "")
        self.check(user, answer_json(replace(answer, question="", standalone="", text=said)))
        visible = {one.id: one for one in self.visible(user)}
        for citation in answer.citations:
            assert visible[citation.document_id].text[citation.start : citation.end] == citation.quote
        assert len(answer.passages) <= len(visible)
        if not visible:
            assert answer.abstained

    @rule(user=users, reader=st.booleans(), data=st.data())
    def read_a_document(self, user: str, reader: bool, data: st.DataObject) -> None:
        known = sorted({one.id for one in self.held.values()} | self.ids_gone)
        id = data.draw(st.sampled_from(known or ["0" * 16]))
        found = self.attempt(user, lambda: self.readers[reader].document(id, as_=self.principal(user)), id)
        may = [one for one in self.visible(user) if one.id == id]
        if found is None:
            assert not may
        else:
            assert [found.text] == [one.text for one in may]
            self.check(user, full_document_json(found))

    @rule(reader=st.booleans())
    def what_was_replaced_or_deleted_is_gone_for_the_administrator_too(self, reader: bool) -> None:
        kb, admin = self.readers[reader], Principal.admin()
        hits = kb.search("pump leave budget", k=50, as_=admin)
        written = f"{hits!r}{list(kb.documents(as_=admin))!r}{kb.ask('pump?', as_=admin)!r}"
        current = {word for one in self.held.values() for word in one.words}
        assert not [word for word in self.all_words - current if word in written]
        assert len(hits) == len(self.held)

    @invariant()
    def everybody_lists_exactly_what_they_may_see(self) -> None:
        for user in USERS if hasattr(self, "held") else ():
            for kb in self.readers:
                listed = list(kb.documents(as_=self.principal(user)))
                assert sorted(one.id for one in listed) == sorted(one.id for one in self.visible(user))
                self.check(user, {"documents": [document_json(one) for one in listed]})

    @invariant()
    def who_does_not_say_who_they_are_sees_what_is_for_everyone(self) -> None:
        for kb in getattr(self, "readers", ()):
            assert {one.id for one in kb.documents()} == {one.id for one in self.held.values() if not one.groups}


Access.TestCase.settings = settings(
    max_examples=SEQUENCES,
    stateful_step_count=20 if SEQUENCES <= 200 else 30,
    deadline=None,
    database=None,
    derandomize=SEQUENCES <= 200,
    suppress_health_check=list(HealthCheck),
)
TestAccess = Access.TestCase


def test_a_hidden_document_and_none_are_refused_with_the_same_bytes(tmp_path: Path) -> None:
    kb = KnowledgeBase.open(tmp_path / "kb", embedder=WordHashes())
    report = kb.add([NewDocument("a.txt", "Salaries.", groups=("hr",))])
    hidden = report.files[0].document_id or ""
    said = []
    for id in (hidden, "0" * len(hidden)):
        with pytest.raises(NotFound) as refused:
            kb.document(id)
        said.append(json.dumps(error_json(refused.value)).replace(id, "ID"))
    assert said[0] == said[1]

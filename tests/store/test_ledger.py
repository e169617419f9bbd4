"""The ledger: keys that are never kept, feedback that can be forgotten, a file that is private."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ragkb.errors import InputError, NotFound, StorageError
from ragkb.ingest.report import NewDocument
from ragkb.kb import KnowledgeBase
from ragkb.models import Embedder
from ragkb.store.ledger import Feedback, Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.db")
    yield made
    made.close()


def raw(folder: Path) -> bytes:
    """Every byte of every file."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_key_opens_and_is_kept_nowhere(ledger: Ledger, tmp_path: Path) -> None:
    assert not ledger.keys.exist()
    key, secret = ledger.keys.create("ana", "reader", ["hr"], timedelta(days=1))
    assert ledger.keys.exist()
    assert ledger.keys.check(secret) == key
    assert (key.principal.user, key.principal.groups, key.principal.is_admin) == ("ana", ("hr",), False)
    assert secret.encode() not in raw(tmp_path)
    assert secret.rpartition("_")[2].encode() not in raw(tmp_path)


def test_what_is_not_the_key_opens_nothing(ledger: Ledger) -> None:
    _, secret = ledger.keys.create("ana", "reader")
    other = f"{'x' if secret[-1] != 'x' else 'y'}"
    for wrong in ("", "ragkb_", secret[:-1], secret[:-1] + other, secret + "x", secret.upper(), "\ud800", "é" * 62):
        assert ledger.keys.check(wrong) is None


def test_a_key_ends(ledger: Ledger) -> None:
    key, secret = ledger.keys.create("ana", "reader", expires=timedelta(milliseconds=1))
    assert key.expires_at
    assert ledger.keys.check(secret) is None
    assert [one.state for one in ledger.keys.all()] == ["expired"]


def test_another_process_revokes_at_once(ledger: Ledger, tmp_path: Path) -> None:
    key, secret = ledger.keys.create("ana", "reader")
    assert ledger.keys.check(secret)
    code = "import sys; from pathlib import Path; from ragkb.store.ledger import Ledger; "
    code += "Ledger(Path(sys.argv[1])).keys.revoke(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "ledger.db"), key.id], check=True, timeout=60)
    assert ledger.keys.check(secret) is None
    revoked = ledger.keys.revoke(key.id)
    assert revoked == ledger.keys.all()[0]
    assert revoked.state == "revoked"
    assert ledger.keys.exist(), "or the last key that is revoked would open the server to everybody"
    with pytest.raises(NotFound):
        ledger.keys.revoke("nonesuch")


def test_last_use_is_noted_once_a_minute(ledger: Ledger) -> None:
    key, _ = ledger.keys.create("ana", "reader")
    assert key.last_used_at is None
    ledger.keys.used(key)
    noted = ledger.keys.all()[0]
    assert noted.last_used_at
    ledger.keys.used(noted)
    assert ledger.keys.all()[0] == noted


def test_an_admin_without_groups_sees_everything_and_others_nothing_more(ledger: Ledger) -> None:
    assert ledger.keys.create("root", "admin")[0].principal.is_admin
    assert not ledger.keys.create("root", "admin", ["hr"])[0].principal.is_admin
    assert not ledger.keys.create("ana", "writer")[0].principal.is_admin
    assert ledger.keys.create("crawler", "reader", ["*"])[0].principal.is_admin


@pytest.mark.parametrize(
    ("name", "role", "groups", "seconds"),
    [
        ("", "reader", [], 1),
        (" ", "reader", [], 1),
        ("a\nb", "reader", [], 1),
        ("x" * 201, "reader", [], 1),
        ("ana", "owner", [], 1),
        ("ana", "reader", ["a,b"], 1),
        ("ana", "reader", ["h*"], 1),
        ("ana", "reader", [""], 1),
        ("ana", "reader", [], 0),
        ("ana", "reader", [], -5),
    ],
)
def test_bad_key(ledger: Ledger, name: str, role: str, groups: list[str], seconds: int) -> None:
    with pytest.raises(InputError):
        ledger.keys.create(name, role, groups, timedelta(seconds=seconds))  # type: ignore[arg-type]
    assert not ledger.keys.exist()


def test_feedback_comes_back_in_order(ledger: Ledger) -> None:
    cited = ({"source": "a.md", "page": 2, "quote": "14 weeks"},)
    first = ledger.add_feedback(Feedback("How long?", "14 weeks", "up", "ana", ("hr",), citations=cited))
    second = ledger.add_feedback(Feedback("育儿假？", "无", "down", comment="wrong", correction="十四周"))
    assert ledger.feedback() == [first, second]
    assert first.id != second.id
    assert first.at <= second.at


def test_purge_leaves_no_text_of_the_document_in_the_ledger(tmp_path: Path, words: Embedder) -> None:
    with KnowledgeBase.open(tmp_path / "kb", embedder=words) as kb:
        kb.add([NewDocument("a.md", "the quokkaberry pool"), NewDocument("b.md", "the other pool")])
        for source in ("a.md", "b.md"):
            cited = ({"source": source, "page": None, "quote": f"quokkaberry of {source}"},)
            kb.ledger.add_feedback(Feedback("Which pool?", f"quokkaberry of {source}", "up", citations=cited))
        kb.ledger.add_feedback(Feedback("Which?", "quokkaberry of a.md", "down", comment="quokkaberry of a.md"))
        kb.purge(next(info.id for info in kb.documents() if info.source == "a.md"))
        kept = kb.ledger.feedback()
    assert [(one.question, one.rating, one.answer) for one in kept] == [
        ("Which pool?", "up", ""),
        ("Which pool?", "up", "quokkaberry of b.md"),
        ("Which?", "down", ""),
    ]
    assert b"quokkaberry of a.md" not in raw(tmp_path)
    assert b"quokkaberry of b.md" in raw(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="rights of files")
def test_the_file_is_its_owners_alone(ledger: Ledger, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        ledger.keys.create("ana", "reader")
    finally:
        os.umask(old)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == dict.fromkeys(
        ("ledger.db", "ledger.db-wal", "ledger.db-shm"), "0o600"
    )


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(b"no database at all, but long enough to look like one" * 50)
    with pytest.raises(StorageError, match=r"text\.db"):
        Ledger(tmp_path / "text.db").keys.exist()
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("PRAGMA user_version = 1")
    other.execute("CREATE TABLE keys (id)")
    other.close()
    with pytest.raises(InputError, match="not ragkb's"):
        Ledger(tmp_path / "other.db").keys.exist()


def test_a_newer_ledger_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    ledger.keys.create("ana", "reader")
    with sqlite3.connect(ledger.path) as at:
        at.execute("PRAGMA user_version = 99")
    at.close()
    with pytest.raises(InputError, match="format 99"):
        Ledger(ledger.path).keys.all()

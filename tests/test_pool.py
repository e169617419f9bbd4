"""Threads outlive neither a fork nor their use."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ragkb.pool import Pool

FORKED = """
import multiprocessing, sys, warnings
from ragkb import KnowledgeBase, NewDocument
warnings.simplefilter("ignore")  # newer Pythons warn of a fork beside threads

def child(kb, out):
    out.put([hit.source for hit in kb.search("a pump in the child")])
    out.put(len(kb.ask("What is blue?").citations))

with KnowledgeBase.open(sys.argv[1]) as kb:
    kb.add([NewDocument("a.txt", "The pump is blue."), NewDocument("b.txt", "The canteen opens at noon.")])
    kb.search("a pump in the parent")
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    forked = context.Process(target=child, args=(kb, out))
    forked.start()
    print(out.get(timeout=30), out.get(timeout=30))
    forked.join(30)
"""


def test_work_is_done_in_its_threads_and_its_errors_are_raised() -> None:
    pool = Pool(2, "two")
    assert [pool.submit(pow, number, 2).result() for number in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(ZeroDivisionError):
        pool.submit(divmod, 1, 0).result()


def test_more_work_than_threads_is_done_by_who_asks_for_it() -> None:
    pool, may_end = Pool(1, "one"), threading.Event()
    first = pool.begin(lambda: may_end.wait(30) and threading.current_thread().name)
    second = pool.begin(lambda: threading.current_thread().name)  # there is no thread left for it
    assert second() == threading.current_thread().name
    may_end.set()
    assert str(first()).startswith("one")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_knowledge_base_answers_in_a_forked_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(tmp_path / "kb")], capture_output=True, text=True, timeout=90
    )
    assert done.stdout.startswith("['a.txt', 'b.txt'] 1"), done.stderr
    assert "fork" in multiprocessing.get_all_start_methods()

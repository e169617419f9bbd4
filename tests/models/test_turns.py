"""Who waits longest is next, also beside one that comes back at once."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from ragkb.models.turns import Turns


def test_one_that_comes_back_at_once_lets_the_others_pass() -> None:
    turns, order, inside = Turns(), [], threading.Semaphore(1)
    stop = threading.Event()

    def greedy() -> None:
        while not stop.is_set():
            with turns:
                assert inside.acquire(blocking=False)
                order.append("greedy")
                time.sleep(0.002)
                inside.release()

    def patient() -> None:
        for _ in range(5):
            with turns:
                assert inside.acquire(blocking=False)
                order.append("patient")
                inside.release()

    threads = [threading.Thread(target=greedy), *(threading.Thread(target=patient) for _ in range(3))]
    for thread in threads:
        thread.start()
    for thread in threads[1:]:
        thread.join(10)
        assert not thread.is_alive()
    stop.set()
    threads[0].join()
    assert order.count("patient") == 15
    assert order.count("greedy") < 40


def test_it_is_free_again_after_an_error() -> None:
    turns, entered = Turns(), []

    def fail() -> None:
        with suppress(ValueError), turns:
            entered.append(True)
            raise ValueError

    for _ in range(2):
        thread = threading.Thread(target=fail, daemon=True)  # else one that waits for ever would hold the tests
        thread.start()
        thread.join(5)
    assert len(entered) == 2

"""Turns go round in the order in which they were asked for."""

from __future__ import annotations

import threading
import time

from webapp.web.turns import Turns


def test_a_turn_goes_to_who_has_waited_longest():
    turns, order = Turns(1), []
    assert turns.take(0)

    def wait(n: int) -> None:
        assert turns.take(10)
        order.append(n)
        turns.give()

    threads = [threading.Thread(target=wait, args=(n,)) for n in range(5)]
    for n, thread in enumerate(threads, 1):
        thread.start()
        while len(turns._waiting) < n:
            time.sleep(0.001)
    turns.give()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]
    assert turns._free == 1


def test_who_comes_later_does_not_overtake_who_waits():
    turns = Turns(1)
    assert turns.take(0)
    waiting = threading.Thread(target=turns.take, args=(10,))
    waiting.start()
    while not turns._waiting:
        time.sleep(0.001)
    turns.give()
    assert not turns.take(0), "the turn is the waiting one's, though he may not have woken yet"
    waiting.join()
    turns.give()
    assert turns.take(0)


def test_who_gives_up_waiting_leaves_the_line():
    turns = Turns(1)
    assert turns.take(0)
    assert not turns.take(0.01)
    turns.give()
    assert turns.take(0), "nobody stands in the line any more"

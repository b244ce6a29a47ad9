"""Turns: how many requests of this process work at the same time, first come, first served."""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A semaphore that hands a turn to whoever has waited longest.

    `threading.Semaphore` lets a request that has just come in overtake those that wait, so under load some wait many
    times as long as the others.
    """

    def __init__(self, turns: int) -> None:
        self._free = turns
        self._waiting: deque[threading.Lock] = deque()
        self._mutex = threading.Lock()

    def take(self, timeout: float) -> bool:
        """Wait for a turn, `timeout` seconds at most; False when there was none."""
        with self._mutex:
            if self._free and not self._waiting:
                self._free -= 1
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=timeout):
            return True
        with self._mutex:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # handed over at the very last moment

    def give(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1

"""Long work beside the turns: files that are read, exports that are written while somebody waits.

A few at a time in this process and one of each member: however many upload at once, memory and cores are bounded and
nobody keeps the others from it. Who has to wait too long is told so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.errors import TooMany
from webapp.i18n import N_
from webapp.web.turns import Turns

#: At once in this process; a file being read may take the memory and time of `transfer.sheets`.
AT_ONCE = 2
#: Of one member: one at work and so many that wait.
WAITING = 2
#: Seconds somebody waits.
PATIENCE = 30


class Aside:
    def __init__(self, places: int = AT_ONCE) -> None:
        self._places = Turns(places)
        self._mutex = threading.Lock()
        self._own: dict[int, tuple[Turns, int]] = {}

    @contextmanager
    def place(self, member: int) -> Iterator[None]:
        """Work in the block when there is room; raises `TooMany` when there is none for long."""
        own = self._enter(member)
        try:
            if not own.take(PATIENCE):
                raise _too_many()
            try:
                if not self._places.take(PATIENCE):
                    raise _too_many()
                try:
                    yield
                finally:
                    self._places.give()
            finally:
                own.give()
        finally:
            self._leave(member)

    def _enter(self, member: int) -> Turns:
        with self._mutex:
            turns, count = self._own.get(member) or (Turns(1), 0)
            if count > WAITING:
                message = N_("Several files of yours are being worked on. Wait until one is done.")
                raise TooMany(message, retry_after=PATIENCE)
            self._own[member] = turns, count + 1
            return turns

    def _leave(self, member: int) -> None:
        with self._mutex:
            turns, count = self._own[member]
            if count > 1:
                self._own[member] = turns, count - 1
            else:
                del self._own[member]


def _too_many() -> TooMany:
    return TooMany(N_("Many files are being worked on just now. Try again in a minute."), retry_after=60)

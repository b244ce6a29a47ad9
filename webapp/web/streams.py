"""One open page as the server sees it, and what goes over the wire to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

HEARTBEAT = 15.0  # proxies close what is silent for a minute; a reader who has gone is noticed by writing


@dataclass(frozen=True)
class Seat:
    """What a board's page looks at: the query of its address, in which language.

    is_shared  other parts of the page want to know of every change of the form
    """

    query: str
    locale: str
    is_shared: bool = False


@dataclass(eq=False)
class Stream:
    """One open page: whose session, which form, and what he may do by (roles and epoch of the last look).

    seat     of a board that is told what has changed; None for pages that ask for themselves
    place    what `Boards` keeps for it
    is_late  its page may be older than what it was told last
    """

    form: str
    session: str
    member: int
    seat: Seat | None = None
    known: Any = None
    place: Any = None
    is_late: bool = False
    opened: float = field(default_factory=time.monotonic)
    is_news: bool = False
    is_touched: bool = False
    within: int = 0
    ended: str = ""
    _board: str | None = None
    _turned: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, within: int) -> None:
        """Let the page ask for itself, spread over so many milliseconds."""
        with self._turned:
            self.is_news, self.within, self._board = True, within, None
            self._turned.notify()

    def touch(self, within: int) -> None:
        """Let what stands beside the board ask for itself."""
        with self._turned:
            self.is_touched, self.within = True, within
            self._turned.notify()

    def send(self, board: str) -> None:
        """Say what has changed. A page that has not taken in the last piece yet asks for itself instead."""
        with self._turned:
            if self._board is not None or self.is_news:
                self.is_news, self.within, self._board = True, self.within or 1000, None
            else:
                self._board = board
            self._turned.notify()

    def end(self, reason: str) -> None:
        with self._turned:
            self.ended = self.ended or reason
            self._turned.notify()

    def messages(self) -> Iterator[str]:
        """What goes over the wire, until the stream is ended."""
        yield "retry: 2000\n: here\n\n"
        while True:
            with self._turned:
                self._turned.wait_for(self._has_something, HEARTBEAT)
                is_news, is_touched, board, ended = self.is_news, self.is_touched, self._board, self.ended
                self.is_news, self.is_touched, self._board = False, False, None
            if ended:
                yield f"event: end\ndata: {ended}\n\n"
                return
            text = ""
            if is_news:
                text = f'event: changed\ndata: {{"form": "{self.form}", "within": {self.within}}}\n\n'
            elif is_touched:
                text = f'event: touched\ndata: {{"within": {self.within}}}\n\n'
            if board is not None:
                text += f"event: board\ndata: {board}\n\n"
            yield text or ":\n\n"

    def _has_something(self) -> bool:
        return bool(self.is_news or self.is_touched or self._board is not None or self.ended)

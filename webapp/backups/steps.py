"""How far a long piece of work is, in percent, and what it is doing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from webapp.i18n import Message

#: Called with 0 to 100 and what is going on, at most once a percent. What it raises ends the work.
Say = Callable[[int, Message], None]


def silent(_percent: int, _what: Message) -> None:
    """Tell nobody."""


@dataclass
class Stage:
    """One stretch of the way, from `begin` to `end` percent, over `total` units."""

    say: Say
    what: Message
    begin: int
    end: int
    total: int
    done: int = 0
    told: int = -1

    def at(self, done: int) -> None:
        self.done = done
        share = min(1.0, done / self.total) if self.total else 1.0
        percent = self.begin + int((self.end - self.begin) * share)
        if percent != self.told:
            self.told = percent
            self.say(percent, self.what)

    def more(self, count: int) -> None:
        self.at(self.done + count)

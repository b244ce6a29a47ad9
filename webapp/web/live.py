"""Pages that follow what others do: one watcher a process, and a stream of server-sent events to each open page.

A stream says that a form was written to and never what; the page then asks for its part as its person may see it. It
ends with the session and with the right to see the form, which one statement asks for all streams every few seconds.
Streams hold a thread each and no turn, no unit of work and no connection.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp import clock
from webapp.access import actors, policy, sessions
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.errors import Busy, NotFound
from webapp.i18n import N_
from webapp.journal import events, signals
from webapp.web import scope

log = logging.getLogger("mortise.live")
#: Streams of a process: of its 300 threads some stay free for everything else.
MOST = 250
#: Streams of one session: a browser opens one for each page in sight. One that was left is noticed late, so the oldest
#: makes room for the newest.
MOST_OF_A_SESSION = 8
TICK = 0.5
HEARTBEAT = 15.0  # proxies close what is silent for a minute; a reader who has gone is noticed by writing
GUARD_EVERY = 5.0
#: A page may have been drawn that long before its events were written by a clock of another machine.
_SKEW = timedelta(seconds=2)


@dataclass(eq=False)
class Stream:
    """One open page: whose session, which form, and what he may do by (roles and epoch of the last look)."""

    form: str
    session: str
    member: int
    known: Any = None
    opened: float = field(default_factory=time.monotonic)
    is_news: bool = False
    within: int = 0
    ended: str = ""
    _turned: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, within: int) -> None:
        with self._turned:
            self.is_news, self.within = True, within
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
                self._turned.wait_for(lambda: self.is_news or self.ended, HEARTBEAT)
                is_news, ended, self.is_news = self.is_news, self.ended, False
            if ended:
                yield f"event: end\ndata: {ended}\n\n"
                return
            yield (
                f'event: changed\ndata: {{"form": "{self.form}", "within": {self.within}}}\n\n' if is_news else ":\n\n"
            )


class Hub:
    """All streams of a process and the thread that watches for them; the thread ends with the last stream."""

    def __init__(self, database: Database) -> None:
        self.is_ending: Callable[[], bool] = lambda: False
        self._database = database
        self._streams: set[Stream] = set()
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None
        self._position = events.START

    def open(self, form: str, session: str, member: int, since: datetime | None) -> Stream:
        """A stream for a page that was drawn at `since`: what was written in between is told at once.

        Raises `Busy` when there are too many already.
        """
        stream = Stream(form, session, member)
        with self._mutex:
            mine = [one for one in self._streams if one.session == session]
            if len(mine) >= MOST_OF_A_SESSION:
                oldest = min(mine, key=lambda one: one.opened)
                oldest.end("crowd")
                self._streams.discard(oldest)
            if len(self._streams) >= MOST or self.is_ending():
                raise Busy(N_("Too many pages are open; this one is brought up to date less often."))
            if self._thread is None:
                with self._database.read() as unit:
                    self._position = events.last(unit)
                self._thread = threading.Thread(target=self._watch, name="live", daemon=True)
                signals.on_written(self.tell)
                self._thread.start()
            self._streams.add(stream)
        try:
            if since is not None:
                with self._database.read() as unit:  # begun after the stream is there: nothing falls between the two
                    is_news = events.is_touched_since(unit, form, since - _SKEW)
                if is_news:
                    stream.tell(0)
        except BaseException:
            self.close(stream)
            raise
        return stream

    def close(self, stream: Stream) -> None:
        with self._mutex:
            self._streams.discard(stream)

    def tell(self, forms: set[str] | frozenset[str]) -> None:
        """Wake the pages of these forms. The more there are, the longer they spread their questions."""
        if not forms:
            return
        with self._mutex:
            found = [one for one in self._streams if one.form in forms]
        many = Counter(one.form for one in found)
        for one in found:
            one.tell(min(10_000, 50 * many[one.form]))

    def _watch(self) -> None:
        listener = signals.listener(self._database)
        looked = guarded = time.monotonic()
        try:
            while not self._is_over():
                self.tell(listener.wait(TICK))
                now = time.monotonic()
                try:
                    if now - looked >= listener.look_every:
                        looked = now
                        self._look()
                    if now - guarded >= GUARD_EVERY:
                        guarded = now
                        self._guard()
                except Exception:
                    log.exception("looking for changes went wrong; it is tried again")
        finally:
            listener.close()

    def _is_over(self) -> bool:
        with self._mutex:
            while self.is_ending() and self._streams:
                self._streams.pop().end("restart")
            if self._streams:
                return False
            self._thread = None
            signals.off_written(self.tell)
            return True

    def _look(self) -> None:
        with self._database.read() as unit:
            forms, self._position = events.touched(unit, self._position)
        self.tell(forms)

    def _guard(self) -> None:
        """End the streams of sessions that ended and of people who may not see the form any more."""
        with self._mutex:
            found = list(self._streams)
        with self._database.read() as unit:
            roles = sessions.roles_of_open(unit, {one.session for one in found})
            epoch = versions.current(unit).epoch
            for one in found:
                if one.session not in roles:
                    one.end("session")
                    continue
                known = (roles[one.session], epoch)
                if one.known != known and not _may_see(unit, one):
                    one.end("rights")
                one.known = known


def _may_see(unit: Unit, stream: Stream) -> bool:
    try:
        form = versions.current(unit).form(stream.form)
        return policy.may(unit, actors.of_member(unit, stream.member), form, "see")
    except NotFound:
        return False


def install(app: scope.App) -> None:
    app.live = Hub(app.database)
    app.jinja_env.globals["live_url"] = url


def url(form: Any) -> str:
    """Where a page of the form that is drawn now listens: `data-live="{{ live_url(at.form) }}"`."""
    return f"/live/{form.app}/{form.key}?since={clock.now().timestamp():.2f}"


def since(text: str) -> datetime | None:
    """The moment of an address that `url` made; None where it says nothing of use."""
    try:
        found = datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year > 2000 else None

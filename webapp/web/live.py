"""Pages that follow what others do: one watcher a process, and a stream of server-sent events to each open page.

A stream says that a form was written to, and the page then asks for its part as its person may see it. To a board it
says what has changed in it (`Boards`, worked out once for all who see the same), so that nobody has to ask. It ends
with the session and with the right to see the form, which one statement asks for all streams every few seconds.
Streams hold a thread each and no turn, no unit of work and no connection; a writer only leaves a note.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote

from webapp import clock
from webapp.access import actors, policy, sessions
from webapp.db import Database, Unit
from webapp.definitions import versions
from webapp.errors import Busy, NotFound
from webapp.i18n import N_
from webapp.journal import events, signals
from webapp.web import scope
from webapp.web.streams import Seat, Stream

log = logging.getLogger("mortise.live")
#: Streams of a process: of its 300 threads some stay free for everything else.
MOST = 250
#: Streams of one session: a browser opens one for each page in sight. One that was left is noticed late, so the oldest
#: makes room for the newest.
MOST_OF_A_SESSION = 8
TICK = 0.3
#: Seconds for which news gather, and from one telling to the next: short where it is quiet, longer while news do not
#: end, and twenty times what it cost, within reason.
GATHER = 0.1
PACE = 0.4
_BUSY_PACE = 1.2
_LONGEST_PACE = 5.0
GUARD_EVERY = 5.0
#: A page may have been drawn that long before its events were written by a clock of another machine.
_SKEW = timedelta(seconds=2)


def cost(began: float, spent: float) -> float:
    """Seconds of work since the moments `began` (monotonic) and `spent` (of this thread): its own, or a server's."""
    return max(time.thread_time() - spent, (time.monotonic() - began) / 5)


class Boards(Protocol):
    """Who works out what has changed in boards, and sends it."""

    def tell(self, streams: Sequence[Stream], changed: dict[str, frozenset[int] | None]) -> set[str]:
        """Tell the streams, all of which have a seat; answers the forms for which something is left to be told.

        changed  form → the records that were written to, None where nobody knows which
        """


class Hub:
    """All streams of a process, the thread that watches for them and the one that tells them; both end with the last
    stream."""

    def __init__(self, database: Database, boards: Boards | None = None) -> None:
        self.boards = boards
        self.is_ending: Callable[[], bool] = lambda: False
        self._database = database
        self._streams: set[Stream] = set()
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None
        self._told = events.START  # up to where the pages have been told
        self._there: Counter[str] = Counter()  # form → streams
        self._forms: set[str] = set()  # written to and not told yet
        self._is_news = threading.Event()

    def open(self, form: str, session: str, member: int, since: datetime | None, seat: Seat | None = None) -> Stream:
        """A stream for a page that was drawn at `since`: what was written in between is told at once.

        Raises `Busy` when there are too many already.
        """
        stream = Stream(form, session, member, seat if self.boards is not None else None)
        with self._mutex:
            mine = [one for one in self._streams if one.session == session]
            if len(mine) >= MOST_OF_A_SESSION:
                oldest = min(mine, key=lambda one: one.opened)
                oldest.end("crowd")
                self._drop(oldest)
            if len(self._streams) >= MOST or self.is_ending():
                raise Busy(N_("Too many pages are open; this one is brought up to date less often."))
            if self._thread is None:
                with self._database.read() as unit:
                    self._told = events.last(unit)
                self._thread = threading.Thread(target=self._watch, name="live", daemon=True)
                signals.on_written(self.tell)
                self._thread.start()
                threading.Thread(target=self._tell, name="telling", args=(self._thread,), daemon=True).start()
            self._streams.add(stream)
            self._there[form] += 1
        try:
            if since is not None:
                with self._database.read() as unit:  # begun after the stream is there: nothing falls between the two
                    is_news = events.is_touched_since(unit, form, since - _SKEW)
                if is_news and stream.seat is None:
                    stream.tell(0)
                stream.is_late = is_news and stream.seat is not None
            if stream.seat is not None:
                self.tell({form})  # it gets its place before there is anything to tell
        except BaseException:
            self.close(stream)
            raise
        return stream

    def close(self, stream: Stream) -> None:
        with self._mutex:
            self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        if stream in self._streams:
            self._streams.discard(stream)
            self._there[stream.form] -= 1

    def tell(self, forms: set[str] | frozenset[str]) -> None:
        """Note that these forms were written to. Writers call this: it wakes one thread at the most."""
        if any(self._there[form] > 0 for form in forms):
            with self._mutex:
                self._forms |= forms
            if not self._is_news.is_set():
                self._is_news.set()

    def _tell(self, watcher: threading.Thread) -> None:
        """Tell the pages of forms that were written to: what gathers for a moment together, and not without pause."""
        pace = PACE
        while self._thread is watcher:
            if not self._is_news.is_set():
                pace = PACE
            if not self._is_news.wait(TICK):
                continue
            time.sleep(GATHER)
            self._is_news.clear()
            began, spent = time.monotonic(), time.thread_time()
            with self._mutex:
                forms, self._forms = self._forms, set()
                found = [one for one in self._streams if one.form in forms]
            try:
                self.tell_now(found, forms)
            except Exception:
                log.exception("telling of changes went wrong; the pages ask for themselves")
                for one in found:
                    one.tell(2000)
            time.sleep(min(max(pace, 20 * cost(began, spent)) - GATHER, _LONGEST_PACE))
            pace = min(pace * 1.5, _BUSY_PACE)

    def tell_now(self, found: Sequence[Stream], forms: set[str]) -> None:
        """Tell these streams of what was written to their forms since the last time."""
        boards = [one for one in found if one.seat is not None]
        self._let_ask([one for one in found if one.seat is None or one.seat.is_shared])
        with self._database.read() as unit:
            changed, self._told = events.changed(unit, self._told)
        if boards and self.boards is not None:
            left = self.boards.tell(boards, {form: changed.get(form, frozenset()) for form in forms})
            self.tell(left)

    def _let_ask(self, found: Sequence[Stream]) -> None:
        """The more pages ask, the longer they spread their questions."""
        many = Counter(one.form for one in found)
        for one in found:
            (one.tell if one.seat is None else one.touch)(min(10_000, 50 * many[one.form]))

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
                one = next(iter(self._streams))
                self._drop(one)
                one.end("restart")
            if self._streams:
                return False
            self._thread = None
            signals.off_written(self.tell)
            return True

    def _look(self) -> None:
        with self._database.read() as unit:
            forms, _ = events.touched(unit, self._told)
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


def url(form: Any, board: str | None = None) -> str:
    """Where a page of the form that is drawn now listens: `data-live="{{ live_url(at.form) }}"`.

    board  query of the board's address, for one that is to be told what has changed in it
    """
    address = f"/live/{form.app}/{form.key}?since={clock.now().timestamp():.2f}"
    return address if board is None else f"{address}&board={quote(board, safe='')}"


def since(text: str) -> datetime | None:
    """The moment of an address that `url` made; None where it says nothing of use."""
    try:
        found = datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year > 2000 else None

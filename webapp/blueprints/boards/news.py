"""What has changed in open boards, worked out once for all who see the same and sent to each of them.

Everybody is told as himself: who he is and what he may is asked anew each time, in the same unit that reads the board.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import g

from webapp import clock
from webapp.access import actors, firm, marks
from webapp.access.actor import Actor
from webapp.blueprints.boards import columns
from webapp.db import Unit
from webapp.definitions import versions
from webapp.engines.forms.board import axes, board_settings, watched
from webapp.engines.forms.board.boards import Head
from webapp.engines.forms.board.watched import Found, Watched
from webapp.engines.forms.viewing import saved, views
from webapp.engines.forms.viewing.views import Asked, Scope
from webapp.errors import MortiseError
from webapp.web import live, scope, screens
from webapp.web.streams import Stream

Changed = dict[str, "frozenset[int] | None"]
#: Work is done in pieces of that many seconds, for the length of which others wait.
_PIECE = 0.02
#: Heads over many records take long: from one counting to the next it is so many times as long as that took.
_REST = 20


@dataclass(eq=False)
class Board:
    """A board that some look at, and how it was told last."""

    form: str
    watched: Watched
    asked: Asked
    number: int = 0
    heads: dict[str, Head] = field(default_factory=dict)
    is_counted: bool = True
    count_from: float = 0.0


@dataclass(frozen=True)
class Place:
    """Where a stream looks, as long as its mark holds."""

    mark: Hashable
    actor: Actor
    board: Board


class News:
    """See `webapp.web.live.Boards`. Used by one thread."""

    def __init__(self, app: scope.App) -> None:
        self._app = app
        self._boards: dict[Hashable, Board] = {}
        self._shown: dict[Stream, int] = {}
        self._firm: Any = None
        self._asking: list[Stream] = []  # what is told here is not for them
        self._places: dict[Hashable, Place] = {}  # of those who have the same place

    def tell(self, streams: Sequence[Stream], changed: Changed) -> set[str]:
        """Tell the streams what `changed` records mean for them; answers the forms that have to be counted later."""
        waiting, left, used = list(streams), set[str](), set[Board]()
        self._asking = []
        self._shown = {one: number for one, number in self._shown.items() if not one.ended}
        while waiting:
            if not self._app.turns.take(timeout=30):
                raise TimeoutError("no turn to tell of changes")
            try:
                with self._app.database.read() as unit:
                    waiting = self._piece(unit, waiting, changed, left, used)
            finally:
                self._app.turns.give()
        for one in self._asking:
            one.tell(min(10_000, 50 * len(self._asking)))
        forms = {one.form for one in streams}
        here = {id(one.place) for one in streams}
        self._places = {k: p for k, p in self._places.items() if id(p) in here or p.board.form not in forms}
        self._boards = {k: b for k, b in self._boards.items() if b in used or b.form not in forms}
        return left

    def _piece(
        self, unit: Unit, waiting: list[Stream], changed: Changed, left: set[str], used: set[Board]
    ) -> list[Stream]:
        """Do as much as can be done in a moment; answers whoever has not been told."""
        ends = time.thread_time() + _PIECE
        found = marks.of_sessions(unit, {one.session for one in waiting})
        self._firm = firm.get(unit)
        around = versions.current(unit).epoch, self._firm, saved.mark(unit, {one.form for one in waiting})
        groups: dict[Board, list[Stream]] = {}
        told: set[Stream] = set()
        for place, one in enumerate(waiting):
            mark = found.get(one.session)
            if mark is None or mark.member != one.member:
                one.end("session")
                told.add(one)
            elif self._seat(unit, one, (mark, around)):
                groups.setdefault(one.place.board, []).append(one)
            else:
                self._asking.append(one)
                told.add(one)
            if place + 1 < len(waiting) and time.thread_time() > ends:  # seats stay; a board is told as a whole
                return [one for one in waiting if one not in told]
        for board, group in groups.items():
            used.add(board)
            self._tell(unit, board, group, changed.get(board.form), left)
            told.update(group)
            if time.thread_time() > ends:
                break
        return [one for one in waiting if one not in told]

    def _seat(self, unit: Unit, stream: Stream, mark: Hashable) -> bool:
        """Let the stream's place be right; False when there is no such board (any more) and its page has to ask."""
        if isinstance(stream.place, Place) and stream.place.mark == mark:
            return True
        alike = (stream.form, stream.member, stream.seat, mark)
        if (place := self._places.get(alike)) is not None and place.board in self._boards.values():
            return self._take(stream, place)
        assert stream.seat is not None
        try:
            actor = actors.of_member(unit, stream.member)
            with self._as(unit, stream, actor, stream.seat.query):
                at, asked = columns.board(*stream.form.split(".", 1))
                is_still = axes.is_still(board_settings.by_field(at, asked))
                if board_settings.lane_key(at, asked) is not None or not is_still:
                    raise LookupError  # which lanes and columns there are is known to who asks
                key = watched.key(at, asked)
                board = self._boards.get(key)
                if board is None:
                    board = self._boards[key] = Board(stream.form, Watched(at, asked), asked)
        except (MortiseError, LookupError):
            stream.place = None
            return False
        place = self._places[alike] = Place(mark, actor, board)
        return self._take(stream, place)

    def _take(self, stream: Stream, place: Place) -> bool:
        if stream.place is not None and stream.place.board is not place.board:
            self._shown.pop(stream, None)
            self._asking.append(stream)  # other rights, another language or app: all of its cards may look otherwise
        stream.place = place
        return True

    @contextlib.contextmanager
    def _as(self, unit: Unit, stream: Stream, actor: Actor, query: str) -> Iterator[None]:
        """A request as the stream's page would make it, within `unit`."""
        assert stream.seat is not None
        path = "/" + stream.form.replace(".", "/", 1)
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._app.test_request_context(f"{path}/cards?{query}"))
            if actor.zone and clock.is_zone(actor.zone):
                stack.enter_context(clock.in_zone(actor.zone))
            g.unit = unit
            g.known = actors.Known(actor, stream.session, clock.now(), self._firm)
            g.locale = stream.seat.locale
            yield

    def _tell(
        self, unit: Unit, board: Board, group: list[Stream], changed: frozenset[int] | None, left: set[str]
    ) -> None:
        first = group[0]
        late = [one for one in group if one.is_late]
        form = versions.current(unit).form(first.form)
        actor = first.place.actor
        assert first.seat is not None
        at = views.scope(unit, actor, form.app, form.key, first.seat.locale)
        is_concerned = board.watched.is_concerned(at, changed)
        if not (is_concerned or late or not board.is_counted):
            return
        with self._as(unit, first, actor, first.seat.query):
            found = board.watched.look(at, changed)
            before = board.heads
            self._count(at, board, is_concerned or not board.heads, left)
            heads = {key: one for key, one in board.heads.items() if before.get(key) != one}
            if found.is_news or heads:
                board.number += 1
            if not (found.is_news or heads or late):
                return
            part = self._said(at, board, found, heads, is_whole=False)
            whole = None
            for one in group if found.is_news or heads else late:
                if self._shown.get(one) == board.number - 1 and not one.is_late:
                    one.send(part)
                else:
                    whole = whole or self._said(at, board, found, board.heads, is_whole=True)
                    one.send(whole)
                self._shown[one] = board.number
                one.is_late = False

    def _count(self, at: Scope, board: Board, is_concerned: bool, left: set[str]) -> None:
        """Count anew, if it is time; else later."""
        if board.is_counted and not is_concerned:
            return
        board.is_counted = False
        now, spent = time.monotonic(), time.thread_time()
        if now < board.count_from:
            left.add(at.form.name)
            return
        board.heads = board.watched.heads(at)
        board.is_counted = True
        board.count_from = time.monotonic() + _REST * live.cost(now, spent)

    def _said(self, at: Scope, board: Board, found: Found, heads: dict[str, Head], *, is_whole: bool) -> str:
        """What goes to the page as JSON: columns as id and version of their cards, cards as HTML, heads as HTML."""
        links = screens.Links(at, board.asked)
        env = self._app.jinja_env
        card, more = env.get_template("boards/_card.html"), env.get_template("boards/_more.html")
        shown = {k: v for k, v in columns.context(at, board.asked).items() if k != "links"}
        lots = []
        for lot in found.lots:
            if not is_whole and lot.place not in found.moved:
                continue
            way_on = ""
            if lot.has_more:
                url = links.piece("/column", column=lot.value, behind=lot.cards[-1][0])
                way_on = more.render(place=lot.place, url=url)
            lots.append({"place": lot.place, "cards": lot.cards, "more": way_on})
        places = {lot.value: lot.place for lot in found.lots}
        said: dict[str, Any] = {
            "lots": lots,
            "cards": {one.id: card.render(card=one, links=links, **shown) for one in found.cards},
        }
        if heads:
            count = env.get_template("boards/_count.html").module.head_count  # type: ignore[attr-defined]
            texts = {}
            for value, head in heads.items():
                if (place := places.get(value)) is None:
                    continue
                texts[f"count-{place}"] = str(count(head))
                texts[f"tab-{place}"] = f"{head.count:,}"
                if head.total is not None:
                    texts[f"total-{place}"] = head.total
            said["heads"] = texts
            said["count"] = f"{sum(one.count for one in board.heads.values()):,}"
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))

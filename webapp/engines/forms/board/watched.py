"""Boards that are open while others write: what changed in them since it was last looked.

Readers share one `Watched` where their questions to the database are the same, letter for letter and value for value,
and what is made of the rows in Python depends on nothing but what they have in common: then the same rows answer both.
A reader's own records, a `me()` in the filter or a link whose target only some may see make another question.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.engines.forms import select
from webapp.engines.forms.board import boards
from webapp.engines.forms.board.boards import Card, Head
from webapp.engines.forms.viewing.views import Asked, Scope, query
from webapp.expressions import binds

#: Of boards with at most so many records it is known which these are: changes of others do not concern them.
MOST_KNOWN = 10_000


@dataclass(frozen=True)
class Lot:
    """A column as it stands: id and version of its first cards in their order, and whether there are more."""

    place: int
    value: str
    cards: tuple[tuple[int, int], ...]
    has_more: bool


@dataclass(frozen=True)
class Found:
    """What a look has found.

    lots     all columns; `moved`: the places of those that are not as they were
    cards    the cards that are new or look otherwise now
    """

    lots: tuple[Lot, ...]
    moved: frozenset[int]
    cards: tuple[Card, ...]

    @property
    def is_news(self) -> bool:
        return bool(self.moved or self.cards)


def key(at: Scope, asked: Asked) -> Hashable:
    """Readers for whom this is equal see the same board."""
    view, actor = asked.view, at.actor
    board = (at.form.name, at.definitions.epoch, view.key, getattr(view, "id", 0), getattr(view, "version", 0))
    rights = (actor.roles, actor.kind, actor.scope, at.may("edit"), at.may("create"))
    return (*board, asked.address(), *rights, at.locale, actor.zone, _question(at, asked))


def _question(at: Scope, asked: Asked) -> Hashable:
    """The statement behind the board with the values it is sent with."""
    show = boards.faces(at, asked)
    wanted = query(at, replace(asked, after=None), fields=show.fields, limit=boards.COLUMN_PAGE)
    listing = select.prepare(at.unit, at.definitions, at.actor, at.form, wanted)
    compiled = listing.first.compile(dialect=at.unit.connection.dialect)
    given = binds(at.actor, clock.now(), at.unit.zone)
    values = {name: given.get(name, value) for name, value in compiled.params.items() if name != "m_now"}
    return str(compiled), repr(sorted(values.items()))


class Watched:
    """One board, kept between looks. `at` of each call is one of its readers in the unit of that look."""

    def __init__(self, at: Scope, asked: Asked) -> None:
        self.asked = replace(asked, after=None)
        show, values = boards.faces(at, asked), boards.values(at, asked)
        queries = [boards.query_of(at, self.asked, show, value, boards.COLUMN_PAGE) for value in values]
        self._values = values
        self._board = select.joined(at.unit, at.actor, at.form, queries)
        everything = query(at, self.asked, fields=("id",))
        listing = select.prepare(at.unit, at.definitions, at.actor, at.form, everything)
        this = listing.table.c.id
        ids = listing.base.with_only_columns(this, maintain_column_froms=True)
        self._all = ids.order_by(this).limit(MOST_KNOWN + 1)
        self._among = ids.where(this.in_(sa.bindparam("row_ids", expanding=True, type_=this.type)))
        self._known: array[int] | None = None  # sorted
        self._rows: dict[int, Any] = {}
        self._lots: tuple[Lot, ...] = ()
        self._day: Any = None
        self._learn(at)

    def _learn(self, at: Scope) -> None:
        """See which records the board has."""
        found = self._ids(at, self._all)
        self._known = array("q", found) if len(found) <= MOST_KNOWN else None

    def is_concerned(self, at: Scope, changed: frozenset[int] | None) -> bool:
        """Whether the board may look otherwise after `changed` records were written to (None: nobody knows which)."""
        if changed is None:
            self._learn(at)
        if changed is None or self._known is None:
            return True
        if not changed:
            return False
        before = {id_ for id_ in changed if self._has(id_)}
        now = set(self._ids(at, self._among, row_ids=sorted(changed)))
        for id_ in before - now:
            self._known.remove(id_)
        for id_ in now - before:
            insort(self._known, id_)
        return bool(before or now)

    def _has(self, id_: int) -> bool:
        assert self._known is not None
        place = bisect_left(self._known, id_)
        return place < len(self._known) and self._known[place] == id_

    def _ids(self, at: Scope, statement: sa.Select[Any], **values: Any) -> list[int]:
        given = {**binds(at.actor, clock.now(), at.unit.zone), **values}
        return list(at.unit.execute(statement, given).scalars())

    def look(self, at: Scope, since: frozenset[int] | None = None) -> Found:
        """The columns as they are now. Where it never looked before, cards `since` (None: all) count as changed."""
        show, today = boards.faces(at, self.asked), clock.today(at.unit.zone)
        if self._day != today:  # ages and dates of the cards read otherwise
            self._rows = {}
        is_first = not self._lots
        lots, rows, cards = [], {}, []
        for place, (value, sheet) in enumerate(
            zip(self._values, self._board.read(at.unit, at.actor, boards.COLUMN_PAGE), strict=True)
        ):
            for row in sheet.rows:
                id_ = row[0]
                rows[id_] = row
                if self._rows.get(id_) != row and not (is_first and since is not None and id_ not in since):
                    cards.append(boards.card_of(show, sheet.decoder.record(row)))
            lots.append(Lot(place, value, tuple((row[0], row[1]) for row in sheet.rows), sheet.next is not None))
        before = self._lots or [None] * len(lots)
        moved = frozenset(one.place for one, old in zip(lots, before, strict=True) if one != old)
        self._rows, self._lots, self._day = rows, tuple(lots), today
        return Found(self._lots, moved, tuple(cards))

    def heads(self, at: Scope) -> dict[str, Head]:
        return boards.heads(at, self.asked)

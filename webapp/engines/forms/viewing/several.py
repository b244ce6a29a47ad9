"""First pages of lists of different forms in one statement: what hangs on a record, what a workbench shows.

Each list is a limited select of its own, so that the index behind it serves it, joined by UNION ALL. Their columns
differ, so every list puts its own into places of the right type and leaves the others empty; what the driver gives is
put back into the order the list's readers know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access.actor import Actor
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import select, sorting
from webapp.engines.forms.finding.search import Sought
from webapp.engines.forms.reading import Decoder, Sheet, unread
from webapp.engines.forms.record import COUNT_CAP, Query
from webapp.expressions import binds

#: Statements kept of an epoch, one for each person and set of lists.
KEPT = 60


@dataclass(frozen=True)
class Wanted:
    """One list. Narrowed without building a statement anew each time:

    link    key of a link field of the form: only records that point at the record `this`
    among   only records whose ids are given under this name
    sought  the shape of a search; what is looked for is given with the lists (`values` of `read`)
    counts  what to count beside the rows (capped), each by its own conditions in the language, narrowed in the same way
    """

    form: Form
    query: Query
    link: str | None = None
    among: str | None = None
    sought: Sought | None = None
    counts: tuple[tuple[str, ...], ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.form.name, self.query, self.link, self.among, self.sought, self.counts)


@dataclass(frozen=True)
class Found:
    """What one list has: its first rows, and the numbers of `counts`."""

    sheet: Sheet
    counts: tuple[int, ...]


@dataclass(frozen=True)
class _Part:
    """A list's readers, and where its columns stand in the joined rows."""

    decoder: Decoder
    places: tuple[int, ...]


def read(
    unit: Unit,
    actor: Actor,
    wanted: Sequence[Wanted],
    *,
    this: int | None = None,
    among: Mapping[str, Sequence[int]] | None = None,
    values: Mapping[str, Any] | None = None,
) -> list[Found]:
    """The lists in their order, in one statement. Forms not there for the actor are the caller's to leave out."""
    if not wanted:
        return []
    definitions = versions.current(unit)
    key = (select.signature(actor), tuple(one.key for one in wanted))
    statement, parts = definitions.kept("several lists", KEPT).get(key, lambda: _Joined(unit, actor, wanted).made())
    given = {**binds(actor, clock.now(), unit.zone), **(values or {}), **{k: list(v) for k, v in (among or {}).items()}}
    if this is not None:
        given["this_record"] = this
    rows: list[list[Sequence[Any]]] = [[] for _ in wanted]
    counts: list[tuple[int, ...]] = [() for _ in wanted]
    for row in unit.execute(statement, given):
        n = row[0]
        if n < 0:
            counts[-1 - n] = tuple(min(row[i], COUNT_CAP) for i in range(1, 1 + len(wanted[-1 - n].counts)))
        else:
            rows[n].append([row[i] for i in parts[n].places])
    return [Found(Sheet(part.decoder, rows[n], None), counts[n]) for n, part in enumerate(parts)]


class _Joined:
    """Makes the statement: for each list its rows, and one row of its counts."""

    def __init__(self, unit: Unit, actor: Actor, wanted: Sequence[Wanted]) -> None:
        self.unit, self.actor, self.wanted = unit, actor, wanted
        self.dialect = unit.connection.dialect
        self.numbers = max(len(one.counts) for one in wanted)
        self.slots: list[str] = []  # the type of each place
        self.types: dict[str, sa.types.TypeEngine[Any]] = {}

    def made(self) -> tuple[sa.CompoundSelect[Any], list[_Part]]:
        lists = [(*self._rows(one), one) for one in self.wanted]
        placed = [self._placed(columns) for _, columns, _, _ in lists]
        selects, parts = [], []
        for n, ((rows, columns, decoder, _), places) in enumerate(zip(lists, placed, strict=True)):
            given = dict(zip(places, rows.subquery().c, strict=True))
            cells = [given.get(i, self._nothing(family)) for i, family in enumerate(self.slots)]
            selects.append(self._row(n, [self._nothing("BIGINT")] * self.numbers, cells))
            parts.append(_Part(decoder, tuple(1 + self.numbers + place for place in places)))
            assert len(columns) == len(places)
        empty = [self._nothing(family) for family in self.slots]
        for n, one in enumerate(self.wanted):
            if one.counts:
                numbers: list[Any] = [self._count(one, where) for where in one.counts]
                numbers += [self._nothing("BIGINT")] * (self.numbers - len(numbers))
                selects.append(self._row(-1 - n, numbers, empty))
        return sa.union_all(*selects), parts

    def _row(self, n: int, numbers: Sequence[Any], cells: Sequence[Any]) -> sa.Select[Any]:
        named = [sa.literal_column(str(n), sa.Integer).label("list")]
        named += [one.label(f"n{i}") for i, one in enumerate(numbers)]
        columns: list[Any] = [*named, *[unread(one).label(f"p{i}") for i, one in enumerate(cells)]]
        found: sa.Select[Any] = sa.select(*columns)
        return found

    def _placed(self, columns: Sequence[sa.ColumnElement[Any]]) -> list[int]:
        """A place of the right type for each column, a new one where none is free."""
        taken: list[int] = []
        for column in columns:
            family, type_ = self._family(column)
            self.types.setdefault(family, type_)
            free = next((i for i, f in enumerate(self.slots) if f == family and i not in taken), len(self.slots))
            if free == len(self.slots):
                self.slots.append(family)
            taken.append(free)
        return taken

    def _family(self, column: sa.ColumnElement[Any]) -> tuple[str, sa.types.TypeEngine[Any]]:
        """The database's type of a column, which `reading.unread` hides."""
        inner: Any = column.element if isinstance(column, sa.Label) else column
        while isinstance(inner, sa.TypeCoerce):
            inner = inner.clause
        if isinstance(inner.type, sa.types.NullType):
            return "TEXT", sa.Text()
        name = inner.type.compile(dialect=self.dialect).partition("(")[0]
        if name in ("INTEGER", "SMALLINT", "BIGINT"):
            return "BIGINT", sa.BigInteger()
        return ("TEXT", sa.Text()) if name in ("VARCHAR", "TEXT") else (name, inner.type)

    def _nothing(self, family: str) -> sa.ColumnElement[Any]:
        return sa.cast(sa.null(), self.types.get(family, sa.BigInteger()))

    def _rows(self, one: Wanted) -> tuple[sa.Select[Any], list[sa.ColumnElement[Any]], Decoder]:
        """The list's first rows as its readers know them."""
        listing = select.compose(self.unit, versions.current(self.unit), self.actor, one.form, one.query)
        columns = list(listing.base.selected_columns)[: -len(listing.keys)]
        rows = listing.base.with_only_columns(*columns, maintain_column_froms=True).where(
            *_narrowed(one, listing.table)
        )
        if one.sought is not None:
            fields = select.searchable(self.unit, self.actor, one.form)
            rows = rows.where(one.sought.condition(one.form, listing.table, self.unit.dialect, fields))
        order = sorting.order(listing.keys, listing.table, self.unit.dialect)
        return rows.order_by(*order).limit(one.query.limit), columns, listing.decoder

    def _count(self, one: Wanted, where: tuple[str, ...]) -> sa.ColumnElement[Any]:
        query = Query(where=where, fields=("id",), sort=("id",), binned=one.query.binned)
        listing = select.compose(self.unit, versions.current(self.unit), self.actor, one.form, query)
        rows = listing.base.with_only_columns(sa.literal(1), maintain_column_froms=True)
        rows = rows.where(*_narrowed(one, listing.table)).limit(COUNT_CAP + 1)
        counted = sa.select(sa.func.count()).select_from(rows.subquery()).scalar_subquery()
        return sa.cast(counted, sa.BigInteger)


def _narrowed(one: Wanted, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if one.link is not None:
        column = table.c[str(one.form.names[one.link].column)]
        conditions.append(column == sa.bindparam("this_record", type_=column.type))
    if one.among is not None:
        conditions.append(table.c.id.in_(sa.bindparam(one.among, expanding=True)))
    return conditions

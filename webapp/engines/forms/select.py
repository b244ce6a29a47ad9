"""Reading lists through the door: rights, the bin, filters in the one language, search, sorting, pages by key.

A page continues after the last row by its sort values and id (`cursors`), never by an offset. Statements are built
once per definition, rights and query, and kept with the compiled definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.db import Unit, loader
from webapp.definitions import versions
from webapp.definitions.model import Definitions, Form
from webapp.engines.forms import cursors, sorting
from webapp.engines.forms.finding import search
from webapp.engines.forms.reading import Decoder, Reader, Sheet, path_reader, readable, readers, unread
from webapp.engines.forms.record import COUNT_CAP, Page, Query, Record
from webapp.errors import NotFound
from webapp.expressions import Stored, binds, check
from webapp.i18n import N_

#: The one rule whether a form is there for an actor at all, under the name the door uses.
require_form = policy.require
#: Statements kept of an epoch: of single records (one a form and set of rights), and of lists.
KEPT_RECORDS = 100
KEPT_LISTS = 100


@dataclass(frozen=True)
class Listing:
    """A query made ready.

    key_loaders  what makes values of what the driver gives for the keys
    base    all of it, in no order; `first` its first page, without conditions where to go on
    counts  how (capped, exact) → the statement that counts so
    """

    decoder: Decoder
    keys: tuple[sorting.SortKey, ...]
    key_loaders: tuple[Callable[[Any], Any] | None, ...]
    base: sa.Select[Any]
    first: sa.Select[Any]
    counts: Mapping[str, sa.Select[Any]]
    table: sa.FromClause
    fingerprint: str


def select(unit: Unit, actor: Actor, form: Form, query: Query) -> Page:
    """The page of live records that match `query` and exist for the actor.

    Raises `NotFound` for a form outside his reach and `Invalid` for a filter, sort or cursor that cannot be used.
    """
    found = sheet(unit, actor, form, query)
    return Page(found.records(), found.next, found.count, found.count_is)


def sheet(unit: Unit, actor: Actor, form: Form, query: Query) -> Sheet:
    """The same page, its rows left as they came, for whoever writes them out column by column."""
    definitions = versions.current(unit)
    listing = prepare(unit, definitions, actor, form, query)
    values = binds(actor, clock.now(), unit.zone)
    after = cursors.read(unit, query.after, listing.fingerprint) if query.after else None
    rows = _rows(unit, listing, values, query.limit + 1, after)
    are_all_here = after is None and len(rows) <= query.limit
    count, count_is = _count(unit, listing, values, query.count, len(rows) if are_all_here else None)
    next_ = _next(unit, listing, rows[query.limit - 1]) if len(rows) > query.limit else None
    return Sheet(listing.decoder, rows[: query.limit], next_, count, count_is)


def sheet_of(unit: Unit, actor: Actor, form: Form, fields: Sequence[str], ids: Sequence[int]) -> Sheet:
    """The records with these ids that exist for the actor, by id; one statement, kept whatever the ids are."""
    definitions = versions.current(unit)
    query = Query(sort=("id",), fields=tuple(fields))
    listing = prepare(unit, definitions, actor, form, query)
    key = (form.name, signature(actor), query.fields)
    chosen = listing.table.c.id.in_(sa.bindparam("row_ids", expanding=True, type_=listing.table.c.id.type))
    statement = definitions.kept("rows by id", KEPT_LISTS).get(
        key, lambda: listing.base.where(chosen).order_by(listing.table.c.id)
    )
    values = {**binds(actor, clock.now(), unit.zone), "row_ids": [i for i in ids if 0 < i < 2**63]}
    return Sheet(listing.decoder, list(unit.execute(statement, values).all()), None)


def ids_after(unit: Unit, actor: Actor, form: Form, query: Query, last: int, most: int, limit: int) -> list[int]:
    """The next ids above `last`, up to `most`, of the records that match; for work that walks through very many."""
    definitions = versions.current(unit)
    listing = prepare(unit, definitions, actor, form, query)
    this = listing.table.c.id
    key = (form.name, signature(actor), query)
    statement = definitions.kept("ids after", KEPT_LISTS).get(
        key,
        lambda: (
            listing.base.with_only_columns(this, maintain_column_froms=True)
            .where(this > sa.bindparam("last_id"), this <= sa.bindparam("most_id"))
            .order_by(this)
            .limit(sa.bindparam("page_limit", type_=sa.Integer))
        ),
    )
    values = {**binds(actor, clock.now(), unit.zone), "last_id": last, "most_id": most, "page_limit": limit}
    return list(unit.execute(statement, values).scalars())


def _next(unit: Unit, listing: Listing, last: Sequence[Any]) -> str:
    """The cursor after a row."""
    places = zip(last[-len(listing.keys) :], listing.key_loaders, strict=True)
    return cursors.write(
        unit, listing.fingerprint, [load(v) if load and v is not None else v for v, load in places] + [last[0]]
    )


@dataclass(frozen=True)
class Joined:
    """Several lists of a form made ready, whose first pages come in one statement."""

    listings: tuple[Listing, ...]
    statement: sa.Select[Any]

    def read(self, unit: Unit, actor: Actor, limit: int) -> list[Sheet]:
        values = {**binds(actor, clock.now(), unit.zone), "page_limit": limit + 1}
        found: list[list[Sequence[Any]]] = [[] for _ in self.listings]
        for row in unit.execute(self.statement, values):
            found[row[-1]].append(row[:-1])
        return [
            Sheet(one.decoder, rows[:limit], _next(unit, one, rows[limit - 1]) if len(rows) > limit else None)
            for one, rows in zip(self.listings, found, strict=True)
        ]


def sheets(unit: Unit, actor: Actor, form: Form, queries: Sequence[Query]) -> list[Sheet]:
    """The first pages of several lists of a form in one statement. They ask for the same fields, order and length.

    Each list is a limited select of its own, so that the index behind it serves it; counts and cursors are not asked.
    """
    return joined(unit, actor, form, queries).read(unit, actor, queries[0].limit)


def joined(unit: Unit, actor: Actor, form: Form, queries: Sequence[Query]) -> Joined:
    """The lists of `sheets`, for whoever reads them again and again."""
    definitions = versions.current(unit)
    listings = tuple(prepare(unit, definitions, actor, form, query) for query in queries)
    key = (form.name, signature(actor), tuple(queries))
    kept = definitions.kept("joined lists", KEPT_LISTS)
    return Joined(listings, kept.get(key, lambda: _joined(listings, unit.dialect)))


def cursor_behind(unit: Unit, actor: Actor, form: Form, query: Query, id_: int) -> str | None:
    """Where the list goes on behind the record; None when it does not stand in this list (any more)."""
    listing = prepare(unit, versions.current(unit), actor, form, query)
    values = {**binds(actor, clock.now(), unit.zone), "record_id": id_}
    this = listing.table.c.id
    row = unit.execute(listing.base.where(this == sa.bindparam("record_id", type_=this.type)), values).first()
    return None if row is None else _next(unit, listing, row)


def _joined(listings: Sequence[Listing], dialect: str) -> sa.Select[Any]:
    """All first pages one below the other, with the place of its list behind each row."""
    parts = []
    for place, one in enumerate(listings):
        page = one.first.subquery()
        parts.append(sa.select(page, sa.literal_column(str(place), sa.Integer).label("list")))
    rows = sa.union_all(*parts).subquery()
    keys = listings[0].keys
    sorted_by = tuple(replace(key, column=rows.c[f"s{i}"]) for i, key in enumerate(keys))
    if keys[-1].column is listings[0].table.c.id:
        sorted_by = (*sorted_by[:-1], replace(keys[-1], column=rows.c.id))
    return sa.select(rows).order_by(rows.c["list"], *sorting.order(sorted_by, rows, dialect))


def count(unit: Unit, actor: Actor, form: Form, query: Query, *, exact: bool = False) -> tuple[int, str]:
    """How many records match, and whether that is `exact` or `at_least` (it stops at COUNT_CAP unless asked)."""
    listing = prepare(unit, versions.current(unit), actor, form, query)
    values = binds(actor, clock.now(), unit.zone)
    found, kind = _count(unit, listing, values, "exact" if exact else "capped")
    assert found is not None and kind is not None
    return found, kind


def get(unit: Unit, actor: Actor, form: Form, id_: int, *, binned: bool = True) -> Record:
    """One record as the actor sees it, from the bin too unless `binned` is False; raises `NotFound`."""
    if not 0 < id_ < 2**63:
        raise missing(form)
    definitions = versions.current(unit)
    key = (form.name, signature(actor), binned)
    kept = definitions.kept("records", KEPT_RECORDS)
    decoder, statement = kept.get(key, lambda: _one(unit, actor, form, binned))
    row = unit.execute(statement, {**binds(actor, clock.now(), unit.zone), "record_id": id_}).first()
    if row is None:
        raise missing(form)
    return decoder.record(row)


def _one(unit: Unit, actor: Actor, form: Form, binned: bool) -> tuple[Decoder, sa.Select[Any]]:
    """How a single record is read by the actor, by `record_id`."""
    table = form.table
    found = readers(unit, actor, form, readable(unit, actor, form), table)
    statement = _select(unit, actor, form, table, found, binned=None if binned else False)
    return Decoder(form, found, unit.connection.dialect), statement.where(
        table.c.id == sa.bindparam("record_id", type_=table.c.id.type)
    )


def missing(form: Form) -> NotFound:
    """The error for a record that does not exist, or not for this actor."""
    return NotFound(N_("There is no such record in {form}.", form=form.label))


def signature(actor: Actor) -> tuple[Any, ...]:
    """What of an actor decides his statements: rights are built into them with his own values."""
    departments = (actor.department, actor.departments, actor.departments_below, actor.headed)
    return (actor.member, actor.roles, actor.kind, actor.scope, actor.pool, *departments)


def prepare(unit: Unit, definitions: Definitions, actor: Actor, form: Form, query: Query) -> Listing:
    """The statements of a query, built once per epoch and kind of actor."""
    require_form(unit, actor, form)
    key = ("list", form.name, signature(actor), query.where, query.search, query.sort, query.fields, query.binned)
    return definitions.kept("lists", KEPT_LISTS).get(
        key, lambda: compose(unit, definitions, actor, form, query, cursors.fingerprint(definitions.epoch, *key))
    )


def compose(
    unit: Unit, definitions: Definitions, actor: Actor, form: Form, query: Query, fingerprint: str = ""
) -> Listing:
    """The statements of a query made anew, for whoever keeps what he makes of them himself."""
    table = form.table
    eyes = policy.eyes(unit, actor)
    wanted = None if query.fields is None else [k for k in query.fields if "." not in k and form.field(k)]
    found = readers(unit, actor, form, readable(unit, actor, form, wanted), table)
    found += [path_reader(unit, actor, form, k, table) for k in query.fields or () if "." in k]
    keys = sorting.resolve(unit, definitions, actor, form, query.sort, table)
    base = _select(unit, actor, form, table, found, binned=query.binned)
    for text in query.where:
        condition = check(text, definitions, form.name, expect="boolean", eyes=eyes)
        base = base.where(condition.sql(Stored(table), unit.dialect, eyes))
        base = base.where(*search.implied(form, table, condition, unit.dialect))
    if query.search and query.search.strip():
        base = base.where(
            search.condition(form, table, query.search, unit.dialect, fields=searchable(unit, actor, form))
        )
    counting = base.with_only_columns(sa.literal(1), maintain_column_froms=True)
    counts = {
        how: sa.select(sa.func.count()).select_from(rows.subquery())
        for how, rows in (("capped", counting.limit(COUNT_CAP + 1)), ("exact", counting))
    }
    base = base.add_columns(*[unread(k.column).label(f"s{i}") for i, k in enumerate(keys)])
    first = _page(base, keys, table, unit.dialect)
    dialect = unit.connection.dialect
    loaders = tuple(loader(k.column.type, dialect) for k in keys)
    return Listing(Decoder(form, found, dialect), keys, loaders, base, first, counts, table, fingerprint)


def _page(
    base: sa.Select[Any], keys: tuple[sorting.SortKey, ...], table: sa.FromClause, dialect: str
) -> sa.Select[Any]:
    return base.order_by(*sorting.order(keys, table, dialect)).limit(sa.bindparam("page_limit", type_=sa.Integer))


def searchable(unit: Unit, actor: Actor, form: Form) -> set[str]:
    """Keys of the fields a search by the actor may look into: what he may read, not what is masked for him."""
    return {key for key, right in policy.fields(unit, actor, form).items() if right in ("read", "write")}


def _select(
    unit: Unit, actor: Actor, form: Form, table: sa.FromClause, found: Sequence[Reader], *, binned: bool | None
) -> sa.Select[Any]:
    """id, version, then the columns of every reader, of all rows that exist for the actor."""
    columns = [unread(column).label(f"c{i}_{j}") for i, r in enumerate(found) for j, column in enumerate(r.columns)]
    statement = sa.select(table.c.id, table.c.version, *columns)
    if binned is not None:
        statement = statement.where(table.c.deleted_at.is_not(None) if binned else table.c.deleted_at.is_(None))
    condition = policy.rows(unit, actor, form, "see", table)
    return statement if condition is None else statement.where(condition)


def _rows(
    unit: Unit, listing: Listing, values: dict[str, Any], wanted: int, after: list[Any] | None
) -> list[Sequence[Any]]:
    rows: list[Sequence[Any]] = []
    for condition, more in sorting.parts(listing.keys, listing.table, after):
        statement = listing.first
        if condition is not None:
            statement = _page(listing.base.where(condition), listing.keys, listing.table, unit.dialect)
        rows += unit.execute(statement, {**values, **more, "page_limit": wanted - len(rows)}).all()
        if len(rows) >= wanted:
            break
    return rows


def _count(
    unit: Unit, listing: Listing, values: dict[str, Any], how: str, found: int | None = None
) -> tuple[int | None, str | None]:
    """The count as asked; `found` where it is known already."""
    if how == "none":
        return None, None
    if found is None:
        found = unit.execute(listing.counts[how], values).scalar_one()
    return (found, "exact") if how == "exact" or found <= COUNT_CAP else (COUNT_CAP, "at_least")

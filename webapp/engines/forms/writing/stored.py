"""The stored row of a record, read and written as it is: no rights, no rules, no news. For the door and its helpers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from webapp import clock
from webapp.access.actor import Actor
from webapp.access.tables import member
from webapp.db import Unit
from webapp.definitions import versions
from webapp.definitions.model import Field, Form
from webapp.engines.forms import select
from webapp.engines.forms.finding import search
from webapp.engines.forms.reading import value_of
from webapp.engines.forms.structure import pending
from webapp.engines.forms.writing import attaching, uniqueness, values
from webapp.errors import Conflict, Stale
from webapp.i18n import N_


class Row(dict[str, Any]):
    """Field key → Python value of everything a record stores; `search_text` is what its index entry was made of."""

    search_text: str | None = None


def get(unit: Unit, form: Form, id_: int, *, lock: bool = False) -> Row:
    """Every stored value of a record (field key → Python value), rights aside: what the door works with itself."""
    found = find(unit, form, form.table.c.id == id_, lock)
    if found is None:
        raise select.missing(form)
    return found


def get_many(unit: Unit, form: Form, ids: Sequence[int]) -> list[tuple[int, Row]]:
    """As `get`, of several records (those that exist, by id), held against other writers."""
    fields, late, statement = _statement(unit, form)
    statement = statement.where(form.table.c.id.in_(ids)).order_by(form.table.c.id)
    if unit.dialect != "sqlite":
        statement = statement.with_for_update(of=form.table)
    rows = [_row(fields, late, row) for row in unit.execute(statement)]
    return [(row["id"], row) for row in rows]


def find(unit: Unit, form: Form, condition: sa.ColumnElement[bool], lock: bool, **more: Any) -> Row | None:
    """As `get`, of the one record of which `condition` holds (with its parameters in `more`); None if there is none."""
    fields, late, statement = _statement(unit, form)
    statement = statement.where(condition)
    if lock and unit.dialect != "sqlite":
        statement = statement.with_for_update(of=form.table)
    row = unit.execute(statement, more).first()
    return None if row is None else _row(fields, late, row)


def _statement(unit: Unit, form: Form) -> Any:
    """The fields with a place of their own, those being converted, and the statement that reads them."""
    cache = versions.current(unit).cache
    key = ("stored", form.name)
    if key not in cache:
        fields = [f for f in form.names.values() if f.column is not None or f.values_table is not None]
        columns = [value_of(unit, f, form.table).label(f"v{i}") for i, f in enumerate(fields)]
        late, old = _late(unit, form, fields)
        cache[key] = (fields, late, sa.select(*columns, *old, form.table.c.m__search))
    return cache[key]


def _row(fields: list[Field], late: list[Any], row: Sequence[Any]) -> Row:
    found = Row({f.key: _decoded(f, row[i]) for i, f in enumerate(fields)})
    for i, (key_, convert) in enumerate(late):
        if found[key_] is None:
            found[key_] = convert(row[len(fields) + i])
    found.search_text = row[-1]
    return found


def _late(unit: Unit, form: Form, fields: list[Field]) -> tuple[list[Any], list[sa.ColumnElement[Any]]]:
    """Of fields that are being converted: (key, how its old value becomes the new one), and the old columns."""
    late: list[Any] = []
    columns: list[sa.ColumnElement[Any]] = []
    for field in filter(pending.is_pending, fields):
        if (old := pending.old_value(unit, field, form.table)) is not None:
            late.append((field.key, pending.converted(unit, field)))
            columns.append(old.label(f"o{len(late)}"))
    return late, columns


def _decoded(field: Field, value: Any) -> Any:
    if field.values_table is None:
        return value
    return (tuple(json.loads(value)) or None) if value else None


def stamps(unit: Unit, actor: Actor, owner: int | None) -> dict[str, Any]:
    """The system fields of a new record of `owner` (the actor himself when None)."""
    now = clock.now().replace(microsecond=0)
    owner = owner or actor.member
    department = actor.department if owner == actor.member else department_of(unit, owner)
    return {
        "version": 1, "created_at": now, "created_by": actor.member, "updated_at": now, "updated_by": actor.member,
        "owner": owner, "owner_department": department, "last_activity_at": now, "deleted_at": None, "deleted_by": None,
    }  # fmt: skip


def department_of(unit: Unit, owner: int | None) -> int | None:
    if owner is None:
        return None
    found: int | None = unit.execute(sa.select(member.c.department).where(member.c.id == owner)).scalar()
    return found


def touch(unit: Unit, form: Form, ids: Sequence[int]) -> None:
    """Somebody has done something about these records without changing them: a comment, a follow-up."""
    now = clock.now().replace(microsecond=0)
    unit.execute(form.table.update().where(form.table.c.id.in_(ids)).values(last_activity_at=now))


class SentTwice(Exception):
    """Another transaction has made the record of this client id meanwhile."""


def by_client(unit: Unit, form: Form, client: str) -> int | None:
    found: int | None = unit.execute(sa.select(form.table.c.id).where(form.table.c.m__client == client)).scalar()
    return found


@contextmanager
def _watched(form: Form) -> Iterator[None]:
    try:
        with uniqueness.watched(form):
            yield
    except IntegrityError as error:
        if "m__client" in str(error.orig):
            raise SentTwice from error
        raise


def insert(unit: Unit, form: Form, record: Mapping[str, Any], client: str) -> int:
    """Store a new record and answer its id; `SentTwice` if one with this client id is there already."""
    columns = values.row(form, record)
    told = search.prepared(form, record)
    columns["m__client"] = client
    columns["m__search"] = told.text
    with _watched(form):
        id_ = unit.execute(form.table.insert(), columns).inserted_primary_key[0]  # type: ignore[index]
    write_several(unit, form, id_, {}, record)
    attaching.bind(unit, form, id_, record)
    search.index_new(unit, form, [(id_, told.tokens)])
    found: int = id_
    return found


def write(unit: Unit, actor: Actor, form: Form, id_: int, before: Row, after: dict[str, Any], via: str) -> None:
    """Store what differs, with the next version; losing a race to another writer is `Stale`."""
    now = clock.now().replace(microsecond=0)
    after.update(version=before["version"] + 1, updated_at=now, updated_by=actor.member)
    if via in ("ui", "api"):
        after["last_activity_at"] = now
    changed = {k: v for k, v in after.items() if v != before.get(k)}
    columns = values.row(form, changed)
    old_text, text = before.search_text, search.text_of(form, after)
    if text != old_text:
        columns["m__search"] = text
    at = {"m__row": id_, "m__version": before["version"]}
    with uniqueness.watched(form):
        done = unit.execute(_changing(form), {**columns, **at})
    if done.rowcount != 1:
        raise Stale(N_("Somebody else has changed this record meanwhile."), current=None, version=None)
    write_several(unit, form, id_, before, changed)
    attaching.bind(unit, form, id_, changed, before)
    if text != old_text:
        search.index(unit, form, [(id_, old_text, text)])


def _changing(form: Form) -> sa.Update:
    """The statement that changes one record at the version it was read at; made once a form."""
    found = _CHANGING.get(form)
    if found is None:
        table = form.table
        row = sa.bindparam("m__row", type_=table.c.id.type)
        version = sa.bindparam("m__version", type_=table.c.version.type)
        found = _CHANGING[form] = table.update().where(table.c.id == row, table.c.version == version)
    return found


_CHANGING: WeakKeyDictionary[Form, sa.Update] = WeakKeyDictionary()


def mark(unit: Unit, form: Form, id_: int, version: int, columns: dict[str, Any]) -> None:
    """Change system columns of a record at the version it was read at, with nothing to judge or to search again."""
    this = sa.and_(form.table.c.id == id_, form.table.c.version == version)
    stamped = {**columns, "version": version + 1, "updated_at": clock.now()}
    try:
        done = unit.execute(form.table.update().where(this).values(stamped))
    except IntegrityError as error:
        raise Conflict(N_("It cannot come back: a value that must be unique has been taken.")) from error
    if done.rowcount != 1:
        raise Stale(N_("Somebody else has changed this record meanwhile."), current=None, version=None)


def write_several(unit: Unit, form: Form, id_: int, before: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """Store the values of fields that have several, in their order."""
    for key, value in changed.items():
        was = form.names[key].before
        if was is not None and was.values_table is not None:  # a conversion has nothing more to do here
            unit.execute(was.values_table.delete().where(was.values_table.c.record == id_))
        table = form.names[key].values_table
        if table is None:
            continue
        if before.get(key):
            unit.execute(table.delete().where(table.c.record == id_))
        if value:
            rows = [{"record": id_, "value": v, "position": i} for i, v in enumerate(value)]
            unit.execute(table.insert(), rows)

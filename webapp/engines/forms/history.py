"""What happened to a record, as far as its reader may know it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from webapp import clock
from webapp.access import policy
from webapp.access.actor import Actor
from webapp.access.tables import department, member
from webapp.db import Unit
from webapp.definitions import tables, versions
from webapp.definitions.model import Form
from webapp.engines.forms import select
from webapp.engines.forms.reading import mask, record_title
from webapp.engines.forms.record import Entry, Linked, Masked, Record
from webapp.expressions import binds
from webapp.journal.tables import event


def history(
    unit: Unit, actor: Actor, form: Form, id_: int, *, limit: int = 50, before: int | None = None
) -> list[Entry]:
    """The newest events of a record first; raises `NotFound` for a record outside the actor's reach.

    Changes of fields he may not see are left out; an update of nothing else is not shown at all.
    """
    return of_record(unit, actor, select.get(unit, actor, form, id_), limit=limit, before=before)


def of_record(unit: Unit, actor: Actor, record: Record, *, limit: int = 50, before: int | None = None) -> list[Entry]:
    """The same for a record that the actor has just read in this unit."""
    form, id_ = record.form, record.id
    statement = (
        sa.select(event, member.c.name.label("actor_name"))
        .select_from(event.outerjoin(member, member.c.id == event.c.actor))
        .where(_about(unit, form, id_))
        .order_by(event.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(event.c.id < before)
    rights = policy.fields(unit, actor, form)
    rows = [(row, _changes(form, row, rights, id_)) for row in unit.execute(statement)]
    links = _links(unit, actor, form, [changes for _, changes in rows])
    entries = []
    for row, changes in rows:
        if row.kind in ("updated", "conversion") and not changes:
            continue
        entries.append(
            Entry(row.id, row.at, row.actor, row.actor_name, row.via, row.kind, changes, links, row.change_set)
        )
    return entries


def _about(unit: Unit, form: Form, id_: int) -> sa.ColumnElement[bool]:
    """The events of a record, those of conversions too: one event stands for the records up to the one it names."""
    own = sa.and_(event.c.app == form.app, event.c.form == form.key, event.c.record == id_)
    table = tables.building
    done = sa.select(table.c.payload).where(
        table.c.app == form.app, table.c.form == form.key, table.c.what == "convert", table.c.state != "dropped"
    )
    chunks = []
    for payload in unit.execute(done).scalars():
        change_set = json.loads(payload).get("change_set")
        if change_set is not None:
            chunk = sa.select(event.c.id).where(event.c.change_set == change_set, event.c.record >= id_)
            chunks.append(event.c.id == chunk.order_by(event.c.id).limit(1).scalar_subquery())
    return sa.or_(sa.and_(own, event.c.kind != "conversion"), *chunks)


def _pairs(row: Any, id_: int) -> dict[str, Any]:
    """Field key → [before, after] as the journal has them; of a conversion what became of this record."""
    if row.kind not in ("updated", "conversion") or not row.changes:
        return {}
    found: dict[str, Any] = json.loads(row.changes)
    if row.kind == "conversion":
        found = {key: records[str(id_)] for key, records in found.items() if str(id_) in records}
    return found


def _changes(form: Form, row: Any, rights: Any, id_: int) -> dict[str, tuple[Any, Any]]:
    """Field key → (before, after) of an update, through the reader's rights, of fields that still exist.

    Of a conversion the value before is the text it was.
    """
    found = {}
    for key, pair in _pairs(row, id_).items():
        field = form.names.get(key)
        right = rights.get(key, "hidden")
        if field is None or right == "hidden":
            continue
        is_text = row.kind == "conversion"
        try:
            values = [
                v if v is None or (is_text and i == 0) else field.kind.unjson(field, v) for i, v in enumerate(pair)
            ]
        except (ValueError, TypeError, ArithmeticError):
            continue  # the kind has changed since and cannot read it any more
        if right == "masked":
            shown = [
                None if v is None else Masked("" if is_text and i == 0 else mask(field, v))
                for i, v in enumerate(values)
            ]
            values = list(shown)
        found[key] = (values[0], values[1])
    return found


def _links(
    unit: Unit, actor: Actor, form: Form, changes: Iterable[dict[str, tuple[Any, Any]]]
) -> dict[tuple[str, int], Linked]:
    """Titles of everything the changes point at, by field key and id: one statement a target."""
    wanted: dict[str, set[int]] = {}
    for found in changes:
        for key, pair in found.items():
            if form.names[key].type.name in ("record", "member", "department"):
                wanted.setdefault(key, set()).update(v for v in pair if isinstance(v, int))
    links: dict[tuple[str, int], Linked] = {}
    for key, ids in wanted.items():
        for id_, title in _titles(unit, actor, form, key, ids).items():
            links[(key, id_)] = Linked(id_, title.removesuffix("\x1f") if title is not None else None)
    return links


def _titles(unit: Unit, actor: Actor, form: Form, key: str, ids: set[int]) -> dict[int, str | None]:
    field = form.names[key]
    if field.type.name == "record" and field.type.target:
        target = versions.current(unit).form(field.type.target)
        title = record_title(unit, actor, target, target.table.c.id)
        statement = sa.select(target.table.c.id, title).where(target.table.c.id.in_(ids))
    else:
        people = member if field.type.name == "member" else department
        statement = sa.select(people.c.id, people.c.name).where(people.c.id.in_(ids))
    found = {row[0]: row[1] for row in unit.execute(statement, binds(actor, clock.now(), unit.zone))}
    return {id_: found.get(id_) for id_ in ids}

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
from webapp.definitions import versions
from webapp.definitions.model import Form
from webapp.engines.forms import select
from webapp.engines.forms.reading import mask, record_title
from webapp.engines.forms.record import Entry, Linked, Masked
from webapp.expressions import binds
from webapp.journal.tables import event


def history(
    unit: Unit, actor: Actor, form: Form, id_: int, *, limit: int = 50, before: int | None = None
) -> list[Entry]:
    """The newest events of a record first; raises `NotFound` for a record outside the actor's reach.

    Changes of fields he may not see are left out; an update of nothing else is not shown at all.
    """
    select.get(unit, actor, form, id_)
    statement = (
        sa.select(event, member.c.name.label("actor_name"))
        .select_from(event.outerjoin(member, member.c.id == event.c.actor))
        .where(event.c.app == form.app, event.c.form == form.key, event.c.record == id_)
        .order_by(event.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(event.c.id < before)
    rights = policy.fields(unit, actor, form)
    rows = [(row, _changes(form, row, rights)) for row in unit.execute(statement)]
    links = _links(unit, actor, form, [changes for _, changes in rows])
    entries = []
    for row, changes in rows:
        if row.kind == "updated" and not changes:
            continue
        entries.append(
            Entry(row.id, row.at, row.actor, row.actor_name, row.via, row.kind, changes, links, row.change_set)
        )
    return entries


def _changes(form: Form, row: Any, rights: Any) -> dict[str, tuple[Any, Any]]:
    """Field key → (before, after) of an update, through the reader's rights, of fields that still exist."""
    if row.kind != "updated" or not row.changes:
        return {}
    found = {}
    for key, pair in json.loads(row.changes).items():
        field = form.names.get(key)
        right = rights.get(key, "hidden")
        if field is None or right == "hidden":
            continue
        try:
            values = [None if v is None else field.kind.unjson(field, v) for v in pair]
        except (ValueError, TypeError, ArithmeticError):
            continue  # the kind has changed since and cannot read it any more
        if right == "masked":
            values = [None if v is None else Masked(mask(field, v)) for v in values]
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
